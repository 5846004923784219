import { graphql, type GraphQLSchema } from 'graphql';
import pino from 'pino';
import sql from 'sql-template-tag';
import { readConfig } from '../../src/config';
import type { Channel } from '../../src/channels/channel';
import { Store } from '../../src/database/store';
import type { Happenings } from '../../src/entities/happening';
import { AgentRow } from '../../src/entities/agent';
import { ApiKeyRow } from '../../src/entities/api-key';
import { BotRow } from '../../src/entities/bot';
import {
  ApiKeyScope,
  FlowBlockKind,
  Presence,
  TemplateCategory,
  TemplateStatus,
} from '../../src/entities/enums';
import { EventRow } from '../../src/entities/event';
import { FlowRow } from '../../src/entities/flow';
import { newId } from '../../src/entities/ids';
import { TemplateRow } from '../../src/entities/template';
import { TemplateActivationRow } from '../../src/entities/template-activation';
import { WhatsAppChannelRow } from '../../src/entities/whatsapp-channel';
import { EventLog } from '../../src/events/event-log';
import { AgentResolver } from '../../src/resolvers/agents';
import { ApiKeyResolver } from '../../src/resolvers/api-keys';
import { AuditResolver } from '../../src/resolvers/audit';
import { BotResolver } from '../../src/resolvers/bots';
import { ChannelResolver } from '../../src/resolvers/channels';
import { PermissionResolver } from '../../src/resolvers/permissions';
import { SettingsResolver } from '../../src/resolvers/settings';
import { buildApiSchema } from '../../src/schema/build';
import { credentialsOf, stopChannel } from '../../src/services/desk/channels';
import { ServiceContext, type Platform } from '../../src/services/context';
import { createContract } from '../../src/services/access/contracts';
import { Metrics } from '../../src/services/metrics';
import { SecretBox } from '../../src/services/secret-box';
import type { Viewer } from '../../src/services/access/viewer';
import { WakeUp } from '../../src/services/wake-up';
import { TestClock } from '../kit/clock';
import { createTestDatabase, type TestDatabase } from '../kit/database';
import type { Data } from '../kit/caller';

const UNUSED = {} as Channel;
let database: TestDatabase;
let store: Store;
let platform: Platform;
let schema: GraphQLSchema;
const statements: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const clock = new TestClock();
  // Dropping the database cuts connections that are still closing: nothing that these tests are about.
  const complain = () => undefined;
  store = await Store.open({
    url: database.url,
    clock,
    complain,
    observe: (text) => void statements.push(text),
  });
  await store.engine.migrate();
  const key = Buffer.alloc(32, 7);
  platform = {
    config: readConfig({ AUTH_JWT_SECRET: 'x'.repeat(32), SECRETS_KEY: key.toString('base64') }),
    clock,
    store,
    eventLog: new EventLog(store, clock, complain),
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
    secrets: new SecretBox(key),
    channels: { CLOUD_API: UNUSED, SANDBOX: UNUSED },
    wakeUps: { deliveries: new WakeUp(), inbox: new WakeUp(), sandboxWebhooks: new WakeUp() },
    listeningSince: () => 0,
    ownUrl: () => 'http://localhost:4000',
    publicUrl: () => 'https://saludo.test',
  };
  schema = buildApiSchema([
    BotResolver,
    SettingsResolver,
    ChannelResolver,
    AgentResolver,
    PermissionResolver,
    ApiKeyResolver,
    AuditResolver,
  ]);
});

afterAll(async () => {
  await store.close();
  await database.drop();
});

/** A caller of the API with the rights of its row. */
class Caller {
  constructor(readonly viewer: Viewer) {}

  get id(): string {
    return this.viewer.agent?.id ?? '';
  }

  async ask(source: string, variableValues: Record<string, unknown> = {}): Promise<Data> {
    const contextValue = new ServiceContext(platform, this.viewer);
    const { data, errors } = await graphql({ schema, source, variableValues, contextValue });
    if (errors?.[0]) throw errors[0].originalError ?? errors[0];
    return data;
  }

