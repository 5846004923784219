import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from '../forward-only';

/** When the latest wish about marketing was told: what is told late is then known to be older. */
export class MarketingWishes1764000200000 extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "contacts" ADD "marketing_wish_at" bigint`);
    await runner.query(`UPDATE "contacts" SET "marketing_wish_at" = "marketing_opted_out_at"`);
  }
}
