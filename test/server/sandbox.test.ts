import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { request } from 'undici';
import { ContractRow } from '../../src/entities/contract';
import { WhatsAppChannelRow } from '../../src/entities/whatsapp-channel';
import { credentialsOf } from '../../src/services/desk/channels';
import { TEMPLATE_CATALOGUE } from '../../src/services/sandbox/template-catalogue';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { Desk, flowOf, SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';

const CARLA = '5511987654321';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

interface Answer {
  status: number;
  body: Data;
}

let app: TestApp;

async function call(
  path: string,
  options: { method?: string; token?: string | null; json?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { method = 'GET', token = null, json, headers = {} } = options;
  const response = await fetch(`${app.url}${path}`, {
    method,
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/** The page of the customers' phones of one number, in the hands of somebody who is signed in. */
class Page {
  constructor(
    readonly caller: Caller,
    readonly channelId: string,
  ) {}

  get(path: string): Promise<Answer> {
    return call(`/sandbox/api/channels/${this.channelId}${path}`, { token: this.caller.token });
  }

  send(method: 'POST' | 'PATCH', path: string, json: unknown = {}): Promise<Answer> {
    return call(`/sandbox/api/channels/${this.channelId}${path}`, {
      method,
      json,
      token: this.caller.token,
    });
  }

  /** What must succeed. */
  async do(method: 'POST' | 'PATCH', path: string, json: unknown = {}): Promise<Data> {
    const { status, body } = await this.send(method, path, json);
    if (status >= 300) throw new Error(`${path} was answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  controls(changes: Record<string, unknown>): Promise<Data> {
    return this.do('PATCH', '/controls', changes);
  }

  writes(entry: Record<string, unknown>, waId = CARLA): Promise<Data> {
    return this.do('POST', `/phones/${waId}/messages`, entry);
  }

  async messages(waId = CARLA): Promise<Data[]> {
    const { body } = await this.get(`/phones/${waId}/messages`);
    return body.messages ?? [];
  }

  /** The phone's messages, once there are so many. */
  arrived(count: number, waId = CARLA): Promise<Data[]> {
    return eventually(
      () => this.messages(waId),
      (messages) => messages.length >= count,
    );
  }
}

let numbers = 0;

/** A contract with a sandbox number from which its admin could send this instant. */
async function sandboxDesk(): Promise<{ page: Page; admin: Caller; contractId: string; botId: string }> {
  const number = (numbers += 1);
  const { id: contractId, admin } = await app.contract(`sandbox${number}`);
  const { bot } = await admin.act(
    'createBot',
    { name: 'Orders', identity: `orders${number}@msging.net`, kind: 'BUILDER' },
    'bot { id }',
  );
  const botId = bot.id as string;
  const { channel } = await admin.act(
    'connectWhatsAppChannel',
    { botId, phoneNumber: `+55113000000${number}`, sandbox: true },
    'channel { id provider phoneNumberId }',
  );
  expect(channel).toMatchObject({ provider: 'SANDBOX', phoneNumberId: expect.stringMatching(/^\d{15}$/) });
  await admin.act('publishFlow', { botId, definition: flowOf(SERVICE_BLOCK) }, 'flow { id }');
  const { added } = await admin.act('syncTemplates', { botId }, 'added');
  expect(added).toBe(TEMPLATE_CATALOGUE.length);
  const { templates } = await admin.ask(
    'query ($bot: [ID!]) { templates(filter: { botIds: $bot }, first: 100) { nodes { id name language status } } }',
    { bot: [botId] },
  );
  const wanted = templates.nodes.filter(({ name }: { name: string }) => name === 'order_ready');
  await admin.act(
    'enableTemplates',
    { botId, templateIds: wanted.map(({ id }: { id: string }) => id), returnBlockId: SERVICE_BLOCK },
    'activations { id }',
  );
  await admin.act(
    'updateSettings',
    { botId, enabled: true, directTransferEnabled: true },
    'settings { enabled }',
  );
  await admin.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
  return { page: new Page(admin, channel.id as string), admin, contractId, botId };
}

beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

describe('a sandbox number', () => {
  let page: Page;
  let admin: Caller;
  let botId: string;
  let contractId: string;
  let templateId: string;

  beforeAll(async () => {
    ({ page, admin, botId, contractId } = await sandboxDesk());
    const { templates } = await admin.ask(
      '{ templates(filter: { search: "order_ready", languages: ["pt_BR"] }) { nodes { id } } }',
    );
    templateId = templates.nodes[0].id;
  });

  async function send(phone = `+${CARLA}`): Promise<string> {
    const parameters = [
      { key: 'header.1', value: '4172' },
      { key: 'body.1', value: 'Carla' },
      { key: 'body.2', value: 'Rua das Acácias, 120' },
    ];
    const input = {
      botId,
      templateId,
      recipient: { phone },
      parameters,
      idempotencyKey: crypto.randomUUID(),
    };
    return (await admin.act('sendActiveMessage', input, 'send { id }')).send.id as string;
  }

  async function sendIs(id: string, status: string): Promise<Data> {
    return eventually(
      async () =>
        (
          await admin.ask(
            'query ($id: ID!) { send(id: $id) { status replyState attempts failure { code providerCode } timeline { kind status count } ticket { id status } } }',
            { id },
          )
        ).send,
      (one: Data) => one.status === status,
    );
  }

  async function closeTickets(): Promise<void> {
    const { tickets } = await admin.ask(
      '{ tickets(filter: { statuses: [OPEN, WAITING] }) { nodes { id } } }',
    );
    for (const { id } of tickets.nodes as { id: string }[]) {
      await admin.act('closeTicket', { ticketId: id }, 'ticket { id }');
    }
  }

  const ticketOf = async (): Promise<Data> =>
    (
      await admin.ask(
        '{ tickets(filter: { statuses: [OPEN, WAITING] }) { nodes { id status agent { name } messages { nodes { kind text direction content } } } } }',
      )
    ).tickets.nodes[0];

  /** WhatsApp takes one message to the same person every 6 seconds. */
  const goOn = (): void => app.clock.advance(7_000);

  test('the whole story: it arrives, is read, its button is tapped, and the ticket opens with its sender', async () => {
    const id = await send();
    await sendIs(id, 'DELIVERED');
    const [message] = await page.arrived(1);
    expect(message).toMatchObject({
      direction: 'TO_CUSTOMER',
      kind: 'template',
      status: 'DELIVERED',
      template: { name: 'order_ready', language: 'pt_BR' },
      header: { kind: 'TEXT', text: 'Pedido 4172 pronto' },
      body: expect.stringContaining(
        'Olá, Carla! Seus óculos já estão prontos na nossa loja da Rua das Acácias, 120.',
      ),
      footer: expect.stringContaining('Lumiveja'),
      buttons: [
        { index: 0, kind: 'QUICK_REPLY', text: 'Passo hoje', value: 'Passo hoje' },
        { index: 1, kind: 'QUICK_REPLY', text: 'Quero receber em casa' },
      ],
      failure: null,
      quotes: null,
      reactions: [],
    });
    const before = await page.get('/phones');
    expect(before.body.phones).toEqual([
      {
        waId: CARLA,
        name: `+${CARLA}`,
        blocked: false,
        marketingStopped: false,
        unread: 1,
        lastMessage: {
          text: expect.stringContaining('Olá, Carla!'),
          at: message.at,
          direction: 'TO_CUSTOMER',
          status: 'DELIVERED',
        },
      },
    ]);
    expect(before.body.controls).toEqual({ delaySeconds: 0, copies: 1, deliver: 'AT_ONCE', nextError: null });

    expect((await page.do('POST', `/phones/${CARLA}/read`)).phone).toMatchObject({ unread: 0 });
    await sendIs(id, 'READ');
    await page.do('PATCH', `/phones/${CARLA}`, { name: 'Carla' });
    const routed = await admin.listen(
      'subscription ($after: String) { replyRouted(after: $after) { matchedBy send { id } contact: send { contact { name } } ticket { id status agent { id } entryBlockId } message { kind text } } }',
    );
    const { message: tapped } = await page.writes({ kind: 'button', of: message.id, index: 0 });
    expect(tapped).toMatchObject({ kind: 'button', body: 'Passo hoje', quotes: { id: message.id } });
    expect(await routed.next()).toMatchObject({
      replyRouted: {
        matchedBy: 'QUOTED',
        send: { id },
        ticket: { status: 'OPEN', agent: { id: admin.id }, entryBlockId: SERVICE_BLOCK },
        message: { kind: 'button', text: 'Passo hoje' },
      },
    });
    await routed.close();

    const { id: ticketId } = await ticketOf();
    await admin.act(
      'sendTicketMessage',
      { ticketId, text: 'Até já!', idempotencyKey: 'text 1' },
      'message { id }',
    );
    goOn();
    const [, , text] = await page.arrived(3);
    expect(text).toMatchObject({ kind: 'text', body: 'Até já!', direction: 'TO_CUSTOMER' });
  });

  test('the customer quotes, reacts, and sends a picture, a place and a contact', async () => {
    const upload = await fetch(`${app.url}/sandbox/api/channels/${page.channelId}/files`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${admin.token}`,
        'content-type': 'image/png',
        'x-filename': encodeURIComponent('pôr do sol.png'),
      },
      body: PNG,
    });
    expect(upload.status).toBe(201);
    const { fileId } = (await upload.json()) as { fileId: string };
    const [template] = await page.messages();
    await page.writes({ kind: 'text', text: 'Este aqui?', quotes: template.id });
    await page.writes({ kind: 'reaction', of: template.id, emoji: '👍' });
    const { message: picture } = await page.writes({ kind: 'image', fileId, caption: 'Olha' });
    await page.writes({ kind: 'location', latitude: -23.5, longitude: -46.6, name: 'Casa' });
    await page.writes({ kind: 'contact', name: 'Rafael Prado', phone: '+55 11 98888-7777' });
    expect(picture).toMatchObject({
      body: 'Olha',
      file: {
        id: fileId,
        url: `/sandbox/api/files/${fileId}`,
        mimeType: 'image/png',
        filename: 'pôr do sol.png',
      },
    });
    const shown = await page.messages();
    expect(shown[0].reactions).toEqual([{ emoji: '👍', direction: 'FROM_CUSTOMER' }]);
    expect(shown.at(-2)).toMatchObject({ location: { latitude: -23.5, longitude: -46.6, name: 'Casa' } });
    expect(shown.at(-1)).toMatchObject({ contact: { name: 'Rafael Prado', phone: '+5511988887777' } });
    await page.writes({ kind: 'reaction', of: template.id, emoji: '' });
    expect((await page.messages())[0].reactions).toEqual([]);

    const ticket = await eventually(ticketOf, (one) => one.messages.nodes.length >= 8);
    expect(ticket.messages.nodes.map(({ kind, text }: Data) => [kind, text])).toEqual(
      expect.arrayContaining([
        ['text', 'Este aqui?'],
        ['reaction', '👍'],
        ['image', 'Olha'],
        ['location', 'Casa'],
        ['contacts', 'Rafael Prado'],
      ]),
    );

    // The desk fetches the picture from the provider's side, as it does from Meta.
    const channel = await channelRow();
    const { accessToken } = credentialsOf(app.platform, channel);
    const about = await call(`/sandbox/graph/v23.0/${fileId}`, { token: accessToken });
    expect(about.body).toMatchObject({
      id: fileId,
      mime_type: 'image/png',
      file_size: PNG.length,
      sha256: createHash('sha256').update(PNG).digest('base64'),
      url: `${app.url}/sandbox/graph/media/${fileId}`,
    });
    const bytes = await fetch(about.body.url as string, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(Buffer.from(await bytes.arrayBuffer())).toEqual(PNG);
    const own = await fetch(`${app.url}/sandbox/api/files/${fileId}`, {
      headers: { authorization: `Bearer ${admin.token}` },
    });
    expect(Buffer.from(await own.arrayBuffer())).toEqual(PNG);
    const foreign = await call(`/sandbox/graph/v23.0/${fileId}`, { token: 'another' });
    expect(foreign.body.error).toMatchObject({ code: 100, error_subcode: 33 });
    await closeTickets();
  });

  const channelRow = async (): Promise<WhatsAppChannelRow> => {
    const row = await app.platform.store.rowsOf(contractId).byId(WhatsAppChannelRow, page.channelId);
    if (!row) throw new Error('The number is gone');
    return row;
  };

  describe('by hand', () => {
    beforeEach(async () => {
      goOn();
      await page.controls({ deliver: 'BY_HAND' });
    });
    afterEach(() => page.controls({ deliver: 'AT_ONCE', delaySeconds: 0, copies: 1, nextError: null }));

    const latest = async (): Promise<Data> => (await page.messages()).at(-1);

    test('a message fails with the chosen code', async () => {
      const id = await send();
      await sendIs(id, 'SENT');
      const { message } = await page.do('POST', `/messages/${(await latest()).id as string}/fail`, {
        code: 131026,
      });
      expect(message).toMatchObject({
        status: 'FAILED',
        failure: { code: 131026, title: 'Message undeliverable' },
      });
      expect(await sendIs(id, 'FAILED')).toMatchObject({
        failure: { code: 'UNDELIVERABLE', providerCode: 131026 },
      });
      const again = await page.send('POST', `/messages/${message.id as string}/deliver`);
      expect([again.status, again.body.errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    });

    test('webhooks come late, and more than once', async () => {
      await page.controls({ delaySeconds: 60, copies: 3 });
      const id = await send();
      await sendIs(id, 'ACCEPTED');
      await page.do('POST', `/messages/${(await latest()).id as string}/deliver`);
      app.clock.advance(55_000);
      expect((await sendIs(id, 'ACCEPTED')).timeline).not.toContainEqual(
        expect.objectContaining({ status: 'SENT' }),
      );
      app.clock.advance(6_000);
      const { timeline } = await eventually(
        () => sendIs(id, 'DELIVERED'),
        (one) => one.timeline.some((entry: Data) => entry.status === 'DELIVERED' && entry.count === 3),
      );
      expect(timeline).toContainEqual(expect.objectContaining({ status: 'SENT', count: 3 }));
    });

    test('the next message is refused with the chosen error, once', async () => {
      await page.controls({ nextError: 131049 });
      const refused = await send();
      expect(await sendIs(refused, 'FAILED')).toMatchObject({
        failure: { code: 'RESTRICTED', providerCode: 131049 },
      });
      expect((await page.get('/phones')).body.controls.nextError).toBeNull();
      goOn();
      await sendIs(await send(), 'SENT');
    });

    test('what is sent to who blocked the number stays at one tick for ever', async () => {
      await page.controls({ deliver: 'AT_ONCE' });
      await page.do('PATCH', `/phones/${CARLA}`, { blocked: true });
      const id = await send();
      await sendIs(id, 'SENT');
      expect((await page.send('POST', `/phones/${CARLA}/messages`, { kind: 'text', text: 'x' })).status).toBe(
        400,
      );
      await page.do('PATCH', `/phones/${CARLA}`, { blocked: false });
      await page.do('POST', `/phones/${CARLA}/read`);
      expect(await latest()).toMatchObject({ status: 'SENT' });
    });

    test('who stops marketing is not written to with it any more, until it is resumed', async () => {
      const optedOut = async (): Promise<unknown> => {
        const { contacts } = await admin.ask(
          'query ($bot: ID!) { contacts(botId: $bot, first: 1) { nodes { marketingOptedOutAt } } }',
          { bot: botId },
        );
        return contacts.nodes[0].marketingOptedOutAt;
      };
      await page.do('PATCH', `/phones/${CARLA}`, { marketingStopped: true });
      await eventually(optedOut, (at) => typeof at === 'string');
      await page.do('PATCH', `/phones/${CARLA}`, { marketingStopped: false });
      await eventually(optedOut, (at) => at === null);
    });
  });

  test('pages are told of what changes, and the stream ends where its caller may listen no more', async () => {
    const { agent } = await admin.act(
      'createAgent',
      { name: 'Ines', email: 'ines@sandbox.test', role: 'ADMIN', slots: 1 },
      'agent { id }',
    );
    const ines = await app.person(contractId, 'ines@sandbox.test', agent.id as string);
    const response = await fetch(`${app.url}/sandbox/api/channels/${page.channelId}/live`, {
      headers: { authorization: `Bearer ${ines.token}` },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    let heard = '';
    let ended = false;
    const reading = (async () => {
      for await (const chunk of response.body!) heard += Buffer.from(chunk).toString();
      ended = true;
    })();
    await eventually(
      () => heard,
      (text) => text.includes(':'),
    );
    await page.do('POST', '/phones', { phone: '+55 11 97777-6666', name: 'Dora' });
    await eventually(
      () => heard,
      (text) => text.includes('event: changed\ndata: {"waId":"5511977776666"}\n\n'),
    );
    await admin.act('updateAgent', { agentId: agent.id, active: false }, 'agent { id }');
    app.clock.advance(16_000);
    await eventually(
      () => ended,
      (is) => is,
    );
    await reading;
  });

  test('the provider refuses what the Cloud API would refuse', async () => {
    const { phoneNumberId, businessAccountId, accessToken } = credentialsOf(app.platform, await channelRow());
    const post = async (json: object, token: string | null = accessToken): Promise<[number, number]> => {
      const { status, body } = await call(`/sandbox/graph/v23.0/${phoneNumberId}/messages`, {
        method: 'POST',
        token,
        json,
      });
      return [status, body.error?.code];
    };
    const whole = { messaging_product: 'whatsapp', to: CARLA };
    const template = (name: string, code: string, ...values: string[]): object => ({
      ...whole,
      type: 'template',
      template: {
        name,
        language: { code },
        components: [{ type: 'body', parameters: values.map((text) => ({ type: 'text', text })) }],
      },
    });
    expect(await post({ ...whole, text: { body: 'x' } }, 'wrong')).toEqual([401, 190]);
    expect(await post({ ...whole, text: { body: 'x' } }, null)).toEqual([401, 190]);
    expect(await post(template('no_such', 'pt_BR'))).toEqual([404, 132001]);
    expect(await post(template('order_ready', 'fr'))).toEqual([404, 132001]);
    expect(await post(template('order_ready', 'pt_BR', 'one'))).toEqual([400, 132000]);
    expect(await post({ ...whole, to: '12', text: { body: 'x' } })).toEqual([400, 131026]);
    expect(await post({ ...whole, type: 'text' })).toEqual([400, 131008]);
    expect(await post({ ...whole, type: 'sticker' })).toEqual([400, 131051]);
    expect(await post({ to: CARLA })).toEqual([400, 100]);
    const paused = TEMPLATE_CATALOGUE.find(({ status }) => status === 'PAUSED')!;
    expect(await post(template(paused.name, paused.language))).toEqual([400, 132015]);

    const list = (query: string, token = accessToken): Promise<Answer> =>
      call(`/sandbox/graph/v23.0/${businessAccountId}/message_templates${query}`, { token });
    const first = await list('?limit=5');
    expect(first.body.data).toEqual(TEMPLATE_CATALOGUE.slice(0, 5));
    const rest = await list(`?limit=100&after=${first.body.paging.cursors.after as string}`);
    expect(rest.body.data).toEqual(TEMPLATE_CATALOGUE.slice(5));
    expect([first.body.paging.next, rest.body.paging.next]).toEqual([expect.any(String), undefined]);
    expect((await list('', 'wrong')).body.error.code).toBe(190);
  });
});

describe('who reaches a sandbox', () => {
  let mine: Awaited<ReturnType<typeof sandboxDesk>>;
  let theirs: Awaited<ReturnType<typeof sandboxDesk>>;
  let production: Desk;

  beforeAll(async () => {
    [mine, theirs] = [await sandboxDesk(), await sandboxDesk()];
    production = await Desk.open(app, { enable: false });
  });

  const listed = (token: string | null): Promise<Answer> => call('/sandbox/api/channels', { token });
  const codeOf = ({ status, body }: Answer): [number, string] => [status, body.errors[0].extensions.code];

  test('its admins, and everybody of a contract that is for trying out', async () => {
    const { agent } = await mine.admin.act(
      'createAgent',
      { name: 'Bia', email: 'bia@mine.test', role: 'AGENT', slots: 1 },
      'agent { id }',
    );
    const bia = await app.person(mine.contractId, 'bia@mine.test', agent.id as string);
    const { secret } = await mine.admin.act('createApiKey', { name: 'bi', scopes: ['READ'] }, 'secret');
    expect((await listed(mine.admin.token)).body).toEqual({
      channels: [{ id: mine.page.channelId, phoneNumber: expect.any(String), botName: 'Orders' }],
    });
    expect(codeOf(await listed(null))).toEqual([401, 'UNAUTHENTICATED']);
    expect(codeOf(await listed(bia.token))).toEqual([403, 'FORBIDDEN']);
    await app.platform.store.transact(mine.contractId, (transaction) =>
      transaction.update(ContractRow, { demo: true }, sql`id = ${mine.contractId}`),
    );
    expect((await listed(bia.token)).status).toBe(200);
    expect(codeOf(await listed(secret as string))).toEqual([403, 'FORBIDDEN']);
  });

  test("nobody another contract's, and nobody a production number", async () => {
    const { page } = theirs;
    await page.do('POST', '/phones', { phone: `+${CARLA}`, name: 'Carla' });
    const { message } = await page.writes({ kind: 'text', text: 'Olá' });
    const intruder = new Page(mine.admin, page.channelId);
    const strangers = new Page(mine.admin, production.channelId);
    for (const one of [intruder, strangers]) {
      for (const answer of [
        await one.get('/phones'),
        await one.get(`/phones/${CARLA}/messages`),
        await one.get('/live'),
        await one.send('POST', '/phones', { phone: `+${CARLA}`, name: 'x' }),
        await one.send('POST', `/phones/${CARLA}/messages`, { kind: 'text', text: 'x' }),
        await one.send('PATCH', '/controls', { copies: 2 }),
        await one.send('POST', `/messages/${message.id as string}/fail`, { code: 1 }),
      ]) {
        expect(codeOf(answer)).toEqual([404, 'NOT_FOUND']);
      }
    }
    // Where a contract has no sandbox there is nothing at all, for its own admin either.
    const own = new Page(production.admin, production.channelId);
    expect(codeOf(await listed(production.admin.token))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await own.get('/phones'))).toEqual([404, 'NOT_FOUND']);
    const graph = `/sandbox/graph/v23.0/${production.phoneNumberId}/messages`;
    const row = await app.platform.store
      .rowsOf(production.contractId)
      .byId(WhatsAppChannelRow, production.channelId);
    const { accessToken } = credentialsOf(app.platform, row!);
    const json = { messaging_product: 'whatsapp', to: CARLA, text: { body: 'x' } };
    expect((await call(graph, { method: 'POST', token: accessToken, json })).body.error.code).toBe(190);
  });

  test('a number is reached in exactly one way', async () => {
    const { bot } = await mine.admin.act(
      'createBot',
      { name: 'Other', identity: 'other@msging.net', kind: 'BUILDER' },
      'bot { id }',
    );
    const input = { botId: bot.id, phoneNumber: '+551140000000' };
    const cloudApi = {
      phoneNumberId: '1',
      businessAccountId: '2',
      accessToken: 'a',
      appSecret: 'b',
      verifyToken: 'c',
    };
    const refusals = (more: object): Promise<string[]> =>
      mine.admin.refusals('connectWhatsAppChannel', { ...input, ...more });
    expect(await refusals({ sandbox: true, cloudApi })).toEqual(['INVALID']);
    expect(await refusals({ sandbox: false })).toEqual(['INVALID']);
    expect(await refusals({ phoneNumber: '+551130000002', sandbox: true })).toEqual(['TAKEN']);
    const { auditLog } = await mine.admin.ask('{ auditLog { nodes { action changes } } }');
    const entry = auditLog.nodes.find(({ action }: Data) => action === 'connectWhatsAppChannel');
    expect(entry.changes).toMatchObject({ provider: { from: null, to: 'SANDBOX' } });
  });

  test('input that makes no sense is refused with what would', async () => {
    const { page } = mine;
    await page.do('POST', '/phones', { phone: `+${CARLA}`, name: 'Carla' });
    const refusal = async (path: string, json: object, method: 'POST' | 'PATCH' = 'POST'): Promise<unknown> =>
      codeOf(await page.send(method, path, json));
    const bad = [400, 'BAD_USER_INPUT'];
    const write = `/phones/${CARLA}/messages`;
    expect(await refusal('/phones', { phone: '12', name: 'x' })).toEqual(bad);
    expect(await refusal(write, { kind: 'text' })).toEqual(bad);
    expect(await refusal(write, { kind: 'poll' })).toEqual(bad);
    expect(await refusal(write, { kind: 'text', text: 'x', quotes: 'sbm_unknown' })).toEqual(bad);
    expect(await refusal(write, { kind: 'image', fileId: 'sbf_unknown' })).toEqual(bad);
    expect(await refusal(write, { kind: 'location', latitude: 91, longitude: 0 })).toEqual(bad);
    expect(await refusal('/controls', { copies: 6 }, 'PATCH')).toEqual(bad);
    expect(await refusal('/controls', { colour: 1 }, 'PATCH')).toEqual(bad);
    expect(await refusal('/phones/1/messages', { kind: 'text', text: 'x' })).toEqual([404, 'NOT_FOUND']);
    const upload = (body: Buffer, type: string): Promise<Response> =>
      fetch(`${app.url}/sandbox/api/channels/${page.channelId}/files`, {
        method: 'POST',
        headers: { authorization: `Bearer ${mine.admin.token}`, 'content-type': type },
        body: new Uint8Array(body),
      });
    expect((await upload(Buffer.from('<script>'), 'text/html')).status).toBe(400);
    expect((await upload(Buffer.alloc(5 * 1_048_576 + 1), 'image/png')).status).toBe(413);
  });

  test('the page is there, under a strict policy, while a sandbox number is connected', async () => {
    const html = await fetch(`${app.url}/sandbox`);
    expect([html.status, html.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(html.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; /);
    const framework = await fetch(`${app.url}/sandbox/page/htm.js`);
    expect(framework.headers.get('content-type')).toContain('javascript');
    const etag = framework.headers.get('etag') ?? '';
    // Not with fetch, which asks for the whole file as soon as it is given such a header.
    const again = await request(`${app.url}/sandbox/page/htm.js`, { headers: { 'if-none-match': etag } });
    await again.body.dump();
    expect(again.statusCode).toBe(304);
    for (const path of [
      '/sandbox/page/tsconfig.json',
      '/sandbox/page/wire.d.ts',
      '/sandbox/page/..%2fpackage.json',
    ]) {
      expect((await fetch(`${app.url}${path}`)).status).toBe(404);
    }
    const rows = app.platform.store.acrossContracts();
    const all = await rows.find(WhatsAppChannelRow, { where: sql`provider = 'SANDBOX'` });
    for (const { id, contractId } of all) {
      await app.platform.store.transact(contractId, (transaction) =>
        transaction.update(WhatsAppChannelRow, { disconnectedAt: 1 }, sql`id = ${id}`),
      );
    }
    const gone = await fetch(`${app.url}/sandbox`);
    expect([gone.status, await gone.text()]).toEqual([
      404,
      expect.stringContaining('There is no sandbox here'),
    ]);
  });
});
