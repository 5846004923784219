import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answeredReads } from '../kit/answered-reads';
import { TestApp } from '../kit/app';
import { deliver } from '../kit/customer';
import { Desk, flowOf, ORDINARY_BLOCK, OTHER_SERVICE_BLOCK, SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers } from '../kit/provider-double';
import { LISTED_TEMPLATES } from '../kit/templates';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(async () => {
  await app.stop();
});

interface ListedTemplate {
  name: string;
  status: string;
  providerStatus: string;
  parameters: { key: string; component: string; type: string }[];
  activation: { enabled: boolean; sendable: boolean } | null;
  issues: { code: string }[];
}

async function templatesOf(desk: Desk): Promise<Record<string, ListedTemplate>> {
  const { templates } = await desk.admin.ask(
    'query ($bots: [ID!], $bot: ID!) { templates(filter: { botIds: $bots }, first: 100) { nodes { name status providerStatus parameters { key component type } activation(botId: $bot) { enabled sendable } issues(botId: $bot) { code } } } }',
    { bots: [desk.botId], bot: desk.botId },
  );
  return Object.fromEntries(
    (templates.nodes as ListedTemplate[]).map((template) => [template.name, template]),
  );
}

/** In the statement that finds the number a bot sends from. */
const READ_OF_A_NUMBER = '(bot_id in (';

const sync = (desk: Desk) => desk.admin.act('syncTemplates', { botId: desk.botId }, 'added updated removed');

function templateWebhook(desk: Desk, field: string, value: object): Promise<number> {
  return deliver(desk, {
    object: 'whatsapp_business_account',
    entry: [{ id: desk.businessAccountId, time: 1_700_000_000, changes: [{ field, value }] }],
  });
}

