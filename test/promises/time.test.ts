import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sql, { raw } from 'sql-template-tag';
import { newId } from '../../src/entities/ids';
import { InboxBodyRow } from '../../src/entities/inbox-body';
import { PresenceWatch } from '../../src/services/agents/presence';
import { expireReplies, giveUpUnknown } from '../../src/services/sends/send-expiry';
import { TestApp } from '../kit/app';
import { Caller, personToken, type Data } from '../kit/caller';
import { messagesBody } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { Listener } from '../kit/listener';
import { answers } from '../kit/provider-double';
import { setTimeZone } from '../kit/time-zone';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PATIENCE = 25_000;

let app: TestApp;
/** Its clock stands still, so that a test and the server speak of the same millisecond. */
let frozen: TestApp;
let desk: Desk;
let agent: Caller;

beforeAll(async () => {
  frozen = await TestApp.start({ environment: { PRESENCE_TIMEOUT: '0' } });
  frozen.clock.freeze();
  app = await TestApp.start({
    environment: { SENDS_PER_MINUTE: '4' },
  });
});
beforeEach(async () => {
  for (const { provider } of [app, frozen]) provider.answer(answers.accept());
  app.clock.advance(2 * MINUTE);
  desk = await Desk.open(app);
  agent = await desk.agent('Bia');
});
afterEach(() => {
  // Whatever the clock did, no customer got anything twice.
  const given = [...app.provider.sends, ...frozen.provider.sends].map(
    ({ body }) => (body as { biz_opaque_callback_data: string }).biz_opaque_callback_data,
  );
  expect(given).toEqual([...new Set(given)]);
});
afterAll(async () => {
  await Promise.all([app.stop(), frozen.stop()]);
});

let phones = 0;
const phone = (): string => `+55119${String(60_000_000 + (phones += 1))}`;

async function send(to = phone()): Promise<string> {
  const { send: made } = await agent.act('sendActiveMessage', desk.orderUpdate(to), 'send { id }');
  return made.id as string;
}

const secondOf = (instant: number): number => Math.floor(instant / SECOND) * SECOND;

const statusIs =
  (...wanted: string[]) =>
  ({ status }: { status: string }): boolean =>
    wanted.includes(status);

/**
 * Lets time go by in steps until it is so, whatever the server was just about to do: 25 steps at most, which is far less
 * than the hour that the clock was wrong by.
 */
function soon<Answer>(
  ask: () => Promise<Answer>,
  isIt: (answer: Answer) => boolean,
  step = 5 * SECOND,
): Promise<Answer> {
  let left = 25;
  return eventually(
    () => {
      if (left-- > 0) app.clock.advance(step);
      return ask();
    },
    isIt,
    PATIENCE,
  );
}

const statusOf = async (id: string): Promise<unknown> =>
  (await desk.admin.ask('query ($id: ID!) { send(id: $id) { status } }', { id })).send.status;

/** Waits until nothing is ahead any more that was written by the wrong clock. */
function broughtForward(table: string, column: string): Promise<unknown> {
  return soon(
    () =>
      app.platform.store.engine.reader.all(
        sql`select 1 as one from ${raw(table)} where ${raw(column)} > ${app.clock.now() + MINUTE}`,
      ),
    ({ length }) => length === 0,
  );
}

async function replyStateOf(id: string): Promise<unknown> {
  return (await agent.ask('query ($id: ID!) { send(id: $id) { replyState } }', { id })).send.replyState;
}

async function presenceOf(caller: Caller): Promise<unknown> {
  const { agents } = await desk.admin.ask('{ agents { nodes { id presence } } }');
  return (agents.nodes as Data[]).find(({ id }) => id === caller.id)?.presence;
}

/** Whom the ticket was opened for that a customer's message has got by now. */
async function ticketOf(contactId: string): Promise<{ origin: string; id: string; send: unknown }> {
  const { nodes } = await eventually(
    async () =>
      (await desk.admin.ask('{ tickets { nodes { id origin contact { id } send { id } } } }')).tickets as {
        nodes: Data[];
      },
    ({ nodes: found }) => found.some(({ contact }) => contact.id === contactId),
  );
  return nodes.find(({ contact }) => contact.id === contactId);
}

