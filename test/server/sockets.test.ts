import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { WebSocket } from 'ws';
import { TestApp } from '../kit/app';
import { personToken, type Caller } from '../kit/caller';
import { eventually } from '../kit/eventually';
import { Listener, type Frame } from '../kit/listener';

const PRESENCE = 'subscription { presenceChanged { presence } }';

let app: TestApp;
let admin: Caller;
let contractId: string;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ALLOWED_ORIGINS: 'https://desk.acme.test' } });
  ({ admin, id: contractId } = await app.contract());
});
afterAll(() => app.stop());

/** The status with which an upgrade is refused. */
async function refusedWith(path: string, origin?: string): Promise<number | undefined> {
  const url = `${app.url.replace('http', 'ws')}${path}`;
  const socket = new WebSocket(url, 'graphql-transport-ws', origin === undefined ? {} : { origin });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode?: number }];
  socket.terminate();
  return response.statusCode;
}

describe('who gets in', () => {
  test('pages of this server, of allowed origins, and programs; no others', async () => {
    for (const origin of [undefined, app.url, 'https://desk.acme.test']) {
      const listener = await Listener.connect(app.url, admin.token, origin);
      expect(listener.closed).toBeNull();
      await listener.close();
    }
    expect(await refusedWith('/graphql', 'https://evil.test')).toBe(403);
    expect(await refusedWith('/graphql', 'null')).toBe(403);
    expect(await refusedWith('/elsewhere')).toBe(404);
  });

  test('no token, a wrong one and an expired one close with 4403 and a reason', async () => {
    const expired = await personToken(contractId, 'ana@acme.test', app.clock.now(), -60);
    for (const token of [null, 'nonsense', expired]) {
      const listener = await Listener.connect(app.url, token);
      expect(listener.closed?.code).toBe(4403);
      expect(listener.closed?.reason).toMatch(/token/i);
    }
  });

  test('nothing runs before connection_init, and nothing waits for it longer than 10 s', async () => {
    const listener = await Listener.open(app.url);
    listener.subscribe(PRESENCE);
    await listener.until(() => listener.closed !== null);
    expect(listener.closed?.code).toBe(4401);
  });

  test('a caller has at most 20 sockets', async () => {
    const open = await Promise.all(Array.from({ length: 20 }, () => Listener.connect(app.url, admin.token)));
    expect(open.every(({ closed }) => closed === null)).toBe(true);
    const another = await Listener.connect(app.url, admin.token);
    expect(another.closed?.code).toBe(4429);
    await Promise.all(open.map((listener) => listener.close()));
    await eventually(
      async () => (await app.platform.metrics.sockets.get()).values[0]?.value,
      (count) => count === 0,
    );
    const again = await Listener.connect(app.url, admin.token);
    expect(again.closed).toBeNull();
    await again.close();
  });
});

describe('what runs on a socket', () => {
  test('queries and mutations too, through the same checks', async () => {
    const listener = await Listener.connect(app.url, admin.token);
    listener.subscribe('{ viewer { agent { email } } eventCursor }');
    expect(await listener.next()).toMatchObject({ viewer: { agent: { email: 'ana@acme.test' } } });
    await listener.until(() => listener.frames.some(({ type }) => type === 'complete'));
    const answerTo = async (query: string, variables: Record<string, unknown> = {}): Promise<string> => {
      const id = listener.subscribe(query, variables);
      const isAnswer = (frame: Frame): boolean => frame.id === id && frame.type !== 'complete';
      await listener.until(() => listener.frames.some(isAnswer));
      return JSON.stringify(listener.frames.find(isAnswer)?.payload);
    };
    const deep = `{ bots { nodes { ${'settings { bot { '.repeat(6)} id ${'} }'.repeat(6)} } } }`;
    expect(await answerTo(deep)).toContain('QUERY_TOO_COMPLEX');
    const pages =
      'query ($n: Int) { contacts(botId: "x", first: $n) { nodes { sends(first: $n) { nodes { timeline { kind } } } } } }';
    expect(await answerTo(pages, { n: 100 })).toContain('QUERY_TOO_COMPLEX');
    expect(await answerTo('{ nothing }')).toContain('GRAPHQL_VALIDATION_FAILED');
    expect(await answerTo('{')).toContain('GRAPHQL_PARSE_FAILED');
    expect(await answerTo('query ($id: ID!) { bot(id: $id) { id } }')).toContain('BAD_USER_INPUT');
    const elsewhere = 'subscription { presenceChanged(after: "x") { presence } }';
    expect(await answerTo(elsewhere)).toContain('BAD_USER_INPUT');
    expect(listener.closed).toBeNull();
    await listener.close();
  });

  test('at most 20 operations; a further one is refused and the others stand', async () => {
    const listener = await Listener.connect(app.url, admin.token);
    for (let index = 0; index < 20; index += 1) listener.subscribe(PRESENCE);
    listener.subscribe(PRESENCE);
    await expect(listener.next()).rejects.toThrow(/RATE_LIMITED/);
    listener.send({ type: 'complete', id: '1' });
    listener.subscribe('{ viewer { agent { id } } }');
    await listener.next();
    await listener.close();
  });

  test('a message of more than 64 KB closes with 1009, one that is no message with 4400', async () => {
    const large = await Listener.connect(app.url, admin.token);
    large.subscribe(`{ viewer { agent { id } } } # ${'x'.repeat(70_000)}`);
    await large.until(() => large.closed !== null);
    expect(large.closed?.code).toBe(1009);
    const wrong = await Listener.connect(app.url, admin.token);
    wrong.send('nonsense');
    await wrong.until(() => wrong.closed !== null);
    expect(wrong.closed?.code).toBe(4400);
  });
});

