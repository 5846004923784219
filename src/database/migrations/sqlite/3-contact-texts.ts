import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from '../forward-only';

/** What a contact is found by, one part on a line. */
const textOf = (row: 'new' | 'old' | 'contacts'): string =>
  `coalesce(${row}.folded_name, '') || char(10) || coalesce(${row}.folded_email, '') || char(10) || coalesce(${row}.phone, '')`;
const numberOf = (row: 'new' | 'old'): string =>
  `(SELECT "number" FROM "contact_numbers" WHERE "contact_id" = ${row}.id)`;
const enter = `INSERT INTO "contact_texts" ("rowid", "text") VALUES (${numberOf('new')}, ${textOf('new')})`;
const remove = `INSERT INTO "contact_texts" ("contact_texts", "rowid", "text") VALUES ('delete', ${numberOf('old')}, ${textOf('old')})`;

/**
 * Every three letters in a row of what a contact is found by (https://www.sqlite.org/fts5.html#the_trigram_tokenizer).
 * The texts themselves stay in the contacts alone, and what is removed is removed at once. Contacts get numbers of their
 * own for it: SQLite's may change.
 */
export class ContactTexts1764000300000 extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `CREATE TABLE "contact_numbers" ("number" integer PRIMARY KEY NOT NULL, "contact_id" text NOT NULL UNIQUE REFERENCES "contacts" ("id") ON DELETE CASCADE)`,
      `CREATE VIRTUAL TABLE "contact_texts" USING fts5("text", content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1')`,
      `INSERT INTO "contact_texts" ("contact_texts", "rank") VALUES ('secure-delete', 1)`,
      `INSERT INTO "contact_numbers" ("contact_id") SELECT "id" FROM "contacts" ORDER BY "id"`,
      `INSERT INTO "contact_texts" ("rowid", "text") SELECT "number", ${textOf('contacts')} FROM "contacts" JOIN "contact_numbers" ON "contact_id" = "id"`,
      `CREATE TRIGGER "contact_entered" AFTER INSERT ON "contacts" BEGIN INSERT INTO "contact_numbers" ("contact_id") VALUES (new.id); ${enter}; END`,
      `CREATE TRIGGER "contact_changed" AFTER UPDATE OF "folded_name", "folded_email", "phone" ON "contacts" WHEN ${textOf('new')} <> ${textOf('old')} BEGIN ${remove}; ${enter}; END`,
      `CREATE TRIGGER "contact_removed" BEFORE DELETE ON "contacts" BEGIN ${remove}; END`,
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