describe('24 hours, to the millisecond, by the provider’s times', () => {
  beforeEach(async () => {
    frozen.clock.set(secondOf(frozen.clock.now()) + MINUTE + 437);
    desk = await Desk.open(frozen);
    agent = await desk.agent('Bia');
  });

  test.each([
    ['in the second of the call', (start: number) => secondOf(start), 'ACTIVE_MESSAGE_REPLY'],
    ['in the second before', (start: number) => secondOf(start) - SECOND, 'CUSTOMER'],
    [
      'in the second in which the window ends',
      (start: number) => secondOf(start) + DAY,
      'ACTIVE_MESSAGE_REPLY',
    ],
    ['in the second after', (start: number) => secondOf(start) + DAY + SECOND, 'CUSTOMER'],
  ])('rule 28: a message written %s', async (_name, writtenAt, origin) => {
    const start = frozen.clock.now();
    const to = phone();
    const { id, contactId } = await desk.accepted(agent, to);
    const { replyExpiresAt } = await desk.sendWhen(agent, id, () => true);
    expect(replyExpiresAt).toBe(new Date(start + DAY).toISOString());
    await desk.customer(to.slice(1)).write('Hi', { at: writtenAt(start) });
    expect((await ticketOf(contactId)).origin).toBe(origin);
  });

  test('rule 28: by the end that a report of the provider sets, which is a whole second', async () => {
    const to = phone();
    const [late, soon] = [desk.customer(to.slice(1)), phone()];
    const { id, contactId, providerMessageId } = await desk.accepted(agent, to);
    const acceptedAt = secondOf(frozen.clock.now());
    await late.report('sent', providerMessageId, { at: acceptedAt });
    await desk.sendWhen(agent, id, statusIs('SENT'));
    await late.write('Hi', { at: acceptedAt + DAY });
    expect((await ticketOf(contactId)).origin).toBe('ACTIVE_MESSAGE_REPLY');
    const other = await desk.accepted(agent, soon);
    await desk.customer(soon.slice(1)).report('sent', other.providerMessageId, { at: acceptedAt });
    await desk.sendWhen(agent, other.id, statusIs('SENT'));
    await desk.customer(soon.slice(1)).write('Hi', { at: acceptedAt + DAY + SECOND });
    expect((await ticketOf(other.contactId)).origin).toBe('CUSTOMER');
  });

  test('rule 32: a window is open at its last millisecond and over at the next', async () => {
    const { id } = await desk.accepted(agent, phone());
    const end = frozen.clock.now() + DAY;
    frozen.clock.set(end);
    await expireReplies(frozen.platform);
    expect(await replyStateOf(id)).toBe('AWAITING');
    frozen.clock.set(end + 1);
    await expireReplies(frozen.platform);
    expect(await replyStateOf(id)).toBe('EXPIRED');
  });

  test('rule 34: the service window is open until its last millisecond, and no longer', async () => {
    const to = phone();
    const { contactId } = await desk.accepted(agent, to);
    const writtenAt = secondOf(frozen.clock.now());
    await desk.customer(to.slice(1)).write('Hi', { at: writtenAt });
    const { id: ticketId } = await ticketOf(contactId);
    await agent.act('acceptTicket', { ticketId }, 'ticket { id }');
    const text = (idempotencyKey: string) => ({ ticketId, text: 'Hello', idempotencyKey });
    frozen.clock.set(writtenAt + DAY - 1);
    await agent.act('sendTicketMessage', text('in time'), 'message { id }');
    frozen.clock.set(writtenAt + DAY);
    expect(await agent.refusals('sendTicketMessage', text('too late'))).toEqual(['SERVICE_WINDOW_CLOSED']);
  });
});

