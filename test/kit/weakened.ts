import { AsyncLocalStorage } from 'node:async_hooks';
import sql, { raw, type Sql } from 'sql-template-tag';
import { Rows, tableOf, type RowClass } from '../../src/database/rows';
import type { Store } from '../../src/database/store';
import { ALL_ENTITIES } from '../../src/entities/all';

/**
 * Guards that are weakened while something is tried, each in the way that a mistake would: the tests of the guards must
 * then notice.
 */

/** Puts another value into an object for as long as `work` takes. */
export async function replacing<Holder extends object, Name extends keyof Holder, Result>(
  holder: Holder,
  name: Name,
  value: Holder[Name],
  work: () => Promise<Result>,
): Promise<Result> {
  const before = Object.getOwnPropertyDescriptor(holder, name);
  holder[name] = value;
  try {
    return await work();
  } finally {
    if (before) Object.defineProperty(holder, name, before);
    else Reflect.deleteProperty(holder, name);
  }
}

interface Scoping {
  scoped: (this: Rows, entity: RowClass<object>, where: Sql | undefined) => Sql;
}

/** Statements of this contract reach the rows of all contracts: those of one table, or of every table. */
export function withoutScope<Result>(
  contractId: string,
  entity: RowClass<object> | null,
  work: () => Promise<Result>,
): Promise<Result> {
  const prototype = Rows.prototype as unknown as Scoping;
  const { scoped } = prototype;
  const weakened = function (this: Rows, of: RowClass<object>, where: Sql | undefined): Sql {
    const isWeak = this.contractId === contractId && (entity === null || of === entity);
    return isWeak ? (where ?? sql`1 = 1`) : scoped.call(this, of, where);
  };
  return replacing(prototype, 'scoped', weakened, work);
}

/** PostgreSQL's own fence around contracts is down: what keeps them apart is then the statements alone. */
export async function withoutFence<Result>(store: Store, work: () => Promise<Result>): Promise<Result> {
  if (store.dialect === 'sqlite') return work();
  const names = (ALL_ENTITIES as readonly RowClass<object>[]).map((entity) => tableOf(entity).name);
  const alter = (what: 'disable' | 'enable'): Promise<void> =>
    store.transactAcrossContracts(async (connection) => {
      for (const name of names)
        await connection.run(sql`alter table ${name} ${raw(what)} row level security`);
    });
  await alter('disable');
  try {
    return await work();
  } finally {
    await alter('enable');
  }
}

class Undone extends Error {
  constructor(readonly result: unknown) {
    super('This unit of work is undone');
  }
}

/** Undoes every unit of work at its end, after `look` saw what it wrote: what acts do does not add up. */
export function undoing<Result>(
  store: Store,
  look: (connection: Rows['connection']) => Promise<void>,
  work: () => Promise<Result>,
): Promise<Result> {
  const within = new AsyncLocalStorage<true>();
  const transact = store.transact.bind(store);
  const undone: Store['transact'] = (contractId, act) => {
    if (within.getStore()) return transact(contractId, act);
    return within.run(true, async () => {
      try {
        return await transact(contractId, async (transaction) => {
          const result = await act(transaction);
          await look(transaction.connection);
          throw new Undone(result);
        });
      } catch (error) {
        if (error instanceof Undone) return error.result as never;
        throw error;
      }
    });
  };
  return replacing(store, 'transact', undone, work);
}
