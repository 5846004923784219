import sql from 'sql-template-tag';
import type { Store } from '../database/store';
import type { Transaction } from '../database/transaction';
import { ContractLogRow } from '../entities/contract-log';
import { renewedEpoch } from '../events/cursor';
import { holdDeliveries } from './deliveries/hold';

/**
 * Marks the database as a copy that has not been in use yet, as `backup` marks those that it writes: for copies that
 * were made by other means. `beginAsCopy` does the rest, now or at the next start.
 */
export async function markAsCopy(store: Store): Promise<void> {
  await store.transactAcrossContracts((connection) =>
    connection.run(sql`update contract_logs set copied = 1 where copied = 0`),
  );
}

/**
 * Where the database is a copy, makes it safe to go on with, before anything else is done with it: what it has not sent
 * may have gone out after the copy was made, so that it is held; and cursors are of another past, so that each
 * contract's log gets a new epoch. A contract is done as a whole or not at all, and once.
 * @returns whether it was a copy.
 */
export async function beginAsCopy(store: Store): Promise<boolean> {
  const copied = await store.acrossContracts().find(ContractLogRow, { where: sql`copied = 1` });
  for (const log of copied) await store.transact(log.contractId, (transaction) => begin(transaction, log));
  return copied.length > 0;
}

async function begin(transaction: Transaction, { epoch }: ContractLogRow): Promise<void> {
  const changes = { epoch: renewedEpoch(epoch), copied: false };
  // Of two processes that open the copy at once only one gets to do it.
  const mine = await transaction.update(ContractLogRow, changes, sql`copied = 1 and epoch = ${epoch}`);
  if (mine > 0) await holdDeliveries(transaction);
}