test('rule 32: a window that passes is told as EXPIRED by itself, within a minute', async () => {
  const { id } = await desk.accepted(agent, phone());
  app.clock.advance(DAY);
  await soon(
    () => replyStateOf(id),
    (state) => state === 'EXPIRED',
  );
});

describe('a clock that was ahead by an hour and is set back', () => {
  test('what waits for its turn goes out by the right clock, once, and so does everything after', async () => {
    app.clock.jump(HOUR);
    const to = phone();
    const first = await desk.accepted(agent, to);
    const second = await send(to);
    app.clock.jump(-HOUR);
    const third = await send();
    for (const id of [first.id, second, third])
      await soon(
        () => statusOf(id),
        (status) => status === 'ACCEPTED',
      );
  });

  test('a claim of a node that died is taken over, not held for an hour', async () => {
    const to = phone();
    await desk.accepted(agent, to);
    const waiting = await send(to);
    const leaseUntil = app.clock.now() + HOUR + MINUTE;
    await app.platform.store.transactAcrossContracts((connection) =>
      connection.run(
        sql`update deliveries set lease_owner = 'a node that died', lease_until = ${leaseUntil} where id = ${waiting}`,
      ),
    );
    await soon(
      () => statusOf(waiting),
      (status) => status === 'ACCEPTED',
    );
  });

  test.each([
    ['that nobody has worked', { ahead: HOUR, leaseOwner: null, leaseUntil: null }],
    ['whose worker died', { ahead: 0, leaseOwner: 'a worker that died', leaseUntil: HOUR + MINUTE }],
  ])('a webhook %s is worked', async (_name, { ahead, leaseOwner, leaseUntil }) => {
    const now = app.clock.now();
    const to = phone();
    const message = { id: `wamid.${to}`, from: to.slice(1), type: 'text', text: { body: 'Hi' } };
    const timestamp = String(Math.floor(now / SECOND));
    await app.platform.store.transact(desk.contractId, (transaction) =>
      transaction.insert(InboxBodyRow, {
        id: newId('InboxBody'),
        contractId: desk.contractId,
        channelId: desk.channelId,
        receivedAt: now + ahead,
        body: JSON.stringify(messagesBody(desk.door, { messages: [{ ...message, timestamp }] })),
        settledItems: 0,
        attempts: 0,
        dueAt: now + ahead,
        leaseOwner,
        leaseUntil: leaseUntil === null ? null : now + leaseUntil,
        doneAt: null,
      }),
    );
    await soon(
      async () => (await desk.admin.ask('{ tickets { nodes { id } } }')).tickets.nodes as unknown[],
      (tickets) => tickets.length === 1,
    );
  });

  test('a sync of templates is not kept away by the lease of a node that died', async () => {
    const [until, attempt] = [app.clock.now() + HOUR + MINUTE, app.clock.now() + HOUR];
    await app.platform.store.transactAcrossContracts((connection) =>
      connection.run(sql`update whatsapp_channels
        set sync_lease_until = ${until}, sync_last_attempt_at = ${attempt} where id = ${desk.channelId}`),
    );
    let added: unknown;
    const syncing = desk.admin.act('syncTemplates', { botId: desk.botId }, 'added');
    void syncing.then(
      (synced: Data) => (added = synced.added),
      () => undefined,
    );
    await soon(
      () => Promise.resolve(added),
      (count) => count !== undefined,
    );
    await syncing;
  });

  test('an agent who was seen by the wrong clock goes OFFLINE after the usual time', async () => {
    const watch = new PresenceWatch(app.platform);
    app.clock.jump(HOUR);
    await agent.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    await app.platform.store.transact(desk.contractId, (transaction) =>
      transaction.connection.run(
        sql`update agents set last_seen_at = ${app.clock.now()} where id = ${agent.id}`,
      ),
    );
    app.clock.jump(-HOUR);
    await watch.sweep();
    expect(await presenceOf(agent)).toBe('PAUSED');
    await broughtForward('agents', 'last_seen_at');
    await broughtForward('agents', 'presence_changed_at');
    app.clock.advance(6 * MINUTE);
    await watch.sweep();
    expect(await presenceOf(agent)).toBe('OFFLINE');
  });

  test('who sent as much as one may is not held up for more than the minute', async () => {
    app.clock.jump(HOUR);
    for (let count = 0; count < 4; count += 1) await send();
    expect(await agent.refusals('sendActiveMessage', desk.orderUpdate(phone()))).toEqual(['RATE_LIMITED']);
    app.clock.jump(-HOUR);
    await send();
  });

  test('nor is who asked as much as one may, over HTTP', async () => {
    const strict = await TestApp.start({ environment: { REQUESTS_PER_MINUTE: '10' } });
    const ask = async (): Promise<number> => (await fetch(`${strict.url}/graphql?query={__typename}`)).status;
    strict.clock.jump(HOUR);
    const answered: number[] = [];
    for (let count = 0; count < 11; count += 1) answered.push(await ask());
    expect(answered.map((status) => status === 429)).toEqual([...Array<boolean>(10).fill(false), true]);
    strict.clock.jump(-HOUR);
    strict.clock.advance(MINUTE);
    expect(await ask()).not.toBe(429);
    await strict.stop();
  });

  test('an unknown outcome is given up after the usual time', async () => {
    app.provider.answer({ do: 'reset', when: 'mid-body' });
    app.clock.jump(HOUR);
    const id = await send();
    await desk.sendWhen(agent, id, ({ outcomeUnknown }) => outcomeUnknown);
    app.clock.jump(-HOUR);
    await broughtForward('deliveries', 'unknown_since');
    await soon(
      () => statusOf(id),
      (status) => status === 'FAILED',
      MINUTE,
    );
  });

  test('a key goes on standing for what it made', async () => {
    const input = desk.orderUpdate(phone(), 'the same key');
    const once = await agent.act('sendActiveMessage', input, 'send { id }');
    await desk.sendWhen(agent, once.send.id as string, statusIs('ACCEPTED'));
    for (const by of [HOUR, -2 * HOUR, HOUR]) {
      app.clock.jump(by);
      expect(await agent.act('sendActiveMessage', input, 'send { id }')).toEqual(once);
    }
  });

  test('what the customer answers by the right clock reaches the sender, once the provider has spoken', async () => {
    const rightly = secondOf(app.clock.now());
    app.clock.jump(HOUR);
    const to = phone();
    const { id, contactId, providerMessageId } = await desk.accepted(agent, to);
    app.clock.jump(-HOUR);
    const customer = desk.customer(to.slice(1));
    await customer.report('delivered', providerMessageId, { at: rightly });
    await desk.sendWhen(agent, id, statusIs('DELIVERED'));
    await customer.write('Hi', { at: rightly + SECOND });
    expect(await ticketOf(contactId)).toMatchObject({ origin: 'ACTIVE_MESSAGE_REPLY', send: { id } });
  });
});

