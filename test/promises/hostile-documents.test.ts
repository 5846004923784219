import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { HOSTILE_DOCUMENTS } from '../kit/hostile-documents';
import { Listener, type Frame } from '../kit/listener';
import { figure } from '../kit/scale';

const PROMISE = 'Limits';
const MODERN = 'application/graphql-response+json';
/** Milliseconds within which a document is refused. */
const SOON = 50;
/** Another process may hold the processor just then: the best of so many tries is what the server takes. */
const TRIES = 25;

interface Told {
  message: string;
  extensions: { code: string };
}

let app: TestApp;
let admin: Caller;
let slowest = 0;

beforeAll(async () => {
  app = await TestApp.start();
  ({ admin } = await app.contract());
  // A server that was just started is slower, whatever it is asked.
  for (const document of HOSTILE_DOCUMENTS) await send(bodyOf(document, 'warm')).catch(() => undefined);
});
afterAll(() => app.stop());

/** No two are the same text, so that no refusal is one that the server remembers. */
const bodyOf = ({ query, variables }: { query: string; variables: string }, mark: string): string =>
  `{"query":${JSON.stringify(`${query}\n#${mark}`)},"variables":${variables}}`;

async function send(body: string | Buffer, init: RequestInit & { path?: string } = {}) {
  const begun = performance.now();
  const response = await fetch(`${app.url}${init.path ?? '/graphql'}`, {
    method: 'POST',
    ...(init.method !== 'GET' && { body }),
    ...init,
    headers: {
      accept: MODERN,
      ...(init.method !== 'GET' && { 'content-type': 'application/json' }),
      authorization: `Bearer ${admin.token}`,
      ...(init.headers as Record<string, string> | undefined),
    },
  });
  const text = await response.text();
  return { took: performance.now() - begun, status: response.status, told: toldIn(JSON.parse(text)) };
}

/** The errors of an answer, which has nothing else. */
function toldIn(answer: unknown): Told[] {
  expect(answer).toEqual({ errors: expect.anything() });
  return (answer as { errors: Told[] }).errors;
}

