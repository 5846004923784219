import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Presence, SendOutcome } from '../../src/entities/enums';
import type { Follower } from '../../src/events/event-log';
import type { Platform } from '../../src/services/context';
import { TestApp } from '../kit/app';
import { openPlatform } from '../kit/bare-platform';
import { Caller } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { freePort } from '../kit/free-port';
import { ServerProcess } from '../kit/process';
import { complaintAbout, ResumingClient, sequenceOf, type ResumingOptions } from '../kit/resuming-client';
import { atLength, figure, scaled } from '../kit/scale';

const PROMISE = 'Subscriptions miss nothing';
const PRESENCE = 'subscription ($after: String) { presenceChanged(after: $after) { cursor presence } }';
/** The same, so large that what the network holds of it for a client is little of all. */
const LARGE = `subscription ($after: String) { presenceChanged(after: $after) { cursor ${Array.from(
  { length: 95 },
  (_, index) => `c${index}: cursor`,
).join(' ')} } }`;

let app: TestApp;
let contractId: string;
let admin: Caller;

beforeAll(async () => {
  app = await TestApp.start();
  ({ admin, id: contractId } = await app.contract());
});
afterAll(() => app.stop());

const clients: ResumingClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop()));
});

/** So many events in a contract's log, by the store's own unit of work. */
async function record(platform: Platform, contract: string, count: number): Promise<void> {
  const data = { agentId: admin.id, presence: Presence.ONLINE };
  for (let done = 0; done < count; done += 500) {
    await platform.store.transact(contract, (transaction) => {
      for (let index = done; index < Math.min(count, done + 500); index += 1)
        transaction.record('PresenceChanged', data);
      return Promise.resolve();
    });
  }
}
const happen = (count: number): Promise<void> => record(app.platform, contractId, count);