  async act(mutation: string, input: object, selection = ''): Promise<Data> {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const source = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} userErrors { code message field } } }`;
    return (await this.ask(source, { input }))[mutation];
  }

  async refusals(mutation: string, input: object): Promise<[string, string[] | null][]> {
    const { userErrors } = await this.act(mutation, input);
    return userErrors.map(({ code, field }: { code: string; field: string[] | null }) => [code, field]);
  }
}

let contracts = 0;

async function contract(): Promise<{ id: string; admin: Caller }> {
  contracts += 1;
  const given = { name: `Contract ${contracts}`, adminName: 'Ana', adminEmail: 'ana@desk.test' };
  const { contract: row, admin } = await createContract(platform, given);
  return { id: row.id, admin: new Caller({ contractId: row.id, agent: admin, apiKey: null }) };
}

async function bot(admin: Caller, name: string, kind = 'BUILDER'): Promise<string> {
  const input = { name, identity: `${name}@msging.net`, kind };
  return (await admin.act('createBot', input, 'bot { id }')).bot.id as string;
}

async function agent(admin: Caller, name: string, role = 'AGENT'): Promise<Caller> {
  const made = await admin.act(
    'createAgent',
    { name, email: `${name}@desk.test`, role },
    'agent { id slots }',
  );
  expect(made.agent.slots).toBe(5);
  const row = await store.rowsOf(admin.viewer.contractId).byId(AgentRow, made.agent.id as string);
  return new Caller({ contractId: admin.viewer.contractId, agent: row!, apiKey: null });
}

function cloudApi(phoneNumberId: string) {
  return {
    phoneNumberId,
    businessAccountId: '200',
    accessToken: 'token',
    appSecret: 'secret',
    verifyToken: 'word',
  };
}

async function connect(
  admin: Caller,
  botId: string,
  phoneNumber: string,
  phoneNumberId: string,
): Promise<string> {
  const input = { botId, phoneNumber, cloudApi: cloudApi(phoneNumberId) };
  return (await admin.act('connectWhatsAppChannel', input, 'channel { id }')).channel.id as string;
}

/** A flow and an enabled template, written as other services do. */
async function enableTemplate(contractId: string, botId: string, channelId: string): Promise<string> {
  const templateId = newId('Template');
  await store.transact(contractId, async (transaction) => {
    const { now } = transaction;
    const flow: FlowRow = {
      id: newId('Flow'),
      contractId,
      botId,
      version: 1,
      publishedAt: now,
      publishedById: null,
      publishedByKeyId: null,
      canonicalHash: 'hash',
      blocks: [{ blockId: 'desk:1', title: 'Desk', kind: FlowBlockKind.SERVICE }],
    };
    await transaction.insert(FlowRow, flow);
    await transaction.update(BotRow, { publishedFlowId: flow.id }, sql`id = ${botId}`);
    await transaction.insert(TemplateRow, {
      id: templateId,
      contractId,
      channelId,
      providerTemplateId: '9',
      name: 'hello',
      language: 'en',
      category: TemplateCategory.UTILITY,
      status: TemplateStatus.APPROVED,
      providerStatus: 'APPROVED',
      rejectionReason: null,
      qualityScore: null,
      components: [],
      parameterFormat: 'POSITIONAL',
      unsupportedReason: null,
      webhookChangedAt: null,
      createdAt: now,
      updatedAt: now,
    });
    await transaction.insert(TemplateActivationRow, {
      id: newId('TemplateActivation'),
      contractId,
      botId,
      templateId,
      enabled: true,
      returnBlockId: 'desk:1',
      outdatedReason: null,
      outdatedSince: null,
      createdAt: now,
      updatedAt: now,
    });
  });
  return templateId;
}

const readiness = async (admin: Caller, id: string) =>
  (
    await admin.ask('query ($id: ID!) { bot(id: $id) { readiness { ready steps { key done hint } } } }', {
      id,
    })
  ).bot.readiness as { ready: boolean; steps: { key: string; done: boolean; hint: string }[] };

const reasons = async (caller: Caller, id: string): Promise<string[]> =>
  (
    await caller.ask('query ($id: ID!) { bot(id: $id) { sendEligibility { allowed reasons { code } } } }', {
      id,
    })
  ).bot.sendEligibility.reasons.map(({ code }: { code: string }) => code) as string[];

async function events<Kind extends keyof Happenings>(
  contractId: string,
  kind: Kind,
): Promise<Happenings[Kind][]> {
  const rows = await store
    .rowsOf(contractId)
    .find(EventRow, { where: sql`kind = ${kind}`, orderBy: sql`sequence` });
  return rows.map((row) => row.data as unknown as Happenings[Kind]);
}

const audited = async (admin: Caller, action: string) =>
  (
    await admin.ask(
      'query ($action: String!) { auditLog(filter: { actions: [$action] }) { nodes { changes agent { id } subject { id } } } }',
      { action },
    )
  ).auditLog.nodes as {
    changes: Record<string, unknown>;
    agent: { id: string };
    subject: { id: string } | null;
  }[];

describe('bots', () => {
  it('have identities of their own within a contract, whatever the case, and begin with everything off', async () => {
    const { admin } = await contract();
    const id = await bot(admin, 'orders');
    const taken = await admin.refusals('createBot', {
      name: 'x',
      identity: 'ORDERS@msging.net',
      kind: 'SDK',
    });
    expect(taken).toEqual([['TAKEN', ['input', 'identity']]]);
    const invalid = await admin.refusals('createBot', { name: ' ', identity: 'orders', kind: 'SDK' });
    expect(invalid.map(([code]) => code)).toEqual(['INVALID', 'INVALID']);
    await bot((await contract()).admin, 'orders');
    const { settings } = await admin.ask(
      'query ($id: ID!) { settings(botId: $id) { enabled directTransferEnabled routerIdentity replyWindow contactSearch { fields location } advanced { key } bot { id } router { id } } }',
      { id },
    );
    expect(settings).toEqual({
      enabled: false,
      directTransferEnabled: false,
      routerIdentity: null,
      replyWindow: 'PT24H',
      contactSearch: { fields: ['NAME', 'PHONE', 'EMAIL'], location: 'CHATBOT' },
      advanced: [],
      bot: { id },
      router: null,
    });
  });

  it('are read with everything on them in as many statements for twenty as for one', async () => {
    const { admin } = await contract();
    const page = `{ bots { totalCount nodes { id whatsAppChannel { id } sendingChannel { id health { state } } flow { id }
      settings { enabled router { id } advanced { key } } readiness { ready } sendEligibility { allowed } } } }`;
    await bot(admin, 'first');
    const count = async () => {
      const before = statements.length;
      await admin.ask(page);
      return statements.length - before;
    };
    const one = await count();
    for (let index = 0; index < 20; index += 1) await bot(admin, `bot${index}`);
    expect(await count()).toBe(one);
    expect((await admin.ask(page)).bots.totalCount).toBe(21);
  });
});

describe('settings', () => {
  it('take the router through both doors, and only one of the own contract', async () => {
    const { admin } = await contract();
    const other = await contract();
    const id = await bot(admin, 'orders');
    const routerId = await bot(admin, 'router', 'ROUTER');
    await bot(other.admin, 'theirs', 'ROUTER');
    for (const routerIdentity of ['theirs@msging.net', 'orders@msging.net', 'none@msging.net']) {
      expect(await admin.refusals('updateSettings', { botId: id, routerIdentity })).toEqual([
        ['ROUTER_NOT_FOUND', ['input', 'routerIdentity']],
      ]);
    }
    const raw = { botId: id, domain: 'postmaster@desk.msging.net', key: 'RouterIdentityActiveCampaign' };
    const set = await admin.act(
      'setAdvancedSetting',
      { ...raw, value: 'Router@msging.net' },
      'settings { routerIdentity router { id } }',
    );
    expect(set.settings).toEqual({ routerIdentity: 'router@msging.net', router: { id: routerId } });
    await admin.act('setAdvancedSetting', { botId: id, domain: 'a', key: 'b', value: '1' });
    await admin.act('setAdvancedSetting', { botId: id, domain: 'a', key: 'b', value: '2' });
    const kept = await admin.act(
      'updateSettings',
      { botId: id },
      'settings { routerIdentity advanced { key value } }',
    );
    expect(kept.settings).toEqual({
      routerIdentity: 'router@msging.net',
      advanced: [
        { key: 'RouterIdentityActiveCampaign', value: 'router@msging.net' },
        { key: 'b', value: '2' },
      ],
    });
    const cleared = await admin.act(
      'updateSettings',
      { botId: id, routerIdentity: null },
      'settings { advanced { key } }',
    );
    expect(cleared.settings.advanced).toEqual([{ key: 'b' }]);
  });

  it('refuse what makes no sense, and warn of a slow search', async () => {
    const { admin } = await contract();
    const sdk = await bot(admin, 'coded', 'SDK');
    expect(
      await admin.refusals('updateSettings', { botId: sdk, enabled: true, contactSearchFields: [] }),
    ).toEqual([
      ['BOT_KIND_UNSUPPORTED', ['input', 'enabled']],
      ['INVALID', ['input', 'contactSearchFields']],
    ]);
    expect(await admin.refusals('updateSettings', { botId: newId('Bot') })).toEqual([
      ['NOT_FOUND', ['input', 'botId']],
    ]);
    const slow = await admin.act(
      'updateSettings',
      { botId: sdk, contactSearchLocation: 'ROUTER' },
      'warnings',
    );
    expect(slow.warnings).toHaveLength(1);
    const fast = await admin.act(
      'updateSettings',
      { botId: sdk, contactSearchFields: ['PHONE'] },
      'warnings',
    );
    expect(fast.warnings).toEqual([]);
    expect((await audited(admin, 'updateSettings')).map(({ changes }) => changes)).toEqual([
      { contactSearchFields: { from: ['NAME', 'PHONE', 'EMAIL'], to: ['PHONE'] } },
      { contactSearchLocation: { from: 'CHATBOT', to: 'ROUTER' } },
    ]);
  });

  it('are for admins to change, and raw ones for admins to read', async () => {
    const { admin } = await contract();
    const id = await bot(admin, 'orders');
    const bea = await agent(admin, 'bea');
    const forbidden = expect.objectContaining({ code: 'FORBIDDEN' }) as unknown;
    await expect(bea.act('updateSettings', { botId: id })).rejects.toEqual(forbidden);
    const advanced = bea.ask('query ($id: ID!) { settings(botId: $id) { advanced { key } } }', { id });
    await expect(advanced).rejects.toEqual(forbidden);
  });
});

describe('numbers', () => {
  it('are connected once, never show their secrets, and come back as they were', async () => {
    const { id: contractId, admin } = await contract();
    const first = await bot(admin, 'first');
    const second = await bot(admin, 'second');
    const channelId = await connect(admin, first, '+55 11 4000-0001', '101');
    expect(
      await admin.refusals('connectWhatsAppChannel', {
        botId: first,
        phoneNumber: '+551140000001',
        cloudApi: cloudApi('101'),
      }),
    ).toEqual([
      ['TAKEN', ['input', 'phoneNumber']],
      ['TAKEN', ['input', 'cloudApi', 'phoneNumberId']],
      ['TAKEN', ['input', 'botId']],
    ]);
    expect(
      await admin.refusals('connectWhatsAppChannel', { botId: second, phoneNumber: 'nonsense' }),
    ).toEqual([
      ['PHONE_INVALID', ['input', 'phoneNumber']],
      ['INVALID', ['input', 'cloudApi']],
    ]);
    const other = await contract();
    await connect(other.admin, await bot(other.admin, 'first'), '+551140000001', '101');
    await admin.act('disconnectWhatsAppChannel', { channelId }, 'bot { whatsAppChannel { id } }');
    expect(await admin.refusals('updateWhatsAppChannel', { channelId, accessToken: 'x' })).toEqual([
      ['NOT_FOUND', ['input', 'channelId']],
    ]);
    expect(await connect(admin, second, '+551140000001', '102')).toBe(channelId);
    const row = await store.rowsOf(contractId).byId(WhatsAppChannelRow, channelId);
    expect(credentialsOf(platform, row!)).toEqual(cloudApi('102'));
    expect(JSON.stringify([await audited(admin, 'connectWhatsAppChannel'), row])).not.toMatch(
      /"(token|secret|word)"/,
    );
  });

  it('stop for an error of their account, and start with new credentials', async () => {
    const { id: contractId, admin } = await contract();
    const id = await bot(admin, 'first');
    const channelId = await connect(admin, id, '+551140000001', '101');
    const stop = () =>
      store.transact(contractId, (transaction) =>
        stopChannel(platform, transaction, channelId, { providerCode: 190, message: 'Token expired.' }),
      );
    expect([await stop(), await stop()]).toEqual([true, false]);
    expect(await reasons(admin, id)).toContain('CHANNEL_STOPPED');
    let rings = 0;
    const silence = platform.wakeUps.deliveries.listen(() => void (rings += 1));
    const health = 'channel { webhookUrl templateSync { running } health { state providerCode message } }';
    const { channel } = await admin.act('updateWhatsAppChannel', { channelId, accessToken: 'new' }, health);
    silence();
    expect(rings).toBe(1);
    expect(channel).toEqual({
      webhookUrl: `https://saludo.test/webhooks/whatsapp/${channelId}`,
      templateSync: { running: false },
      health: { state: 'OK', providerCode: null, message: null },
    });
    const row = await store.rowsOf(contractId).byId(WhatsAppChannelRow, channelId);
    expect(credentialsOf(platform, row!)).toEqual({ ...cloudApi('101'), accessToken: 'new' });
    expect((await events(contractId, 'ChannelHealthChanged')).map(({ state }) => state)).toEqual([
      'STOPPED',
      'OK',
    ]);
    const bea = await agent(admin, 'bea');
    const hidden = await bea.ask('query ($id: ID!) { bot(id: $id) { whatsAppChannel { webhookUrl } } }', {
      id,
    });
    expect(hidden.bot.whatsAppChannel.webhookUrl).toBeNull();
  });
});

