import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { DatabaseUnavailable } from '../../src/database/connection';
import { Rows } from '../../src/database/rows';
import type { Store } from '../../src/database/store';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';

let app: TestApp;
let admin: Caller;

beforeAll(async () => {
  app = await TestApp.start();
  ({ admin } = await app.contract());
});
afterAll(() => app.stop());

interface Answer {
  status: number;
  type: string;
  headers: Headers;
  body: Data;
}

async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${app.url}${path}`, init);
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    type,
    headers: response.headers,
    body: type.includes('json') ? JSON.parse(text) : text,
  };
}

const MODERN = 'application/graphql-response+json';

function post(query: string, more: Record<string, unknown> = {}, accept = MODERN): Promise<Answer> {
  return call('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${admin.token}` },
    body: JSON.stringify({ query, ...more }),
  });
}

const codesOf = ({ body }: Answer): string[] =>
  (body as { errors: { extensions: { code: string } }[] }).errors.map(({ extensions }) => extensions.code);

describe('GraphQL over HTTP', () => {
  test('answers in the media type that is asked for', async () => {
    expect((await post('{ viewer { contract { name } } }')).type).toBe(`${MODERN}; charset=utf-8`);
    const legacy = await post('{ viewer { contract { name } } }', {}, 'application/json');
    expect(legacy).toMatchObject({ status: 200, type: 'application/json; charset=utf-8' });
    expect(legacy.body.data.viewer.contract.name).toBe('Acme');
  });

  test('who accepts nothing that is served is told so, whatever it was answered before', async () => {
    const headers = { 'content-type': 'application/json', accept: 'text/csv' };
    const body = JSON.stringify({ query: '{ __typename }' });
    expect((await call('/graphql', { method: 'POST', headers, body })).status).toBe(401);
    expect((await post('{ __typename }', {}, 'text/csv')).status).toBe(406);
    expect((await post('{ __typename }', {}, 'text/csv')).status).toBe(406);
  });

  test('nothing that a page of somebody else could send is taken, and what it could not is', async () => {
    const body = JSON.stringify({ query: '{ __typename }' });
    const as = (type: string): Promise<Answer> => {
      const headers = { 'content-type': type, authorization: `Bearer ${admin.token}` };
      return call('/graphql', { method: 'POST', headers, body });
    };
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;odd=yes'])
      expect([type, (await as(type)).status]).toEqual([type, 200]);
    for (const type of ['text/plain', 'text/plain; application/json', 'text/plain;charset=utf-8']) {
      const refused = await as(type);
      expect([type, refused.status]).toEqual([type, 400]);
      expect(JSON.stringify(refused.body)).toContain('Cross-Site Request Forgery');
    }
  });

  test.each([
    ['a document that cannot be read', '{', {}, 'GRAPHQL_PARSE_FAILED'],
    ['a field that does not exist', '{ nothing }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable that does not fit', 'query ($id: ID!) { bot(id: $id) { id } }', {}, 'BAD_USER_INPUT'],
    [
      'a literal that a scalar refuses',
      '{ sends(filter: { createdFrom: "yesterday" }) { nodes { id } } }',
      {},
      'BAD_USER_INPUT',
    ],
    [
      'a variable that a scalar refuses',
      'query ($at: DateTime) { sends(filter: { createdFrom: $at }) { nodes { id } } }',
      { variables: { at: 'yesterday' } },
      'BAD_USER_INPUT',
    ],
  ])('%s: 400, or 200 for clients of the older media type', async (_what, query, more, code) => {
    const modern = await post(query, more);
    expect(modern.status).toBe(400);
    expect(codesOf(modern)).toEqual([code]);
    expect(modern.body).not.toHaveProperty('data');
    const legacy = await post(query, more, 'application/json');
    expect(legacy.status).toBe(200);
    expect(codesOf(legacy)).toEqual([code]);
  });

  test('a body that is no JSON, none that is GraphQL, and one too large', async () => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${admin.token}` };
    const malformed = await call('/graphql', { method: 'POST', headers, body: '{' });
    expect(malformed.status).toBe(400);
    const empty = await call('/graphql', { method: 'POST', headers, body: '{"variables":{}}' });
    expect(empty.status).toBe(400);
    expect(codesOf(empty)).toEqual(['BAD_USER_INPUT']);
    const large = await call('/graphql', {
      method: 'POST',
      headers,
      body: `{"query":"${' '.repeat(1_100_000)}"}`,
    });
    expect(large.status).toBe(413);
  });

  test('without a token, with a wrong one: 401', async () => {
    for (const authorization of [undefined, 'Bearer nonsense', `Bearer ${admin.token}x`, 'Basic YTpi']) {
      const answer = await call('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: JSON.stringify({ query: '{ viewer { contract { id } } }' }),
      });
      expect(answer.status).toBe(401);
      expect(codesOf(answer)).toEqual(['UNAUTHENTICATED']);
    }
  });

  test('GET serves queries alone, and only where a browser cannot be made to send it', async () => {
    const query = encodeURIComponent('{ viewer { contract { name } } }');
    const headers = { authorization: `Bearer ${admin.token}`, accept: MODERN };
    expect((await call(`/graphql?query=${query}`, { headers })).status).toBe(400);
    const preflighted = { ...headers, 'apollo-require-preflight': '1' };
    expect((await call(`/graphql?query=${query}`, { headers: preflighted })).status).toBe(200);
    const mutation = encodeURIComponent(
      'mutation { setPresence(input: { presence: ONLINE }) { userErrors { code } } }',
    );
    const refused = await call(`/graphql?query=${mutation}`, { headers: preflighted });
    expect(refused.status).toBe(405);
    expect(refused.headers.get('allow')).toBe('POST');
  });

  test('a browser gets a page, other methods 405, other addresses 404', async () => {
    const page = await call('/graphql', { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(page.type).toContain('text/html');
    const put = await call('/graphql', {
      method: 'PUT',
      headers: { 'content-type': 'text/xml' },
      body: '<a/>',
    });
    expect(put.status).toBe(405);
    expect(put.headers.get('allow')).toBe('GET, POST');
    expect((await call('/nowhere')).status).toBe(404);
    expect(put.headers.get('x-powered-by')).toBeNull();
  });

  test('`eventCursor` is the position before anything was read, also in a fragment', async () => {
    const { body } = await post(
      'query { ...cursor viewer { contract { id } } } fragment cursor on Query { eventCursor }',
    );
    expect(typeof body.data.eventCursor).toBe('string');
    expect((await post('{ viewer { contract { id } } }')).status).toBe(200);
  });

  test('an unexpected error is masked, with a request id', async () => {
    const { eventLog } = app.platform;
    jest.spyOn(eventLog, 'position').mockRejectedValueOnce(new Error('the secret inside'));
    const answer = await post('{ eventCursor }');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(answer.body.errors[0].message).toMatch(/\(request [0-9a-f-]{36}\)/);
    expect(codesOf(answer)).toEqual(['INTERNAL_SERVER_ERROR']);
  });

  test('while the database cannot be reached: 503, with a time to try again', async () => {
    const { eventLog, store } = app.platform;
    const gone = new DatabaseUnavailable('gone');
    jest.spyOn(eventLog, 'position').mockRejectedValueOnce(gone);
    const answer = await post('{ eventCursor }');
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(codesOf(answer)).toEqual(['INTERNAL_SERVER_ERROR']);
    // Where the caller is looked for, whether or not it is known from before, and where it is looked at once more.
    for (const [where, missing] of [
      [store, 'rowsOf'],
      [Rows.prototype, 'find'],
    ] as const) {
      jest.spyOn(where as Store, missing as 'rowsOf').mockImplementationOnce(() => {
        throw gone;
      });
      const unread = await post('{ viewer { contract { id } } }');
      expect(unread.status).toBe(503);
      expect(unread.headers.get('retry-after')).toBe('5');
      expect(codesOf(unread)).toEqual(['INTERNAL_SERVER_ERROR']);
    }
  });
});

describe('limits', () => {
  const nested = (depth: number): string =>
    '{ bots { nodes { '.concat('settings { bot { '.repeat(depth), 'id', ' } }'.repeat(depth), ' } } }');

  test('depth, root fields, aliases and tokens', async () => {
    expect((await post(nested(4))).status).toBe(200);
    expect(codesOf(await post(nested(5)))).toEqual(['QUERY_TOO_COMPLEX']);
    const roots = Array.from({ length: 31 }, (_, index) => `a${index}: eventCursor`).join(' ');
    expect(codesOf(await post(`{ ${roots} }`))).toEqual(['QUERY_TOO_COMPLEX']);
    const spread = `query { ...a } fragment a on Query { ${roots} }`;
    expect(codesOf(await post(spread))).toEqual(['QUERY_TOO_COMPLEX']);
    const aliases = Array.from({ length: 101 }, (_, index) => `a${index}: name`).join(' ');
    expect(codesOf(await post(`{ viewer { contract { ${aliases} } } }`))).toEqual(['QUERY_TOO_COMPLEX']);
    const tokens = 'id '.repeat(2_100);
    expect(codesOf(await post(`{ viewer { contract { ${tokens} } } }`))).toEqual(['GRAPHQL_PARSE_FAILED']);
  });

  test('pages within pages, whether their sizes are written out or come in variables', async () => {
    const query = (size: string, variables = ''): string =>
      `query ${variables} { tickets(first: ${size}) { nodes { messages(first: ${size}) { nodes { ticket { messages(first: ${size}) { nodes { id } } } } } } } }`;
    expect(codesOf(await post(query('100')))).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(await post(query('$n', '($n: Int)'), { variables: { n: 100 } }))).toEqual([
      'QUERY_TOO_COMPLEX',
    ]);
    expect((await post(query('$n', '($n: Int)'), { variables: { n: 10 } })).status).toBe(200);
    const pages = '{ tickets(first: 100) { nodes { messages(first: 100) { nodes { id } } } } }';
    expect((await post(pages)).status).toBe(200);
  });

  test('fragments in a circle are refused and hold nothing up', async () => {
    const circle = '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a eventCursor }';
    expect(codesOf(await post(circle))).toContain('GRAPHQL_VALIDATION_FAILED');
  });

  test('introspection is served', async () => {
    const { body } = await post(getIntrospectionQuery());
    expect(body.errors).toBeUndefined();
    expect(body.data.__schema.types.length).toBeGreaterThan(50);
  });

  test('too many requests from one address: 429', async () => {
    const narrow = await TestApp.start({ environment: { REQUESTS_PER_MINUTE: '3' } });
    try {
      const statuses: number[] = [];
      for (let index = 0; index < 4; index += 1) statuses.push((await fetch(`${narrow.url}/graphql`)).status);
      expect(statuses).toEqual([400, 400, 400, 429]);
      const refused = await fetch(`${narrow.url}/graphql`);
      expect(refused.headers.get('retry-after')).toBeTruthy();
      const body = (await refused.json()) as Data;
      expect(body.errors[0].extensions.code).toBe('RATE_LIMITED');
      expect((await fetch(`${narrow.url}/healthz`)).status).toBe(200);
    } finally {
      await narrow.stop();
    }
  });

  test('a network of IPv6 counts as one address, and no two others do', async () => {
    const environment = { REQUESTS_PER_MINUTE: '2', TRUSTED_PROXIES: '127.0.0.1' };
    const narrow = await TestApp.start({ environment });
    try {
      const left = async (address: string): Promise<string | null> => {
        const headers = { 'x-forwarded-for': address };
        return (await fetch(`${narrow.url}/graphql`, { headers })).headers.get('x-ratelimit-remaining');
      };
      expect(await left('2001:db8:1:2::1')).toBe('1');
      expect(await left('2001:db8:1:2:ffff::2')).toBe('0');
      expect(await left('2001:db8:1:3::1')).toBe('1');
      expect(await left('192.0.2.1')).toBe('1');
      expect(await left('::ffff:192.0.2.1')).toBe('0');
      expect(await left('192.0.2.2')).toBe('1');
    } finally {
      await narrow.stop();
    }
  });

  test('who shows no token is counted at the sandbox too', async () => {
    const narrow = await TestApp.start({ environment: { REQUESTS_PER_MINUTE: '3' } });
    try {
      const statuses: number[] = [];
      for (const path of [
        '/sandbox/api/channels',
        '/sandbox',
        '/sandbox/api/channels',
        '/sandbox/api/channels',
        '/sandbox',
      ]) {
        statuses.push((await fetch(`${narrow.url}${path}`)).status);
      }
      expect(statuses).toEqual([401, 404, 401, 429, 429]);
    } finally {
      await narrow.stop();
    }
  });
});

describe('what the operator looks at', () => {
  test('alive, ready, counted', async () => {
    expect((await call('/healthz')).status).toBe(200);
    expect((await call('/readyz')).body).toEqual({ ready: true });
    const metrics = await call('/metrics');
    expect(metrics.body).toContain('saludo_http_requests_total{route="/graphql",status="200"}');
  });
});
