import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { Store } from '../../src/database/store';
import { EventLog } from '../../src/events/event-log';
import { TestClock } from '../kit/clock';
import { contractIn } from '../kit/contract';
import { createTestDatabase, type TestDatabase } from '../kit/database';
import { eventually } from '../kit/eventually';

const complaints: unknown[] = [];
let database: TestDatabase;
let one: Store;
let other: Store;
let contractId: string;
const wait = (condition: () => boolean): Promise<boolean> => eventually(condition, (isTrue) => isTrue);

beforeAll(async () => {
  database = await createTestDatabase();
  const open = (): Promise<Store> =>
    Store.open({
      url: database.url,
      clock: new TestClock(),
      complain: (error) => void complaints.push(error),
    });
  [one, other] = await Promise.all([open(), open()]);
  contractId = await contractIn(one, 'Acme');
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await database.drop();
});

/** The log's own look every second never comes, so that only an announcement can tell of what another node wrote. */
function logWithoutPolling(store: Store, clock: TestClock): EventLog {
  const still = { now: () => clock.now(), elapsed: () => clock.elapsed(), after: () => () => undefined };
  return new EventLog(store, still, (error) => void complaints.push(error));
}

const happen = (store: Store): Promise<void> =>
  store.transact(contractId, (transaction) => {
    transaction.record('PresenceChanged', { agentId: 'agt_x', presence: 'ONLINE' } as never);
    return Promise.resolve();
  });
const listening = async (): Promise<{ pid: number }[]> =>
  (await one.engine.reader.all(
    sql`select pid from pg_stat_activity where application_name = 'saludo announcements' and datname = current_database()`,
  )) as unknown as { pid: number }[];

test('what one node commits wakes those who follow the log on another, and what it announces the workers there', async () => {
  const heard: string[] = [];
  other.onAnnounced('deliveries', () => void heard.push('other'));
  one.onAnnounced('deliveries', () => void heard.push('one'));
  const log = logWithoutPolling(other, new TestClock());
  one.hearOthers();
  other.hearOthers();
  await wait(() => heard.length === 2);
  const follower = await log.follow(contractId, null);
  await happen(one);
  expect(await follower.next()).toMatchObject({ kind: 'PresenceChanged', sequence: 1 });
  heard.length = 0;
  one.announce('deliveries');
  await wait(() => heard.length > 0);
  // A node does not wake itself: it knows what it wrote.
  expect(heard).toEqual(['other']);
  await log.close();
});

test('a connection that is cut off is made anew, and what came meanwhile is looked for', async () => {
  const log = logWithoutPolling(other, new TestClock());
  const follower = await log.follow(contractId, null);
  const before = await listening();
  expect(before).toHaveLength(2);
  for (const { pid } of before) await one.engine.reader.all(sql`select pg_terminate_backend(${pid})`);
  await happen(one);
  expect(await follower.next()).toMatchObject({ sequence: 2 });
  await eventually(
    listening,
    (now) => now.length === 2 && now.every(({ pid }) => !before.some((b) => b.pid === pid)),
  );
  // A connection is seen before it announces and hears.
  const heard: string[] = [];
  const forget = other.onAnnounced('deliveries', () => void heard.push('other'));
  await eventually(
    () => {
      one.announce('deliveries');
      return Promise.resolve(heard);
    },
    (names) => names.length > 0,
  );
  forget();
  await happen(one);
  expect(await follower.next()).toMatchObject({ sequence: 3 });
  await log.close();
  expect(complaints.length).toBeGreaterThan(0);
});

test('a transaction that idles elsewhere holds no event back', async () => {
  const log = logWithoutPolling(other, new TestClock());
  const follower = await log.follow(contractId, null);
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  let idle: Promise<void> = Promise.resolve();
  await new Promise<void>((idles, fails) => {
    idle = other.transactAcrossContracts(async (connection) => {
      await connection.all(sql`select txid_current()`);
      idles();
      await over;
    });
    idle.catch(fails);
  });
  await happen(one);
  expect(await follower.next()).toMatchObject({ sequence: 4 });
  end();
  await idle;
  await log.close();
});
