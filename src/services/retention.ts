import sql, { raw, type Sql } from 'sql-template-tag';
import { limitOf } from '../database/rows';
import { DAY } from '../clock';
import type { Platform } from './context';

/** Keys are promised for 7 days. */
const KEYS_KEPT = 8 * DAY;
/** The provider repeats a report for up to 7 days; whose message is not known by then is nobody's. */
const PARKED_REPORTS_KEPT = 10 * DAY;
const WORKED_WEBHOOKS_KEPT = 7 * DAY;
/** Long enough to be noticed and repaired, and they hold what customers wrote. */
const DEAD_LETTERS_KEPT = 30 * DAY;
const ROWS_AT_ONCE = 1_000;

/** Removes what is kept for a time only, and whose time has passed. */
export async function removeOutdated(platform: Platform): Promise<void> {
  const now = platform.clock.now();
  await removeRows(platform, 'idempotency_keys', sql`created_at < ${now - KEYS_KEPT}`);
  await removeRows(platform, 'parked_reports', sql`received_at < ${now - PARKED_REPORTS_KEPT}`);
  await removeRows(platform, 'inbox_bodies', sql`done_at < ${now - WORKED_WEBHOOKS_KEPT}`);
  await removeRows(platform, 'dead_letters', sql`received_at < ${now - DEAD_LETTERS_KEPT}`);
  await platform.eventLog.prune(now - platform.config.eventRetention);
}

/** In parts, so that nobody waits long for the database meanwhile. */
async function removeRows(platform: Platform, table: string, where: Sql): Promise<void> {
  const name = raw(table);
  const statement = sql`delete from ${name} where id in (select id from ${name} where ${where}${limitOf(ROWS_AT_ONCE)})`;
  for (;;) {
    const removed = await platform.store.transactAcrossContracts((connection) => connection.run(statement));
    if (removed < ROWS_AT_ONCE) return;
  }
}
