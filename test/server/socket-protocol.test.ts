import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { eventually } from '../kit/eventually';
import { Listener, type Frame } from '../kit/listener';

const PRESENCE = 'subscription { presenceChanged { presence } }';
const WHO = '{ viewer { agent { email } } }';

let app: TestApp;
let admin: Caller;

beforeAll(async () => {
  app = await TestApp.start();
  ({ admin } = await app.contract());
});
afterAll(() => app.stop());

const followers = (): number => app.platform.eventLog.followers;

/** After each test: nothing that ran on its sockets was left behind. */
async function nothingRuns({ platform }: TestApp): Promise<void> {
  await eventually(
    async () => [platform.eventLog.followers, (await platform.metrics.sockets.get()).values[0]?.value ?? 0],
    (counts) => counts.every((count) => count === 0),
  );
}

const subscribe = (id: unknown, query: unknown = PRESENCE, more: object = {}): string =>
  JSON.stringify({ type: 'subscribe', id, payload: { query, ...more } });
const init = (token: string = admin.token): string =>
  JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });

/** The connection beneath a client's socket, for what no client's library would send. */
const beneath = ({ socket }: Listener): Socket => Reflect.get(socket, '_socket') as Socket;

/** Says all of it in one write, so that the server reads it at once. */
function inOneBreath(listener: Listener, ...frames: string[]): void {
  beneath(listener).cork();
  for (const frame of frames) listener.send(frame);
  beneath(listener).uncork();
}

async function closingOf(listener: Listener): Promise<number | undefined> {
  await listener.until(() => listener.closed !== null);
  return listener.closed?.code;
}

/** Once this is answered, the server has read all that was said before. */
async function roundTrip(listener: Listener): Promise<void> {
  const payload = { at: crypto.randomUUID() };
  listener.send(JSON.stringify({ type: 'ping', payload }));
  await listener.until(() => listener.frames.some((frame) => JSON.stringify(frame).includes(payload.at)));
}

let presence = 'ONLINE';
async function somethingHappens(): Promise<string> {
  presence = presence === 'ONLINE' ? 'PAUSED' : 'ONLINE';
  await admin.act('setPresence', { presence }, 'agent { id }');
  return presence;
}

type Saying = string | Buffer | ((listener: Listener) => void);

function say(listener: Listener, saying: Saying): void {
  if (typeof saying === 'function') saying(listener);
  else listener.socket.send(saying);
}

/** A frame of these bits as it stands on the wire: final, masked with zeros, its payload short. */
const wireFrame = (first: number, payload: Buffer, masked = true): Buffer =>
  Buffer.concat([
    Buffer.from([first, (masked ? 0x80 : 0) | payload.length]),
    masked ? Buffer.alloc(4) : Buffer.alloc(0),
    payload,
  ]);
const onTheWire =
  (first: number, payload: string | Buffer, masked = true): Saying =>
  (listener) =>
    beneath(listener).write(wireFrame(first, Buffer.from(payload as string), masked));