/** All places after this cursor, up to the end of the log. */
async function placesAfter(after: string, caller: Caller = admin): Promise<number[]> {
  const [first, last] = [sequenceOf(after) + 1, sequenceOf(await caller.cursor())];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** A client that is stopped after the test, at the latest. */
function listening(after: string, more: Partial<ResumingOptions> = {}): ResumingClient {
  const options = { url: () => app.url, token: admin.token, document: PRESENCE, after, ...more };
  const client = new ResumingClient(options);
  clients.push(client);
  return client;
}

describe('the seam', () => {
  async function placesFrom(follower: Follower, count: number): Promise<number[]> {
    const places: number[] = [];
    while (places.length < count) places.push((await follower.next())?.sequence ?? 0);
    return places;
  }

  test('from wherever one resumes: out of memory, out of the database, and at every edge of both', async () => {
    const { eventLog } = app.platform;
    const beginning = await admin.cursor();
    // Somebody follows all the while, so that the latest are in memory.
    const keeper = await eventLog.follow(contractId, null);
    await happen(2_700);
    await placesFrom(keeper, 2_700);
    const epoch = await eventLog.epochOf(contractId);
    const [start, end] = [sequenceOf(beginning), sequenceOf(await admin.cursor())];
    // The 2,000 latest are in memory; the database is read in parts of 500.
    const steps = [0, 1, 199, 200, 201, 499, 500, 501, 698, 699, 700, 701, 702, 2_698, 2_699, 2_700];
    const followers = await Promise.all(
      steps.map((step) =>
        eventLog.follow(contractId, Buffer.from(`v1.${epoch}.${start + step}`).toString('base64url')),
      ),
    );
    const heard = followers.map((follower, index) => placesFrom(follower, 2_700 - (steps[index] ?? 0) + 30));
    await happen(30);
    for (const [index, step] of steps.entries()) {
      const due = Array.from({ length: 2_700 - step + 30 }, (_, at) => start + step + 1 + at);
      expect(complaintAbout((await heard[index]) ?? [], due)).toBeNull();
    }
    expect(end - start).toBe(2_700);
    for (const follower of [keeper, ...followers]) follower.close();
    expect(eventLog.followers).toBe(0);
  });

  test('who catches up on what is not its own waits for the database seldom, so that it gets there', async () => {
    const email = 'bia@acme.test';
    const { agent } = await admin.act('createAgent', { name: 'Bia', email, role: 'AGENT' }, 'agent { id }');
    const bia = await app.person(contractId, email, agent.id as string);
    const after = await admin.cursor();
    await app.platform.store.transact(contractId, (transaction) => {
      const tell = (agentId: string): void =>
        transaction.record('SendConfirmed', { sendId: 'snd_1', agentId, outcome: SendOutcome.ACCEPTED });
      for (let index = 0; index < 3_000; index += 1) tell(admin.id);
      tell(bia.id);
      return Promise.resolve();
    });
    const document = 'subscription ($after: String) { sendConfirmed(after: $after) { cursor } }';
    const statements = await app.statementsOf(async () => {
      const client = listening(after, { token: bia.token, document });
      await eventually(
        () => client.heard.length,
        (count) => count === 1,
      );
    });
    expect(statements.length).toBeLessThan(50);
  });

  test('an event costs the database the same, however many subscriptions tell it', async () => {
    const costFor = async (subscriptions: number): Promise<number> => {
      const after = await admin.cursor();
      await happen(1);
      const audience = Array.from({ length: subscriptions }, () => listening(after));
      const haveHeard = (count: number): Promise<boolean> =>
        eventually(
          () => audience.every(({ heard }) => heard.length === count),
          (all) => all,
        );
      await haveHeard(1);
      const statements = await app.statementsOf(async () => {
        await happen(5);
        await haveHeard(6);
      });
      return statements.length;
    };
    const alone = await costFor(1);
    expect(await costFor(8)).toBeLessThan(alone + 5);
  });

  test('a client that resumes with no cursor misses, one that goes back repeats: either is noticed', async () => {
    const after = await admin.cursor();
    const audience = [
      listening(after),
      listening(after, { resumeAfter: () => null }),
      listening(after, { resumeAfter: () => after }),
    ];
    await happen(3);
    await eventually(
      () => audience.every(({ heard }) => heard.length === 3),
      (all) => all,
    );
    for (const client of audience) client.cut();
    await happen(2);
    await eventually(
      () => audience.map(({ connections }) => connections),
      (connections) => connections.every((count) => count === 2),
    );
    // The one without a cursor has begun once it hears something.
    await eventually(
      async () => {
        await happen(1);
        return audience.map(({ heard }) => heard.length);
      },
      ([, forgetful = 0]) => forgetful > 3,
    );
    const due = await placesAfter(after);
    await eventually(
      () => audience.map(({ heard }) => heard.at(-1)),
      (places) => places.every((place) => place === due.at(-1)),
    );
    const complaints = audience.map(({ heard }) => complaintAbout(heard, due));
    const [first = 0] = due;
    expect(complaints).toEqual([null, `misses ${first + 3}`, `heard ${first} again`]);
  });

  test('a quiet subscription resumes after the place that a ping told, where its own cursor has expired', async () => {
    const desk = await Desk.open(app);
    const bia = await desk.agent('Bia');
    const document = 'subscription ($after: String) { sendConfirmed(after: $after) { cursor } }';
    const old = await bia.cursor();
    const client = listening(old, { token: bia.token, document });
    await eventually(
      () => client.connections,
      (count) => count === 1,
    );
    await desk.admin.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    const place = await bia.cursor();
    await eventually(
      () => {
        app.clock.advance(20_000);
        return client.newest;
      },
      (newest) => newest === place,
    );
    await app.platform.eventLog.prune(app.clock.now() + 1_000);
    client.cut();
    await eventually(
      () => client.connections,
      (count) => count === 2,
    );
    await desk.accepted(bia, '+5511950000001');
    await eventually(
      () => client.heard.length,
      (count) => count === 1,
    );
    expect(client.problem).toBeNull();
    const stale = listening(old, { token: bia.token, document });
    await eventually(
      () => stale.problem,
      (problem) => problem !== null,
    );
    expect(stale.problem).toContain('CURSOR_EXPIRED');
  });
});

/** A figure that a server tells of itself. */
async function told(url: string, name: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
}

/** The bytes that wait for clients, once they are some and stay the same: somebody takes nothing any more. */
async function standingBacklog(url: string): Promise<number> {
  let before = 0;
  return eventually(
    () => told(url, 'saludo_socket_backlog_bytes'),
    (bytes) => {
      const stands = bytes > 0 && bytes === before;
      before = bytes;
      return stands;
    },
    scaled(20_000, 120_000),
  );
}

/** Where a client stalls. */
interface Stand {
  url: string;
  caller: Caller;
  happen: (count: number) => Promise<void>;
  /** Lets the time pass after which a client that takes nothing is cut off. */
  untilTooSlow: () => void;
}

/**
 * A client stalls, and so many events happen while others listen. Then it wakes up, and hears the rest.
 * @returns the bytes that waited for it, and what the others heard in a second.
 */
async function stall(
  { url, caller, happen: happenThere, untilTooSlow }: Stand,
  count: number,
): Promise<{ backlog: number; pace: number }> {
  const patience = scaled(20_000, 400_000);
  const after = await caller.cursor();
  const heardBy = (document: string): ResumingClient =>
    listening(after, { url: () => url, token: caller.token, document });
  const stalled = heardBy(LARGE);
  const others = [heardBy(PRESENCE), heardBy(PRESENCE)];
  await eventually(
    () => [stalled, ...others].every(({ connections }) => connections === 1),
    (all) => all,
  );
  stalled.stall();
  const start = Date.now();
  await happenThere(count);
  const due = await placesAfter(after, caller);
  const standing = standingBacklog(url);
  await eventually(
    () => others.every(({ heard }) => heard.length >= due.length),
    (all) => all,
    patience,
  );
  const pace = Math.round((due.length * 1_000) / (Date.now() - start));
  // The others have had all of it; this one has little, and no more than that waits for it.
  expect(others.map(({ heard }) => complaintAbout(heard, due))).toEqual([null, null]);
  expect(stalled.heard.length).toBeLessThan(due.length);
  const backlog = await standing;
  untilTooSlow();
  // What runs on a socket ends when the socket is told to close.
  await eventually(
    () => told(url, 'saludo_log_followers'),
    (followers) => followers === 3,
    patience,
  );
  stalled.wake();
  await eventually(
    () => stalled.heard.length,
    (heard) => heard >= due.length,
    patience,
  );
  expect(complaintAbout(stalled.heard, due)).toBeNull();
  expect(stalled.closings).toContain(4008);
  expect(others.flatMap(({ closings }) => closings)).toEqual([]);
  await Promise.all([stalled, ...others].map((client) => client.stop()));
  await eventually(
    () => told(url, 'saludo_log_followers'),
    (followers) => followers === 0,
  );
  return { backlog, pace };
}

/** One event and one ping at a time wait for a client, not all that it has not taken. */
const LARGEST_WAIT = 100_000;
/** Bytes, of which garbage has most: all that a client does not take of 100,000 events is more than 400 MB. */
const MOST_GROWTH = 250_000_000;

describe('a client that stalls', () => {
  test('holds up nobody, is cut off with 4008, costs the server little, and loses nothing', async () => {
    const untilTooSlow = (): void => app.clock.advance(31_000);
    const { backlog } = await stall({ url: app.url, caller: admin, happen, untilTooSlow }, 2_500);
    expect(backlog).toBeLessThan(LARGEST_WAIT);
  });

  (atLength ? test : test.skip)(
    'during 100,000 events of another node, on a server process in real time',
    async () => {
      const stage = await TestApp.start({ clock: new TestClock(Date.now()) });
      const { id, admin: ana } = await stage.contract();
      await stage.restart(async (databaseUrl) => {
        const port = String(await freePort());
        const server = await ServerProcess.start({
          ...stage.environment,
          DATABASE_URL: databaseUrl,
          PORT: port,
        });
        const writer = await openPlatform(databaseUrl, stage.provider.url, stage.clock);
        const { url } = server;
        const stand = {
          url,
          caller: new Caller(() => url, ana.token, ana.id),
          happen: (count: number) => record(writer.platform, id, count),
          untilTooSlow: () => undefined,
        };
        let most = 0;
        try {
          // What it takes to be warm.
          await stall(stand, 10_000);
          const before = await told(url, 'process_resident_memory_bytes');
          const watch = setInterval(() => {
            void told(url, 'process_resident_memory_bytes').then((bytes) => (most = Math.max(most, bytes)));
          }, 500);
          const { backlog, pace } = await stall(stand, 100_000).finally(() => clearInterval(watch));
          expect(backlog).toBeLessThan(LARGEST_WAIT);
          expect(most - before).toBeLessThan(MOST_GROWTH);
          figure(PROMISE, 'most bytes that waited for a stalled client, of 100,000 events', backlog);
          figure(PROMISE, 'growth of the server meanwhile, MB', Math.round((most - before) / 1_000_000));
          figure(PROMISE, 'events a second that each of two others heard meanwhile', pace);
        } finally {
          await writer.close();
          await server.kill();
        }
      });
      await stage.stop();
    },
  );
});

describe('retention that overtakes', () => {
  test('a subscription that runs, and takes its events too slowly, ends with CURSOR_EXPIRED after a whole beginning', async () => {
    const after = await admin.cursor();
    const slow = listening(after, { document: LARGE });
    await eventually(
      () => slow.connections,
      (count) => count === 1,
    );
    slow.stall();
    // More than the network, the part last read and the memory hold together; retention leaves the latest.
    await happen(scaled(6_000, 20_000));
    app.clock.advance(2_000);
    const before = app.clock.now();
    await happen(3_000);
    await standingBacklog(app.url);
    const due = await placesAfter(after);
    await app.platform.eventLog.prune(before);
    slow.wake();
    await eventually(
      () => slow.problem,
      (problem) => problem !== null,
      20_000,
    );
    expect(slow.problem).toContain('CURSOR_EXPIRED');
    expect(slow.heard.length).toBeGreaterThan(0);
    expect(slow.heard.length).toBeLessThan(due.length);
    expect(complaintAbout(slow.heard, due.slice(0, slow.heard.length))).toBeNull();
    await slow.stop();
    await eventually(
      () => app.platform.eventLog.followers,
      (count) => count === 0,
    );
  });

  test('one that keeps up does not notice', async () => {
    const after = await admin.cursor();
    const client = listening(after);
    for (let round = 0; round < 3; round += 1) {
      await happen(700);
      const due = await placesAfter(after);
      await eventually(
        () => client.heard.length,
        (count) => count === due.length,
      );
      await app.platform.eventLog.prune(app.clock.now() + 1_000);
    }
    await happen(1);
    const due = await placesAfter(after);
    await eventually(
      () => client.heard.length,
      (count) => count === due.length,
    );
    expect(client.problem ?? complaintAbout(client.heard, due)).toBeNull();
    await client.stop();
  });
});
