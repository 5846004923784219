import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import sql from 'sql-template-tag';
import { PostgresEngine } from '../../src/database/postgres';
import { Store } from '../../src/database/store';
import { EventRow } from '../../src/entities/event';
import { EventLog } from '../../src/events/event-log';
import { TestClock } from '../kit/clock';
import { contractIn } from '../kit/contract';
import { describeWhere } from '../kit/describe-where';
import { eventually } from '../kit/eventually';
import { mutated } from '../kit/mutated';
import { clusterObstacle, OwnCluster } from '../kit/own-cluster';

const ACTS = 40;

describeWhere(clusterObstacle())('where PostgreSQL crashes', () => {
  let cluster: OwnCluster;
  let store: Store;
  let contractId: string;

  const open = (Opened = Store): Promise<Store> =>
    Opened.open({ url: cluster.url, clock: new TestClock(), complain: () => undefined });

  beforeAll(async () => {
    // PostgreSQL puts nothing on the disk by itself for as long as it can be told not to.
    cluster = await OwnCluster.make({ settings: { wal_writer_delay: '10s' } });
    const first = await open();
    await first.engine.migrate();
    await first.close();
  });
  afterAll(() => cluster.remove());
  beforeEach(async () => {
    store = await open();
    contractId = await contractIn(store, 'Acme');
  });
  afterEach(() => store.close());

  const callersInLog = async (): Promise<string[]> => {
    const rows = await store.rowsOf(contractId).find(EventRow, { orderBy: sql`sequence` });
    return rows.map(({ data }) => (data as { callerId: string }).callerId);
  };

  /** Acts by several at once, until PostgreSQL crashes; those that were told to be done. */
  async function doneUntilTheCrash(): Promise<string[]> {
    const done: string[] = [];
    const work = async (worker: number): Promise<void> => {
      for (let index = 0; index < ACTS; index += 1) {
        const id = `${worker}-${index}`;
        await store.transact(contractId, (transaction) => {
          transaction.record('CallerRevoked', { callerId: id });
          return Promise.resolve();
        });
        done.push(id);
      }
    };
    const working = Promise.allSettled(Array.from({ length: 4 }, (_, worker) => work(worker)));
    while (done.length < ACTS) await new Promise((resolve) => setImmediate(resolve));
    await cluster.restart('immediate');
    await working;
    return done;
  }

  /** An act of another node that is committed, and that nobody has put on the disk. */
  async function committedElsewhere(callerId: string): Promise<void> {
    const other = new Client({ connectionString: cluster.url });
    await other.connect();
    await other.query(`begin; set local synchronous_commit = off; set local saludo.contract = '${contractId}';
      with log as (update contract_logs set last_sequence = last_sequence + 1
        where contract_id = '${contractId}' returning last_sequence as place)
      insert into events (contract_id, sequence, kind, occurred_at, data)
        select '${contractId}', place, 'CallerRevoked', 0, '{"callerId":"${callerId}"}' from log;
      commit`);
    await other.end();
  }

  /** What a follower is told before PostgreSQL crashes, and what stands at that place of the log afterwards. */
  async function toldAndKept(Log: typeof EventLog): Promise<{ told: string; kept: string[] }> {
    const log = new Log(store, new TestClock(), () => undefined);
    try {
      const follower = await log.follow(contractId, null);
      const next = follower.next();
      await committedElsewhere('told');
      // As its commit, or a look each second, would have it do.
      (await log.follow(contractId, null)).close();
      const event = await next;
      await cluster.restart('immediate');
      await store.close();
      store = await open();
      return { told: (event?.data as { callerId: string }).callerId, kept: await callersInLog() };
    } finally {
      await log.close();
    }
  }

  test('what was told to be done is done', async () => {
    const done = await doneUntilTheCrash();
    await store.close();
    store = await open();
    expect(await callersInLog()).toEqual(expect.arrayContaining(done));
  });

  test('a server that would not wait for the disk would have told of what is not done', async () => {
    const { PostgresEngine: Mutant } = mutated('src/database/postgres', [
      ['      await line.reach();\n', ''],
    ]) as { PostgresEngine: typeof PostgresEngine };
    const { Store: OverMutant } = mutated('src/database/store', [], {
      'src/database/postgres': { PostgresEngine: Mutant },
    }) as { Store: typeof Store };
    await store.close();
    store = await open(OverMutant);
    const done = await doneUntilTheCrash();
    await store.close();
    store = await open();
    const kept = new Set(await callersInLog());
    expect(done.filter((id) => !kept.has(id))).not.toEqual([]);
  });

  test('an event that was told stands in the log', async () => {
    const { told, kept } = await toldAndKept(EventLog);
    expect(told).toBe('told');
    expect(kept).toContain(told);
  });

  test('a log that told what is not on the disk would have told what never was', async () => {
    const { EventLog: Mutant } = mutated('src/events/event-log', [
      ['      await synced();\n      for', '      for'],
      ['    await synced();\n    const position', '    const position'],
    ]) as { EventLog: typeof EventLog };
    const { told, kept } = await toldAndKept(Mutant);
    expect(told).toBe('told');
    expect(kept).not.toContain(told);
  });

  test('what a standby is to have is not told before it has it', async () => {
    const ask = async (text: string): Promise<void> => {
      const administrator = new Client({ connectionString: cluster.url.replace('saludo@', 'postgres@') });
      await administrator.connect();
      await administrator.query(text);
      await administrator.query('select pg_reload_conf()');
      await administrator.end();
    };
    // All of it is on this disk: the standby, which there is not, is all that is waited for.
    await store.engine.syncing()();
    await ask("alter system set synchronous_standby_names = 'nobody'");
    let isTold = false;
    const synced = eventually(
      () => store.engine.reader.all(sql`select current_setting('synchronous_standby_names') as names`),
      ([row]) => row?.['names'] === 'nobody',
    )
      .then(() => store.engine.syncing()())
      .then(() => (isTold = true));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(isTold).toBe(false);
    await ask('alter system reset synchronous_standby_names');
    await synced;
  });

  test('a connection that was made anew says nothing of what was committed before', async () => {
    await expect(
      store.transact(contractId, async (transaction) => {
        transaction.record('CallerRevoked', { callerId: 'unsure' });
        const [row] = await transaction.connection.all(
          sql`select pid from pg_stat_activity where application_name = 'saludo sync'`,
        );
        const other = new Client({ connectionString: cluster.url });
        await other.connect();
        await other.query('select pg_terminate_backend($1)', [row?.['pid']]);
        await other.end();
      }),
    ).rejects.toThrow('PostgreSQL does not say what it has on the disk');
    await store.transact(contractId, (transaction) => {
      transaction.record('CallerRevoked', { callerId: 'sure' });
      return Promise.resolve();
    });
    expect(await callersInLog()).toEqual(['unsure', 'sure']);
  });
});
