import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from '../forward-only';

const textOf = (row: 'new' | 'contacts'): string =>
  `concat_ws(E'\\n', coalesce(${row}.folded_name, ''), coalesce(${row}.folded_email, ''), coalesce(${row}.phone, ''))`;
const MINE = `current_setting('saludo.contract', true) in ("contract_id", '*')`;
/** Everything, unless something is sought. */
const SOUGHT = `coalesce(nullif(current_setting('saludo.sought', true), ''), '%')`;

/**
 * What contacts are found by, with an index of every three letters in a row
 * (https://www.postgresql.org/docs/15/pgtrgm.html). Behind a fence PostgreSQL uses no index for LIKE, which might tell of
 * rows beyond: so the fence itself knows what is sought, and shows nothing else.
 */
export class ContactTexts1764000300000 extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `CREATE EXTENSION IF NOT EXISTS pg_trgm`,
      `CREATE TABLE "contact_texts" ("contact_id" text PRIMARY KEY REFERENCES "contacts" ("id") ON DELETE CASCADE, "contract_id" text NOT NULL, "text" text NOT NULL)`,
      `SET LOCAL saludo.contract = '*'`,
      `INSERT INTO "contact_texts" SELECT "id", "contract_id", ${textOf('contacts')} FROM "contacts"`,
      `CREATE INDEX "contact_texts_trigrams" ON "contact_texts" USING gin ("text" gin_trgm_ops)`,
      `ALTER TABLE "contact_texts" ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE "contact_texts" FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY "contract_fence" ON "contact_texts" USING (${MINE} AND "text" LIKE ${SOUGHT}) WITH CHECK (${MINE})`,
      `CREATE FUNCTION contact_text_kept() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO contact_texts VALUES (new.id, new.contract_id, ${textOf('new')})
            ON CONFLICT (contact_id) DO UPDATE SET text = excluded.text;
          RETURN NULL;
        END $$`,
      `CREATE TRIGGER "contact_text_kept" AFTER INSERT OR UPDATE OF "folded_name", "folded_email", "phone" ON "contacts" FOR EACH ROW EXECUTE FUNCTION contact_text_kept()`,
      // It is few that are sought this way: they are looked up one by one.
      `CREATE FUNCTION contacts_like(pattern text) RETURNS SETOF text LANGUAGE plpgsql ROWS 100 AS $$
        BEGIN
          PERFORM set_config('saludo.sought', pattern, true);
          RETURN QUERY SELECT contact_id FROM contact_texts;
          PERFORM set_config('saludo.sought', '', true);
        END $$`,
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
