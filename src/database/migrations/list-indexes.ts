import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from './forward-only';

const STATEMENTS = [
  `CREATE INDEX "IDX_e779328e5f2e9a0568c076829a" ON "contacts" ("channel_id", "created_at", "id")`,
  `CREATE INDEX "IDX_90aba73b1d117732720d0b8a06" ON "sends" ("contract_id", "status", "created_at", "id")`,
  `CREATE INDEX "IDX_966faa77c685b1e01924c69745" ON "sends" ("contract_id", "reply_state", "created_at", "id")`,
  `CREATE INDEX "IDX_32e9d5cbbf7cb3d5632e123926" ON "tickets" ("contact_id", "created_at", "id")`,
  `CREATE INDEX "IDX_a967249cc847b4e62047fe9579" ON "tickets" ("contract_id", "status", "last_message_at", "id")`,
  `CREATE INDEX "IDX_3243c421a091cada19a48e0b30" ON "sends" ("contract_id", "bot_id", "created_at", "id")`,
  `CREATE INDEX "IDX_84c90b9bd062258b65af515efa" ON "sends" ("contract_id", "template_id", "created_at", "id")`,
  `CREATE INDEX "IDX_e70682240bc93a821fcf378860" ON "tickets" ("contract_id", "bot_id", "last_message_at", "id")`,
  `CREATE INDEX "IDX_49d78a26bb4e775d28072c2cf6" ON "deliveries" ("held_since", "contract_id", "id")`,
  `DROP INDEX "IDX_2499852e25cc60b63d6f474443"`,
  `DROP INDEX "IDX_6f30bbff987a60cea2ec877f59"`,
];

/** What lists of sends, tickets and contacts are filtered by, so that few rows are found among very many; on both engines. */
export class ListIndexes1764000350000 extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }
}