describe('rule 7: syncTemplates mirrors every page', () => {
  test('added, updated, removed; unknown words are stored and not sendable', async () => {
    const many = Array.from({ length: 230 }, (_, index) => ({
      id: String(800_000 + index),
      name: `template_${String(index).padStart(3, '0')}`,
      language: 'en_US',
      status: 'APPROVED',
      category: 'UTILITY',
      components: [{ type: 'BODY', text: `Number ${index}` }],
    }));
    const desk = await Desk.open(app, { templates: many, enable: false });
    expect(await sync(desk)).toMatchObject({ added: 0, updated: 0, removed: 0 });
    const changed = many
      .slice(1)
      .map((template, index) =>
        index === 0
          ? { ...template, status: 'FROZEN_BY_MOONLIGHT' }
          : index === 1
            ? { ...template, components: [{ type: 'HOLOGRAM', text: 'x' }] }
            : template,
      );
    app.provider.templates(desk.businessAccountId, changed);
    expect(await sync(desk)).toMatchObject({ added: 0, updated: 2, removed: 1 });
    const { template_000: vanished, template_001: frozen, template_002: odd } = await templatesOf(desk);
    expect(vanished).toMatchObject({
      status: 'DELETED',
      issues: expect.arrayContaining([{ code: 'DELETED' }]),
    });
    expect(frozen).toMatchObject({
      status: 'UNKNOWN',
      providerStatus: 'FROZEN_BY_MOONLIGHT',
      issues: expect.arrayContaining([{ code: 'NOT_APPROVED' }]),
    });
    expect(odd?.issues).toEqual(expect.arrayContaining([{ code: 'UNSUPPORTED' }]));
  });

  test('a sync that fails at its second page changes nothing but its own record', async () => {
    const desk = await Desk.open(app);
    const before = await templatesOf(desk);
    const read = async () =>
      (
        await desk.admin.ask(
          'query ($id: ID!) { bot(id: $id) { whatsAppChannel { templateSync { running lastAttemptAt lastSuccessAt error } } } }',
          { id: desk.botId },
        )
      ).bot.whatsAppChannel.templateSync;
    const success = await read();
    app.clock.advance(1_000);
    app.provider.answerTemplates([answers.error(131000, 500)]);
    const { userErrors } = await desk.admin.attempt('syncTemplates', { botId: desk.botId }, 'added');
    expect(userErrors).toHaveLength(1);
    const failed = await read();
    expect(failed).toMatchObject({
      running: false,
      lastSuccessAt: success.lastSuccessAt,
      error: expect.any(String),
    });
    expect(Date.parse(failed.lastAttemptAt as string)).toBeGreaterThan(
      Date.parse(success.lastAttemptAt as string),
    );
    expect(await templatesOf(desk)).toEqual(before);
  });

  test('a second call joins the running one', async () => {
    const desk = await Desk.open(app);
    let release = (): void => undefined;
    app.provider.answerTemplates([
      answers.delay(
        new Promise<void>((resolve) => (release = resolve)),
        answers.rawBody(200, JSON.stringify({ data: LISTED_TEMPLATES })),
      ),
    ]);
    const calls = app.provider.calls.length;
    // The last thing that a call reads before it begins a sync or joins one.
    const bothAreThere = answeredReads(app.platform.store, READ_OF_A_NUMBER, 2);
    const both = [sync(desk), sync(desk)];
    await bothAreThere;
    release();
    const [one, other] = await Promise.all(both);
    expect(one).toEqual(other);
    expect(
      app.provider.calls.slice(calls).filter(({ path }) => path.includes('message_templates')),
    ).toHaveLength(1);
  });

  test('one that comes back, or whose blanks changed, has its activations disabled', async () => {
    const desk = await Desk.open(app);
    const [first, second, third] = LISTED_TEMPLATES;
    app.provider.templates(
      desk.businessAccountId,
      [second, { ...third, components: [{ type: 'BODY', text: 'Now {{1}} and {{2}}' }] }].filter(
        (one) => one !== undefined,
      ),
    );
    await sync(desk);
    app.provider.templates(desk.businessAccountId, LISTED_TEMPLATES);
    await sync(desk);
    const { order_update, hello, sale } = await templatesOf(desk);
    expect(first?.name).toBe('order_update');
    expect(order_update).toMatchObject({
      status: 'APPROVED',
      activation: { enabled: false, sendable: false },
    });
    expect(sale).toMatchObject({ activation: { enabled: false } });
    expect(hello).toMatchObject({ activation: { enabled: true, sendable: true } });
  });

  test('template webhooks are applied at once', async () => {
    const desk = await Desk.open(app);
    const status = {
      event: 'PAUSED',
      message_template_id: 900000000000002,
      message_template_name: 'hello',
      message_template_language: 'en_US',
      reason: 'NONE',
    };
    expect(await templateWebhook(desk, 'message_template_status_update', status)).toBe(200);
    const paused = await eventually(
      async () => (await templatesOf(desk))['hello'],
      (template) => template?.status === 'PAUSED',
    );
    expect(paused?.issues).toEqual([{ code: 'PAUSED' }]);
    await templateWebhook(desk, 'template_category_update', {
      message_template_id: 900000000000002,
      message_template_name: 'hello',
      message_template_language: 'en_US',
      previous_category: 'UTILITY',
      new_category: 'MARKETING',
    });
    await templateWebhook(desk, 'message_template_quality_update', {
      previous_quality_score: 'GREEN',
      new_quality_score: 'YELLOW',
      message_template_id: 900000000000002,
      message_template_name: 'hello',
      message_template_language: 'en_US',
    });
    await eventually(
      async () =>
        (
          await desk.admin.ask(
            'query ($id: ID!) { node(id: $id) { ... on Template { category qualityScore } } }',
            { id: desk.templates['hello'] },
          )
        ).node,
      (node) => node.category === 'MARKETING' && node.qualityScore === 'YELLOW',
    );
  });
});

test('rule 8: each blank by component and index or name', async () => {
  const desk = await Desk.open(app, {
    enable: false,
    templates: [
      {
        id: '1',
        name: 'positional',
        language: 'en',
        status: 'APPROVED',
        category: 'UTILITY',
        components: [
          { type: 'HEADER', format: 'TEXT', text: 'For {{1}}' },
          { type: 'BODY', text: '{{1}} and {{2}}' },
          {
            type: 'BUTTONS',
            buttons: [
              { type: 'URL', text: 'See', url: 'https://x.test/{{1}}' },
              { type: 'COPY_CODE', example: 'ABC' },
            ],
          },
        ],
      },
      {
        id: '2',
        name: 'named',
        language: 'en',
        status: 'APPROVED',
        category: 'UTILITY',
        parameter_format: 'NAMED',
        components: [
          { type: 'HEADER', format: 'IMAGE' },
          { type: 'BODY', text: 'Order {{order_id}}' },
        ],
      },
    ],
  });
  const { positional, named } = await templatesOf(desk);
  expect(positional?.parameters.map(({ key }) => key)).toEqual([
    'header.1',
    'body.1',
    'body.2',
    'button.0.url',
    'button.1.code',
  ]);
  expect(named?.parameters).toEqual([
    { key: 'header.image', component: 'HEADER', type: 'IMAGE' },
    { key: 'body.order_id', component: 'BODY', type: 'TEXT' },
  ]);
});

