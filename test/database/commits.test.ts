import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sql, { raw } from 'sql-template-tag';
import { DatabaseUnavailable } from '../../src/database/connection';
import { Store } from '../../src/database/store';
import type { Transaction } from '../../src/database/transaction';
import { ContractRow } from '../../src/entities/contract';
import { ContractLogRow } from '../../src/entities/contract-log';
import { EventRow } from '../../src/entities/event';
import { TestClock } from '../kit/clock';
import { contractIn } from '../kit/contract';
import { CuttableLine } from '../kit/cuttable-line';
import { createTestDatabase, engine, type TestDatabase } from '../kit/database';

let database: TestDatabase;
let store: Store;
let contractId: string;

const openStore = (url: string): Promise<Store> =>
  Store.open({ url, clock: new TestClock(), complain: () => undefined });

const contract = (): Promise<string> => contractIn(store, 'Acme');

beforeAll(async () => {
  database = await createTestDatabase();
  store = await openStore(database.url);
});
beforeEach(async () => {
  contractId = await contract();
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const count = async (id = contractId): Promise<number> =>
  (await store.rowsOf(id).byId(ContractRow, id))?.lastTicketNumber ?? -1;
const raise = (transaction: Transaction): Promise<number> =>
  transaction.updateBy(ContractRow, sql`last_ticket_number = last_ticket_number + 1`, sql`1 = 1`);

function onSqlite(): void {
  /** SQLite takes no less than there are now, and says that the disk is full once it needs more. */
  const allowPages = (most: number): Promise<unknown> =>
    store.transactAcrossContracts((connection) =>
      connection.all(sql`pragma max_page_count = ${raw(String(most))}`),
    );

  test('a disk that fills up in the middle of a shared commit fails every act of it, and none after', async () => {
    await allowPages(1);
    // The first act has a commit of its own; those that come while it is under way share the next.
    const acts = Array.from({ length: 12 }, (_, index) =>
      store.transact(contractId, async (transaction) => {
        await raise(transaction);
        if (index === 6) await transaction.update(ContractRow, { name: 'x'.repeat(1_000_000) }, sql`1 = 1`);
      }),
    );
    const results = await Promise.allSettled(acts);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', ...Array<string>(11).fill('rejected')]);
    for (const result of results.slice(1))
      expect((result as PromiseRejectedResult).reason).toBeInstanceOf(DatabaseUnavailable);
    expect(await count()).toBe(1);
    await allowPages(1_000_000);
    await store.transact(contractId, raise);
    expect(await count()).toBe(2);
  });

  test('an act that makes nothing of a full disk takes those it shares a commit with along, and none after', async () => {
    await allowPages(1);
    const acts = Array.from({ length: 12 }, (_, index) =>
      store.transact(contractId, async (transaction) => {
        await raise(transaction);
        if (index !== 6) return;
        const tooLong = transaction.update(ContractRow, { name: 'x'.repeat(1_000_000) }, sql`1 = 1`);
        await tooLong.catch(() => 0);
      }),
    );
    const results = await Promise.allSettled(acts);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', ...Array<string>(11).fill('rejected')]);
    expect(await count()).toBe(1);
    await allowPages(1_000_000);
  });

  test('of acts that share a commit one fails alone: what the others did was done once', async () => {
    const told: number[] = [];
    const acts = Array.from({ length: 12 }, (_, index) =>
      store.transact(contractId, async (transaction) => {
        await raise(transaction);
        transaction.record('CallerRevoked', { callerId: String(index) });
        transaction.afterCommit(() => told.push(index));
        if (index === 6) throw new Error('This one does not go');
        return index;
      }),
    );
    const results = await Promise.allSettled(acts);
    const others = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11];
    expect(results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))).toEqual(others);
    expect(told).toEqual(others);
    expect(await count()).toBe(11);
    const logged = await store.rowsOf(contractId).find(EventRow, { orderBy: sql`sequence` });
    expect(logged.map(({ data }) => (data as { callerId: string }).callerId)).toEqual(others.map(String));
    expect((await store.rowsOf(contractId).first(ContractLogRow, sql`1 = 1`))?.lastSequence).toBe(11);
  });

  test('a disk that fills up within an attempt ends the unit of work', async () => {
    await allowPages(1);
    const act = store.transact(contractId, async (transaction) => {
      await raise(transaction);
      await transaction.attempt(() =>
        transaction.update(ContractRow, { name: 'x'.repeat(1_000_000) }, sql`1 = 1`),
      );
    });
    await expect(act).rejects.toBeInstanceOf(DatabaseUnavailable);
    expect(await count()).toBe(0);
    await allowPages(1_000_000);
  });

  test('an act that goes on after SQLite undid everything is not taken for done', async () => {
    const act = store.transact(contractId, async (transaction) => {
      await raise(transaction);
      await transaction.connection.run(sql`rollback`);
    });
    await expect(act).rejects.toBeInstanceOf(DatabaseUnavailable);
    expect(await count()).toBe(0);
  });
}

