import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import { APP_SECRET } from '../kit/customer';
import { Desk, flowOf, SERVICE_BLOCK } from '../kit/desk';
import { PROVIDER_TOKEN } from '../kit/provider-double';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(async () => {
  await app.stop();
});

const SETTINGS =
  'settings { enabled routerIdentity router { id } directTransferEnabled contactSearch { fields location } replyWindow advanced { domain key value } }';

function credentials(phoneNumberId: string): Record<string, string> {
  return {
    phoneNumberId,
    businessAccountId: '77',
    accessToken: PROVIDER_TOKEN,
    appSecret: APP_SECRET,
    verifyToken: 'verify',
  };
}

describe('rule 1: everything is off until an admin turns it on', () => {
  test('a new bot', async () => {
    const { admin } = await app.contract('Fresh');
    const { bot } = await admin.act(
      'createBot',
      { name: 'B', identity: 'b@msging.net', kind: 'BUILDER' },
      `bot { id ${SETTINGS} sendEligibility { allowed reasons { code } } }`,
    );
    expect(bot.settings).toMatchObject({
      enabled: false,
      directTransferEnabled: false,
      routerIdentity: null,
      replyWindow: 'PT24H',
      advanced: [],
    });
    expect(bot.settings.contactSearch).toEqual({
      fields: expect.arrayContaining(['NAME', 'PHONE', 'EMAIL']),
      location: 'CHATBOT',
    });
    const { agent } = await admin.act(
      'createAgent',
      { name: 'Bia', email: 'bia@fresh.test', role: 'AGENT' },
      'agent { id permissions { permission } presence slots }',
    );
    expect(agent).toMatchObject({ permissions: [], presence: 'OFFLINE', slots: 5 });
    expect(bot.sendEligibility.allowed).toBe(false);
    expect(bot.sendEligibility.reasons.map(({ code }: { code: string }) => code)).toContain(
      'ACTIVE_MESSAGING_DISABLED',
    );
  });

  test('only an admin turns it on', async () => {
    const desk = await Desk.open(app);
    const agent = await desk.agent('Bia');
    const document =
      'mutation ($input: UpdateSettingsInput!) { updateSettings(input: $input) { userErrors { code } } }';
    expect(await agent.problem(document, { input: { botId: desk.botId, enabled: false } })).toBe('FORBIDDEN');
  });
});

describe('rule 2: the router identity has two doors', () => {
  test('each shows what the other set', async () => {
    const { admin } = await app.contract('Doors');
    const { bot: router } = await admin.act(
      'createBot',
      { name: 'R', identity: 'router@msging.net', kind: 'ROUTER' },
      'bot { id }',
    );
    const { bot } = await admin.act(
      'createBot',
      { name: 'B', identity: 'b@msging.net', kind: 'BUILDER' },
      'bot { id }',
    );
    const raw = {
      domain: 'postmaster@desk.msging.net',
      key: 'RouterIdentityActiveCampaign',
      value: 'router@msging.net',
    };
    const { settings } = await admin.act(
      'updateSettings',
      { botId: bot.id, routerIdentity: 'router@msging.net' },
      SETTINGS,
    );
    expect(settings).toMatchObject({
      routerIdentity: 'router@msging.net',
      router: { id: router.id },
      advanced: [raw],
    });
    const cleared = await admin.act(
      'setAdvancedSetting',
      { botId: bot.id, domain: raw.domain, key: raw.key, value: null },
      SETTINGS,
    );
    expect(cleared.settings).toMatchObject({ routerIdentity: null, router: null, advanced: [] });
    const set = await admin.act('setAdvancedSetting', { botId: bot.id, ...raw }, SETTINGS);
    expect(set.settings).toMatchObject({ routerIdentity: 'router@msging.net', advanced: [raw] });
    const other = { domain: 'postmaster@desk.msging.net', key: 'Anything', value: ' As given ' };
    const more = await admin.act('setAdvancedSetting', { botId: bot.id, ...other }, SETTINGS);
    expect(more.settings.advanced).toEqual(expect.arrayContaining([raw, other]));
  });

  test('the router exists in this contract and is a router', async () => {
    const { admin } = await app.contract('NoRouter');
    const { admin: stranger } = await app.contract('Stranger');
    await stranger.act(
      'createBot',
      { name: 'R', identity: 'theirs@msging.net', kind: 'ROUTER' },
      'bot { id }',
    );
    const { bot } = await admin.act(
      'createBot',
      { name: 'B', identity: 'b@msging.net', kind: 'BUILDER' },
      'bot { id }',
    );
    for (const routerIdentity of ['nobody@msging.net', 'theirs@msging.net', 'b@msging.net']) {
      expect(await admin.refusals('updateSettings', { botId: bot.id, routerIdentity })).toEqual([
        'ROUTER_NOT_FOUND',
      ]);
    }
    expect(
      await admin.refusals('setAdvancedSetting', {
        botId: bot.id,
        domain: 'postmaster@desk.msging.net',
        key: 'RouterIdentityActiveCampaign',
        value: 'theirs@msging.net',
      }),
    ).toEqual(['ROUTER_NOT_FOUND']);
  });
});