describe('rule 9: enabling', () => {
  test('all or nothing, one refusal for each that is not fit', async () => {
    const unfit = [
      {
        id: '11',
        name: 'pending',
        language: 'en',
        status: 'PENDING',
        category: 'UTILITY',
        components: [{ type: 'BODY', text: 'x' }],
      },
      {
        id: '12',
        name: 'carousel',
        language: 'en',
        status: 'APPROVED',
        category: 'UTILITY',
        components: [{ type: 'CAROUSEL', cards: [] }],
      },
      {
        id: '13',
        name: 'both',
        language: 'en',
        status: 'REJECTED',
        category: 'UTILITY',
        components: [{ type: 'CAROUSEL', cards: [] }],
      },
    ];
    const desk = await Desk.open(app, { templates: [...LISTED_TEMPLATES, ...unfit], enable: false });
    const { templates } = desk;
    const stranger = await Desk.open(app);
    const ids = [
      templates['hello'],
      templates['pending'],
      templates['carousel'],
      stranger.templates['hello'],
      templates['both'],
    ];
    const { userErrors } = await desk.admin.attempt('enableTemplates', {
      botId: desk.botId,
      templateIds: ids,
      returnBlockId: SERVICE_BLOCK,
    });
    const at = (index: string) => ['input', 'templateIds', index];
    expect(
      (userErrors as { code: string; field: string[] }[]).map(({ code, field }) => [code, field]),
    ).toEqual([
      ['TEMPLATE_NOT_APPROVED', at('1')],
      ['TEMPLATE_UNSUPPORTED', at('2')],
      ['TEMPLATE_NOT_FOUND', at('3')],
      ['TEMPLATE_NOT_APPROVED', at('4')],
    ]);
    expect((await templatesOf(desk))['hello']?.activation).toBeNull();
  });

  test('the block is one of the published flow, and a service block', async () => {
    const desk = await Desk.open(app, { enable: false });
    const enable = (returnBlockId: string) =>
      desk.admin.refusals('enableTemplates', {
        botId: desk.botId,
        templateIds: [desk.templates['hello']],
        returnBlockId,
      });
    expect(await enable('desk:gone')).toEqual(['RETURN_BLOCK_NOT_FOUND']);
    expect(await enable(ORDINARY_BLOCK)).toEqual(['RETURN_BLOCK_NOT_SERVICE']);
    expect(await enable(SERVICE_BLOCK)).toEqual([]);
  });

  test("when the bot's number changes, templates of the old one are of another number", async () => {
    const desk = await Desk.open(app);
    const agent = await desk.agent('Bia');
    await desk.admin.act('disconnectWhatsAppChannel', { channelId: desk.channelId }, 'bot { id }');
    await desk.admin.act(
      'connectWhatsAppChannel',
      {
        botId: desk.botId,
        phoneNumber: '+551177777777',
        cloudApi: {
          phoneNumberId: 'n2',
          businessAccountId: 'a2',
          accessToken: 'EAAGproviderdouble',
          appSecret: 's',
          verifyToken: 'v',
        },
      },
      'channel { id }',
    );
    const { node } = await desk.admin.ask(
      'query ($id: ID!, $bot: ID!) { node(id: $id) { ... on Template { issues(botId: $bot) { code } activation(botId: $bot) { sendable } } } }',
      { id: desk.templates['hello'], bot: desk.botId },
    );
    expect(node).toMatchObject({ issues: [{ code: 'OTHER_NUMBER' }], activation: { sendable: false } });
    expect(await agent.refusals('sendActiveMessage', desk.orderUpdate('+5511988887777'))).toContain(
      'TEMPLATE_OF_OTHER_NUMBER',
    );
    const enable = {
      botId: desk.botId,
      templateIds: [desk.templates['hello']],
      returnBlockId: SERVICE_BLOCK,
    };
    expect(await desk.admin.refusals('enableTemplates', enable)).toEqual(['TEMPLATE_OF_OTHER_NUMBER']);
  });
});

