import sql, { join, type Sql } from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { DeliveryRow } from '../../entities/delivery';
import { kindOfId } from '../../entities/ids';
import { SendRow } from '../../entities/send';
import type { Platform } from '../context';
import { recordSendChange } from '../sends/send-changes';

const IDS_PER_STATEMENT = 500;

/** Which deliveries are kept back. Not `is not null`: for that SQLite goes through all of a contract's. */
export const IS_HELD = sql`deliveries.held_since > 0`;

/** Keeps back everything that is not handed over and could be. What was being called already is not among it. */
export async function holdDeliveries(transaction: Transaction): Promise<void> {
  const held = await change(
    transaction,
    sql`held_since = ${transaction.now}, due_at = null, lease_owner = null, lease_until = null`,
    sql`due_at is not null`,
  );
  await tellOfSends(transaction, held);
}

/**
 * Lets what is held go out: all of the contract, the texts of tickets too, or these sends alone. Their age counts from
 * now, and everything is looked at once more before the call, as for every message.
 * @returns how many.
 */
export async function releaseDeliveries(
  platform: Platform,
  transaction: Transaction,
  sendIds: readonly string[] | null,
): Promise<number> {
  const { now } = transaction;
  const among =
    sendIds === null ? sql`1 = 1` : sendIds.length === 0 ? sql`1 = 0` : sql`id in (${join([...sendIds])})`;
  const released = await change(
    transaction,
    sql`held_since = null, due_at = ${now}, queued_at = ${now}`,
    sql`${IS_HELD} and ${among}`,
  );
  await tellOfSends(transaction, released);
  transaction.afterCommit(() => platform.wakeUps.deliveries.ring());
  return released.length;
}

/** How many messages are held: sends, and texts of tickets. */
export function countHeld(rows: Rows): Promise<number> {
  return rows.count(DeliveryRow, IS_HELD);
}

// One guarded statement for all: there may be thousands, and each must be looked at as it is now.
async function change(transaction: Transaction, settings: Sql, where: Sql): Promise<string[]> {
  const changed = await transaction.connection.all(
    sql`update deliveries set ${settings} where contract_id = ${transaction.contractId} and ${where} returning id`,
  );
  return changed.map((row) => row['id'] as string);
}

async function tellOfSends(transaction: Transaction, deliveryIds: readonly string[]): Promise<void> {
  const ids = deliveryIds.filter((id) => kindOfId(id) === 'Send');
  for (let start = 0; start < ids.length; start += IDS_PER_STATEMENT) {
    const some = ids.slice(start, start + IDS_PER_STATEMENT);
    await transaction.change(SendRow, { updatedAt: transaction.now }, sql`id in (${join(some)})`);
    for (const send of await transaction.byIds(SendRow, some))
      recordSendChange(transaction, send, send.status);
  }
}
