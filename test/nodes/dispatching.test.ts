import { afterEach, beforeEach, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import type { Rows } from '../../src/database/rows';
import { DeliveryRow } from '../../src/entities/delivery';
import { SendRow } from '../../src/entities/send';
import { TestApp } from '../kit/app';
import { correlationOf, PATIENT } from '../kit/busy-desk';
import { openPlatform } from '../kit/bare-platform';
import { Caller } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { Customer } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { countBy } from '../kit/findings';
import { inTurns } from '../kit/in-turns';
import { Nodes } from '../kit/nodes';
import { answers, type RecordedCall } from '../kit/provider-double';
import { atLength, figure, scaled } from '../kit/scale';

const PROMISE = 'Several nodes';
const PATIENCE = scaled(60_000, 400_000);
const TIME_LIMIT = scaled(120_000, 600_000);
const SECOND = 1_000;
/** How long a claim holds, and a little more. */
const LEASE = 61 * SECOND;
const UNKNOWN_AFTER = 61 * 60 * SECOND;
/** What WhatsApp takes of one number in a second, and how far apart it takes two to one person. */
const CALLS_PER_SECOND = 80;
const RECIPIENT_PAUSE = 6 * SECOND;
/** Calls reach the provider later than they begin, some more than others, on a machine with much else to do. */
const LATENESS = 3 * SECOND;

let app: TestApp;
let desks: Desk[];
let agents: Caller[];
let nodes: Nodes;
/** Looks at the database while the desk's own server is stopped. */
let reader: Awaited<ReturnType<typeof openPlatform>>;

beforeEach(async () => {
  const environment = {
    REQUESTS_PER_MINUTE: '1000000',
    SENDS_PER_MINUTE: '1000000',
    PRESENCE_TIMEOUT: '0',
    ...PATIENT,
  };
  // Processes have the machine's time.
  app = await TestApp.start({ clock: new TestClock(Date.now()), environment });
  app.provider.answer((call) => answers.accept({ messageId: `wamid.${correlationOf(call)}` }));
  reader = await openPlatform(app.environment['DATABASE_URL'] ?? '', app.provider.url, app.clock);
  const desk = await Desk.open(app);
  desks = [desk, await Desk.open(app, { beside: desk })];
  agents = await Promise.all(desks.map((one, index) => one.agent(`Sender${index}`)));
});
afterEach(async () => {
  await reader.close();
  await app.stop();
});

interface Made {
  id: string;
  recipient: string;
}

const versionOf = (node: number): string => `v23.${node + 1}`;
const startNodes = (count: number, environment: Record<string, string>): Promise<Nodes> =>
  Nodes.start(count, environment, (node) => ({
    WHATSAPP_API_URL: app.provider.url.replace('v23.0', versionOf(node)),
  }));
const callsOf = (node: number): RecordedCall[] =>
  app.provider.sends.filter(({ version }) => version === versionOf(node));

/** Books the numbers' pace out, so that nothing goes out, or opens it again. */
async function bookOut(seconds: number): Promise<void> {
  const until = Date.now() + seconds * SECOND;
  await reader.platform.store.transactAcrossContracts((connection) =>
    connection.run(sql`update whatsapp_channels set next_call_at = ${until}`),
  );
}

/** Sends that wait, asked for at any of the servers: every tenth recipient gets two. */
async function backlog(count: number, url: () => string): Promise<Made[]> {
  const made: Made[] = [];
  const recipients = Array.from({ length: Math.round(count / 1.1) }, (_, index) => index);
  const half = Math.ceil(recipients.length / 4);
  for (let start = 0; start < recipients.length; start += half) {
    await bookOut(50);
    await inTurns(recipients.slice(start, start + half), async (index) => {
      const place = index % desks.length;
      const recipient = `55119${40_000_000 + index}`;
      const { token, id } = agents[place] as Caller;
      for (let message = 0; message < (index % 10 === 0 ? 2 : 1); message += 1) {
        const input = desks[place]?.orderUpdate(`+${recipient}`) ?? {};
        const caller = new Caller(url, token, id);
        const { send } = await caller.act('sendActiveMessage', input, 'send { id }');
        made.push({ id: send.id as string, recipient });
      }
    });
  }
  return made;
}

const rows = (): Rows => reader.platform.store.rowsOf(desks[0]?.contractId ?? '');
const waiting = (): Promise<number> => rows().count(DeliveryRow, sql`due_at is not null`);
/** Where it is waited for in vain, what is left tells why. */
const nothingIsClaimed = (): Promise<unknown> =>
  eventually(
    () =>
      reader.platform.store.engine.reader.all(
        sql`select id, due_at, lease_until, lease_owner, ${app.clock.now()} as now from deliveries where lease_until is not null`,
      ),
    (claimed) => claimed.length === 0,
    PATIENCE,
  );
async function statesOf(): Promise<Record<string, number>> {
  const sends = await rows().find(SendRow);
  return Object.fromEntries(
    countBy(sends.map(({ status, outcomeUnknown }) => `${status}${outcomeUnknown ? '?' : ''}`)),
  );
}
const called = (): Map<string | null, number> => countBy(app.provider.sends.map(correlationOf));
const repeated = (): string[] =>
  [...called()].flatMap(([id, count]) => (count === 1 ? [] : [`${id}: ${count}`]));

test(
  'what many nodes send goes out once each, shared, in order, and at the pace of numbers and people',
  async () => {
    const [NODES, SENDS] = [scaled(3, 4), scaled(90, 2_000)];
    await app.restart(async (_, environment) => {
      nodes = await startNodes(NODES, environment);
      try {
        const made = await backlog(SENDS, () => nodes.next());
        expect(app.provider.sends).toHaveLength(0);
        const opened = Date.now();
        await bookOut(0);
        await app.provider.waitForSends(made.length, PATIENCE);
        const seconds = (Date.now() - opened) / SECOND;
        expect(repeated()).toEqual([]);
        expect(called().size).toBe(made.length);
        const shares = Array.from({ length: NODES }, (_unused, node) => callsOf(node).length);
        figure(
          PROMISE,
          'nodes, sends, calls by each node',
          `${NODES}, ${made.length}, ${shares.join(' + ')}`,
        );
        figure(PROMISE, 'calls a second, over two numbers', (made.length / seconds).toFixed(0));
        // No node calls much less than its part: it is there between the calls of whoever called last. The short run is
        // over after five claims, of which chance may leave a node none; what shares them is tried in `test/rules`.
        if (atLength) expect(Math.min(...shares)).toBeGreaterThan(made.length / NODES / 3);
        expect(outOfOrder(made)).toEqual([]);
        expect(tooSoon()).toEqual([]);
        expect(tooFast()).toEqual([]);
      } finally {
        await nodes.stop();
      }
    });
  },
  TIME_LIMIT,
);

/** Recipients whose messages went out in another order than they were asked for. */
function outOfOrder(made: readonly Made[]): string[] {
  const places = new Map(app.provider.sends.map((call, index) => [correlationOf(call), index]));
  return made.flatMap(({ id, recipient }, index) => {
    const later = made.slice(index + 1).filter((other) => other.recipient === recipient);
    const place = places.get(id) ?? -1;
    return later.some((other) => (places.get(other.id) ?? -1) < place) ? [recipient] : [];
  });
}

/** Recipients who got two messages sooner after each other than WhatsApp takes them. */
function tooSoon(): string[] {
  const last = new Map<string, number>();
  return app.provider.sends.flatMap(({ body, at }) => {
    const { to } = body as { to: string };
    const before = last.get(to) ?? Number.NEGATIVE_INFINITY;
    last.set(to, at);
    return at - before < RECIPIENT_PAUSE - LATENESS ? [`${to}: ${at - before} ms`] : [];
  });
}

/** Spans in which a number got more calls than its pace allows: those of four seconds, in one. */
function tooFast(): string[] {
  const inFourSeconds = 4 * CALLS_PER_SECOND;
  return desks.flatMap(({ phoneNumberId }) => {
    const times = app.provider.sends.filter(({ path }) => path.includes(phoneNumberId)).map(({ at }) => at);
    return times.flatMap((from, index) => {
      const to = times[index + inFourSeconds] ?? Number.POSITIVE_INFINITY;
      return to - from < 4 * SECOND - LATENESS
        ? [`${phoneNumberId}: ${inFourSeconds} calls in ${to - from} ms`]
        : [];
    });
  });
}

test(
  'a node is killed in the middle of its calls: others go on with the rest, and nobody calls twice',
  async () => {
    const [NODES, SENDS] = [scaled(2, 3), scaled(60, 600)];
    let made: Made[] = [];
    let underWay: string[] = [];
    await app.restart(async (_, environment) => {
      nodes = await startNodes(NODES, environment);
      try {
        made = await backlog(SENDS, () => nodes.next());
        let accept = (): void => undefined;
        const accepted = new Promise<void>((resolve) => (accept = resolve));
        // The first node's calls are taken, and not answered before it is gone.
        app.provider.answer((call) => {
          const answer = answers.accept({ messageId: `wamid.${correlationOf(call)}` });
          return call.version === versionOf(0) ? answers.delay(accepted, answer) : answer;
        });
        await bookOut(0);
        await eventually(
          () => callsOf(0).length,
          (count) => count >= scaled(2, 5),
          PATIENCE,
        );
        await nodes.node(0).kill();
        underWay = callsOf(0).map(correlationOf);
        accept();
        // What it had claimed waits for the end of the claim, and with it who is owed another message. All others go on.
        const held = sql`select contact_id from deliveries where lease_until is not null`;
        await eventually(
          () =>
            rows().count(
              DeliveryRow,
              sql`due_at is not null and lease_until is null and contact_id not in (${held})`,
            ),
          (count) => count === 0,
          PATIENCE,
        );
        if (scaled(false, true)) await eventually(waiting, (count) => count === 0, PATIENCE);
      } finally {
        await nodes.stop();
      }
    });
    app.clock.advance(LEASE);
    await eventually(waiting, (count) => count === 0, PATIENCE);
    await nothingIsClaimed();
    expect(repeated()).toEqual([]);
    // A call that had begun and did not reach the provider is unknown, too: nobody can tell.
    const unknown = (await rows().find(SendRow, { where: sql`outcome_unknown = 1` })).map(({ id }) => id);
    expect(unknown).toEqual(expect.arrayContaining(underWay));
    expect([...called().keys(), ...unknown].filter((id) => !made.some((one) => one.id === id))).toEqual([]);
    expect(new Set([...called().keys(), ...unknown]).size).toBe(made.length);
    // A report settles one; of the others nobody hears.
    const [reported = ''] = underWay;
    const recipient = made.find(({ id }) => id === reported)?.recipient ?? '';
    const [desk] = desks.filter((_one, index) => index === Number(recipient.slice(-4)) % desks.length);
    await new Customer(desk?.door ?? ({} as never), recipient).report('sent', `wamid.${reported}`, {
      correlation: reported,
    });
    await eventually(statesOf, (states) => states['SENT'] === 1, PATIENCE);
    app.clock.advance(UNKNOWN_AFTER);
    const states = await eventually(
      statesOf,
      (found) => (found['FAILED'] ?? 0) === unknown.length - 1,
      PATIENCE,
    );
    expect(states).toEqual({
      ACCEPTED: made.length - unknown.length,
      FAILED: unknown.length - 1,
      SENT: 1,
    });
    figure(PROMISE, 'calls that a killed node was in the middle of, none made again', underWay.length);
  },
  TIME_LIMIT,
);

test(
  'a node that was frozen while others took its work over writes nothing stale, and calls nobody again',
  async () => {
    const FROZEN = scaled(2, 20) * SECOND;
    const SENDS = scaled(50, 300);
    const made = await backlog(SENDS, () => app.url);
    let accept = (): void => undefined;
    const accepted = new Promise<void>((resolve) => (accept = resolve));
    await app.restart(async (_, environment) => {
      nodes = await startNodes(1, environment);
      app.provider.answer((call) => {
        const answer = answers.accept({ messageId: `wamid.${correlationOf(call)}` });
        return call.version === versionOf(0) ? answers.delay(accepted, answer) : answer;
      });
      await bookOut(0);
      await eventually(
        () => callsOf(0).length,
        (count) => count >= 10,
        PATIENCE,
      );
      nodes.node(0).freeze();
    });
    try {
      const frozen = Date.now();
      accept();
      app.clock.advance(LEASE);
      // A transaction that was frozen keeps the number from others until PostgreSQL ends it, after 8 seconds.
      await eventually(
        () =>
          bookOut(0).then(
            () => true,
            () => false,
          ),
        (isDone) => isDone,
        PATIENCE,
      );
      // What it had begun is unknown, and all the rest goes out.
      for (;;) {
        if ((await waiting()) === 0) break;
        app.clock.advance(RECIPIENT_PAUSE + SECOND);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      await nothingIsClaimed();
      const unknown = await rows().count(SendRow, sql`outcome_unknown = 1`);
      expect(unknown).toBeGreaterThan(0);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, FROZEN - (Date.now() - frozen))));
      nodes.node(0).wake();
      // Its answers come late, and count: they are facts. What it was about to call when it was frozen may stay unknown.
      const states = await eventually(statesOf, (found) => found['ACCEPTED'] === called().size, PATIENCE);
      const left = made.length - called().size;
      expect(states).toEqual({ ACCEPTED: made.length - left, ...(left > 0 && { 'QUEUED?': left }) });
      expect(called().size).toBeGreaterThanOrEqual(made.length - unknown);
      expect(repeated()).toEqual([]);
      figure(
        PROMISE,
        'calls that a frozen node was in the middle of; seconds that it was frozen',
        `${unknown}; ${FROZEN / SECOND}`,
      );
    } finally {
      await nodes.stop();
    }
  },
  TIME_LIMIT,
);
