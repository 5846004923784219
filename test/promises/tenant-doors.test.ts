import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WhatsAppChannelRow } from '../../src/entities/whatsapp-channel';
import { newId } from '../../src/entities/ids';
import { createHttpServer } from '../../src/server/http';
import { Masking } from '../../src/server/masking';
import { Readiness } from '../../src/server/readiness';
import { RequestRate } from '../../src/server/request-rate';
import { credentialsOf } from '../../src/services/desk/channels';
import { TestApp } from '../kit/app';
import type { Data } from '../kit/caller';
import { deliver, messagesBody } from '../kit/customer';
import { eventually } from '../kit/eventually';
import { figure } from '../kit/scale';
import { atRest, everythingIn, twoContracts, type World } from '../kit/two-contracts';

/** What a contract has behind the doors that are no GraphQL. */
interface Behind {
  channelId: string;
  phoneNumberId: string;
  businessAccountId: string;
  accessToken: string;
  waId: string;
  messageId: string;
  fileId: string;
  mediaMessageId: string;
}

let app: TestApp;
let ours: World & Behind;
let theirs: World & Behind;
let streams: AbortController;

/** What the Cloud API takes for a text. */
const textTo = (waId: string): object => ({
  messaging_product: 'whatsapp',
  to: waId,
  type: 'text',
  text: { body: 'Oi' },
  biz_opaque_callback_data: 'x',
});

