import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { deliver, messagesBody, VERIFY_TOKEN } from '../kit/customer';
import { Desk } from '../kit/desk';

let app: TestApp;
let desk: Desk;
let bia: Caller;

beforeAll(async () => {
  app = await TestApp.start();
  desk = await Desk.open(app);
  bia = await desk.agent('Bia');
});
afterAll(() => app.stop());

describe('webhooks', () => {
  const door = (id = desk.channelId): string => `${app.url}/webhooks/whatsapp/${id}`;

  test('verification echoes the challenge to who knows the token', async () => {
    const query = (token: string): string =>
      `?hub.mode=subscribe&hub.verify_token=${encodeURIComponent(token)}&hub.challenge=1158201444`;
    const right = await fetch(door() + query(VERIFY_TOKEN));
    expect(right.status).toBe(200);
    expect(await right.text()).toBe('1158201444');
    expect(right.headers.get('content-type')).toContain('text/plain');
    expect((await fetch(door() + query('guess'))).status).toBe(403);
    expect((await fetch(door())).status).toBe(403);
  });

  test('200 where the signature is right, 401 where not, 404 for no channel, 405 for other methods', async () => {
    const body = messagesBody(desk.door, {});
    expect(await deliver({ app, channelId: desk.channelId }, body)).toBe(200);
    expect(await deliver({ app, channelId: desk.channelId }, body, 'another secret')).toBe(401);
    const unsigned = await fetch(door(), { method: 'POST', body: JSON.stringify(body) });
    expect(unsigned.status).toBe(401);
    expect((await fetch(door('chn_unknown'), { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await fetch(door('chn_01h455vb4pex5vsknk084sn02q'), { method: 'POST', body: '{}' })).status).toBe(
      404,
    );
    const put = await fetch(door(), { method: 'PUT', body: '{}' });
    expect(put.status).toBe(405);
    expect(put.headers.get('allow')).toBe('GET, POST');
  });

  test('bodies of up to 3 MB, over the bytes as they came', async () => {
    const padded = (size: number): string =>
      `${JSON.stringify(messagesBody(desk.door, {}))}${' '.repeat(size)}`;
    expect(await deliver({ app, channelId: desk.channelId }, padded(2_900_000))).toBe(200);
    expect(await deliver({ app, channelId: desk.channelId }, padded(3_300_000))).toBe(413);
  });
});

describe('exports', () => {
  const get = (caller: Caller | null, path: string): Promise<Response> =>
    fetch(`${app.url}/exports/${path}`, {
      headers: caller ? { authorization: `Bearer ${caller.token}` } : {},
    });

  test('the sends that match, as CSV and as NDJSON, with the rights of `sends`', async () => {
    const mine = await desk.accepted(desk.admin, '+5511990000001');
    const hers = await desk.accepted(bia, '+5511990000002');
    const csv = await get(desk.admin, 'sends.csv');
    expect(csv.status).toBe(200);
    expect(csv.headers.get('content-type')).toContain('text/csv');
    const [header, ...lines] = (await csv.text()).trimEnd().split('\n');
    expect(header?.split(',').slice(0, 3)).toEqual(['id', 'bot_id', 'bot_name']);
    expect(lines.map((line) => line.split(',')[0])).toEqual([mine.id, hers.id]);
    expect(lines[1]).toContain(',+5511990000002,ACCEPTED,');

    const own = await get(bia, 'sends.ndjson');
    const records = (await own.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      id: hers.id,
      status: 'ACCEPTED',
      agent_name: 'Bia',
      failure_code: null,
    });
    expect(Object.keys(records[0] ?? {})).toEqual(header?.split(','));
    expect(typeof records[0]?.['change_cursor']).toBe('string');

    const none = await get(desk.admin, 'sends.csv?statuses=READ');
    expect((await none.text()).trimEnd()).toBe(header);
    const both = await get(
      desk.admin,
      `sends.ndjson?statuses=READ,ACCEPTED&agentIds=${bia.id}&agentIds=${desk.admin.id}`,
    );
    expect((await both.text()).trimEnd().split('\n')).toHaveLength(2);
    const changed = await get(
      desk.admin,
      `sends.ndjson?changedAfter=${String(records[0]?.['change_cursor'])}`,
    );
    expect(await changed.text()).toBe('');
  });

  test('the parameters are the fields of `SendFilter`, no more and no fewer', async () => {
    const { __type: type } = await desk.admin.ask('{ __type(name: "SendFilter") { inputFields { name } } }');
    const fields = (type.inputFields as { name: string }[]).map(({ name }) => name);
    const values: Record<string, string> = {
      ...{ statuses: 'READ', replyStates: 'EXPIRED', held: 'true' },
      ...{ createdFrom: '2026-01-01T00:00:00Z', createdBefore: '2027-01-01T00:00:00Z' },
      changedAfter: (await desk.admin.ask('{ eventCursor }')).eventCursor as string,
    };
    for (const field of fields) {
      const taken = await get(desk.admin, `sends.ndjson?${field}=${values[field] ?? 'x'}`);
      expect([field, taken.status]).toEqual([field, 200]);
      await taken.text();
    }
    const { errors } = (await (await get(desk.admin, 'sends.csv?first=1')).json()) as {
      errors: { message: string }[];
    };
    const named = /use (.*)\.$/.exec(errors[0]?.message ?? '')?.[1]?.split(', ');
    expect(named?.sort()).toEqual([...fields].sort());
  });

  test('a name that a spreadsheet would run stays a text', async () => {
    await desk.admin.act(
      'upsertContact',
      { botId: desk.botId, phone: '+5511990000003', name: '=HYPERLINK("http://evil.test","x")' },
      'contact { id }',
    );
    await desk.accepted(desk.admin, '+5511990000003');
    const text = await (await get(desk.admin, 'sends.csv')).text();
    expect(text).toContain(`"'=HYPERLINK(""http://evil.test"",""x"")"`);
  });

  test('what is not to be had is refused before anything is sent', async () => {
    const refused = async (caller: Caller | null, path: string): Promise<[number, string]> => {
      const response = await get(caller, path);
      const body = (await response.json()) as { errors: { extensions: { code: string } }[] };
      return [response.status, body.errors[0]?.extensions.code ?? ''];
    };
    expect(await refused(null, 'sends.csv')).toEqual([401, 'UNAUTHENTICATED']);
    expect(await refused(desk.admin, 'sends.csv?status=READ')).toEqual([400, 'BAD_USER_INPUT']);
    expect(await refused(desk.admin, 'sends.csv?statuses=GONE')).toEqual([400, 'BAD_USER_INPUT']);
    expect(await refused(desk.admin, 'sends.csv?createdFrom=yesterday')).toEqual([400, 'BAD_USER_INPUT']);
    expect(await refused(desk.admin, 'sends.csv?changedAfter=x')).toEqual([400, 'BAD_USER_INPUT']);
    const { secret } = await desk.admin.act(
      'createApiKey',
      { name: 'Builder', scopes: ['PUBLISH_FLOWS'] },
      'secret',
    );
    expect(await refused(app.machine(secret as string), 'sends.csv')).toEqual([403, 'FORBIDDEN']);
  });
});
