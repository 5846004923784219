import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sql, { raw } from 'sql-template-tag';
import type { Connection, Statement } from '../../src/database/connection';
import { limitOf, Rows, valuesAsRows, type RowClass } from '../../src/database/rows';
import { Store } from '../../src/database/store';
import { ContactRow } from '../../src/entities/contact';
import { ContractRow } from '../../src/entities/contract';
import { EventRow } from '../../src/entities/event';
import { SendRow } from '../../src/entities/send';
import { TestClock } from '../kit/clock';
import { contractIn } from '../kit/contract';
import { createTestDatabase, engine, type TestDatabase } from '../kit/database';

let database: TestDatabase;
let store: Store;
let contractId: string;
let statements: string[];

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  const observe = (text: string): void => void statements.push(text);
  statements = [];
  store = await Store.open({ url: database.url, clock: new TestClock(), complain: () => undefined, observe });
  await store.engine.migrate();
  contractId = await contractIn(store, 'Reading "together", ünïcode \\ and 😀');
  await store.transact(contractId, (transaction) => {
    for (let number = 0; number < 5; number += 1)
      transaction.record('CallerRevoked', { callerId: `c${number}` });
    return Promise.resolve();
  });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});
beforeEach(() => {
  statements = [];
});

describe(`reads of one turn on ${engine}`, () => {
  test('are one statement, and each gets its own rows, in its own order', async () => {
    const rows = store.rowsOf(contractId);
    const [contract, none, last, two, count, of] = await Promise.all([
      rows.byId(ContractRow, contractId),
      rows.byId(ContractRow, 'ctr_none'),
      rows.find(EventRow, { orderBy: sql`sequence desc`, limit: 2 }),
      rows.find(EventRow, { where: sql`sequence in (3, 2)`, orderBy: sql`sequence` }),
      rows.count(EventRow, sql`sequence > 1`),
      rows.firstOfEach(EventRow, 'kind', ['CallerRevoked', 'None'], {
        where: sql`1 = 1`,
        orderBy: sql`sequence`,
        limit: 1,
      }),
    ]);
    expect(statements).toHaveLength(1);
    expect(contract).toMatchObject({
      id: contractId,
      name: 'Reading "together", ünïcode \\ and 😀',
      demo: false,
    });
    expect(none).toBeNull();
    expect(last.map(({ sequence }) => sequence)).toEqual([5, 4]);
    expect(two.map(({ sequence, data }) => [sequence, data])).toEqual([
      [2, { callerId: 'c1' }],
      [3, { callerId: 'c2' }],
    ]);
    expect(count).toBe(4);
    expect(of.map(({ sequence }) => sequence)).toEqual([1]);
  });

  test('are as many statements as there are turns, and more than a hundred of one turn are a few', async () => {
    const rows = store.rowsOf(contractId);
    await rows.byId(ContractRow, contractId);
    await rows.byId(ContractRow, contractId);
    expect(statements).toHaveLength(2);
    statements = [];
    const reads = Array.from({ length: 120 }, (_, number) =>
      rows.find(EventRow, { where: sql`sequence = ${number + 1}` }),
    );
    expect((await Promise.all(reads)).map((found) => found.length)).toEqual(
      Array.from({ length: 120 }, (_, number) => (number < 5 ? 1 : 0)),
    );
    expect(statements).toHaveLength(3);
  });

  test('fail together where one of them cannot be read', async () => {
    const rows = store.rowsOf(contractId);
    const reads = [rows.byId(ContractRow, contractId), rows.find(EventRow, { where: sql`no_column = 1` })];
    const results = await Promise.allSettled(reads as Promise<unknown>[]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await rows.byId(ContractRow, contractId)).toMatchObject({ id: contractId });
  });

  test('see what the same unit of work has written before', async () => {
    await store.transact(contractId, async (transaction) => {
      await transaction.updateBy(ContractRow, sql`last_ticket_number = 7`, sql`1 = 1`);
      const [contract, count] = await Promise.all([
        transaction.byId(ContractRow, contractId),
        transaction.count(EventRow, sql`1 = 1`),
      ]);
      expect([contract?.lastTicketNumber, count]).toEqual([7, 5]);
    });
  });
});