describe('readiness and eligibility', () => {
  it('follow the set-up step by step', async () => {
    const { id: contractId, admin } = await contract();
    const id = await bot(admin, 'orders');
    const bea = await agent(admin, 'bea');
    const undone = async () =>
      (await readiness(admin, id)).steps.filter(({ done }) => !done).map(({ key }) => key);
    expect((await readiness(admin, id)).steps).toHaveLength(8);
    expect(await undone()).toEqual([
      'BOT_HAS_BUILDER_FLOW',
      'WHATSAPP_CHANNEL_CONNECTED',
      'ACTIVE_MESSAGING_ENABLED',
      'TEMPLATE_APPROVED',
      'TEMPLATE_ENABLED_WITH_RETURN_FLOW',
      'SOMEONE_MAY_SEND',
    ]);
    expect(await reasons(bea, id)).toEqual([
      'PERMISSION_NOT_GRANTED',
      'AGENT_NOT_ONLINE',
      'ACTIVE_MESSAGING_DISABLED',
      'BOT_HAS_NO_PUBLISHED_FLOW',
      'WHATSAPP_CHANNEL_MISSING',
    ]);
    const routerId = await bot(admin, 'router', 'ROUTER');
    const channelId = await connect(admin, routerId, '+551140000001', '101');
    await admin.act('updateSettings', { botId: id, enabled: true, routerIdentity: 'router@msging.net' });
    const templateId = await enableTemplate(contractId, id, channelId);
    const grant = { botId: id, agentIds: [admin.id], permission: 'SEND_ACTIVE_MESSAGES', granted: true };
    await admin.act('setPermissions', grant);
    expect(await undone()).toEqual(['SOMEONE_MAY_SEND']);
    await admin.act('setPermissions', { ...grant, agentIds: [bea.id] });
    expect(await readiness(admin, id)).toMatchObject({ ready: true });
    await store.transact(contractId, async (transaction) => {
      await transaction.update(AgentRow, { presence: Presence.ONLINE }, sql`id = ${bea.id}`);
    });
    expect(await reasons(bea, id)).toEqual([]);
    expect(await reasons(admin, id)).toEqual(['AGENT_NOT_ONLINE']);
    await store.transact(contractId, async (transaction) => {
      await transaction.update(TemplateRow, { status: TemplateStatus.PAUSED }, sql`id = ${templateId}`);
    });
    expect(await undone()).toEqual(['TEMPLATE_APPROVED', 'TEMPLATE_ENABLED_WITH_RETURN_FLOW']);
  });
});

