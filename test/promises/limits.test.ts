import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { Desk } from '../kit/desk';
import { Listener, type Frame } from '../kit/listener';

const MINUTE = 60_000;

let app: TestApp;
let admin: Caller;

beforeAll(async () => {
  app = await TestApp.start({ environment: { REQUEST_TIMEOUT: 'PT1S', SENDS_PER_MINUTE: '2' } });
  ({ admin } = await app.contract());
});
afterAll(() => app.stop());

/** The last frame that answers this operation, once there is one. */
async function answerTo(listener: Listener, query: string, variables = {}): Promise<Frame | undefined> {
  const id = listener.subscribe(query, variables);
  const isAnswer = (frame: Frame): boolean =>
    frame.id === id && (frame.type === 'next' || frame.type === 'error');
  await listener.until(() => listener.closed !== null || listener.frames.some(isAnswer));
  return listener.frames.find(isAnswer);
}

async function answered(url: string, query: string, token: string, variables = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Data };
}

describe('the cost of an operation', () => {
  const tickets = (size: string): string =>
    `{ tickets(first: ${size}) { nodes { messages(first: 10) { nodes { id } } } } bots(first: 5) { nodes { id } } }`;
  const cost = (asked: number) => ({ cost: { asked, most: 20_000 } });

  test.each([
    ['nothing but a field', '{ eventCursor }', 0],
    ['pages within pages, and others beside them', tickets('20'), 20 * (1 + 10) + 5],
    ['a page where no size is given', '{ bots { nodes { id } } }', 50],
    [
      'a list without pages, within a page',
      '{ sends(first: 2) { nodes { timeline { kind } } } }',
      2 * (1 + 10),
    ],
    ['as many ids as are named', '{ nodes(ids: ["a", "b", "c"]) { id } }', 3],
    ['edges and nodes, each by itself', '{ bots(first: 3) { edges { node { id } } nodes { id } } }', 3],
  ])('%s', async (_what, query, asked) => {
    expect((await answered(app.url, query, admin.token)).body).toMatchObject({ extensions: cost(asked) });
    const listener = await Listener.connect(app.url, admin.token);
    expect(await answerTo(listener, query)).toMatchObject({ payload: { extensions: cost(asked) } });
    await listener.close();
  });

  test.each([
    ['the size of a page', 'query ($n: Int) { bots(first: $n) { nodes { id } } }', { n: 1 }, { n: 7 }, 1, 7],
    [
      'a list of ids',
      'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
      { ids: ['a'] },
      { ids: ['a', 'b'] },
      1,
      2,
    ],
    [
      'neither',
      'query ($id: ID!) { node(id: $id) { ... on Bot { id } } bots(first: 3) { nodes { id } } }',
      { id: 'bot_a' },
      { id: 'bot_b' },
      3,
      3,
    ],
  ])('%s in variables counts as it is each time', async (_what, query, before, now, asked, then) => {
    expect((await answered(app.url, query, admin.token, before)).body.extensions).toEqual(cost(asked));
    expect((await answered(app.url, query, admin.token, now)).body.extensions).toEqual(cost(then));
    expect((await answered(app.url, query, admin.token, before)).body.extensions).toEqual(cost(asked));
  });

  test('a list that was short enough before is refused when it is too long', async () => {
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }';
    for (const [length, code] of [
      [1, undefined],
      [501, 'BAD_USER_INPUT'],
    ] as const) {
      const ids = Array.from({ length }, () => 'bot_a');
      const { body } = await answered(app.url, query, admin.token, { ids });
      expect(body.errors?.[0].extensions.code).toBe(code);
    }
  });

  test('at the limit it is served, and beyond it is not', async () => {
    const query = (first: number): string =>
      `{ tickets(first: ${first}) { nodes { messages(first: 99) { nodes { id } } } } a: tickets(first: 100) { nodes { messages(first: 99) { nodes { id } } } } }`;
    expect((await admin.request(query(100))).errors).toBeUndefined();
    expect(await admin.problem(`${query(100).slice(0, -1)} bots(first: 1) { nodes { id } } }`)).toBe(
      'QUERY_TOO_COMPLEX',
    );
  });

  test('in production it is nobody’s to know', async () => {
    const production = await TestApp.start({ environment: { NODE_ENV: 'production' } });
    try {
      const { admin: other } = await production.contract();
      const { body } = await answered(production.url, '{ eventCursor }', other.token);
      expect(body).toEqual({ data: { eventCursor: expect.any(String) } });
      const listener = await Listener.connect(production.url, other.token);
      const frame = await answerTo(listener, '{ eventCursor }');
      expect(frame?.payload).toEqual({ data: { eventCursor: expect.any(String) } });
      await listener.close();
    } finally {
      await production.stop();
    }
  });
});

