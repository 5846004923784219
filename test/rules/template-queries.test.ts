import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { Desk, flowOf, OTHER_SERVICE_BLOCK, SERVICE_BLOCK } from '../kit/desk';
import { LISTED_TEMPLATES } from '../kit/templates';

let app: TestApp;
let desk: Desk;
let granted: Caller;
let other: Caller;

beforeAll(async () => {
  app = await TestApp.start();
  desk = await Desk.open(app, {
    templates: [...LISTED_TEMPLATES, { ...LISTED_TEMPLATES[1], name: 'paused', status: 'PAUSED' }],
    enable: false,
  });
  const { order_update: order, hello, sale } = desk.templates;
  const enable = (templateIds: unknown[], returnBlockId: string) =>
    desk.admin.act(
      'enableTemplates',
      { botId: desk.botId, templateIds, returnBlockId },
      'activations { id }',
    );
  await enable([order, sale], SERVICE_BLOCK);
  await enable([hello], OTHER_SERVICE_BLOCK);
  await desk.admin.act(
    'publishFlow',
    { botId: desk.botId, definition: flowOf(SERVICE_BLOCK) },
    'flow { version }',
  );
  granted = await desk.agent('Bia');
  other = await desk.agent('Caio', { granted: false });
});

afterAll(() => app.stop());

const LIST = `query ($filter: TemplateFilter) { templates(filter: $filter) { totalCount nodes {
  name issues(botId: "BOT") { code } activation(botId: "BOT") { sendable outdated bot { id } template { id } returnBlock { blockId kind } }
} } }`;

async function names(filter: Record<string, unknown>, caller = desk.admin): Promise<string[]> {
  const { templates } = await caller.ask(LIST.replaceAll('BOT', desk.botId), { filter });
  expect(templates.totalCount).toBe(templates.nodes.length);
  return (templates.nodes as { name: string }[]).map(({ name }) => name).sort();
}

const ALL = ['hello', 'order_update', 'paused', 'sale'];

describe('rules 9 and 13: the list of templates', () => {
  test('by bot, part of the name in any case, status and language', async () => {
    expect(await names({})).toEqual(ALL);
    expect(await names({ botIds: [desk.botId] })).toEqual(ALL);
    expect(await names({ botIds: ['bot_00000000000000000000000000'] })).toEqual([]);
    expect(await names({ search: 'ORDER_' })).toEqual(['order_update']);
    expect(await names({ search: '%' })).toEqual([]);
    expect(await names({ statuses: ['PAUSED', 'REJECTED'] })).toEqual(['paused']);
    expect(await names({ languages: ['pt_BR'], statuses: ['APPROVED'] })).toEqual(['order_update', 'sale']);
  });

  test('sendable ones, for an agent on the bots where it may send', async () => {
    expect(await names({ sendable: true })).toEqual(['order_update', 'sale']);
    expect(await names({ sendable: false })).toEqual(['hello', 'paused']);
    expect(await names({ sendable: true, botIds: [desk.botId] }, granted)).toEqual(['order_update', 'sale']);
    expect(await names({ sendable: true }, other)).toEqual([]);
    expect(await names({ sendable: false }, other)).toEqual(ALL);
  });

  test('outdated ones', async () => {
    expect(await names({ outdated: true })).toEqual(['hello']);
    expect(await names({ outdated: true, botIds: [desk.botId] })).toEqual(['hello']);
    expect(await names({ outdated: false })).toEqual(['order_update', 'paused', 'sale']);
  });

  test('costs as many statements for one template as for many', async () => {
    const few = await app.statementsOf(() => names({ search: 'sale' }));
    const many = await app.statementsOf(() => names({}));
    expect(many.length).toBe(few.length);
  });

  test('refuses more than 500 ids, and issues of an unknown bot', async () => {
    const botIds = Array.from({ length: 501 }, (_, index) => `bot_${index}`);
    expect(await desk.admin.problem(LIST.replaceAll('BOT', desk.botId), { filter: { botIds } })).toBe(
      'BAD_USER_INPUT',
    );
    expect(await desk.admin.problem(LIST.replaceAll('BOT', 'bot_00000000000000000000000000'))).toBe(
      'NOT_FOUND',
    );
  });
});