describe('a clock that is set forth by an hour', () => {
  test('ends no wait for an answer and sends nobody away', async () => {
    const watch = new PresenceWatch(app.platform);
    app.provider.answer({ do: 'reset', when: 'mid-body' });
    const id = await send();
    await desk.sendWhen(agent, id, ({ outcomeUnknown }) => outcomeUnknown);
    app.clock.jump(HOUR);
    await watch.sweep();
    await giveUpUnknown(app.platform);
    expect(await presenceOf(agent)).toBe('ONLINE');
    expect(await desk.sendWhen(agent, id, () => true)).toMatchObject({
      status: 'QUEUED',
      outcomeUnknown: true,
    });
    // Whoever is not heard of from there on goes after the usual time.
    app.clock.advance(6 * MINUTE);
    await watch.sweep();
    expect(await presenceOf(agent)).toBe('OFFLINE');
    await soon(
      () => statusOf(id),
      (status) => status === 'FAILED',
    );
  });

  test('ends tokens at their time: for requests at once, for sockets at the next ping', async () => {
    const { agents } = await desk.admin.ask('{ agents { nodes { id email } } }');
    const { email } = (agents.nodes as Data[]).find(({ id }) => id === agent.id);
    const token = await personToken(desk.contractId, email as string, app.clock.now(), 30 * 60);
    const listener = await Listener.connect(app.url, token);
    app.clock.jump(HOUR);
    expect(await new Caller(() => app.url, token, '').problem('{ eventCursor }')).toBe('UNAUTHENTICATED');
    app.clock.advance(21 * SECOND);
    await listener.until(() => listener.closed !== null);
    expect(listener.closed?.code).toBe(4403);
  });
});

