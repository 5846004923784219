import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import sql from 'sql-template-tag';
import type { Rows } from '../../src/database/rows';
import { Store } from '../../src/database/store';
import { ContactRow } from '../../src/entities/contact';
import { ContractRow } from '../../src/entities/contract';
import { EventRow } from '../../src/entities/event';
import { InboxBodyRow } from '../../src/entities/inbox-body';
import { SendRow } from '../../src/entities/send';
import { TicketRow } from '../../src/entities/ticket';
import { TicketMessageRow } from '../../src/entities/ticket-message';
import { expireReplies } from '../../src/services/sends/send-expiry';
import { TestApp } from '../kit/app';
import { Caller } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { deliver, freshMessageId, messagesBody } from '../kit/customer';
import { createTestDatabase } from '../kit/database';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { freePort } from '../kit/free-port';
import { inTurns } from '../kit/in-turns';
import { ServerProcess } from '../kit/process';
import { figure, scaled } from '../kit/scale';

jest.setTimeout(scaled(90_000, 300_000));

const PROMISE = 'Several nodes';
const NODES = 4;
const IMAGES = 10;
const PATIENCE = 60_000;

let app: TestApp;
let processes: ServerProcess[] = [];
let desk: Desk;

const startNode = async (environment: Record<string, string>): Promise<ServerProcess> =>
  ServerProcess.start({ ...environment, PORT: String(await freePort()), LOG_LEVEL: 'fatal' });

beforeAll(async () => {
  // Processes have the machine's time.
  app = await TestApp.start({
    clock: new TestClock(Date.now()),
    environment: { REQUESTS_PER_MINUTE: '1000000', PRESENCE_TIMEOUT: '0' },
  });
  // The desk's own server is the first of the nodes.
  processes = await Promise.all(Array.from({ length: NODES - 1 }, () => startNode(app.environment)));
});
beforeEach(async () => {
  desk = await Desk.open(app);
});
afterAll(async () => {
  await Promise.all(processes.map((node) => node.kill()));
  await app.stop();
});

const urls = (): string[] => [app.url, ...processes.map(({ url }) => url)];
const urlOf = (node: number): string => urls()[node % NODES] ?? '';
const at = (node: number, { token, id }: Caller): Caller => new Caller(() => urlOf(node), token, id);
const rows = (): Rows => app.platform.store.rowsOf(desk.contractId);

let people = 0;
const freshPhone = (): string => `55119${50_000_000 + (people += 1)}`;

/** A message of a customer, posted to one of the nodes. */
async function post(node: number, from: string, content: object, id = freshMessageId()): Promise<void> {
  const body = messagesBody(desk.door, {
    contacts: [{ profile: { name: 'Carla' }, wa_id: from }],
    messages: [{ from, id, timestamp: String(Math.floor(Date.now() / 1_000)), ...content }],
  });
  const door = { app: { url: urlOf(node) }, channelId: desk.channelId };
  expect(await deliver(door, body)).toBe(200);
}

const text = (words: string): object => ({ type: 'text', text: { body: words } });

/** All that came by webhook has been worked. */
const worked = (): Promise<number> =>
  eventually(
    () => rows().count(InboxBodyRow, sql`done_at is null`),
    (left) => left === 0,
    PATIENCE,
  );

/** How many changes of this kind to this state the log tells, by the id of what changed. */
async function changes(kind: string, id: string, state: object): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { data } of await rows().find(EventRow, { where: sql`kind = ${kind}` })) {
    if (!Object.entries(state).every(([name, value]) => data[name] === value)) continue;
    counts.set(data[id] as string, (counts.get(data[id] as string) ?? 0) + 1);
  }
  return counts;
}

test('an album whose images reach the nodes at one instant opens one ticket and makes one contact', async () => {
  const customers = Array.from({ length: scaled(5, 50) }, freshPhone);
  for (const from of customers) {
    const images = Array.from({ length: IMAGES }, (_, image) =>
      post(image, from, { type: 'image', image: { id: `${from}${image}`, mime_type: 'image/jpeg' } }),
    );
    await Promise.all(images);
  }
  await worked();
  const tickets = await rows().find(TicketRow);
  expect(tickets).toHaveLength(customers.length);
  expect(await rows().count(ContactRow, sql`1 = 1`)).toBe(customers.length);
  for (const { id } of tickets)
    expect(await rows().count(TicketMessageRow, sql`ticket_id = ${id}`)).toBe(IMAGES);
  figure(PROMISE, `albums of ${IMAGES} over ${NODES} nodes, one ticket and contact each`, customers.length);
});

test('a webhook that is posted to all nodes at once is taken once', async () => {
  const messages = Array.from({ length: scaled(10, 100) }, () => ({
    from: freshPhone(),
    id: freshMessageId(),
  }));
  for (const { from, id } of messages)
    await Promise.all(urls().map((_, node) => post(node, from, text('Hello'), id)));
  await worked();
  expect(await rows().count(TicketMessageRow, sql`1 = 1`)).toBe(messages.length);
  expect(await rows().count(TicketRow, sql`1 = 1`)).toBe(messages.length);
  figure(PROMISE, `webhooks posted to ${NODES} nodes at once, taken once each`, messages.length);
});