function expectRefusal(told: Told[], code: string): void {
  expect(told.length).toBeGreaterThan(0);
  for (const { message, extensions } of told) {
    expect(extensions).toEqual({ code });
    expect(message).toMatch(/^[\p{Lu}`].* .*/su);
  }
}

describe('what is made to exhaust the server is refused soon, with a code and a sentence', () => {
  test('there are more than 40 such documents, all different', () => {
    expect(new Set(HOSTILE_DOCUMENTS.map(({ name }) => name)).size).toBe(HOSTILE_DOCUMENTS.length);
    expect(HOSTILE_DOCUMENTS.length).toBeGreaterThan(40);
  });

  test.each(HOSTILE_DOCUMENTS)('over HTTP: $name', async (document) => {
    let best = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < TRIES && (attempt < 2 || best >= SOON); attempt += 1) {
      const { took, status, told } = await send(bodyOf(document, String(attempt)));
      best = Math.min(best, took);
      expect(status).toBe(400);
      expectRefusal(told, document.code);
    }
    expect(best).toBeLessThan(SOON);
    slowest = Math.max(slowest, best);
  });

  test('on a socket, whose other operations go on', async () => {
    const listener = await Listener.connect(app.url, admin.token);
    const subscription = listener.subscribe('subscription { presenceChanged { presence } }');
    for (const { name, query, variables, code } of HOSTILE_DOCUMENTS) {
      listener.send(
        `{"type":"subscribe","id":${JSON.stringify(name)},"payload":{"query":${JSON.stringify(query)},"variables":${variables}}}`,
      );
      const isAnswer = ({ id }: Frame): boolean => id === name;
      await listener.until(() => listener.closed !== null || listener.frames.some(isAnswer));
      const answers = listener.frames.filter(isAnswer);
      expect([name, answers.map(({ type }) => type)]).toEqual([name, ['error']]);
      expectRefusal(answers[0]?.payload as Told[], code);
    }
    await admin.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    await listener.until(() =>
      listener.frames.some(({ id, type }) => id === subscription && type === 'next'),
    );
    expect(listener.closed).toBeNull();
    await listener.close();
  });

  test('the slowest of them is a figure', () => {
    figure(
      PROMISE,
      `slowest refusal of ${HOSTILE_DOCUMENTS.length} hostile documents`,
      `${slowest.toFixed(0)} ms`,
    );
  });
});

interface HostileRequest {
  name: string;
  status?: number;
  code?: string;
  body?: string | Buffer;
  init?: RequestInit & { path?: string };
}

const query = (text: string): string => `/graphql?query=${encodeURIComponent(text)}`;
const preflighted = { 'apollo-require-preflight': '1' };
const deepFlow = 150_000;

/** What is hostile in the way it is sent, which on a socket there is no such way. */
const HOSTILE_REQUESTS: HostileRequest[] = [
  { name: 'no body', body: '' },
  { name: 'half a body', body: '{"query":"{ eventCursor' },
  { name: 'nothing', body: 'null' },
  {
    name: 'many operations in one body',
    body: JSON.stringify(Array(500).fill({ query: '{ eventCursor }' })),
  },
  { name: 'a document that is no text', body: '{"query":{"kind":"Document"}}' },
  { name: 'variables in a list', body: '{"query":"{ eventCursor }","variables":[1]}' },
  { name: 'variables as text', body: '{"query":"{ eventCursor }","variables":"{}"}' },
  {
    name: '`__proto__` among variables',
    body: '{"query":"{ eventCursor }","variables":{"__proto__":{"x":1}}}',
  },
  {
    name: '`constructor.prototype` among variables',
    body: '{"query":"{ eventCursor }","variables":{"constructor":{"prototype":{"x":1}}}}',
  },
  { name: 'lists in lists, a whole body of them', body: '['.repeat(1_000_000) },
  {
    name: `a free object ${deepFlow} levels deep`,
    body: `{"query":"mutation ($flow: JSONObject!) { publishFlow(input: { botId: \\"x\\", definition: $flow }) { userErrors { code } } }","variables":{"flow":${'{"a":'.repeat(deepFlow)}1${'}'.repeat(deepFlow)}}}`,
  },
  {
    name: '100,000 ids',
    body: `{"query":"query ($ids: [ID!]!) { nodes(ids: $ids) { id } }","variables":{"ids":["a"${',"a"'.repeat(99_999)}]}}`,
  },
  {
    name: '300,000 lines of comments',
    code: 'QUERY_TOO_COMPLEX',
    body: `{"query":"${'#\\n'.repeat(300_000)}{ eventCursor }"}`,
  },
  {
    name: 'a block of 300,000 lines',
    code: 'QUERY_TOO_COMPLEX',
    body: `{"query":"{ sends(filter: { search: \\"\\"\\"${'\\n '.repeat(300_000)}\\"\\"\\" }) { nodes { id } } }"}`,
  },
  {
    name: 'bytes that are no UTF-8',
    code: 'GRAPHQL_PARSE_FAILED',
    body: Buffer.concat([
      Buffer.from('{"query":"{ event'),
      Buffer.from([0xff, 0xc0, 0x80]),
      Buffer.from('Cursor }"}'),
    ]),
  },
  { name: 'another encoding', body: Buffer.from('{"query":"{ eventCursor }"}', 'utf16le') },
  {
    name: 'a body that was packed',
    body: Buffer.from('1f8b08000000000000ff', 'hex'),
    init: { headers: { 'content-encoding': 'gzip' } },
  },
  { name: 'a subscription', body: '{"query":"subscription { presenceChanged { cursor } }"}' },
  { name: 'a page that makes a browser send it', init: { method: 'GET', path: query('{ eventCursor }') } },
  {
    name: 'two documents at one address',
    init: { method: 'GET', path: `${query('{ eventCursor }')}&query=x`, headers: preflighted },
  },
  {
    name: 'variables in an address that are no JSON',
    init: { method: 'GET', path: `${query('{ eventCursor }')}&variables=%7B`, headers: preflighted },
  },
  {
    name: 'a mutation by GET',
    status: 405,
    init: {
      method: 'GET',
      path: query('mutation { setPresence(input: { presence: ONLINE }) { userErrors { code } } }'),
      headers: preflighted,
    },
  },
  {
    name: 'files and a document',
    status: 415,
    body: '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"query":"{ eventCursor }"}\r\n--x--\r\n',
    init: { headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  },
  {
    name: 'a form',
    status: 415,
    body: 'query=%7BeventCursor%7D',
    init: { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  },
  { name: 'more than 1 MB', status: 413, body: `{"query":"${' '.repeat(1_100_000)}"}` },
];

describe('what is hostile in the way it is sent', () => {
  test.each(HOSTILE_REQUESTS)(
    '$name',
    async ({ body = '', init = {}, status = 400, code = 'BAD_USER_INPUT' }) => {
      const answer = await send(body, init);
      expect(answer.status).toBe(status);
      expectRefusal(answer.told, code);
    },
  );
});