test('events are told in the order of what happened, whatever the clock said', async () => {
  const PRESENCE = 'subscription ($after: String) { presenceChanged(after: $after) { cursor presence } }';
  const presences = ['PAUSED', 'ONLINE', 'INVISIBLE', 'OFFLINE'];
  const live = await desk.admin.listen(PRESENCE);
  const from = await desk.admin.cursor();
  for (const presence of presences) {
    await agent.act('setPresence', { presence }, 'agent { id }');
    app.clock.jump(presence === 'ONLINE' ? 2 * HOUR : -HOUR);
  }
  const heard: unknown[] = [];
  let second = '';
  for (let index = 0; index < presences.length; index += 1) {
    const { presenceChanged } = (await live.next()) as Data;
    heard.push(presenceChanged.presence);
    if (index === 1) second = presenceChanged.cursor as string;
  }
  expect(heard).toEqual(presences);
  await live.close();
  for (const [after, missed] of [
    [from, presences],
    [second, presences.slice(2)],
  ] as const) {
    const again = await desk.admin.listen(PRESENCE, { after });
    for (const presence of missed)
      expect(await again.next()).toMatchObject({ presenceChanged: { presence } });
    await again.close();
  }
});

describe('statistics by day where clocks are moved', () => {
  let restore = (): void => undefined;

  afterEach(() => restore());

  test.each([
    // The day begins at one o'clock: midnight does not come.
    ['America/Sao_Paulo', '2018-11-04T03:00:00.000Z', 23, 'Pacific/Kiritimati', 14],
    // Eleven o'clock at night comes twice.
    ['America/Sao_Paulo', '2018-02-17T02:00:00.000Z', 25, 'America/Bogota', -5],
    ['Europe/Lisbon', '2026-03-29T00:00:00.000Z', 23, 'America/Noronha', -2],
    ['Europe/Lisbon', '2026-10-24T23:00:00.000Z', 25, 'Asia/Kathmandu', 5.75],
  ])(
    'in %s the day of %s has %d hours, seen from %s',
    async (timeZone, begins, hours, machineZone, ahead) => {
      const start = Date.parse(begins);
      const end = start + hours * HOUR;
      frozen.clock.jump(start - DAY - frozen.clock.now());
      // What the machine's zone is, is of no matter.
      restore = setTimeZone(machineZone);
      expect(new Date(start).getTimezoneOffset()).toBe(-60 * ahead);
      desk = await Desk.open(frozen);
      agent = await desk.agent('Bia');
      for (const at of [start - 1, start, start + 12 * HOUR, end - 1, end]) {
        frozen.clock.set(at);
        await agent.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
        await send();
      }
      const { sendStatistics } = await desk.admin.ask(
        `query ($zone: TimeZone!, $from: DateTime!) {
        sendStatistics(filter: { createdFrom: $from }, groupBy: [DAY], timeZone: $zone) { periodStart total } }`,
        { zone: timeZone, from: new Date(start - 2 * DAY).toISOString() },
      );
      expect((sendStatistics as Data[]).map(({ total }) => total as number)).toEqual([1, 3, 1]);
      expect((sendStatistics as Data[]).slice(1).map(({ periodStart }) => periodStart as string)).toEqual([
        begins,
        new Date(end).toISOString(),
      ]);
    },
  );
});