test('agents who come online on all nodes at once get each waiting ticket once, and no more than they have slots', async () => {
  const [SLOTS, WAITING] = [3, 20];
  const agents = await Promise.all(
    urls().map((_, index) => desk.agent(`Attends${index}`, { presence: null, slots: SLOTS })),
  );
  await desk.admin.act(
    'createQueue',
    {
      botId: desk.botId,
      name: 'Line',
      agentIds: agents.map(({ id }) => id),
      rules: [{ property: 'MESSAGE', relation: 'CONTAINS', values: ['help'] }],
    },
    'queue { id }',
  );
  await inTurns(Array.from({ length: WAITING }, freshPhone), (from, index) =>
    post(index, from, text('help')),
  );
  await worked();
  await Promise.all(
    agents.map((agent, node) => at(node, agent).act('setPresence', { presence: 'ONLINE' }, 'agent { id }')),
  );
  const open = await eventually(
    () => rows().find(TicketRow, { where: sql`status = 'OPEN'` }),
    ({ length }) => length >= SLOTS * agents.length,
  );
  const shares = agents.map(({ id }) => open.filter(({ agentId }) => agentId === id).length);
  expect(shares).toEqual(agents.map(() => SLOTS));
  expect(await rows().count(TicketRow, sql`status = 'WAITING'`)).toBe(WAITING - SLOTS * agents.length);
  const handedOut = await changes('TicketChanged', 'ticketId', { status: 'OPEN' });
  expect([...handedOut.values()]).toEqual(open.map(() => 1));
});

test('of those who accept one ticket on all nodes at once, one gets it', async () => {
  const agents = await Promise.all(urls().map((_, index) => desk.agent(`Takes${index}`, { slots: 0 })));
  await desk.admin.act(
    'createQueue',
    {
      botId: desk.botId,
      name: 'Line',
      agentIds: agents.map(({ id }) => id),
      rules: [{ property: 'MESSAGE', relation: 'CONTAINS', values: ['help'] }],
    },
    'queue { id }',
  );
  for (let round = 0; round < scaled(5, 50); round += 1) {
    await post(round, freshPhone(), text('help'));
    await worked();
    const [ticket] = await rows().find(TicketRow, { where: sql`status = 'WAITING'` });
    const ticketId = ticket?.id ?? '';
    const refusals = await Promise.all(
      agents.map((agent, node) => at(node, agent).refusals('acceptTicket', { ticketId })),
    );
    expect(refusals.filter(({ length }) => length === 0)).toHaveLength(1);
    expect((await changes('TicketChanged', 'ticketId', { status: 'OPEN' })).get(ticketId)).toBe(1);
  }
});

test('an answer that reaches all nodes is reserved for its sender alone, who opens it once', async () => {
  const [sender, other] = [await desk.agent('Sends'), await desk.agent('Looks')];
  const from = freshPhone();
  await desk.accepted(sender, `+${from}`);
  await Promise.all(urls().map((_, node) => post(node, from, text('Yes'))));
  await worked();
  const tickets = await rows().find(TicketRow);
  expect(tickets).toMatchObject([{ status: 'WAITING', reservedForId: sender.id, queueId: null }]);
  const ticketId = tickets[0]?.id ?? '';
  expect(await changes('ReplyRouted', 'ticketId', {})).toEqual(new Map([[ticketId, 1]]));
  const tried = await Promise.all(
    urls().flatMap((_, node) =>
      [other, sender].map((agent) => at(node, agent).refusals('acceptTicket', { ticketId })),
    ),
  );
  expect(tried).toEqual(urls().flatMap(() => [['TICKET_NOT_FOUND'], []]));
  expect(await changes('TicketChanged', 'ticketId', { status: 'OPEN' })).toEqual(new Map([[ticketId, 1]]));
});

test('reply windows that several nodes find passed at once expire once, with one event each', async () => {
  const sender = await desk.agent('Sends');
  const sends = await inTurns(Array.from({ length: 12 }, freshPhone), (phone) =>
    desk.accepted(sender, `+${phone}`),
  );
  const told = await changes('SendChanged', 'sendId', {});
  await app.platform.store.transact(desk.contractId, async (transaction) => {
    await transaction.update(SendRow, { replyExpiresAt: Date.now() - 1_000 }, sql`1 = 1`);
  });
  // The nodes' own rounds come by chance: these are sure to meet.
  await Promise.all(urls().map(() => expireReplies(app.platform)));
  expect(await rows().count(SendRow, sql`reply_state = 'EXPIRED'`)).toBe(sends.length);
  const toldSince = await changes('SendChanged', 'sendId', {});
  expect(sends.map(({ id }) => (toldSince.get(id) ?? 0) - (told.get(id) ?? 0))).toEqual(sends.map(() => 1));
});

test('nodes that start at once on an empty database make one demo contract', async () => {
  const database = await createTestDatabase({ empty: true });
  const environment = { ...app.environment, DATABASE_URL: database.url, SEED_DEMO: 'true' };
  const started = await Promise.allSettled(urls().map(() => startNode(environment)));
  for (const one of started) if (one.status === 'fulfilled') await one.value.kill();
  try {
    expect(started.map(({ status }) => status)).toEqual(urls().map(() => 'fulfilled'));
    const store = await Store.open({ url: database.url, clock: app.clock, complain: () => undefined });
    const made = await store.acrossContracts().count(ContractRow, sql`1 = 1`);
    await store.close();
    expect(made).toBe(1);
  } finally {
    await database.drop();
  }
});