test('ids of any number are one text, and a limit is a part of it', async () => {
  const rows = store.rowsOf(contractId);
  for (const count of [2, 3, 50])
    await rows.byIds(
      SendRow,
      Array.from({ length: count }, (_, number) => `snd_${number}'"\\`),
    );
  expect(new Set(statements).size).toBe(1);
  expect(limitOf(5).values).toEqual([]);
  expect(() => limitOf(Number('5; drop table sends'))).toThrow('no number of rows');
});

/** The statement that `read` makes. */
async function statementOf(read: (rows: Rows) => Promise<unknown>): Promise<Statement> {
  const asked: Statement[] = [];
  const connection: Connection = {
    dialect: store.dialect,
    all: (statement) => {
      asked.push(statement);
      return Promise.resolve([]);
    },
    run: () => Promise.resolve(0),
  };
  await read(new Rows(connection, contractId));
  const [statement] = asked;
  if (!statement) throw new Error('Nothing was asked');
  return statement;
}

const planOf = async ({ sql: asked, text, values }: Statement): Promise<string> =>
  (await store.engine.reader.all({ sql: `explain query plan ${asked}`, text, values }))
    .map(({ detail }) => detail as string)
    .join('\n');

if (engine === 'sqlite') {
  describe('SQLite looks ids up, however large the contract', () => {
    test('by any number of ids', async () => {
      for (const entity of [ContactRow, SendRow] as RowClass<{ id: string }>[]) {
        const plan = await planOf(await statementOf((rows) => rows.byIds(entity, ['x', 'y'])));
        expect(plan).toMatch(/SEARCH \w+ USING INDEX sqlite_autoindex_\w+_1 \(id=\?\)/);
      }
    });

    test('which it does not by itself', async () => {
      const statement = await statementOf((rows) => rows.byIds(ContactRow, ['x', 'y']));
      const alone = await createTestDatabase({ empty: true });
      const other = await Store.open({ url: alone.url, clock: new TestClock(), complain: () => undefined });
      await other.engine.migrate();
      await other.transactAcrossContracts((connection) => connection.run(raw('drop table sqlite_stat1')));
      await other.close();
      const again = await Store.open({ url: alone.url, clock: new TestClock(), complain: () => undefined });
      const plan = await again.engine.reader.all(sql`explain query plan ${statement}`);
      expect(JSON.stringify(plan)).toContain('contract_id=?');
      await again.close();
      await alone.drop();
    });
  });
}

if (engine === 'postgres') {
  test('PostgreSQL looks up what a statement brings along, also where row-level security holds', async () => {
    const plan = await store.transactAcrossContracts(async (connection) => {
      // An empty table is read as a whole anyway, unless that is made dear: then only a bitmap of what is looked up is left.
      for (const way of ['seqscan', 'indexscan', 'hashjoin', 'mergejoin', 'material'])
        await connection.run(raw(`set local enable_${way} = off`));
      const brought = valuesAsRows(connection, { id: 'text', sequence: 'integer' }, [['x', 1]]);
      return connection.all(
        sql`explain update sends set changed_sequence = brought.sequence from (${brought}) as brought where sends.id = brought.id`,
      );
    });
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('Index Cond: (id = brought.id)');
  });
}

test(`nobody waits behind a long read on ${engine} while another connection is free`, async () => {
  const { reader } = store.engine;
  const numbers = sql`with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${1_000_000})`;
  let isOver = false;
  const long = reader.all(sql`${numbers} select count(*) as count from numbers`).then(() => (isOver = true));
  for (let read = 0; read < 10; read += 1)
    expect(await reader.all(sql`select 1 as one`)).toEqual([{ one: 1 }]);
  expect(isOver).toBe(false);
  await long;
});
