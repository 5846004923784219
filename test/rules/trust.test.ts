import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WhatsAppChannelRow } from '../../src/entities/whatsapp-channel';
import { TestApp } from '../kit/app';
import { APP_SECRET } from '../kit/customer';
import { Desk, flowOf, OTHER_SERVICE_BLOCK, SERVICE_BLOCK } from '../kit/desk';
import { PROVIDER_TOKEN } from '../kit/provider-double';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start({ environment: { SENDS_PER_MINUTE: '5' } });
});
afterAll(async () => {
  await app.stop();
});

test('rule 41: each change leaves an audit entry with who, when, from and to, and never a secret', async () => {
  const desk = await Desk.open(app);
  const agent = await desk.agent('Bia');
  await desk.admin.act(
    'publishFlow',
    { botId: desk.botId, definition: flowOf(OTHER_SERVICE_BLOCK) },
    'flow { id }',
  );
  await desk.admin.act(
    'updateReturnFlow',
    { botId: desk.botId, templateIds: null, returnBlockId: OTHER_SERVICE_BLOCK },
    'activations { id }',
  );
  await desk.admin.act(
    'disableTemplates',
    { botId: desk.botId, templateIds: [desk.templates['hello']] },
    'activations { id }',
  );
  await desk.admin.act(
    'setAdvancedSetting',
    { botId: desk.botId, domain: 'd', key: 'k', value: 'v' },
    'settings { enabled }',
  );
  await desk.admin.act('updateAgent', { agentId: agent.id, slots: 9 }, 'agent { id }');
  await desk.admin.act(
    'updateWhatsAppChannel',
    { channelId: desk.channelId, accessToken: PROVIDER_TOKEN },
    'channel { id }',
  );
  await desk.admin.act(
    'createQueue',
    { botId: desk.botId, name: 'Q', agentIds: [], rules: [] },
    'queue { id }',
  );
  const { apiKey, secret } = await desk.admin.act(
    'createApiKey',
    { name: 'bi', scopes: ['READ'] },
    'apiKey { id } secret',
  );
  await desk.admin.act('revokeApiKey', { apiKeyId: apiKey.id }, 'apiKey { id }');
  const { auditLog } = await desk.admin.ask(
    '{ auditLog(first: 100) { nodes { at action agent { id } subject { id } changes } } }',
  );
  const entries = auditLog.nodes as {
    action: string;
    agent: { id: string };
    changes: Record<string, unknown>;
  }[];
  const actions = new Set(entries.map(({ action }) => action));
  for (const action of [
    'createBot',
    'connectWhatsAppChannel',
    'publishFlow',
    'enableTemplates',
    'updateSettings',
    'createAgent',
    'setPermissions',
    'updateReturnFlow',
    'disableTemplates',
    'setAdvancedSetting',
    'updateAgent',
    'updateWhatsAppChannel',
    'createQueue',
    'createApiKey',
    'revokeApiKey',
  ]) {
    expect(actions).toContain(action);
  }
  expect(entries.find(({ action }) => action === 'updateAgent')).toMatchObject({
    agent: { id: desk.admin.id },
    changes: { slots: { from: 5, to: 9 } },
  });
  const text = JSON.stringify(auditLog);
  for (const hidden of [PROVIDER_TOKEN, APP_SECRET, secret as string]) expect(text).not.toContain(hidden);
  const { auditLog: filtered } = await desk.admin.ask(
    'query ($id: ID) { auditLog(filter: { subjectId: $id }) { nodes { action } } }',
    { id: apiKey.id },
  );
  expect(filtered.nodes.map(({ action }: { action: string }) => action)).toEqual([
    'revokeApiKey',
    'createApiKey',
  ]);
  expect(await agent.problem('{ auditLog { totalCount } }')).toBe('FORBIDDEN');
});

test('rule 42: secrets are stored encrypted', async () => {
  const desk = await Desk.open(app);
  const row = await app.platform.store.rowsOf(desk.contractId).byId(WhatsAppChannelRow, desk.channelId);
  expect(row?.secrets).toMatch(/^[A-Za-z0-9+/=]{60,}$/);
  for (const hidden of [PROVIDER_TOKEN, APP_SECRET]) {
    expect(row?.secrets).not.toContain(hidden);
    expect(row?.secrets).not.toContain(Buffer.from(hidden).toString('base64').slice(0, 12));
  }
});

