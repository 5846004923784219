import sql, { join, raw, type Sql } from 'sql-template-tag';
import { MINUTE } from '../clock';
import { LONGEST_PAUSE as LONGEST_CALL_PAUSE } from './deliveries/answers';
import { FURTHEST_SLOT, LEASE as CALL_LEASE } from './deliveries/claiming';
import type { Platform } from './context';
import { LEASE as INBOX_LEASE, LONGEST_PAUSE as LONGEST_INBOX_PAUSE } from './inbox/inbox';
import { LEASE as SANDBOX_LEASE, LONGEST_PAUSE as LONGEST_SANDBOX_PAUSE } from './sandbox/webhook-delivery';
import { LEASE as SYNC_LEASE } from './templates/template-sync-lease';

/** The clocks of nodes agree better than this. */
const DISAGREEMENT = MINUTE;

/** An instant that something waits for, and how far ahead it may lie where all is well. */
interface Awaited {
  table: string;
  column: string;
  longest: number;
  /** Which rows wait at all. */
  waiting: Sql;
}

/** Every instant ahead that is compared with a clock, but for the ends of windows: those count from the past. */
function awaited(now: number): Awaited[] {
  const always = sql`1 = 1`;
  const isAhead = (column: string): Sql => sql`${raw(column)} > ${now + DISAGREEMENT}`;
  // Not `is not null`: for that SQLite reads all deliveries.
  const waits = sql`due_at > 0`;
  const unworked = sql`done_at is null`;
  const onNumbers = { table: 'whatsapp_channels', waiting: always };
  const onAgents = { table: 'agents', longest: 0, waiting: always };
  return [
    // Before what their age counts from, which tells that they were stored by a clock that was ahead.
    { table: 'deliveries', column: 'due_at', longest: 0, waiting: isAhead('queued_at') },
    { table: 'deliveries', column: 'queued_at', longest: 0, waiting: waits },
    { table: 'deliveries', column: 'lease_until', longest: CALL_LEASE, waiting: always },
    { table: 'deliveries', column: 'unknown_since', longest: 0, waiting: always },
    {
      table: 'contacts',
      column: 'next_call_at',
      longest: LONGEST_CALL_PAUSE,
      waiting: sql`id in (select contact_id from deliveries where ${waits})`,
    },
    { ...onNumbers, column: 'next_call_at', longest: FURTHEST_SLOT },
    { ...onNumbers, column: 'sync_lease_until', longest: SYNC_LEASE },
    { ...onNumbers, column: 'sync_last_attempt_at', longest: 0 },
    { table: 'inbox_bodies', column: 'due_at', longest: LONGEST_INBOX_PAUSE, waiting: unworked },
    {
      table: 'inbox_bodies',
      column: 'due_at',
      longest: 0,
      waiting: sql`${unworked} and ${isAhead('received_at')}`,
    },
    { table: 'inbox_bodies', column: 'lease_until', longest: INBOX_LEASE, waiting: unworked },
    { table: 'sandbox_webhooks', column: 'due_at', longest: LONGEST_SANDBOX_PAUSE, waiting: always },
    { table: 'sandbox_webhooks', column: 'due_at', longest: 0, waiting: isAhead('created_at') },
    { table: 'sandbox_webhooks', column: 'lease_until', longest: SANDBOX_LEASE, waiting: always },
    { ...onAgents, column: 'last_seen_at' },
    { ...onAgents, column: 'presence_changed_at' },
  ];
}

/**
 * Brings to now what lies further ahead than anything is ever put off: a clock that was ahead has written it, and was
 * set back since. Without this a message would wait, and a dead node's lease hold, for as long as the clock was ahead.
 */
export async function bringForward({ clock, store, wakeUps }: Platform): Promise<void> {
  const now = clock.now();
  const changes = awaited(now).map(({ table, column, longest, waiting }) => ({
    table: raw(table),
    column: raw(column),
    where: sql`${raw(column)} > ${now + longest + DISAGREEMENT} and ${waiting}`,
  }));
  // Asked of a reader, so that an idle server writes nothing.
  const places = changes.map(({ table, where }) => sql`exists (select 1 from ${table} where ${where})`);
  const found = await store.engine.reader.all(sql`select 1 as one where ${join(places, ' or ')}`);
  if (found.length === 0) return;
  for (const { table, column, where } of changes) {
    await store.transactAcrossContracts((connection) =>
      connection.run(sql`update ${table} set ${column} = ${now} where ${where}`),
    );
  }
  for (const wakeUp of Object.values(wakeUps)) wakeUp.ring();
}