test('rule 4: routers and coded bots have neither activations nor flows', async () => {
  for (const kind of ['SDK', 'ROUTER']) {
    const { bot } = await desk.admin.act(
      'createBot',
      { name: kind, identity: `${kind}@msging.net`, kind },
      'bot { id }',
    );
    const templateIds = [desk.templates['hello']];
    const input = { botId: bot.id, templateIds, returnBlockId: SERVICE_BLOCK };
    expect(await desk.admin.refusals('enableTemplates', input)).toEqual(['BOT_KIND_UNSUPPORTED']);
    expect(await desk.admin.refusals('updateReturnFlow', input)).toEqual(['BOT_KIND_UNSUPPORTED']);
    expect(await desk.admin.refusals('disableTemplates', { botId: bot.id, templateIds })).toEqual([
      'BOT_KIND_UNSUPPORTED',
    ]);
    const definition = flowOf(SERVICE_BLOCK);
    expect(await desk.admin.refusals('publishFlow', { botId: bot.id, definition })).toEqual([
      'BOT_KIND_UNSUPPORTED',
    ]);
  }
});

test("rules 2 and 9: nothing of another contract's is found", async () => {
  const { admin } = await app.contract('Elsewhere');
  const input = { botId: desk.botId, templateIds: [desk.templates['hello']], returnBlockId: SERVICE_BLOCK };
  expect(await admin.refusals('enableTemplates', input)).toEqual(['NOT_FOUND']);
  expect(await admin.refusals('syncTemplates', { botId: desk.botId })).toEqual(['NOT_FOUND']);
  expect(
    (await admin.ask('query ($id: ID!) { flow(botId: $id) { id } }', { id: desk.botId })).flow,
  ).toBeNull();
});

test('rule 12: flows are published one after the other, and a machine with PUBLISH_FLOWS may', async () => {
  const { secret } = await desk.admin.act(
    'createApiKey',
    { name: 'Builder', scopes: ['PUBLISH_FLOWS'] },
    'secret',
  );
  const builder = app.machine(secret as string);
  const flow =
    'flow { version publishedBy { id } blocks(kind: SERVICE) { blockId } outdatedActivations { id } } newlyOutdated { id }';
  const blocks = [[], ['a'], ['b'], ['c']].map((more) => flowOf(SERVICE_BLOCK, OTHER_SERVICE_BLOCK, ...more));
  const answers = await Promise.all(
    blocks.map((definition) => builder.act('publishFlow', { botId: desk.botId, definition }, flow)),
  );
  expect(answers.map((answer) => answer.flow.version as number).sort()).toEqual([3, 4, 5, 6]);
  expect(answers[0]!.flow).toMatchObject({
    publishedBy: null,
    blocks: [{ blockId: SERVICE_BLOCK }, { blockId: OTHER_SERVICE_BLOCK }],
  });
  expect(await names({ outdated: true })).toEqual([]);
  expect(
    await granted.problem(
      'mutation ($i: PublishFlowInput!) { publishFlow(input: $i) { newlyOutdated { id } } }',
      { i: { botId: desk.botId, definition: {} } },
    ),
  ).toBe('FORBIDDEN');
});

test('rule 41: what was enabled, disabled and published is in the audit log', async () => {
  await desk.admin.act(
    'disableTemplates',
    { botId: desk.botId, templateIds: [desk.templates['sale']] },
    'activations { enabled }',
  );
  await desk.admin.act(
    'disableTemplates',
    { botId: desk.botId, templateIds: [desk.templates['sale']] },
    'activations { enabled }',
  );
  const { auditLog } = await desk.admin.ask('{ auditLog(first: 50) { nodes { action changes } } }');
  const actions = (auditLog.nodes as { action: string }[]).map(({ action }) => action);
  const counts = ['enableTemplates', 'disableTemplates', 'publishFlow'].map(
    (one) => actions.filter((action) => action === one).length,
  );
  expect(counts).toEqual([3, 1, 6]);
});