async function sandboxOf(world: World, waId: string): Promise<World & Behind> {
  const { admin, contractId } = world.desk;
  const { bot } = await admin.act(
    'createBot',
    { name: 'Sandbox', identity: 'sandbox@msging.net', kind: 'BUILDER' },
    'bot { id }',
  );
  const connecting = { botId: bot.id, phoneNumber: '+551133330000', sandbox: true };
  const { channel } = await admin.act('connectWhatsAppChannel', connecting, 'channel { id }');
  const channelId = channel.id as string;
  const ask = async (method: string, path: string, json?: unknown): Promise<Data> => {
    const isText = typeof json === 'string';
    const response = await fetch(`${app.url}/sandbox/api/channels/${channelId}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${admin.token}`,
        ...(json !== undefined && { 'content-type': isText ? 'text/plain' : 'application/json' }),
      },
      ...(json !== undefined && { body: isText ? json : JSON.stringify(json) }),
    });
    return response.json();
  };
  await ask('POST', '/phones', { phone: `+${waId}`, name: 'Rui' });
  const { fileId } = await ask('POST', '/files', 'some bytes');
  await ask('POST', `/phones/${waId}/messages`, { kind: 'document', fileId });
  const { tickets } = await eventually(
    () => admin.ask('{ tickets(first: 20) { nodes { messages { nodes { id media { url } } } } } }'),
    (data) => JSON.stringify(data).includes('/media/'),
  );
  const messages = tickets.nodes.flatMap((ticket: Data) => ticket.messages.nodes as Data[]) as Data[];
  const row = await app.platform.store.rowsOf(contractId).byId(WhatsAppChannelRow, channelId);
  if (!row) throw new Error('A number that was connected is there');
  const { phoneNumberId, businessAccountId, accessToken } = credentialsOf(app.platform, row);
  // A message of the desk that waits to be delivered by hand.
  await ask('PATCH', '/controls', { deliver: 'BY_HAND' });
  await fetch(`${app.url}/sandbox/graph/v23.0/${phoneNumberId}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(textTo(waId)),
  });
  const conversation = await ask('GET', `/phones/${waId}/messages`);
  const waiting = (conversation.messages as Data[]).find(({ direction }) => direction === 'TO_CUSTOMER');
  return {
    ...world,
    channelId,
    phoneNumberId,
    businessAccountId,
    accessToken,
    waId,
    messageId: waiting?.id as string,
    fileId: fileId as string,
    mediaMessageId: messages.find(({ media }) => media !== null)?.id as string,
  };
}

beforeAll(async () => {
  app = await TestApp.start({ environment: { PRESENCE_TIMEOUT: '0' } });
  const two = await twoContracts(app);
  ours = await sandboxOf(two.ours, '5511981000001');
  theirs = await sandboxOf(two.theirs, '5511981000002');
  await atRest(app);
  streams = new AbortController();
});
afterAll(async () => {
  streams.abort();
  await app.stop();
});

/** One request of ours with an id in it: of what is there, of what is not, and of theirs. */
interface Door {
  route: string;
  /** The request's address; the rest of it is ours. */
  address: (id: string) => string;
  id: (world: World & Behind) => string;
  unknown: string;
  body?: unknown;
  /** Whether the door is the provider's, opened by a number's token. */
  graph?: true;
}

const CHANNEL = '/sandbox/api/channels';
const UNKNOWN_PHONE = '5511989999999';

function doors(): Door[] {
  const channel = { id: (one: Behind) => one.channelId, unknown: newId('WhatsAppChannel') };
  const waId = { id: (one: Behind) => one.waId, unknown: UNKNOWN_PHONE };
  const message = { id: (one: Behind) => one.messageId, unknown: newId('SandboxMessage') };
  const file = { id: (one: Behind) => one.fileId, unknown: newId('SandboxFile') };
  const ofChannel = `${CHANNEL}/:channelId`;
  const own = `${CHANNEL}/${ours.channelId}`;
  const text = { kind: 'text', text: 'Oi' };
  return [
    {
      route: 'GET /media/:messageId',
      address: (id) => `/media/${id}`,
      id: (one) => one.mediaMessageId,
      unknown: newId('TicketMessage'),
    },
    ...['csv', 'ndjson'].flatMap((format): Door[] => {
      const route = `GET /exports/sends.${format}`;
      const filtered = (name: string) => (id: string) => `/exports/sends.${format}?${name}=${id}`;
      return [
        { route, address: filtered('botIds'), id: ({ ids }) => ids.Bot, unknown: newId('Bot') },
        { route, address: filtered('agentIds'), id: ({ ids }) => ids.Agent, unknown: newId('Agent') },
        {
          route,
          address: filtered('templateIds'),
          id: ({ ids }) => ids.Template,
          unknown: newId('Template'),
        },
        { route, address: filtered('contactId'), id: ({ ids }) => ids.Contact, unknown: newId('Contact') },
      ];
    }),
    { route: `GET ${ofChannel}/phones`, address: (id) => `${CHANNEL}/${id}/phones`, ...channel },
    {
      route: `POST ${ofChannel}/phones`,
      address: (id) => `${CHANNEL}/${id}/phones`,
      ...channel,
      body: { phone: '+5511981000009', name: 'Eva' },
    },
    {
      route: `PATCH ${ofChannel}/phones/:waId`,
      address: (id) => `${CHANNEL}/${id}/phones/${theirs.waId}`,
      ...channel,
      body: { blocked: true },
    },
    {
      route: `PATCH ${ofChannel}/phones/:waId`,
      address: (id) => `${own}/phones/${id}`,
      ...waId,
      body: { blocked: false },
    },
    {
      route: `GET ${ofChannel}/phones/:waId/messages`,
      address: (id) => `${own}/phones/${id}/messages`,
      ...waId,
    },
    {
      route: `GET ${ofChannel}/phones/:waId/messages`,
      address: (id) => `${CHANNEL}/${id}/phones/${theirs.waId}/messages`,
      ...channel,
    },
    {
      route: `POST ${ofChannel}/phones/:waId/messages`,
      address: (id) => `${own}/phones/${id}/messages`,
      ...waId,
      body: text,
    },
    {
      route: `POST ${ofChannel}/phones/:waId/messages`,
      address: (id) => `${own}/phones/${ours.waId}/messages?file=${id}`,
      ...file,
      body: { kind: 'document', fileId: 'THE ID' },
    },
    {
      route: `POST ${ofChannel}/messages/:messageId/deliver`,
      address: (id) => `${own}/messages/${id}/deliver`,
      ...message,
      body: {},
    },
    {
      route: `POST ${ofChannel}/messages/:messageId/fail`,
      address: (id) => `${own}/messages/${id}/fail`,
      ...message,
      body: { code: 131026 },
    },
    {
      route: `POST ${ofChannel}/phones/:waId/read`,
      address: (id) => `${own}/phones/${id}/read`,
      ...waId,
      body: {},
    },
    {
      route: `PATCH ${ofChannel}/controls`,
      address: (id) => `${CHANNEL}/${id}/controls`,
      ...channel,
      body: { delaySeconds: 0 },
    },
    { route: `GET ${ofChannel}/live`, address: (id) => `${CHANNEL}/${id}/live`, ...channel },
    { route: `POST ${ofChannel}/files`, address: (id) => `${CHANNEL}/${id}/files`, ...channel, body: {} },
    { route: 'GET /sandbox/api/files/:fileId', address: (id) => `/sandbox/api/files/${id}`, ...file },
    {
      route: 'POST /sandbox/graph/v23.0/:id/messages',
      address: (id) => `/sandbox/graph/v23.0/${id}/messages`,
      id: (one) => one.phoneNumberId,
      unknown: '4711',
      body: textTo(ours.waId),
      graph: true,
    },
    {
      route: 'GET /sandbox/graph/v23.0/:id/message_templates',
      address: (id) => `/sandbox/graph/v23.0/${id}/message_templates`,
      id: (one) => one.businessAccountId,
      unknown: '4711',
      graph: true,
    },
    {
      route: 'GET /sandbox/graph/v23.0/:id',
      address: (id) => `/sandbox/graph/v23.0/${id}`,
      ...file,
      graph: true,
    },
    {
      route: 'GET /sandbox/graph/media/:id',
      address: (id) => `/sandbox/graph/media/${id}`,
      ...file,
      graph: true,
    },
  ];
}

/** Doors whose callers are no contract: whoever knows the address of a number's webhooks was told it. */
const OF_THE_PROVIDER = ['GET /webhooks/whatsapp/:channelId', 'POST /webhooks/whatsapp/:channelId'];
/** Files of pages, which are the same for everybody. */
const OF_PAGES = /\/(?:explorer|sandbox\/page)\/\*$/;

async function answerTo(door: Door, id: string, token: string): Promise<string> {
  const { address, body, route } = door;
  const response = await fetch(`${app.url}${address(id)}`, {
    method: route.split(' ')[0] ?? '',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body).replace('THE ID', id) }),
    signal: streams.signal,
  });
  const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
  const text = isStream ? 'a stream' : (await response.text()).replaceAll(id, 'THE ID');
  return `${response.status} ${text}`;
}

test('every door beside GraphQL answers an id of another contract like one that does not exist', async () => {
  const before = await everythingIn(app.platform.store.rowsOf(theirs.desk.contractId));
  const all = doors();
  for (const door of all) {
    const who = door.graph ? [ours.accessToken] : [ours.desk.admin.token, ours.agent.token];
    for (const token of who) {
      const unknown = await answerTo(door, door.unknown, token);
      expect([door.route, await answerTo(door, door.id(theirs), token)]).toEqual([door.route, unknown]);
      expect([door.route, unknown]).not.toEqual([door.route, expect.stringMatching(/^5/)]);
    }
    // What is ours is answered otherwise, so that what was compared is no refusal of something else.
    const [token = ''] = who;
    const [mine, unknown] = [
      await answerTo(door, door.id(ours), token),
      await answerTo(door, door.unknown, token),
    ];
    if (!door.address('').includes(theirs.waId))
      expect([door.route, mine === unknown, mine.slice(0, 3)]).toEqual([
        door.route,
        false,
        expect.stringMatching(/^2/),
      ]);
  }
  expect(await everythingIn(app.platform.store.rowsOf(theirs.desk.contractId))).toBe(before);
  figure('Tenants', 'addresses beside GraphQL that take an id, tried', all.length);
});

test('these are all the doors that take an id', async () => {
  const server = await createHttpServer(app.platform, {
    masking: new Masking(app.platform.log),
    seen: { touch: () => undefined },
    readiness: new Readiness(app.platform),
    rate: new RequestRate(app.clock, 1_000),
  });
  await server.ready();
  const printed = server.printRoutes({ commonPrefix: false });
  await server.close();
  const above: string[] = [];
  const routes = printed.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods] =
      /^([│ ]*(?:├── |└── ))(\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
    if (part === '') return [];
    const depth = indent.length / 4 - 1;
    above.splice(depth, above.length, part);
    return (methods ?? '')
      .split(', ')
      .flatMap((method) => (method === '' ? [] : [`${method} ${above.join('')}`]));
  });
  const takingIds = routes.filter(
    (route) => route.includes(':') && !route.includes('/webhooks/') && !OF_PAGES.test(route),
  );
  const tried = new Set(doors().map(({ route }) => route));
  expect([...tried].filter((route) => route.includes(':')).sort()).toEqual([...new Set(takingIds)].sort());
  expect(routes).toEqual(expect.arrayContaining([...tried, ...OF_THE_PROVIDER]));
});

test("a webhook at the address of another contract's number is not taken, whatever is in it", async () => {
  const before = await everythingIn(app.platform.store.rowsOf(theirs.desk.contractId));
  const { channelId } = theirs;
  const body = messagesBody(ours.desk.door, { messages: [{ id: 'x' }] });
  expect(await deliver({ app, channelId }, body)).toBe(401);
  const query = `hub.mode=subscribe&hub.challenge=1&hub.verify_token=${encodeURIComponent('a token of ours')}`;
  expect((await fetch(`${app.url}/webhooks/whatsapp/${channelId}?${query}`)).status).toBe(403);
  expect(await everythingIn(app.platform.store.rowsOf(theirs.desk.contractId))).toBe(before);
});

test("the header that names a contract gives nobody another's", async () => {
  for (const token of [ours.desk.admin.token, ours.agent.token]) {
    for (const contract of [theirs.desk.contractId, newId('Contract')]) {
      const response = await fetch(`${app.url}/exports/sends.csv`, {
        headers: { authorization: `Bearer ${token}`, 'x-contract': contract },
      });
      expect([response.status, await response.text()]).toEqual([
        401,
        expect.stringContaining('no active agent'),
      ]);
    }
  }
});
