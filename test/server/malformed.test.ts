import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import { APP_SECRET } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';

let app: TestApp;
let desk: Desk;

beforeAll(async () => {
  app = await TestApp.start();
  desk = await Desk.open(app);
  await desk.accepted(desk.admin, '+5511970000001');
});
afterAll(() => app.stop());

interface Answer {
  status: number;
  text: string;
  codes: (string | undefined)[];
}

async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${app.url}${path}`, {
    ...init,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${desk.admin.token}`,
      ...(init.headers as Record<string, string> | undefined),
    },
  });
  const text = await response.text();
  if (!response.headers.get('content-type')?.includes('json'))
    return { status: response.status, text, codes: [] };
  const { errors = [] } = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] };
  return { status: response.status, text, codes: errors.map(({ extensions }) => extensions?.code) };
}

const post = (body: unknown): Promise<Answer> =>
  call('/graphql', { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

describe('rule 43: what cannot be used is refused, and is never the server’s failure', () => {
  // PostgreSQL's texts cannot hold it.
  test.each([
    'query ($x: ID!) { bot(id: $x) { id } node(id: $x) { id } }',
    'query ($x: String) { sends(filter: { search: $x }) { nodes { id } } }',
    'query ($x: String) { tickets(filter: { search: $x }) { nodes { id } } }',
    'query ($x: String, $bot: ID!) { contacts(botId: $bot, search: $x) { nodes { id } } }',
    'query ($x: String!) { auditLog(filter: { actions: [$x] }) { nodes { id } } }',
    'mutation ($x: String!) { createApiKey(input: { name: $x, scopes: [READ] }) { userErrors { code } } }',
    'mutation ($x: String!, $bot: ID!) { setAdvancedSetting(input: { botId: $bot, domain: $x, key: $x, value: $x }) { userErrors { code } } }',
    'mutation ($x: String!, $bot: ID!) { upsertContact(input: { botId: $bot, name: $x, phone: "+5511970000009" }) { userErrors { code } } }',
  ])('the character NUL in %s', async (query) => {
    const { status, codes } = await post({ query, variables: { x: 'a\0b', bot: desk.botId } });
    expect([status, codes]).toEqual([200, []]);
  });

  test('the character NUL in an export and in a customer’s message, which is not lost', async () => {
    expect((await call('/exports/sends.csv?search=%00&contactId=%00')).status).toBe(200);
    await desk.customer('5511970000003').write('a\0b', { name: 'Car\0la' });
    const { tickets } = await eventually(
      () => desk.admin.ask('{ tickets { nodes { contact { name } lastMessage { text } } } }'),
      (data) => data.tickets.nodes.length === 1,
    );
    expect(tickets.nodes[0].lastMessage.text).toMatch(/^a.?b$/s);
  });

  test('cursors that were tampered with', async () => {
    const { sends } = await desk.admin.ask('{ sends(first: 1) { pageInfo { endCursor } } }');
    const [mark, , id] = JSON.parse(
      Buffer.from(sends.pageInfo.endCursor as string, 'base64url').toString(),
    ) as unknown[];
    const query = 'query ($after: String) { sends(first: 1, after: $after) { nodes { id } } }';
    for (const value of ['abc', '', 1.5, 1e300, null, {}]) {
      const after = Buffer.from(JSON.stringify([mark, value, id])).toString('base64url');
      expect(await desk.admin.problem(query, { after })).toBe('BAD_USER_INPUT');
    }
  });

  test('subscriptions over HTTP, and queries that are to be remembered', async () => {
    const subscription = await post({ query: 'subscription { presenceChanged { cursor } }' });
    expect(subscription.codes).toEqual(['BAD_USER_INPUT']);
    expect(subscription.text).toContain('graphql-transport-ws');
    const persistedQuery = { version: 1, sha256Hash: 'x' };
    const remembered = await post({ query: '{ eventCursor }', extensions: { persistedQuery } });
    expect(remembered.codes).toEqual(['BAD_USER_INPUT']);
  });

  test('bodies and addresses that cannot be read', async () => {
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '{"query":1}',
      '{"query":"{eventCursor}","variables":[1]}',
      '{"__proto__":{}}',
    ]) {
      const { status, codes } = await post(body);
      expect([body, status, codes]).toEqual([body, 400, ['BAD_USER_INPUT']]);
    }
    const large = await post('x'.repeat(2_000_000));
    expect([large.status, large.codes]).toEqual([413, ['BAD_USER_INPUT']]);
    for (const [path, status] of [
      ['/%zz', 400],
      ['/webhooks/whatsapp/%zz', 400],
      [`/webhooks/whatsapp/${'a'.repeat(500)}`, 414],
    ] as const) {
      const answer = await call(path);
      expect([path, answer.status, answer.codes]).toEqual([path, status, ['BAD_USER_INPUT']]);
    }
  });

  test('what is no HTTP', async () => {
    const sent = [
      'NONSENSE\r\n\r\n',
      `GET /graphql HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`,
    ];
    const answers = await Promise.all(
      sent.map(
        (text) =>
          new Promise<string>((resolve) => {
            const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => socket.write(text));
            let answer = '';
            socket.on('data', (piece) => (answer += piece.toString()));
            socket.on('error', () => undefined);
            socket.on('close', () => resolve(answer));
          }),
      ),
    );
    expect(answers.map((answer) => answer.split(' ')[1])).toEqual(['400', '431']);
    for (const answer of answers) expect(answer).toContain('"code":"BAD_USER_INPUT"');
  });

  test('webhooks are refused with a code', async () => {
    const path = `/webhooks/whatsapp/${desk.channelId}`;
    expect((await call(path, { method: 'POST', body: '{}' })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await call(`${path}?hub.mode=subscribe&hub.verify_token=x`)).codes).toEqual(['FORBIDDEN']);
    expect((await call('/webhooks/whatsapp/chn_x')).codes).toEqual(['NOT_FOUND']);
    const body = Buffer.from([0x7b, 0x00, 0xff, 0x7d]);
    const signature = `sha256=${createHmac('sha256', APP_SECRET).update(body).digest('hex')}`;
    const headers = { 'x-hub-signature-256': signature };
    expect((await call(path, { method: 'POST', body, headers })).status).toBe(200);
  });
});
