import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import sql, { raw } from 'sql-template-tag';
import { Store } from '../../src/database/store';
import type { Transaction } from '../../src/database/transaction';
import { ContractRow } from '../../src/entities/contract';
import { TestClock } from '../kit/clock';
import { contractIn } from '../kit/contract';
import { createTestDatabase, engine, type TestDatabase } from '../kit/database';
import { describeWhere } from '../kit/describe-where';

describeWhere(engine === 'postgres' ? null : 'only PostgreSQL has connections')(
  'on connections to PostgreSQL',
  () => {
    let database: TestDatabase;
    let store: Store;
    let contractId: string;
    let owner: Client;

    beforeAll(async () => {
      database = await createTestDatabase();
      store = await Store.open({ url: database.url, clock: new TestClock(), complain: () => undefined });
      contractId = await contractIn(store, 'Acme');
      owner = new Client({ connectionString: database.url });
      await owner.connect();
      await owner.query('create table changing (id text primary key, word text)');
      await owner.query("insert into changing values ('a', 'b')");
    });
    afterAll(async () => {
      await owner.end();
      await store.close();
      await database.drop();
    });

    const everything = sql`select * from changing where id = ${'a'}`;
    const read = (): Promise<Record<string, unknown>[]> => store.engine.readerOf(contractId).all(everything);
    /** On every connection of the pool, so often that PostgreSQL keeps the plan. */
    const readALot = (): Promise<unknown> => Promise.all(Array.from({ length: 200 }, read));
    const countOn = (text: string): Promise<Record<string, unknown>[]> =>
      store.engine.reader.all(sql`select 1 from pg_prepared_statements where statement = ${text}`);

    test('statements are prepared once', async () => {
      await readALot();
      expect(await countOn(everything.text)).toHaveLength(1);
    });

    test('nobody notices that another node changes a table', async () => {
      await readALot();
      await owner.query('alter table changing add column added integer not null default 7');
      expect(await Promise.all(Array.from({ length: 40 }, read))).toEqual(
        Array(40).fill([{ id: 'a', word: 'b', added: 7 }]),
      );
      await owner.query('alter table changing alter column added type text');
      const written = Array.from({ length: 20 }, () =>
        store.transact(contractId, async ({ connection }) => {
          await connection.run(sql`update changing set word = word || ${'c'} where id = ${'a'}`);
          const [row] = await connection.all(everything);
          return row?.['added'];
        }),
      );
      expect(await Promise.all(written)).toEqual(Array(20).fill('7'));
      expect((await read())[0]?.['word']).toBe(`b${'c'.repeat(20)}`);
      await owner.query('alter table changing drop column added');
      expect(await read()).toEqual([{ id: 'a', word: `b${'c'.repeat(20)}` }]);
    });

    test('a statement that failed is prepared anew', async () => {
      const divided = (by: number): Promise<Record<string, unknown>[]> =>
        store.engine.readerOf(contractId).all(sql`select 10 / ${by}::int as result`);
      for (let round = 0; round < 3; round += 1) {
        await expect(divided(0)).rejects.toThrow('division by zero');
        expect(await divided(5)).toEqual([{ result: 2 }]);
      }
    });

    test('a statement that could not be prepared is prepared once it can', async () => {
      const called = (): Promise<Record<string, unknown>[]> =>
        store.engine.readerOf(contractId).all(sql`select later() as result`);
      await expect(called()).rejects.toThrow('later()');
      await owner.query("create function later() returns int language sql as 'select 3'");
      expect(await called()).toEqual([{ result: 3 }]);
    });

    test('no more statements stay prepared than a connection may keep', async () => {
      const texts = Array.from({ length: 450 }, (_, index) => sql`select ${raw(String(index))} as number`);
      await store.transact(contractId, async ({ connection }) => {
        for (const [index, text] of texts.entries())
          expect(await connection.all(text)).toEqual([{ number: index }]);
        const kept = (await connection.all(sql`select 1 from pg_prepared_statements`)).length;
        expect(kept).toBeGreaterThan(150);
        expect(kept).toBeLessThan(250);
        expect(await connection.all(texts[0] ?? everything)).toEqual([{ number: 0 }]);
      });
    });

    test('what an act runs is prepared, whatever it is', async () => {
      const newest = sql`select id from changing where word > ${'a'} order by id limit 1`;
      const prepared = await store.transact(contractId, async ({ connection }) => {
        await connection.all(newest);
        return connection.all(sql`select 1 from pg_prepared_statements where statement = ${newest.text}`);
      });
      expect(prepared).toHaveLength(1);
    });

    test('none is prepared whose plan depends on its values', async () => {
      const counted = sql`select count(*)::int as rows from changing where word = ${'x'}`;
      await store.engine.reader.all(counted);
      expect(await countOn(counted.text)).toEqual([]);
    });

    const lastNumber = async (): Promise<number> =>
      (await store.rowsOf(contractId).byId(ContractRow, contractId))?.lastTicketNumber ?? -1;
    const raised = (transaction: Transaction, by: Promise<ContractRow | null>[]): Promise<unknown> =>
      Promise.all(by).then((found) =>
        transaction.change(
          ContractRow,
          { lastTicketNumber: (found.at(-1)?.lastTicketNumber ?? 0) + 1 },
          sql`1 = 1`,
        ),
      );
    const look = (transaction: Transaction): Promise<ContractRow | null> =>
      transaction.first(ContractRow, sql`1 = 1`);

    test('what is read in the turn of a lock is read once it is held', async () => {
      const before = await lastNumber();
      const act = (transaction: Transaction): Promise<unknown> =>
        raised(transaction, [transaction.lock(ContractRow, contractId), look(transaction)]);
      await Promise.all(Array.from({ length: 20 }, () => store.transact(contractId, act)));
      expect(await lastNumber()).toBe(before + 20);
      // Who reads before it asks for the lock overwrites what others have done meanwhile.
      const early = async (transaction: Transaction): Promise<unknown> => {
        const seen = await look(transaction);
        await transaction.lock(ContractRow, contractId);
        return raised(transaction, [Promise.resolve(seen)]);
      };
      await Promise.all(Array.from({ length: 20 }, () => store.transact(contractId, early)));
      expect(await lastNumber()).toBeLessThan(before + 40);
    });

    test('a name is locked before it is looked for what it stands for', async () => {
      const before = await lastNumber();
      await Promise.all(
        Array.from({ length: 20 }, () =>
          store.transact(contractId, async (transaction) => {
            const found = await transaction.lockNames(['first', 'second'], () => look(transaction));
            await raised(transaction, [Promise.resolve(found)]);
          }),
        ),
      );
      expect(await lastNumber()).toBe(before + 20);
    });

    test('what nobody has to hear of goes in parts where it is much', async () => {
      const sent: number[] = [];
      await store.transact(contractId, async (transaction) => {
        const seen = async (): Promise<void> => {
          const { rows } = await owner.query<{ count: number }>(
            'select count(*)::int from pg_stat_activity where datname = current_database() and state = $1',
            ['idle in transaction'],
          );
          sent.push(rows[0]?.count ?? 0);
        };
        for (let change = 0; change < 500; change += 1) {
          await transaction.change(ContractRow, { name: `Acme ${change}` }, sql`1 = 1`);
          if (change === 10 || change === 300) await seen();
        }
      });
      // Nothing was sent at first, and part of it before the commit.
      expect(sent).toEqual([0, 1]);
      expect((await store.rowsOf(contractId).byId(ContractRow, contractId))?.name).toBe('Acme 499');
    });

    test('a statement that comes after the end of its transaction gets into no other', async () => {
      const raise = sql`update contracts set last_ticket_number = last_ticket_number + 1`;
      const before = await lastNumber();
      let late: Transaction | null = null;
      let waiting: Promise<number> = Promise.resolve(0);
      const failing = store.transact(contractId, async (transaction) => {
        late = transaction;
        await transaction.connection.all(everything);
        waiting = transaction.connection.run(raise).catch(() => -1);
        throw new Error('Not this one');
      });
      const others = Array.from({ length: 20 }, () => store.transact(contractId, look));
      await expect(failing).rejects.toThrow('Not this one');
      expect(await waiting).toBe(-1);
      const ended = late as Transaction | null;
      await expect(ended?.connection.run(raise)).rejects.toThrow('The transaction is over');
      for (let change = 0; change < 300; change += 1)
        await expect(
          ended?.change(ContractRow, { lastTicketNumber: before + 7 }, sql`1 = 1`),
        ).rejects.toThrow('The transaction is over');
      await Promise.all(others);
      expect(await lastNumber()).toBe(before);
    });

    test('what failed later within an attempt is undone with it', async () => {
      const before = await lastNumber();
      await store.transact(contractId, async (transaction) => {
        const attempt = await transaction.attempt(async () => {
          await transaction.change(ContractRow, { lastTicketNumber: sql`1 / 0` as never }, sql`1 = 1`);
          throw new Error('Before it was sent');
        });
        expect(attempt).toEqual({ error: new Error('Before it was sent') });
        await transaction.updateBy(ContractRow, sql`last_ticket_number = last_ticket_number + 1`, sql`1 = 1`);
      });
      expect(await lastNumber()).toBe(before + 1);
    });

    test('who asked stands in the stack of what failed', async () => {
      async function theAsker(transaction: Transaction): Promise<void> {
        await transaction.connection.all(sql`select 10 / ${0}::int as result`);
      }
      const stack = await store
        .transact(contractId, theAsker)
        .catch((error: unknown) => (error as Error).stack);
      expect(stack).toContain('theAsker');
    });

    test('all who ask in one turn hear that one of them failed', async () => {
      const act = store.transact(contractId, ({ connection }) =>
        Promise.allSettled([
          connection.all(sql`select 1 as one`),
          connection.all(sql`select 10 / ${0}::int as result`),
          connection.run(sql`update contracts set last_ticket_number = last_ticket_number + 1`),
        ]).then((results) => {
          expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
          throw new Error('As it should be');
        }),
      );
      await expect(act).rejects.toThrow('As it should be');
    });

    test('no statement is compiled, unless the address asks for that', async () => {
      const settings = async (url: string): Promise<unknown> => {
        const opened = await Store.open({ url, clock: new TestClock(), complain: () => undefined });
        try {
          return await opened.engine.reader.all(
            sql`select current_setting('jit') as jit, current_setting('synchronous_commit') as waits`,
          );
        } finally {
          await opened.close();
        }
      };
      const asked = new URL(database.url);
      asked.searchParams.set('options', '-c jit=on -c synchronous_commit=local');
      expect(await settings(asked.toString())).toEqual([{ jit: 'on', waits: 'local' }]);
      asked.searchParams.set('options', '-c synchronous_commit=local');
      expect(await settings(asked.toString())).toEqual([{ jit: 'off', waits: 'local' }]);
      asked.searchParams.delete('options');
      expect(await settings(asked.toString())).toEqual([{ jit: 'off', waits: 'on' }]);
    });
  },
);
