import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from './forward-only';

const STATEMENTS = [
  `CREATE INDEX "IDX_e779328e5f2e9a0568c076829a" ON "contacts" ("channel_id", "created_at", "id")`,
  `CREATE INDEX "IDX_cf94f82058cf79f9e7d915ca24" ON "sends" ("template_id", "created_at", "id")`,
  `CREATE INDEX "IDX_631321f4eb42dccb9b14437f64" ON "sends" ("bot_id", "created_at", "id")`,
  `CREATE INDEX "IDX_90aba73b1d117732720d0b8a06" ON "sends" ("contract_id", "status", "created_at", "id")`,
  `CREATE INDEX "IDX_966faa77c685b1e01924c69745" ON "sends" ("contract_id", "reply_state", "created_at", "id")`,
  `CREATE INDEX "IDX_32e9d5cbbf7cb3d5632e123926" ON "tickets" ("contact_id", "created_at", "id")`,
  `CREATE INDEX "IDX_694185f5cc3030b1042cffd5be" ON "tickets" ("bot_id", "last_message_at", "id")`,
  `CREATE INDEX "IDX_a967249cc847b4e62047fe9579" ON "tickets" ("contract_id", "status", "last_message_at", "id")`,
  `DROP INDEX "IDX_6f30bbff987a60cea2ec877f59"`,
];

/** What lists of sends, tickets and contacts are filtered by, so that few rows are found among very many; on both engines. */
export class ListIndexes1764000350000 extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }
}