describe('rule 43: input is bounded, and what is refused says what would be accepted', () => {
  test.each([
    ['a page of 1,000', '{ sends(first: 1000) { totalCount } }', 'BAD_USER_INPUT'],
    ['a negative page', '{ sends(first: -1) { totalCount } }', 'BAD_USER_INPUT'],
    ['a cursor of nothing', '{ sends(after: "abc") { totalCount } }', 'BAD_USER_INPUT'],
    [
      'an instant without an offset',
      '{ sends(filter: { createdFrom: "2026-01-01T00:00:00" }) { totalCount } }',
      'BAD_USER_INPUT',
    ],
    ['a hundred nodes too many', `{ nodes(ids: [${'"x",'.repeat(101)}]) { id } }`, 'BAD_USER_INPUT'],
    [
      'a deep query',
      `{ viewer { agent { permissions { bot ${'{ flow { bot '.repeat(10)} { id } ${'} }'.repeat(10)} } } } }`,
      'GRAPHQL_VALIDATION_FAILED|QUERY_TOO_COMPLEX',
    ],
    [
      'pages of pages',
      '{ bots(first: 100) { nodes { whatsAppChannel { bot { id } } } } agents(first: 100) { nodes { id } } contacts(botId: "x", first: 100) { nodes { sends(first: 100) { nodes { contact { tickets(first: 100) { nodes { id } } } } } } } }',
      'QUERY_TOO_COMPLEX',
    ],
    ['no document', '{', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ viewer { shoeSize } }', 'GRAPHQL_VALIDATION_FAILED'],
  ])('%s', async (_name, document, code) => {
    const { admin } = await app.contract(`Bound${Math.random().toString(36).slice(2)}`);
    const { errors } = await admin.request(document);
    expect(errors?.[0]?.extensions?.code).toMatch(new RegExp(`^(${code})$`));
    expect(errors?.[0]?.message.length).toBeGreaterThan(15);
  });

  test('too many sends of one agent are refused with the time at which they would not be; repeats do not count', async () => {
    const desk = await Desk.open(app);
    const agent = await desk.agent('Bia');
    const input = desk.orderUpdate('+5511930000001', 'again and again');
    for (let index = 0; index < 8; index += 1) await agent.act('sendActiveMessage', input, 'send { id }');
    for (let index = 2; index <= 5; index += 1)
      await agent.act('sendActiveMessage', desk.orderUpdate(`+551193000000${index}`), 'send { id }');
    const { userErrors } = await agent.attempt('sendActiveMessage', desk.orderUpdate('+5511930000006'));
    expect(userErrors).toEqual([
      expect.objectContaining({ code: 'RATE_LIMITED', retryAt: expect.any(String) }),
    ]);
    app.clock.set(Date.parse(userErrors[0].retryAt as string) + 1);
    expect(await agent.refusals('sendActiveMessage', desk.orderUpdate('+5511930000006'))).toEqual([]);
  });
});

describe('who may what', () => {
  test('nobody without a token, an unknown or a deactivated one', async () => {
    for (const token of ['', 'nonsense', 'sal_unknown'])
      expect(await app.machine(token).problem('{ viewer { contract { id } } }')).toBe('UNAUTHENTICATED');
  });

  test('an id of another contract behaves exactly like one that does not exist', async () => {
    const [ours, theirs] = [await Desk.open(app), await Desk.open(app)];
    const attempts = (
      botId: string,
      templateId: string,
      channelId: string,
      agentId: string,
    ): Promise<unknown>[] => [
      ours.admin.attempt('updateSettings', { botId, enabled: true }),
      ours.admin.attempt('enableTemplates', {
        botId: ours.botId,
        templateIds: [templateId],
        returnBlockId: SERVICE_BLOCK,
      }),
      ours.admin.attempt('updateWhatsAppChannel', { channelId, accessToken: 'x' }),
      ours.admin.attempt('updateAgent', { agentId, name: 'X' }),
      ours.admin.attempt('createQueue', { botId, name: 'X', agentIds: [] }),
      ours.admin.attempt('createQueue', { botId: ours.botId, name: 'X', agentIds: [agentId] }),
      ours.admin.attempt('setPermissions', {
        botId: ours.botId,
        agentIds: [agentId],
        permission: 'SEND_ACTIVE_MESSAGES',
        granted: true,
      }),
      ours.admin.request(
        'query ($id: ID!) { bot(id: $id) { id } settings(botId: $id) { enabled } flow(botId: $id) { id } queues(botId: $id) { id } templates(filter: { botIds: [$id] }) { nodes { id } } contacts(botId: $id) { nodes { id } } }',
        { id: botId },
      ),
    ];
    const nothing = 'h455vb4pex5vsknk084sn02q';
    const foreign = await Promise.all(
      attempts(theirs.botId, theirs.templates['hello']!, theirs.channelId, theirs.admin.id),
    );
    const missing = await Promise.all(
      attempts(`bot_01${nothing}`, `tpl_01${nothing}`, `chn_01${nothing}`, `agt_01${nothing}`),
    );
    const neutral = (answers: unknown[]): string =>
      JSON.stringify(answers).replace(/(bot|tpl|chn|agt)_[0-9a-z]{26}/g, '$1');
    expect(neutral(foreign)).toBe(neutral(missing));
  });

  test('a key may what its scopes say', async () => {
    const desk = await Desk.open(app);
    const { secret } = await desk.admin.act(
      'createApiKey',
      { name: 'builder', scopes: ['PUBLISH_FLOWS'] },
      'apiKey { hint lastUsedAt } secret',
    );
    const builder = app.machine(secret as string);
    await builder.act(
      'publishFlow',
      { botId: desk.botId, definition: flowOf(SERVICE_BLOCK) },
      'flow { id publishedBy { id } }',
    );
    expect(await builder.problem('{ sends { totalCount } }')).toBe('FORBIDDEN');
    expect(await builder.problem('{ bots { nodes { settings { enabled } } } }')).toBe('FORBIDDEN');
    expect(
      (await builder.ask('{ bots { totalCount } viewer { agent { id } apiKey { name scopes } } }')).viewer,
    ).toEqual({ agent: null, apiKey: { name: 'builder', scopes: ['PUBLISH_FLOWS'] } });
  });
});