test('rule 10: nothing in the API changes the content of a template', async () => {
  const { admin } = await app.contract('Content');
  const { __schema } = await admin.ask(
    '{ __schema { mutationType { fields { name args { type { ofType { inputFields { name } } } } } } } }',
  );
  interface Mutation {
    name: string;
    args: { type: { ofType: { inputFields: { name: string }[] } | null } }[];
  }
  const aboutTemplates = (__schema.mutationType.fields as Mutation[]).filter(({ name }) =>
    /template/i.test(name),
  );
  const fields = new Set(
    aboutTemplates.flatMap(({ args }) =>
      args.flatMap(({ type }) => type.ofType?.inputFields.map(({ name }) => name) ?? []),
    ),
  );
  expect([...fields].sort()).toEqual(['botId', 'returnBlockId', 'templateIds']);
});

describe('rules 11 and 12: publishing', () => {
  test.each([
    ['nothing in it', {}, []],
    ['a block that is no object', { a: 1 }, ['a']],
    ['a block under another id', { a: { id: 'b' } }, ['a', 'id']],
    ['a title that is no text', { 'desk:a': { id: 'desk:a', $title: 7 } }, ['desk:a', '$title']],
  ])('%s is refused with its path, and the current flow stays', async (_name, definition, path) => {
    const desk = await Desk.open(app, { enable: false });
    const { userErrors } = await desk.admin.attempt('publishFlow', { botId: desk.botId, definition });
    expect(userErrors[0]).toMatchObject({ code: 'FLOW_INVALID', field: ['input', 'definition', ...path] });
    const { flow } = await desk.admin.ask('query ($id: ID!) { flow(botId: $id) { version } }', {
      id: desk.botId,
    });
    expect(flow.version).toBe(1);
  });

  test('a block is a service block by its id, titles repeat, no title: the id serves', async () => {
    const desk = await Desk.open(app, { enable: false });
    const definition = {
      flow: {
        onboarding: { id: 'onboarding', $title: 'Desk' },
        'desk:1': { id: 'desk:1', $title: 'Desk' },
        'desk:2': { id: 'desk:2' },
      },
      globalActions: {},
    };
    const { flow } = await desk.admin.act(
      'publishFlow',
      { botId: desk.botId, definition },
      'flow { version blocks(kind: SERVICE) { blockId title kind } }',
    );
    expect(flow.version).toBe(2);
    expect(flow.blocks).toEqual([
      { blockId: 'desk:1', title: 'Desk', kind: 'SERVICE' },
      { blockId: 'desk:2', title: 'desk:2', kind: 'SERVICE' },
    ]);
    const reordered = {
      globalActions: {},
      flow: {
        'desk:2': { id: 'desk:2' },
        'desk:1': { $title: 'Desk', id: 'desk:1' },
        onboarding: { $title: 'Desk', id: 'onboarding' },
      },
    };
    const again = await desk.admin.act(
      'publishFlow',
      { botId: desk.botId, definition: reordered },
      'flow { version }',
    );
    expect(again.flow.version).toBe(2);
  });
});