describe('rule 3: the number used', () => {
  test("the bot's own, else its router's, else none", async () => {
    const { admin } = await app.contract('Numbers');
    const { bot: router } = await admin.act(
      'createBot',
      { name: 'R', identity: 'router@msging.net', kind: 'ROUTER' },
      'bot { id }',
    );
    const { bot } = await admin.act(
      'createBot',
      { name: 'B', identity: 'b@msging.net', kind: 'BUILDER' },
      'bot { id }',
    );
    const sendingChannel = async (): Promise<unknown> =>
      (
        await admin.ask(
          'query ($id: ID!) { bot(id: $id) { sendingChannel { phoneNumber } sendEligibility { reasons { code } } } }',
          { id: bot.id },
        )
      ).bot;
    expect(await sendingChannel()).toMatchObject({
      sendingChannel: null,
      sendEligibility: { reasons: expect.arrayContaining([{ code: 'WHATSAPP_CHANNEL_MISSING' }]) },
    });
    await admin.act(
      'connectWhatsAppChannel',
      { botId: router.id, phoneNumber: '+551140000001', cloudApi: credentials('501') },
      'channel { id }',
    );
    await admin.act(
      'updateSettings',
      { botId: bot.id, routerIdentity: 'router@msging.net' },
      'settings { enabled }',
    );
    expect(await sendingChannel()).toMatchObject({ sendingChannel: { phoneNumber: '+551140000001' } });
    await admin.act(
      'connectWhatsAppChannel',
      { botId: bot.id, phoneNumber: '+551140000002', cloudApi: credentials('502') },
      'channel { id }',
    );
    expect(await sendingChannel()).toMatchObject({ sendingChannel: { phoneNumber: '+551140000002' } });
  });

  test('unique within the contract, and no hint of another one', async () => {
    const { admin } = await app.contract('Unique');
    const { admin: other } = await app.contract('Elsewhere');
    const create = { name: 'B', identity: 'same@msging.net', kind: 'BUILDER' };
    const { bot } = await admin.act('createBot', create, 'bot { id }');
    expect(await admin.refusals('createBot', { ...create, identity: 'SAME@msging.net' })).toEqual(['TAKEN']);
    await other.act('createBot', create, 'bot { id }');
    const { bot: second } = await admin.act(
      'createBot',
      { ...create, identity: 'second@msging.net' },
      'bot { id }',
    );
    const connect = { phoneNumber: '+551140000003', cloudApi: credentials('503') };
    await admin.act('connectWhatsAppChannel', { botId: bot.id, ...connect }, 'channel { id }');
    expect(
      await admin.refusals('connectWhatsAppChannel', {
        botId: second.id,
        ...connect,
        cloudApi: credentials('504'),
      }),
    ).toEqual(['TAKEN']);
    const { bots } = await other.ask('{ bots { nodes { id } } }');
    await other.act('connectWhatsAppChannel', { botId: bots.nodes[0].id, ...connect }, 'channel { id }');
    const agent = { name: 'X', email: 'same@x.test', role: 'AGENT' };
    await admin.act('createAgent', agent, 'agent { id }');
    expect(await admin.refusals('createAgent', { ...agent, email: 'Same@X.test' })).toEqual(['TAKEN']);
    await other.act('createAgent', agent, 'agent { id }');
  });

  test('a phone of letters names what would be accepted', async () => {
    const { admin } = await app.contract('Letters');
    const { bot } = await admin.act(
      'createBot',
      { name: 'B', identity: 'b@msging.net', kind: 'BUILDER' },
      'bot { id }',
    );
    const { userErrors } = await admin.attempt('connectWhatsAppChannel', {
      botId: bot.id,
      phoneNumber: 'not a phone',
      cloudApi: credentials('505'),
    });
    expect(userErrors).toEqual([
      expect.objectContaining({ code: 'PHONE_INVALID', message: expect.stringContaining('+') }),
    ]);
  });
});