function onPostgres(): void {
  test('a connection lost at the commit is never taken for success, and the work is not repeated', async () => {
    const { hostname, port } = new URL(database.url);
    const line = await CuttableLine.to(Number(port || 5432), hostname);
    const overLine = new URL(database.url);
    overLine.host = new URL(line.url).host;
    const far = await openStore(overLine.toString());
    const told: string[] = [];
    const act = (name: string): Promise<number> =>
      far.transact(contractId, (transaction) => {
        transaction.afterCommit(() => told.push(name));
        return raise(transaction);
      });
    line.hangUpAt('commit\0', 'unheard');
    await expect(act('unheard')).rejects.toBeInstanceOf(DatabaseUnavailable);
    expect(await count()).toBe(0);
    line.hangUpAt('commit\0', 'unanswered');
    await expect(act('unanswered')).rejects.toBeInstanceOf(DatabaseUnavailable);
    expect(await count()).toBe(1);
    await act('answered');
    expect(await count()).toBe(2);
    expect(told).toEqual(['answered']);
    await far.close();
    await line.close();
  });

  test('a transaction that PostgreSQL asks to repeat takes effect once', async () => {
    const contracts = [contractId, await contract()];
    const told: string[] = [];
    let tries = 0;
    let locked = 0;
    let bothLocked = (): void => undefined;
    const both = new Promise<void>((resolve) => (bothLocked = resolve));
    const crossing = contracts.map((id, index) =>
      store.transact(id, async (transaction) => {
        const isRepeated = (tries += 1) > 2;
        await raise(transaction);
        await transaction.lockName(id);
        transaction.record('CallerRevoked', { callerId: id });
        transaction.afterCommit(() => told.push(id));
        if (isRepeated) return;
        if ((locked += 1) === 2) bothLocked();
        await both;
        // Each waits for what the other has locked.
        await transaction.lockName(contracts[1 - index] as string);
      }),
    );
    await Promise.all(crossing);
    expect(tries).toBe(3);
    expect(told.sort()).toEqual([...contracts].sort());
    for (const id of contracts) {
      expect(await count(id)).toBe(1);
      expect((await store.rowsOf(id).first(ContractLogRow, sql`1 = 1`))?.lastSequence).toBe(1);
    }
  });

  test('nothing that follows the end of a transaction is done', async () => {
    let raised = '';
    const act = store.transact(contractId, async (transaction) => {
      await raise(transaction);
      await transaction.connection.run(sql`rollback`);
      raised = await raise(transaction).then(String, String);
      transaction.record('CallerRevoked', { callerId: contractId });
    });
    await expect(act).rejects.toThrow('No transaction has begun');
    expect(raised).toContain('No transaction has begun');
    expect(await count()).toBe(0);
  });

  test('what was recorded gets its places in order, also where acts cross', async () => {
    const acts = Array.from({ length: 30 }, (_, index) =>
      store.transact(contractId, async (transaction) => {
        await raise(transaction);
        for (const part of ['a', 'b']) transaction.record('CallerRevoked', { callerId: `${index}${part}` });
      }),
    );
    await Promise.all(acts);
    const events = await store.engine
      .readerOf(contractId)
      .all(sql`select sequence, data from events order by sequence`);
    expect(events.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    const callers = events.map(({ data }) => (JSON.parse(data as string) as { callerId: string }).callerId);
    for (let first = 0; first < 60; first += 2)
      expect(callers[first + 1]).toBe(callers[first]?.replace('a', 'b'));
  });

  test('a unit of work that goes on after a statement failed is not taken for done', async () => {
    const act = store.transact(contractId, async (transaction) => {
      await raise(transaction);
      await transaction.connection.run(sql`select 1 / 0`).catch(() => 0);
    });
    await expect(act).rejects.toThrow('A statement failed');
    expect(await count()).toBe(0);
  });
}

test('a unit of work fails whose happenings have no log to go to', async () => {
  await store.transactAcrossContracts((connection) =>
    connection.run(sql`delete from contract_logs where contract_id = ${contractId}`),
  );
  const act = store.transact(contractId, async (transaction) => {
    await raise(transaction);
    transaction.record('CallerRevoked', { callerId: contractId });
  });
  await expect(act).rejects.toThrow();
  expect(await count()).toBe(0);
});

describe(`a commit that fails on ${engine}`, engine === 'sqlite' ? onSqlite : onPostgres);
