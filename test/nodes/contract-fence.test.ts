import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import sql, { type Sql } from 'sql-template-tag';
import { Store } from '../../src/database/store';
import { ALL_ENTITIES } from '../../src/entities/all';
import { tableOf } from '../../src/database/rows';
import { TestClock } from '../kit/clock';
import { createTestDatabase, type TestDatabase } from '../kit/database';
import { contractIn } from '../kit/contract';

let database: TestDatabase;
let store: Store;
let mine: string;
let theirs: string;

/** Those of the entities, and what contacts are found by. */
const tables = [...ALL_ENTITIES.map((entity) => tableOf(entity).name.sql), 'contact_texts'].sort();

beforeAll(async () => {
  database = await createTestDatabase();
  store = await Store.open({ url: database.url, clock: new TestClock(), complain: () => undefined });
  mine = await contractIn(store, 'Mine');
  theirs = await contractIn(store, 'Theirs');
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

test('every table of the domain is fenced, for its owner too', async () => {
  const fenced = await store.engine.reader.all(
    sql`select relname from pg_class join pg_policy on polrelid = pg_class.oid
        where relrowsecurity and relforcerowsecurity and polname = 'contract_fence'`,
  );
  expect(fenced.map((row) => row['relname']).sort()).toEqual(tables);
  expect(await store.engine.isFenced()).toBe(true);
});

test('a query that forgot its contract reads and writes its own contract alone', async () => {
  const forgetful = sql`select id from contracts order by id`;
  expect(await store.engine.readerOf(mine).all(forgetful)).toEqual([{ id: mine }]);
  await store.transact(mine, async ({ connection }) => {
    expect(await connection.all(forgetful)).toEqual([{ id: mine }]);
    expect(await connection.run(sql`update contracts set last_ticket_number = 7`)).toBe(1);
    expect(await connection.run(sql`delete from contract_logs where contract_id = ${theirs}`)).toBe(0);
  });
  const numbers = await store.engine.reader.all(
    sql`select id, last_ticket_number as number from contracts where id in (${mine}, ${theirs}) order by number`,
  );
  expect(numbers).toEqual([
    { id: theirs, number: 0 },
    { id: mine, number: 7 },
  ]);
  const elsewhere = sql`insert into contract_logs values (${'ctr_x'}, 'epoch', 0, 0, 0)`;
  await expect(store.transact(mine, ({ connection }) => connection.run(elsewhere))).rejects.toThrow(
    'row-level security',
  );
});

test('a connection remembers no contract that another one’s work left behind', async () => {
  const readers = [mine, theirs, mine, theirs].map((id) => store.engine.readerOf(id));
  const asked = Array.from({ length: 200 }, (_, index) =>
    (readers[index % 4] ?? store.engine.reader).all(sql`select id from contracts`),
  );
  const answers = await Promise.all(asked);
  for (const [index, answer] of answers.entries())
    expect(answer).toEqual([{ id: index % 2 === 0 ? mine : theirs }]);
});

test('a connection remembers none where its work failed', async () => {
  const failing = (id: string, wrong: Sql): Promise<unknown> => store.engine.readerOf(id).all(wrong);
  const asked = Array.from({ length: 200 }, async (_, index) => {
    const [one, other] = index % 2 === 0 ? [mine, theirs] : [theirs, mine];
    const wrong = index % 4 < 2 ? sql`select 1 / ${0}::int` : sql`select id from nowhere`;
    await Promise.allSettled([
      failing(other, wrong),
      store.transact(other, ({ connection }) => connection.all(wrong)),
    ]);
    return { one, found: await store.engine.readerOf(one).all(sql`select id from contracts`) };
  });
  for (const { one, found } of await Promise.all(asked)) expect(found).toEqual([{ id: one }]);
});

test('who says nothing of a contract sees nothing', async () => {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    for (const table of tables)
      expect((await client.query(`select count(*)::int as rows from ${table}`)).rows).toEqual([{ rows: 0 }]);
  } finally {
    await client.end();
  }
});
