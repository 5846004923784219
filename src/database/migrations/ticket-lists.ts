import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from './forward-only';

/** The tickets of one agent in the order of their latest messages, however many they are; on both engines. */
export class TicketLists1764000450000 extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX "IDX_cd7400936c267f613ec8c255aa" ON "tickets" ("contract_id", "agent_id", "last_message_at", "id")`,
    );
  }
}