describe('agents and permissions', () => {
  it('are granted to many at once, all or none, and again without harm', async () => {
    const { admin } = await contract();
    const other = await contract();
    const id = await bot(admin, 'orders');
    const bea = await agent(admin, 'bea');
    const caio = await agent(admin, 'caio');
    const input = {
      botId: id,
      agentIds: [bea.id, other.admin.id, caio.id],
      permission: 'SEND_ACTIVE_MESSAGES',
      granted: true,
    };
    expect(await admin.refusals('setPermissions', input)).toEqual([
      ['NOT_FOUND', ['input', 'agentIds', '1']],
    ]);
    const both = { ...input, agentIds: [caio.id, bea.id, caio.id] };
    const fields = 'agents { id permissions { permission grantedBy { id } bot { id } } }';
    const granted = await admin.act('setPermissions', both, fields);
    const permission = { permission: 'SEND_ACTIVE_MESSAGES', grantedBy: { id: admin.id }, bot: { id } };
    expect(granted.agents).toEqual([
      { id: caio.id, permissions: [permission] },
      { id: bea.id, permissions: [permission] },
    ]);
    await admin.act('setPermissions', both);
    expect(await audited(admin, 'setPermissions')).toHaveLength(1);
    const who = async () =>
      (
        await admin.ask('query ($id: ID!) { agents(filter: { maySendOnBotId: $id }) { nodes { name } } }', {
          id,
        })
      ).agents.nodes;
    expect(await who()).toEqual([{ name: 'Ana' }, { name: 'bea' }, { name: 'caio' }]);
    const taken = await admin.act('setPermissions', { ...both, agentIds: [bea.id], granted: false }, fields);
    expect(taken.agents).toEqual([{ id: bea.id, permissions: [] }]);
    expect(await who()).toEqual([{ name: 'Ana' }, { name: 'caio' }]);
  });

  it('are found by parts of names, whatever the accents', async () => {
    const { admin } = await contract();
    await admin.act('createAgent', { name: 'José Ávila', email: 'z@desk.test', role: 'AGENT' });
    const search = async (text: string) =>
      (
        await admin.ask('query ($text: String!) { agents(filter: { search: $text }) { totalCount } }', {
          text,
        })
      ).agents.totalCount as number;
    expect([
      await search('JOSE a'),
      await search('Z@desk'),
      await search('nobody'),
      await search('%'),
    ]).toEqual([1, 1, 0, 0]);
    const taken = await admin.refusals('createAgent', { name: 'x', email: 'Z@desk.test', role: 'AGENT' });
    expect(taken).toEqual([['TAKEN', ['input', 'email']]]);
    const slots = await admin.refusals('createAgent', {
      name: 'x',
      email: 'y@desk.test',
      role: 'AGENT',
      slots: -1,
    });
    expect(slots).toEqual([['INVALID', ['input', 'slots']]]);
  });

  it('leave a contract an admin, also where two go at once', async () => {
    const { id: contractId, admin } = await contract();
    expect(await admin.refusals('updateAgent', { agentId: admin.id, active: false })).toEqual([
      ['LAST_ADMIN', ['input', 'active']],
    ]);
    expect(await admin.refusals('updateAgent', { agentId: admin.id, role: 'AGENT' })).toEqual([
      ['LAST_ADMIN', ['input', 'role']],
    ]);
    const bea = await agent(admin, 'bea', 'ADMIN');
    const both = await Promise.all([
      admin.refusals('updateAgent', { agentId: bea.id, active: false }),
      bea.refusals('updateAgent', { agentId: admin.id, role: 'AGENT' }),
    ]);
    expect(both.flat()).toHaveLength(1);
    const admins = await store
      .rowsOf(contractId)
      .find(AgentRow, { where: sql`role = 'ADMIN' and active = 1` });
    expect(admins).toHaveLength(1);
  });

  it('are let out when they are deactivated', async () => {
    const { id: contractId, admin } = await contract();
    const bea = await agent(admin, 'bea');
    await store.transact(contractId, async (transaction) => {
      await transaction.update(AgentRow, { presence: Presence.ONLINE }, sql`id = ${bea.id}`);
    });
    const out = { agentId: bea.id, active: false };
    const { agent: after } = await admin.act('updateAgent', out, 'agent { active presence openTickets }');
    expect(after).toEqual({ active: false, presence: 'OFFLINE', openTickets: 0 });
    await admin.act('updateAgent', out);
    expect(await events(contractId, 'CallerRevoked')).toEqual([{ callerId: bea.id }]);
    expect((await events(contractId, 'PresenceChanged')).map(({ presence }) => presence)).toEqual([
      'OFFLINE',
    ]);
    const [entry] = await audited(admin, 'updateAgent');
    expect(entry).toEqual({
      changes: { active: { from: true, to: false } },
      agent: { id: admin.id },
      subject: { id: bea.id },
    });
  });
});