describe('rule 4: only builder bots', () => {
  test.each(['SDK', 'ROUTER'])('%s has neither activations nor flows', async (kind) => {
    const { admin } = await app.contract(`Kind${kind}`);
    const { bot } = await admin.act('createBot', { name: 'B', identity: 'b@msging.net', kind }, 'bot { id }');
    expect(await admin.refusals('publishFlow', { botId: bot.id, definition: flowOf(SERVICE_BLOCK) })).toEqual(
      ['BOT_KIND_UNSUPPORTED'],
    );
    expect(
      await admin.refusals('enableTemplates', {
        botId: bot.id,
        templateIds: ['tpl_01h455vb4pex5vsknk084sn02q'],
        returnBlockId: SERVICE_BLOCK,
      }),
    ).toContain('BOT_KIND_UNSUPPORTED');
  });

  test('a builder bot without a published flow', async () => {
    const { admin } = await app.contract('NoFlow');
    const { bot } = await admin.act(
      'createBot',
      { name: 'B', identity: 'b@msging.net', kind: 'BUILDER' },
      'bot { id }',
    );
    expect(
      await admin.refusals('enableTemplates', {
        botId: bot.id,
        templateIds: ['tpl_01h455vb4pex5vsknk084sn02q'],
        returnBlockId: SERVICE_BLOCK,
      }),
    ).toContain('BOT_HAS_NO_PUBLISHED_FLOW');
  });
});

describe('rule 5: contact search', () => {
  test('finds by the fields and in the place that are set', async () => {
    const desk = await Desk.open(app);
    await desk.admin.act(
      'upsertContact',
      { botId: desk.botId, phone: '+5511912345678', name: 'Ção Paulo', email: 'c@x.test' },
      'contact { id }',
    );
    const found = async (search: string): Promise<number> =>
      (
        await desk.admin.ask(
          'query ($bot: ID!, $search: String) { contacts(botId: $bot, search: $search) { totalCount } }',
          { bot: desk.botId, search },
        )
      ).contacts.totalCount;
    expect(await found('cao')).toBe(1);
    expect(await found('12345')).toBe(1);
    expect(await found('X.TEST')).toBe(1);
    expect(await found('%')).toBe(0);
    const { settings } = await desk.admin.act(
      'updateSettings',
      { botId: desk.botId, contactSearchFields: ['EMAIL'], contactSearchLocation: 'ROUTER' },
      'settings { contactSearch { fields location } } warnings',
    );
    expect(settings.contactSearch).toEqual({ fields: ['EMAIL'], location: 'ROUTER' });
    expect(await found('cao')).toBe(0);
    expect(await found('c@x')).toBe(1);
    expect(
      await desk.admin.refusals('updateSettings', { botId: desk.botId, contactSearchFields: [] }),
    ).toEqual(['INVALID']);
  });
});

describe('rule 6: readiness', () => {
  test('each step in order, done one by one', async () => {
    const desk = await Desk.open(app, { enable: false });
    const readiness = async (): Promise<{ ready: boolean; open: string[]; all: string[] }> => {
      const { bot } = await desk.admin.ask(
        'query ($id: ID!) { bot(id: $id) { readiness { ready steps { key done hint } } } }',
        { id: desk.botId },
      );
      const steps = bot.readiness.steps as { key: string; done: boolean; hint: string }[];
      expect(steps.every(({ hint }) => hint.length > 10)).toBe(true);
      return {
        ready: bot.readiness.ready as boolean,
        open: steps.filter(({ done }) => !done).map(({ key }) => key),
        all: steps.map(({ key }) => key),
      };
    };
    const first = await readiness();
    expect(first.all).toEqual([
      'BOT_HAS_BUILDER_FLOW',
      'ROUTER_IN_SAME_CONTRACT',
      'WHATSAPP_CHANNEL_CONNECTED',
      'ACTIVE_MESSAGING_ENABLED',
      'TEMPLATE_APPROVED',
      'TEMPLATE_ENABLED_WITH_RETURN_FLOW',
      'RETURN_FLOWS_CURRENT',
      'SOMEONE_MAY_SEND',
    ]);
    expect(first).toMatchObject({
      ready: false,
      open: ['ACTIVE_MESSAGING_ENABLED', 'TEMPLATE_ENABLED_WITH_RETURN_FLOW', 'SOMEONE_MAY_SEND'],
    });
    await desk.admin.act('updateSettings', { botId: desk.botId, enabled: true }, 'settings { enabled }');
    await desk.admin.act(
      'enableTemplates',
      {
        botId: desk.botId,
        templateIds: [desk.templates['hello'], desk.templates['sale']],
        returnBlockId: SERVICE_BLOCK,
      },
      'activations { id }',
    );
    expect((await readiness()).open).toEqual(['SOMEONE_MAY_SEND']);
    await desk.agent('Bia');
    expect(await readiness()).toMatchObject({ ready: true, open: [] });
  });
});