describe('how often', () => {
  test.each([
    ['each caller counts alone behind a proxy that is trusted', '127.0.0.0/8', 101],
    ['nobody else is believed about where a request comes from', '10.0.0.1', 429],
  ])('%s', async (_what, proxies, answerToAnother) => {
    const narrow = await TestApp.start({
      environment: { REQUESTS_PER_MINUTE: '3', TRUSTED_PROXIES: proxies },
    });
    try {
      const upgrade = (from: string): Promise<number> =>
        new Promise((resolve) => {
          const socket = new WebSocket(
            `${narrow.url.replace('http', 'ws')}/graphql`,
            'graphql-transport-ws',
            { headers: { 'x-forwarded-for': from } },
          );
          socket.on('error', () => undefined);
          socket.on('open', () => resolve(101));
          socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode ?? 0));
        });
      const ask = async (from: string): Promise<number> =>
        (await fetch(`${narrow.url}/demo/people`, { headers: { 'x-forwarded-for': from } })).status;
      for (let index = 0; index < 3; index += 1) expect(await ask('192.0.2.1')).toBe(404);
      expect([await ask('192.0.2.1'), await upgrade('192.0.2.1')]).toEqual([429, 429]);
      expect(await upgrade('192.0.2.2')).toBe(answerToAnother);
      expect(await ask('192.0.2.2')).toBe(answerToAnother === 101 ? 404 : 429);
    } finally {
      await narrow.stop();
    }
  });

  test('requests and what runs on sockets count together, by address, and a minute later anew', async () => {
    const narrow = await TestApp.start({ environment: { REQUESTS_PER_MINUTE: '8' } });
    try {
      narrow.clock.freeze();
      const { admin: caller } = await narrow.contract();
      // The upgrade is a request too: with it and these, the eight are used up.
      const listener = await Listener.connect(narrow.url, caller.token);
      for (let index = 0; index < 4; index += 1)
        expect(await answerTo(listener, '{ eventCursor }')).toMatchObject({ type: 'next' });
      for (let index = 0; index < 3; index += 1)
        expect((await answered(narrow.url, '{ eventCursor }', caller.token)).status).toBe(200);
      narrow.clock.advance(MINUTE / 2);

      const late = await answerTo(listener, '{ eventCursor }');
      expect(late).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
      const refused = await answered(narrow.url, '{ eventCursor }', caller.token);
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('30');
      expect(refused.body).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
      const upgrade = new WebSocket(`${narrow.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      upgrade.on('error', () => undefined);
      const [, response] = (await once(upgrade, 'unexpected-response')) as [
        unknown,
        { statusCode: number; headers: Record<string, string> },
      ];
      expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '30']);
      upgrade.terminate();

      narrow.clock.advance(MINUTE / 2);
      expect((await answered(narrow.url, '{ eventCursor }', caller.token)).status).toBe(200);
      expect(listener.closed).toBeNull();
      expect(await answerTo(listener, '{ eventCursor }')).toMatchObject({ type: 'next' });
      await listener.close();
    } finally {
      await narrow.stop();
    }
  });

  test('sends of one agent count together too, by whichever door', async () => {
    const desk = await Desk.open(app);
    const agent = await desk.agent('Bia');
    const other = await desk.agent('Caio');
    const document =
      'mutation ($input: SendActiveMessageInput!) { sendActiveMessage(input: $input) { send { id } userErrors { code retryAt } } }';
    const listener = await Listener.connect(app.url, agent.token);
    const send = async (phone: string) =>
      (
        (await answerTo(listener, document, { input: desk.orderUpdate(phone) }))?.payload as {
          data: { sendActiveMessage: { userErrors: { code: string; retryAt: string }[] } };
        }
      ).data.sendActiveMessage.userErrors;
    expect(await send('+5511970001001')).toEqual([]);
    await agent.act('sendActiveMessage', desk.orderUpdate('+5511970001002'), 'send { id }');
    const [tooMany] = await send('+5511970001003');
    expect(tooMany?.code).toBe('RATE_LIMITED');
    expect(Date.parse(tooMany?.retryAt ?? '')).toBeGreaterThan(app.clock.now());
    expect(await agent.refusals('sendActiveMessage', desk.orderUpdate('+5511970001004'))).toEqual([
      'RATE_LIMITED',
    ]);
    await other.act('sendActiveMessage', desk.orderUpdate('+5511970001005'), 'send { id }');
    app.clock.advance(MINUTE);
    expect(await send('+5511970001003')).toEqual([]);
    await listener.close();
  });
});

/** What the server says to a client that sends the beginning, and then a byte now and then without end. */
async function drip(beginning: string, piece: string): Promise<string> {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes) => (answer += bytes.toString()));
  socket.on('error', () => undefined);
  socket.write(beginning);
  const dripping = setInterval(() => socket.write(piece), 50);
  await once(socket, 'close');
  clearInterval(dripping);
  return answer;
}

describe('how slowly', () => {
  const head = 'POST /graphql HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n';

  test('what arrives a byte at a time is cut off with 408, and nobody waits for it', async () => {
    const cutOff = Promise.all([
      drip(head, 'X-Drop: x\r\n'),
      drip(`${head}X-Drip: `, 'x'),
      drip(`${head}Content-Length: 100000\r\n\r\n{"query":"`, ' '),
      drip(`${head}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
    ]);
    await admin.ask('{ eventCursor }');
    const begun = performance.now();
    const answers = await cutOff;
    // A second is allowed here; Node by itself would look for slow ones twice a minute.
    expect(performance.now() - begun).toBeLessThan(10_000);
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual({
        errors: [{ message: expect.stringContaining('too long'), extensions: { code: 'BAD_USER_INPUT' } }],
      });
    }
  });
});
