import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from '../forward-only';
import { fence } from './fence';

/** Counts of sends by day, from which statistics are answered. They are filled in the background. */
export class SendCounts1764000400000 extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE "send_counts" ("contract_id" text NOT NULL, "dimension" text NOT NULL, "day" bigint NOT NULL, "key" text NOT NULL, "total" integer NOT NULL, "accepted" integer NOT NULL, "sent" integer NOT NULL, "delivered" integer NOT NULL, "read_count" integer NOT NULL, "failed" integer NOT NULL, "canceled" integer NOT NULL, "replied" integer NOT NULL, "expired" integer NOT NULL, "quarters" text NOT NULL, "replies" text NOT NULL, CONSTRAINT "PK_6acf0cbcc446a09f0efba7e6726" PRIMARY KEY ("contract_id", "dimension", "day", "key"))`,
    );
    await runner.query(
      `CREATE TABLE "send_count_marks" ("contract_id" text NOT NULL, "counted_sequence" bigint NOT NULL, "counted_before" bigint, "revision" integer NOT NULL, CONSTRAINT "PK_106f14f014905a32a735a01cd8e" PRIMARY KEY ("contract_id"))`,
    );
    await fence(runner, 'send_counts');
    await fence(runner, 'send_count_marks');
  }
}