/** Bytes that clients have not taken yet, as the server tells. */
async function socketBacklog(): Promise<number> {
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  return Number(/^saludo_socket_backlog_bytes (\d+)$/m.exec(metrics)?.[1]);
}

describe('what ends a socket', () => {
  test('a client that answers no ping is cut off', async () => {
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const frames: { type: string }[] = [];
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as { type: string }));
    let closed = false;
    socket.on('close', () => (closed = true));
    await once(socket, 'open');
    socket.send(
      JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${admin.token}` } }),
    );
    await eventually(
      () => frames.length,
      (count) => count === 1,
    );
    app.clock.advance(21_000);
    await eventually(
      () => frames.at(-1)?.type,
      (type) => type === 'ping',
    );
    app.clock.advance(21_000);
    await eventually(
      () => closed,
      (is) => is,
    );
  });

  test('a client that takes nothing is cut off, and others are not held up', async () => {
    const slow = await Listener.connect(app.url, admin.token);
    const other = await admin.listen(PRESENCE);
    slow.socket.pause();
    for (let round = 0; round < 20; round += 1) slow.subscribe(getIntrospectionQuery());
    let before = 0;
    await eventually(socketBacklog, (bytes) => {
      const stuck = bytes > 0 && bytes === before;
      before = bytes;
      return stuck;
    });
    app.clock.advance(31_000);
    await admin.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
    expect(await other.next()).toEqual({ presenceChanged: { presence: 'ONLINE' } });
    slow.socket.resume();
    await slow.until(() => slow.closed !== null);
    expect(slow.closed?.code).toBe(4008);
    await other.close();
  });

  test('an agent who is deactivated', async () => {
    const { agent } = await admin.act(
      'createAgent',
      { name: 'Bia', email: 'bia@acme.test', role: 'AGENT', slots: 1 },
      'agent { id }',
    );
    const bia = await app.person(contractId, 'bia@acme.test', agent.id as string);
    const listener = await bia.listen(PRESENCE);
    const others = await admin.listen(PRESENCE);
    await admin.act('updateAgent', { agentId: agent.id, active: false }, 'agent { id }');
    await listener.until(() => listener.closed !== null);
    expect(listener.closed?.code).toBe(4403);
    expect(others.closed).toBeNull();
    expect((await Listener.connect(app.url, bia.token)).closed?.code).toBe(4403);
    await others.close();
  });

  test('a shutdown: 1001, ready no more, and all of it within the time', async () => {
    const other = await TestApp.start();
    const { admin: someone } = await other.contract();
    const listener = await someone.listen(PRESENCE);
    // One that answers no close keeps the doors open for a while.
    const silent = connect(Number(new URL(other.url).port), '127.0.0.1');
    silent.write(
      'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    );
    await once(silent, 'data');
    const start = Date.now();
    const stopped = other.stop();
    expect((await fetch(`${other.url}/readyz`)).status).toBe(503);
    await stopped;
    silent.destroy();
    expect(Date.now() - start).toBeLessThan(10_000);
    await listener.until(() => listener.closed !== null);
    expect(listener.closed?.code).toBe(1001);
  });
});