describe('what breaks the rules closes the socket', () => {
  test.each<[string, number, Saying[]]>([
    ['text that is no JSON', 4400, ['nonsense']],
    ['a text of nothing', 4400, ['']],
    ['JSON that is a list', 4400, ['[]']],
    ['JSON that is null', 4400, ['null']],
    ['JSON that is a text', 4400, ['"ping"']],
    ['a message without a type', 4400, ['{}']],
    ['a type that is a number', 4400, ['{"type":1}']],
    ['a type that is unknown', 4400, ['{"type":"nothing"}']],
    ['a type of the former protocol', 4400, ['{"type":"start","id":"1","payload":{}}']],
    ['an init with a text in the place of parameters', 4400, ['{"type":"connection_init","payload":"me"}']],
    ['a ping with a list in the place of a payload', 4400, ['{"type":"ping","payload":[1]}']],
    ['what only a server says: connection_ack', 4400, ['{"type":"connection_ack"}']],
    ['what only a server says: next', 4400, ['{"type":"next","id":"1","payload":{}}']],
    ['a message in a binary frame', 4400, [Buffer.from('{"type":"ping"}')]],
    ['a subscribe before the init', 4401, [subscribe('1')]],
    ['two inits at once', 4429, [(listener) => inOneBreath(listener, init(), init())]],
    [
      'a subscribe before the acknowledgement',
      4401,
      [(listener) => inOneBreath(listener, init(), subscribe('1'))],
    ],
    ['an init without a token', 4403, ['{"type":"connection_init"}']],
    ['an init with a token of nobody', 4403, ['{"type":"connection_init","payload":{"authorization":7}}']],
    ['a frame larger than 64 KB', 1009, ['x'.repeat(65_537)]],
    [
      'fragments that are larger together',
      1009,
      [
        ({ socket }) => {
          socket.send('x'.repeat(40_000), { fin: false });
          socket.send('x'.repeat(40_000), { fin: true });
        },
      ],
    ],
    ['a text that is no UTF-8', 1007, [onTheWire(0x81, Buffer.from([0xc3, 0x28]))]],
    ['a frame without a mask', 1002, [onTheWire(0x81, '{}', false)]],
    ['an operation code that nobody knows', 1002, [onTheWire(0x83, '{}')]],
    ['a bit of an extension that was not agreed on', 1002, [onTheWire(0xc1, '{}')]],
    ['a fragment that goes on with nothing', 1002, [onTheWire(0x80, '{}')]],
  ])('%s: %i', async (_what, code, sayings) => {
    const listener = await Listener.open(app.url);
    for (const saying of sayings) say(listener, saying);
    expect(await closingOf(listener)).toBe(code);
    expect(listener.frames).toEqual([]);
    await nothingRuns(app);
  });

  test.each<[string, number, string]>([
    ['a second init', 4429, '{"type":"connection_init"}'],
    ['a subscribe without an id', 4400, '{"type":"subscribe","payload":{"query":"{ viewer { id } }"}}'],
    ['an id that is a number', 4400, subscribe(1)],
    ['an id of nothing', 4400, subscribe('')],
    ['a subscribe without a payload', 4400, '{"type":"subscribe","id":"2"}'],
    ['a subscribe without a query', 4400, '{"type":"subscribe","id":"2","payload":{}}'],
    ['a query that is a list', 4400, subscribe('2', ['x'])],
    ['variables that are a list', 4400, subscribe('2', WHO, { variables: [] })],
    ['an operationName that is a number', 4400, subscribe('2', WHO, { operationName: 1 })],
    ['extensions that are a text', 4400, subscribe('2', WHO, { extensions: 'x' })],
    ['a complete without an id', 4400, '{"type":"complete"}'],
    ['an id that is in use', 4409, subscribe('1')],
  ])('%s on a socket with a subscription: %i', async (_what, code, saying) => {
    const listener = await Listener.connect(app.url, admin.token);
    listener.send(subscribe('1'));
    await roundTrip(listener);
    listener.send(saying);
    expect(await closingOf(listener)).toBe(code);
    await nothingRuns(app);
  });

  test('no subprotocol: 4406', async () => {
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`);
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(4406);
  });

  test('silence, or pings alone, for 10 seconds: 4408', async () => {
    const listener = await Listener.open(app.url);
    await roundTrip(listener);
    app.clock.advance(9_000);
    await roundTrip(listener);
    expect(listener.closed).toBeNull();
    app.clock.advance(1_000);
    expect(await closingOf(listener)).toBe(4408);
  });
});

describe('what keeps to the rules leaves the socket open', () => {
  let listener: Listener;
  beforeEach(async () => {
    listener = await Listener.connect(app.url, admin.token);
  });
  afterEach(async () => {
    expect(listener.closed).toBeNull();
    await listener.close();
    await nothingRuns(app);
  });
  const about = (id: string): Frame[] => listener.frames.filter((frame) => frame.id === id);
  const typesOf = (id: string): string[] => about(id).map(({ type }) => type);

  test('a ping is answered with its payload, before the init as well; a pong nobody asked for is none', async () => {
    const early = await Listener.open(app.url);
    for (const one of [early, listener]) {
      one.send('{"type":"pong","payload":{"x":1}}');
      one.send('{"type":"ping"}');
      one.send('{"type":"ping","payload":null}');
      one.send('{"type":"ping","payload":{"x":[1,"two"]},"more":true}');
      await one.until(() => one.frames.filter(({ type }) => type === 'pong').length === 3);
      const pongs = one.frames.filter(({ type }) => type === 'pong');
      expect(pongs).toEqual([
        { type: 'pong' },
        { type: 'pong' },
        { type: 'pong', payload: { x: [1, 'two'] } },
      ]);
    }
    await early.close();
  });

  test('a complete of an id that nobody uses, or that has ended, is ignored', async () => {
    listener.send('{"type":"complete","id":"never"}');
    listener.send(subscribe('1', WHO));
    await listener.until(() => typesOf('1').length === 2);
    listener.send('{"type":"complete","id":"1"}');
    await roundTrip(listener);
    expect(typesOf('1')).toEqual(['next', 'complete']);
  });

  test('an id is free again as soon as the server has completed it, or told an error of it', async () => {
    for (const query of [WHO, '{ nothing }', WHO, '{', WHO]) {
      const before = about('1').length;
      listener.send(subscribe('1', query));
      await listener.until(() => about('1').length > before && typesOf('1').at(-1) !== 'next');
    }
    expect(typesOf('1')).toEqual([
      'next',
      'complete',
      'error',
      'next',
      'complete',
      'error',
      'next',
      'complete',
    ]);
  });

  test('a subscription under an id that was completed in the same breath is alone, and stays', async () => {
    listener.send(subscribe('1'));
    await eventually(followers, (count) => count === 2);
    for (let round = 0; round < 5; round += 1)
      inOneBreath(listener, '{"type":"complete","id":"1"}', subscribe('1'));
    await roundTrip(listener);
    await eventually(followers, (count) => count === 2);
    const told = [await somethingHappens(), await somethingHappens()];
    await listener.until(() => about('1').length >= told.length);
    expect(about('1')).toEqual(
      told.map((one) => ({
        type: 'next',
        id: '1',
        payload: { data: { presenceChanged: { presence: one } }, extensions: expect.anything() },
      })),
    );
    listener.send('{"type":"complete","id":"1"}');
    await eventually(followers, (count) => count === 1);
  });

  test('the answer of an operation that was completed is not given to the next one of its id', async () => {
    const slower = '{ eventCursor agents(first: 5) { nodes { email } } }';
    inOneBreath(listener, subscribe('1', WHO), '{"type":"complete","id":"1"}', subscribe('1', slower));
    await listener.until(() => typesOf('1').includes('complete'));
    await roundTrip(listener);
    expect(about('1')).toMatchObject([
      { type: 'next', payload: { data: { agents: { nodes: [{ email: 'ana@acme.test' }] } } } },
      { type: 'complete' },
    ]);
  });

  test.each([
    ['a syntax error', subscribe('2', 'subscription {')],
    ['a query of nothing', subscribe('2', '')],
    ['a field that is not there', subscribe('2', 'subscription { nothingChanged { id } }')],
    [
      'two root fields',
      subscribe('2', 'subscription { presenceChanged { cursor } flowOutdated { cursor } }'),
    ],
    ['two operations and no name', subscribe('2', 'query A { eventCursor } query B { eventCursor }')],
    ['a name of no operation', subscribe('2', WHO, { operationName: 'Other' })],
    ['fragments alone', subscribe('2', 'fragment F on Query { eventCursor }')],
  ])('%s: an error under its id, and the other subscription goes on', async (_what, saying) => {
    listener.send(subscribe('1'));
    await eventually(followers, (count) => count === 2);
    listener.send(saying);
    await listener.until(() => about('2').length > 0);
    expect(about('2')).toEqual([{ type: 'error', id: '2', payload: [expect.objectContaining({})] }]);
    await somethingHappens();
    await listener.until(() => about('1').length > 0);
    expect(typesOf('1')).toEqual(['next']);
  });

  test('a message in three fragments, with a ping of the WebSocket between them', async () => {
    const [text, { socket }] = [subscribe('1', WHO), listener];
    socket.send(text.slice(0, 10), { fin: false });
    socket.send(text.slice(10, 20), { fin: false });
    socket.ping('x');
    socket.send(text.slice(20), { fin: true });
    await once(socket, 'pong');
    await listener.until(() => typesOf('1').includes('complete'));
    expect(typesOf('1')).toEqual(['next', 'complete']);
  });

  test.each(['__proto__', 'constructor', ' ', 'é'.repeat(1_000)])(
    'the id %j is one like others',
    async (id) => {
      listener.send(subscribe(id));
      await eventually(followers, (count) => count === 2);
      await somethingHappens();
      await listener.until(() => about(id).length > 0);
      listener.send(JSON.stringify({ type: 'complete', id }));
      await eventually(followers, (count) => count === 1);
      expect(typesOf(id)).toEqual(['next']);
    },
  );
});

describe('how sockets end', () => {
  test.each<[string, (listener: Listener) => void]>([
    ['a close', ({ socket }) => socket.close(1000, 'good night')],
    ['half a close of the connection', (listener) => void beneath(listener).end()],
    ['a connection that is reset', (listener) => void beneath(listener).resetAndDestroy()],
  ])('%s leaves nothing running', async (_what, end) => {
    const listener = await Listener.connect(app.url, admin.token);
    for (const id of ['1', '2', '3']) listener.send(subscribe(id));
    await eventually(followers, (count) => count === 4);
    // One more that is still being looked at when the end comes.
    listener.send(subscribe('4'));
    end(listener);
    await closingOf(listener);
    await nothingRuns(app);
  });

  test('a close is answered with its own code', async () => {
    const listener = await Listener.connect(app.url, admin.token);
    listener.socket.close(4999, 'for my own reasons');
    expect(await closingOf(listener)).toBe(4999);
  });
});

describe('limits', () => {
  let narrow: TestApp;
  let caller: Caller;
  beforeAll(async () => {
    narrow = await TestApp.start({
      environment: { REQUESTS_PER_MINUTE: '50', UNAUTHENTICATED_SOCKETS: '3' },
    });
    caller = (await narrow.contract()).admin;
  });
  afterAll(() => narrow.stop());

  test('an address has so many sockets at most whose callers are not known: 429 instead of a further one', async () => {
    const silent = await Promise.all([1, 2, 3].map(() => Listener.open(narrow.url)));
    const [first] = silent;
    await expect(Listener.open(narrow.url)).rejects.toThrow('429');
    const elsewhere = new WebSocket(`${narrow.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      localAddress: '127.0.0.2',
    });
    await once(elsewhere, 'open');
    elsewhere.terminate();
    first?.send(init(caller.token));
    await first?.until(() => first.frames.length > 0);
    // It is known now: in its place another one may come, and many more of the kind.
    const known = [
      await Listener.connect(narrow.url, caller.token),
      await Listener.connect(narrow.url, caller.token),
    ];
    const fourth = await Listener.open(narrow.url);
    await expect(Listener.open(narrow.url)).rejects.toThrow('429');
    narrow.clock.advance(10_000);
    expect(await Promise.all([...silent.slice(1), fourth].map(closingOf))).toEqual([4408, 4408, 4408]);
    await Promise.all([...known, ...silent].map((listener) => listener.close()));
    await nothingRuns(narrow);
  });

  test('a flood of subscribes is refused one by one, and then with the socket', async () => {
    narrow.clock.advance(60_000);
    const listener = await Listener.connect(narrow.url, caller.token);
    for (let index = 0; index < 98; index += 1) {
      listener.send(subscribe(`${index}`, WHO));
      listener.send(`{"type":"pong"}`);
    }
    expect(await closingOf(listener)).toBe(4429);
    const refused = listener.frames.filter(({ type }) => type === 'error');
    expect(refused.length).toBeGreaterThan(0);
    expect(JSON.stringify(refused)).toContain('RATE_LIMITED');
    await nothingRuns(narrow);
  });

  test('operations that were completed count until they have ended, so that no breath can start hundreds', async () => {
    const listener = await Listener.connect(app.url, admin.token);
    const ids = Array.from({ length: 300 }, (_, index) => `${index}`);
    const statements = await app.statementsOf(async () => {
      inOneBreath(
        listener,
        ...ids.flatMap((id) => [subscribe(id, WHO), JSON.stringify({ type: 'complete', id })]),
      );
      await roundTrip(listener);
    });
    // Each one that is begun looks at its caller.
    expect(statements.length).toBeLessThan(100);
    await listener.close();
    await nothingRuns(app);
  });

  test('who sends and does not read is not read either', async () => {
    const listener = await Listener.connect(app.url, admin.token);
    listener.socket.pause();
    const ping = JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(60_000) } });
    // As much as the network takes: at last it takes no more, since nobody reads it.
    let standing = 0;
    for (let sent = 0; sent < 2_000 && standing < 5; sent += 1) {
      const before = listener.socket.bufferedAmount;
      listener.send(ping);
      await new Promise(setImmediate);
      standing = listener.socket.bufferedAmount - before >= ping.length ? standing + 1 : 0;
      if (standing > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(standing).toBe(5);
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    const backlog = Number(/^saludo_socket_backlog_bytes (\d+)$/m.exec(metrics)?.[1]);
    expect(backlog).toBeGreaterThan(0);
    expect(backlog).toBeLessThan(3_000_000);
    listener.socket.resume();
    await listener.close();
    await nothingRuns(app);
  });
});