describe('rules 13 and 14: outdated return flows', () => {
  test('one alert per publication, sends stop, a block that is back makes them current', async () => {
    const desk = await Desk.open(app);
    const agent = await desk.agent('Bia');
    const alerts = await desk.admin.listen(
      'subscription ($after: String) { flowOutdated(after: $after) { bot { id } flow { version } activations { template { name } outdatedReason } } }',
    );
    const publish = (definition: object) =>
      desk.admin.act(
        'publishFlow',
        { botId: desk.botId, definition },
        'newlyOutdated { template { name } outdatedReason }',
      );
    const { newlyOutdated } = await publish(flowOf(OTHER_SERVICE_BLOCK));
    expect(newlyOutdated).toHaveLength(3);
    const { flowOutdated } = (await alerts.next()) as {
      flowOutdated: { activations: unknown[]; flow: unknown };
    };
    expect(flowOutdated).toMatchObject({ bot: { id: desk.botId }, flow: { version: 2 } });
    expect(flowOutdated.activations).toHaveLength(3);
    expect(flowOutdated.activations[0]).toMatchObject({ outdatedReason: 'BLOCK_REMOVED' });
    expect(await agent.refusals('sendActiveMessage', desk.orderUpdate('+5511988880000'))).toEqual([
      'RETURN_FLOW_OUTDATED',
    ]);
    expect((await publish(flowOf(SERVICE_BLOCK, OTHER_SERVICE_BLOCK))).newlyOutdated).toEqual([]);
    expect((await templatesOf(desk))['hello']).toMatchObject({ activation: { sendable: true } });
    const { flow } = await desk.admin.ask(
      'query ($id: ID!) { flow(botId: $id) { outdatedActivations { id } } }',
      { id: desk.botId },
    );
    expect(flow.outdatedActivations).toEqual([]);
    await desk.admin.act(
      'disableTemplates',
      { botId: desk.botId, templateIds: [desk.templates['hello']] },
      'activations { enabled }',
    );
    // Newly outdated are the enabled ones, once: the same flow again and a further one without the block add nothing.
    await publish(flowOf(OTHER_SERVICE_BLOCK));
    await publish(flowOf(OTHER_SERVICE_BLOCK));
    await publish(flowOf(OTHER_SERVICE_BLOCK, ORDINARY_BLOCK));
    const second = (await alerts.next()) as { flowOutdated: { activations: object[] } };
    expect(second).toMatchObject({ flowOutdated: { flow: { version: 4 } } });
    const names = second.flowOutdated.activations.map(
      (one) => (one as { template: { name: string } }).template,
    );
    expect(names).toEqual([{ name: 'order_update' }, { name: 'sale' }]);
    await publish(flowOf(SERVICE_BLOCK));
    await publish(flowOf(OTHER_SERVICE_BLOCK));
    expect(await alerts.next()).toMatchObject({ flowOutdated: { flow: { version: 7 } } });
    expect(alerts.pending).toBe(0);
    await alerts.close();
  });

  test('updateReturnFlow repairs some or every outdated one, all or nothing', async () => {
    const desk = await Desk.open(app);
    await desk.admin.act(
      'publishFlow',
      { botId: desk.botId, definition: flowOf(OTHER_SERVICE_BLOCK, ORDINARY_BLOCK) },
      'flow { id }',
    );
    expect(
      await desk.admin.refusals('updateReturnFlow', {
        botId: desk.botId,
        templateIds: [desk.templates['hello'], 'tpl_01h455vb4pex5vsknk084sn02q'],
        returnBlockId: OTHER_SERVICE_BLOCK,
      }),
    ).toEqual(['TEMPLATE_NOT_FOUND']);
    const { flow } = await desk.admin.ask(
      'query ($id: ID!) { flow(botId: $id) { outdatedActivations { returnBlockId } } }',
      { id: desk.botId },
    );
    expect(flow.outdatedActivations).toEqual(Array(3).fill({ returnBlockId: SERVICE_BLOCK }));
    const one = await desk.admin.act(
      'updateReturnFlow',
      { botId: desk.botId, templateIds: [desk.templates['hello']], returnBlockId: OTHER_SERVICE_BLOCK },
      'activations { outdated returnBlockId }',
    );
    expect(one.activations).toEqual([{ outdated: false, returnBlockId: OTHER_SERVICE_BLOCK }]);
    expect(
      await desk.admin.refusals('updateReturnFlow', {
        botId: desk.botId,
        templateIds: null,
        returnBlockId: ORDINARY_BLOCK,
      }),
    ).toEqual(['RETURN_BLOCK_NOT_SERVICE']);
    const rest = await desk.admin.act(
      'updateReturnFlow',
      { botId: desk.botId, templateIds: null, returnBlockId: OTHER_SERVICE_BLOCK },
      'activations { template { name } outdated }',
    );
    expect(rest.activations).toHaveLength(2);
    await desk.admin.act(
      'disableTemplates',
      { botId: desk.botId, templateIds: [desk.templates['hello']] },
      'activations { enabled }',
    );
    const disabled = await desk.admin.attempt('updateReturnFlow', {
      botId: desk.botId,
      templateIds: [desk.templates['sale'], desk.templates['hello']],
      returnBlockId: OTHER_SERVICE_BLOCK,
    });
    expect(disabled.userErrors).toMatchObject([
      { code: 'TEMPLATE_NOT_ENABLED', field: ['input', 'templateIds', '1'] },
    ]);
  });
});
