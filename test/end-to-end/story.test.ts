import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUTH_SECRET, Caller, type Data } from '../kit/caller';
import { freshMessageId } from '../kit/customer';
import { createTestDatabase, type TestDatabase } from '../kit/database';
import { flowOf, SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { freePort } from '../kit/free-port';
import { commandLine, ServerProcess } from '../kit/process';
import { createProviderDouble, PROVIDER_TOKEN, type ProviderDouble } from '../kit/provider-double';
import { LISTED_TEMPLATES } from '../kit/templates';

const APP_SECRET = 'app secret of the story';
const CUSTOMER = '5511987654321';

let provider: ProviderDouble;
let database: TestDatabase;
let environment: Record<string, string>;
let server: ServerProcess;

beforeAll(async () => {
  [provider, database] = await Promise.all([createProviderDouble(), createTestDatabase({ empty: true })]);
  environment = {
    PORT: String(await freePort()),
    DATABASE_URL: database.url,
    AUTH_JWT_SECRET: AUTH_SECRET,
    SECRETS_KEY: Buffer.alloc(32, 3).toString('base64'),
    WHATSAPP_API_URL: provider.url,
    LOG_LEVEL: 'warn',
  };
  server = await ServerProcess.start(environment);
}, 60_000);

afterAll(async () => {
  await server.stop();
  await provider.close();
  await database.drop();
}, 60_000);

async function webhook(channelId: string, value: object): Promise<number> {
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '2000',
        changes: [
          {
            field: 'messages',
            value: { messaging_product: 'whatsapp', metadata: { phone_number_id: '1000' }, ...value },
          },
        ],
      },
    ],
  });
  const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
  const response = await fetch(`${server.url}/webhooks/whatsapp/${channelId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body,
  });
  return response.status;
}

const now = (): string => String(Math.floor(Date.now() / 1_000));

async function signIn(name: string, email: string): Promise<Caller> {
  const token = await commandLine(environment, 'token', '--email', email);
  expect(token).toMatchObject({ code: 0, error: '' });
  return new Caller(() => server.url, token.out.trim(), name);
}

test('set up, send, confirm, answer, route, and what became of it; a second contract sees nothing; a kill loses and repeats nothing', async () => {
  // The command line makes a contract and its first administrator while the server runs.
  const created = await commandLine(
    environment,
    'create-contract',
    '--name',
    'Acme',
    '--admin',
    'ana@acme.test',
    '--admin-name',
    'Ana',
  );
  expect(created).toMatchObject({ code: 0, error: '' });
  expect(created.out).toMatch(/ctr_[0-9a-z]{26}/);
  const admin = await signIn('Ana', 'ana@acme.test');

  // The administrator sets the desk up.
  const { bot } = await admin.act(
    'createBot',
    { name: 'Orders', identity: 'orders@msging.net', kind: 'BUILDER' },
    'bot { id }',
  );
  const { channel } = await admin.act(
    'connectWhatsAppChannel',
    {
      botId: bot.id,
      phoneNumber: '+551130000000',
      cloudApi: {
        phoneNumberId: '1000',
        businessAccountId: '2000',
        accessToken: PROVIDER_TOKEN,
        appSecret: APP_SECRET,
        verifyToken: 'hello',
      },
    },
    'channel { id webhookUrl }',
  );
  expect(channel.webhookUrl).toBe(
    `http://localhost:${environment['PORT'] ?? ''}/webhooks/whatsapp/${channel.id as string}`,
  );
  const verified = await fetch(
    `${server.url}/webhooks/whatsapp/${channel.id as string}?hub.mode=subscribe&hub.verify_token=hello&hub.challenge=12345`,
  );
  expect([verified.status, await verified.text()]).toEqual([200, '12345']);
  await admin.act('publishFlow', { botId: bot.id, definition: flowOf(SERVICE_BLOCK) }, 'flow { version }');
  provider.templates('2000', LISTED_TEMPLATES);
  expect(await admin.act('syncTemplates', { botId: bot.id }, 'added')).toMatchObject({ added: 3 });
  const { templates } = await admin.ask(
    '{ templates(filter: { search: "order_update" }) { nodes { id parameters { key } } } }',
  );
  const [template] = templates.nodes as [{ id: string; parameters: { key: string }[] }];
  expect(template.parameters.map(({ key }) => key)).toEqual(expect.arrayContaining(['body.1', 'body.2']));
  await admin.act(
    'enableTemplates',
    { botId: bot.id, templateIds: [template.id], returnBlockId: SERVICE_BLOCK },
    'activations { sendable }',
  );
  await admin.act(
    'updateSettings',
    { botId: bot.id, enabled: true, directTransferEnabled: true },
    'settings { enabled }',
  );
  const { agent } = await admin.act(
    'createAgent',
    { name: 'Bia', email: 'bia@acme.test', role: 'AGENT', slots: 5 },
    'agent { id }',
  );
  await admin.act(
    'setPermissions',
    { botId: bot.id, agentIds: [agent.id], permission: 'SEND_ACTIVE_MESSAGES', granted: true },
    'agents { id }',
  );
  const { apiKey, secret } = await admin.act(
    'createApiKey',
    { name: 'analytics', scopes: ['READ'] },
    'apiKey { id } secret',
  );
  const analytics = new Caller(() => server.url, secret as string, apiKey.id as string);

  // The agent comes online, listens, and sends.
  const bia = await signIn('Bia', 'bia@acme.test');
  await bia.act('setPresence', { presence: 'ONLINE' }, 'agent { presence }');
  const confirmations = await bia.listen(
    'subscription ($after: String) { sendConfirmed(after: $after) { cursor outcome send { id status } } }',
  );
  const replies = await bia.listen(
    'subscription ($after: String) { replyRouted(after: $after) { cursor matchedBy ticket { id status agent { name } entryBlockId } send { id } message { text } } }',
  );
  const input = {
    botId: bot.id,
    templateId: template.id,
    recipient: { phone: `+${CUSTOMER}`, name: 'Carla' },
    parameters: [
      { key: 'body.1', value: 'Carla' },
      { key: 'body.2', value: '42' },
    ],
    idempotencyKey: 'click 1',
  };
  const { send } = await bia.act('sendActiveMessage', input, 'send { id status preview { body } }');
  expect(send).toMatchObject({ status: 'QUEUED', preview: { body: 'Olá Carla, seu pedido 42 chegou.' } });
  const again = await bia.act('sendActiveMessage', input, 'send { id }');
  expect(again.send.id).toBe(send.id);
  expect(await confirmations.next()).toMatchObject({
    sendConfirmed: { outcome: 'ACCEPTED', send: { id: send.id } },
  });
  expect(provider.sends).toHaveLength(1);
  expect(provider.sends[0]?.body).toMatchObject({
    to: CUSTOMER,
    template: { name: 'order_update', language: { code: 'pt_BR' } },
    biz_opaque_callback_data: send.id,
  });

  // The customer reads, and answers with a signed webhook: the ticket opens with the agent who wrote.
  const { send: accepted } = await bia.ask('query ($id: ID!) { send(id: $id) { providerMessageId } }', {
    id: send.id,
  });
  expect(
    await webhook(channel.id as string, {
      statuses: [
        { id: accepted.providerMessageId, status: 'read', timestamp: now(), recipient_id: CUSTOMER },
      ],
    }),
  ).toBe(200);
  const message = {
    from: CUSTOMER,
    id: freshMessageId(),
    timestamp: now(),
    type: 'text',
    text: { body: 'Chegou, obrigada!' },
    context: { id: accepted.providerMessageId },
  };
  const inbound = { contacts: [{ wa_id: CUSTOMER, profile: { name: 'Carla' } }], messages: [message] };
  expect(await webhook(channel.id as string, inbound)).toBe(200);
  expect(await webhook(channel.id as string, inbound)).toBe(200);
  const { replyRouted } = (await replies.next()) as { replyRouted: Data };
  expect(replyRouted).toMatchObject({
    matchedBy: 'QUOTED',
    ticket: { status: 'OPEN', agent: { name: 'Bia' }, entryBlockId: SERVICE_BLOCK },
    send: { id: send.id },
    message: { text: 'Chegou, obrigada!' },
  });

  // Free text while the window is open, then the ticket is closed.
  await bia.act(
    'sendTicketMessage',
    { ticketId: replyRouted.ticket.id, text: 'Que bom!', idempotencyKey: 'text 1' },
    'message { id status }',
  );
  await eventually(
    () => provider.sends.length,
    (count) => count === 2,
    20_000,
  );
  expect(provider.sends[1]?.body).toMatchObject({ to: CUSTOMER, type: 'text', text: { body: 'Que bom!' } });
  await bia.act('closeTicket', { ticketId: replyRouted.ticket.id }, 'ticket { status }');

  // Analytics reads what became of it, by query and by export.
  const { sends, sendStatistics } = await analytics.ask(
    '{ sends { totalCount nodes { id status replyState ticket { id } timeline { kind count } } } sendStatistics { total accepted delivered read replied } }',
  );
  expect(sends).toMatchObject({
    totalCount: 1,
    nodes: [{ id: send.id, status: 'READ', replyState: 'REPLIED', ticket: { id: replyRouted.ticket.id } }],
  });
  expect(sendStatistics).toEqual([{ total: 1, accepted: 1, delivered: 1, read: 1, replied: 1 }]);
  const csv = await fetch(`${server.url}/exports/sends.csv`, {
    headers: { authorization: `Bearer ${secret as string}` },
  });
  const lines = (await csv.text()).trim().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(send.id);

  // A send that waits for its recipient's turn, six seconds after the text, is acknowledged; the server is killed, started again, and sends it once.
  const calls = provider.sends.length;
  const late = await bia.act(
    'sendActiveMessage',
    { ...input, idempotencyKey: 'click 2' },
    'send { id status }',
  );
  expect(late.send.status).toBe('QUEUED');
  await server.kill();
  expect(provider.sends).toHaveLength(calls);
  server = await ServerProcess.start(environment);
  await eventually(
    () => provider.sends.length,
    (count) => count > calls,
    20_000,
  );
  const { sendConfirmed } = (await (
    await bia.listen(
      'subscription ($resume: String) { sendConfirmed(after: $resume) { send { id } outcome } }',
      {
        resume: replyRouted.cursor,
      },
    )
  ).next()) as { sendConfirmed: Data };
  expect(sendConfirmed).toEqual({ send: { id: late.send.id }, outcome: 'ACCEPTED' });
  expect(
    provider.sends.filter(
      ({ body }) => (body as { biz_opaque_callback_data: string }).biz_opaque_callback_data === late.send.id,
    ),
  ).toHaveLength(1);

  // Another contract sees nothing of it.
  await commandLine(environment, 'create-contract', '--name', 'Other', '--admin', 'otto@other.test');
  const otto = await signIn('Otto', 'otto@other.test');
  const seen = await otto.ask(
    'query ($send: ID!, $ticket: ID!, $bot: ID!) { node(id: $bot) { id } send(id: $send) { id } ticket(id: $ticket) { id } bot(id: $bot) { id } sends { totalCount } tickets { totalCount } templates { totalCount } agents { totalCount } }',
    { send: send.id, ticket: replyRouted.ticket.id, bot: bot.id },
  );
  expect(seen).toEqual({
    node: null,
    send: null,
    ticket: null,
    bot: null,
    sends: { totalCount: 0 },
    tickets: { totalCount: 0 },
    templates: { totalCount: 0 },
    agents: { totalCount: 1 },
  });

  expect(await server.stop()).toBe(0);
}, 120_000);
