import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sql, { raw } from 'sql-template-tag';
import { Store } from '../../src/database/store';
import { ContractRow } from '../../src/entities/contract';
import { EventRow } from '../../src/entities/event';
import { TestClock } from '../kit/clock';
import { contractIn } from '../kit/contract';
import { createTestDatabase, engine, type TestDatabase } from '../kit/database';

let database: TestDatabase;
let store: Store;
let contractId: string;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  store = await Store.open({ url: database.url, clock: new TestClock(), complain: () => undefined });
  await store.engine.migrate();
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const contract = (name: string): Promise<string> => contractIn(store, name);
const count = async (id: string): Promise<number> =>
  (await store.rowsOf(id).byId(ContractRow, id))?.lastTicketNumber ?? -1;
const raise = sql`last_ticket_number = last_ticket_number + 1`;

describe(`the unit of work on ${engine}`, () => {
  beforeAll(async () => {
    contractId = await contract('Acme');
  });

  test('migrations leave nothing that the entities say and the tables do not', async () => {
    expect(await store.engine.drift()).toEqual([]);
    expect(await store.engine.migrate()).toEqual([]);
  });

  test('acts at the same time: none is lost, and those that fail take nothing else with them', async () => {
    const before = await count(contractId);
    const acts = Array.from({ length: 60 }, (_, index) =>
      store.transact(contractId, async (transaction) => {
        await transaction.updateBy(ContractRow, raise, sql`1 = 1`);
        if (index % 3 === 0) throw new Error('refused');
        return index;
      }),
    );
    const results = await Promise.allSettled(acts);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(20);
    expect(await count(contractId)).toBe(before + 40);
  });

  test('readers see only what is committed', async () => {
    const before = await count(contractId);
    await store.transact(contractId, async (transaction) => {
      await transaction.updateBy(ContractRow, raise, sql`1 = 1`);
      expect(await count(contractId)).toBe(before);
    });
    expect(await count(contractId)).toBe(before + 1);
  });

  test('a call within joins, and fails together with what it joined', async () => {
    const before = await count(contractId);
    await expect(
      store.transact(contractId, async (outer) => {
        await store
          .within(outer)
          .transact(contractId, (inner) => inner.updateBy(ContractRow, raise, sql`1 = 1`));
        await outer.updateBy(ContractRow, raise, sql`1 = 1`);
        throw new Error('both');
      }),
    ).rejects.toThrow('both');
    expect(await count(contractId)).toBe(before);
  });

  test('an attempt that fails undoes itself alone, with what it recorded', async () => {
    const before = await count(contractId);
    const log = async () =>
      (await store.rowsOf(contractId).find(EventRow, { orderBy: sql`sequence` })).map(
        ({ data }) => data['agentId'],
      );
    await store.transact(contractId, async (transaction) => {
      transaction.record('CallerRevoked', { callerId: 'kept' });
      await transaction.attempt(async () => {
        await transaction.updateBy(ContractRow, raise, sql`1 = 1`);
        transaction.record('CallerRevoked', { callerId: 'undone' });
        await transaction.insert(ContractRow, {
          id: contractId,
          name: 'twice',
          createdAt: 0,
          lastTicketNumber: 0,
          demo: false,
        });
      });
      await transaction.updateBy(ContractRow, raise, sql`1 = 1`);
    });
    expect(await count(contractId)).toBe(before + 1);
    expect(await log()).toHaveLength(1);
  });

  test('what is inserted is there for whatever comes next, and fails the unit of work where it cannot be', async () => {
    const event = (sequence: number, kind = 'CallerRevoked'): EventRow => ({
      contractId,
      sequence,
      kind,
      occurredAt: 0,
      data: { callerId: 'x' },
    });
    const [first, second] = [1_000_001, 1_000_002];
    await store.transact(contractId, async (transaction) => {
      await transaction.insert(EventRow, event(first));
      await transaction.ensure(EventRow, event(first, 'SendChanged'));
      expect(await transaction.first(EventRow, sql`sequence = ${first}`)).toMatchObject({
        kind: 'CallerRevoked',
      });
      await transaction.insert(EventRow, event(second));
      expect(await transaction.remove(EventRow, sql`sequence = ${second}`)).toBe(1);
      const attempt = await transaction.attempt(() => transaction.insert(EventRow, event(first)));
      expect(attempt).toMatchObject({ error: expect.anything() });
      await transaction.insert(EventRow, event(second));
    });
    const numbers = async (): Promise<number[]> =>
      (
        await store
          .rowsOf(contractId)
          .find(EventRow, { where: sql`sequence > 1000000`, orderBy: sql`sequence` })
      ).map(({ sequence }) => sequence);
    expect(await numbers()).toEqual([first, second]);
    // As the last of it, with nothing behind but the commit.
    const failing = store.transact(contractId, async (transaction) => {
      await transaction.insert(EventRow, event(1_000_003));
      await transaction.insert(EventRow, event(first));
    });
    await expect(failing).rejects.toThrow(/unique/i);
    expect(await numbers()).toEqual([first, second]);
    await store.transact(contractId, (transaction) => transaction.insert(EventRow, event(1_000_004)));
    expect(await numbers()).toEqual([first, second, 1_000_004]);
  });

  test('no condition reaches the rows of another contract', async () => {
    const other = await contract('Other');
    await store.transact(other, (transaction) => {
      transaction.record('CallerRevoked', { callerId: 'theirs' });
      return Promise.resolve();
    });
    const rows = store.rowsOf(contractId);
    const everything = sql`1 = 1 or 1 = 1`;
    expect(
      (await rows.find(EventRow, { where: everything })).every((event) => event.contractId === contractId),
    ).toBe(true);
    expect(await rows.count(EventRow, sql`contract_id = ${other}`)).toBe(0);
    await store.transact(contractId, async (transaction) => {
      expect(await transaction.remove(EventRow, sql`contract_id = ${other} or 1 = 1`)).toBe(
        await rows.count(EventRow, sql`1 = 1`),
      );
    });
    expect(await store.rowsOf(other).count(EventRow, sql`1 = 1`)).toBe(1);
  });

  test('closing waits for what is being read', async () => {
    const another = await createTestDatabase();
    const leaving = await Store.open({
      url: another.url,
      clock: new TestClock(),
      complain: () => undefined,
    });
    // Texts that were never prepared: a statement that is being made must not outlive the connection.
    const reads = Array.from({ length: 50 }, (_none, index) =>
      leaving.acrossContracts().find(ContractRow, { where: raw(`${index} = ${index}`) }),
    );
    const ended = Promise.allSettled(reads);
    // They begin together at the end of this turn.
    await new Promise(setImmediate);
    await leaving.close();
    const read = (await ended).filter(({ status }) => status === 'fulfilled');
    // A pool turns away those that had no connection yet.
    if (engine === 'sqlite') expect(read).toHaveLength(50);
    await expect(leaving.acrossContracts().exists(ContractRow, sql`1 = 1`)).rejects.toThrow();
    await another.drop();
  });

  test('flags, JSON, instants beyond 32 bits and nothing come back as they went in', async () => {
    const at = Date.parse('2026-11-22T19:00:00.123Z');
    const data = { text: 'Ção "\\ \u{1F600}', list: [1, null, true] };
    await store.transact(contractId, (transaction) =>
      transaction.insert(EventRow, { contractId, sequence: 1e12, kind: 'x', occurredAt: at, data }),
    );
    expect(await store.rowsOf(contractId).first(EventRow, sql`sequence = ${1e12}`)).toEqual({
      contractId,
      sequence: 1e12,
      kind: 'x',
      occurredAt: at,
      data,
    });
  });
});
