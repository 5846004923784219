import sql from 'sql-template-tag';
import type { RowClass } from '../../src/database/rows';
import type { Transaction } from '../../src/database/transaction';
import type { TestApp } from './app';
import { engine } from './database';
import { eventually } from './eventually';

/** Once somebody waits for a lock. SQLite has one writer: whoever comes second waits there without being asked. */
async function somebodyWaits({ platform }: TestApp): Promise<void> {
  if (engine !== 'postgres') return;
  const waiting = sql`select 1 as one from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  await eventually(
    () => platform.store.engine.reader.all(waiting),
    (rows) => rows.length > 0,
  );
}

/**
 * What happens where two nodes act at the same instant: `held` is another node's unit of work, which has locked this
 * row before `act` comes to it, and is committed while `act` waits.
 * @returns what `act` came to.
 */
export async function meanwhile<Row extends { id: string }, Result>(
  app: TestApp,
  row: { contractId: string; entity: RowClass<Row>; id: string },
  held: (transaction: Transaction) => Promise<unknown>,
  act: () => Promise<Result>,
): Promise<Result> {
  let lock = (): void => undefined;
  const locked = new Promise<void>((resolve) => (lock = resolve));
  const waited = locked.then(() => somebodyWaits(app));
  const other = app.platform.store.transact(row.contractId, async (transaction) => {
    await transaction.lock(row.entity, row.id);
    lock();
    await waited;
    await held(transaction);
  });
  await locked;
  const [result] = await Promise.all([act(), other]);
  return result;
}