describe('API keys', () => {
  it('show their secret once, and close their sockets when they are revoked', async () => {
    const { id: contractId, admin } = await contract();
    expect(await admin.refusals('createApiKey', { name: '', scopes: [] })).toEqual([
      ['INVALID', ['input', 'name']],
      ['INVALID', ['input', 'scopes']],
    ]);
    const made = await admin.act(
      'createApiKey',
      { name: 'BI', scopes: ['READ'] },
      'secret apiKey { id hint createdBy { id } }',
    );
    expect(made.secret).toMatch(/^sal_[\w-]{43}$/);
    expect(made.apiKey).toMatchObject({ hint: made.secret.slice(0, 8), createdBy: { id: admin.id } });
    const row = await store.rowsOf(contractId).byId(ApiKeyRow, made.apiKey.id as string);
    expect(row).toMatchObject({
      scopes: [ApiKeyScope.READ],
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
    const machine = new Caller({ contractId, agent: null, apiKey: row! });
    const id = await bot(admin, 'orders');
    expect((await reasons(machine, id))[0]).toBe('PERMISSION_NOT_GRANTED');
    await admin.act('revokeApiKey', { apiKeyId: made.apiKey.id });
    await admin.act('revokeApiKey', { apiKeyId: made.apiKey.id });
    expect(await events(contractId, 'CallerRevoked')).toEqual([{ callerId: made.apiKey.id }]);
    expect((await admin.ask('{ apiKeys { revokedAt } }')).apiKeys[0].revokedAt).not.toBeNull();
    expect(JSON.stringify(await audited(admin, 'createApiKey'))).not.toContain(made.secret);
  });
});
