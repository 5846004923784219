import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { DeadLetterRow } from '../../src/entities/dead-letter';
import { InboxBodyRow } from '../../src/entities/inbox-body';
import { TicketMessageRow } from '../../src/entities/ticket-message';
import { TestApp } from '../kit/app';
import type { Data } from '../kit/caller';
import { deliver } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers } from '../kit/provider-double';
import { publicPayloads, publicWebhooks, type Json } from '../kit/public-payloads';

// Real input through the real doors: the builder's exports are published, the provider's bodies arrive signed.
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(async () => {
  await app.stop();
});

const SERVICE_BLOCKS: Record<string, { blockId: string; title: string }> = {
  'flat_desk_11blocks_atendimento-humano-horarios': {
    blockId: 'desk:b69ef3a2-9983-48f8-9d40-16bad478a460',
    title: '4.0 - Atendimento humano',
  },
  'flat_desk_13blocks_atendimento-para-equipes': {
    blockId: 'desk:b69ef3a2-9983-48f8-9d40-16bad478a460',
    title: '4.0 - Atendimento humano',
  },
  flat_desk_19blocks_real_estate: {
    blockId: 'desk:c86a834c-944f-4f79-8993-4b032960ece3',
    title: '🧑🔊 Atendimento',
  },
  flat_desk_27blocks_carDealership: {
    blockId: 'desk:4841d50c-cf7e-417a-b5e0-604da1ded360',
    title: 'Atendimento humano',
  },
  flat_desk_tags_62blocks_rede_de_hoteis: {
    blockId: 'desk:a87e26fe-9d1f-4041-bccc-690e65c078f6',
    title: 'Atendimento humano',
  },
};

test('every published flow is published here, with its service block', async () => {
  const { admin } = await app.contract('Flows');
  for (const [index, { name, content }] of publicPayloads(
    'blip-flows',
    () => true,
    () => true,
  ).entries()) {
    const { bot } = await admin.act(
      'createBot',
      { name, identity: `flow${index}@msging.net`, kind: 'BUILDER' },
      'bot { id }',
    );
    const { flow } = await admin.act(
      'publishFlow',
      { botId: bot.id, definition: content },
      'flow { version blocks { kind } service: blocks(kind: SERVICE) { blockId title } }',
    );
    const expected = SERVICE_BLOCKS[name];
    expect([name, flow.service]).toEqual([name, expected ? [expected] : []]);
    expect(flow.blocks).toHaveLength(Number(/(\d+)blocks/.exec(name)?.[1]));
  }
});

interface WebhookBody {
  entry: { id: string; changes: { value: { messages?: { id?: string }[] } }[] }[];
}

/** The same body for the number and the account of this desk, its messages apart from those of the other examples. */
function addressedTo(desk: Desk, content: Json, mark: number): unknown {
  const text = JSON.stringify(content, (key, value: unknown) =>
    key === 'phone_number_id' ? desk.phoneNumberId : value,
  );
  const body = JSON.parse(text) as WebhookBody;
  for (const entry of body.entry) {
    entry.id = desk.businessAccountId;
    for (const { value } of entry.changes) {
      for (const message of value.messages ?? []) message.id = `${message.id ?? ''}.${mark}`;
    }
  }
  return body;
}

async function worked(desk: Desk): Promise<void> {
  const rows = app.platform.store.rowsOf(desk.contractId);
  await eventually(
    () => rows.count(InboxBodyRow, sql`done_at is null`),
    (open) => open === 0,
  );
}

test('every published webhook is taken, twice, and each message is in one ticket once', async () => {
  const desk = await Desk.open(app, { enable: false });
  for (const [mark, { content }] of publicWebhooks.entries()) {
    const body = addressedTo(desk, content, mark);
    expect([await deliver(desk, body), await deliver(desk, body)]).toEqual([200, 200]);
  }
  await worked(desk);
  const rows = app.platform.store.rowsOf(desk.contractId);
  const reasons = (await rows.find(DeadLetterRow)).map(({ reason }) => reason);
  // What is put aside is only what speaks of templates that this desk does not have.
  expect(reasons.filter((reason) => !/template/i.test(reason))).toEqual([]);
  const messages = await rows.find(TicketMessageRow);
  expect(new Set(messages.map(({ providerMessageId }) => providerMessageId)).size).toBe(messages.length);
  if (publicWebhooks.length > 0) {
    expect([...new Set(messages.map(({ kind }) => kind))]).toEqual(
      expect.arrayContaining([
        'text',
        'image',
        'video',
        'document',
        'audio',
        'sticker',
        'location',
        'contacts',
        'interactive',
        'button',
        'order',
      ]),
    );
  }
  const { tickets } = await desk.admin.ask(
    '{ tickets(first: 100) { nodes { contact { id } messages { totalCount } lastMessage { kind text content } } } }',
  );
  const contacts = (tickets.nodes as Data[]).map(({ contact }) => contact.id as string);
  expect(new Set(contacts).size).toBe(contacts.length);
});

describe('templates and answers', () => {
  const definitions = [
    ...publicPayloads(
      'meta-openapi',
      (file) => file.startsWith('template_create_') || file.startsWith('template_get_'),
      () => true,
    ),
    ...publicPayloads(
      'pywa',
      (file) => /^template_(authentication|buttons|carousel|limited_time_offer)\.json$/.test(file),
      () => false,
    ),
  ];

  test('every published template is mirrored, and can be sent or says why not', async () => {
    const listed = definitions.map(({ content }, index) => ({
      ...content,
      id: String(7_000_000 + index),
      name: `public_${index}`,
      status: 'APPROVED',
    }));
    const desk = await Desk.open(app, { templates: listed, enable: false });
    const { templates } = await desk.admin.ask(
      'query ($bot: ID!) { templates(first: 100) { totalCount nodes { name issues(botId: $bot) { code message } preview { body } } } }',
      { bot: desk.botId },
    );
    expect(templates.totalCount).toBe(definitions.length);
    const unfit = (templates.nodes as Data[]).filter(({ issues }) =>
      issues.some(({ code }: Data) => code === 'UNSUPPORTED'),
    );
    if (definitions.length > 0)
      expect([unfit.length, templates.nodes.length - unfit.length].every((count) => count > 5)).toBe(true);
    for (const { issues } of unfit) expect(issues[0].message.length).toBeGreaterThan(20);
  });

  test('every published answer to a message is an acceptance', async () => {
    const [answersOfMeta] = publicPayloads(
      'meta-openapi',
      (file) => file === 'responses_messages_post.json',
      () => true,
    );
    const desk = await Desk.open(app);
    const agent = await desk.agent('Bia');
    for (const [index, body] of Object.values(answersOfMeta?.content ?? {}).entries()) {
      app.provider.answer([answers.rawBody(200, JSON.stringify(body))]);
      const { send } = await agent.act(
        'sendActiveMessage',
        desk.orderUpdate(`+551193000${String(1_000 + index)}`),
        'send { id }',
      );
      const settled = await desk.sendWhen(agent, send.id as string, ({ status }) => status !== 'QUEUED');
      expect(settled).toMatchObject({
        status: 'ACCEPTED',
        providerMessageId: (body as { messages: [{ id: string }] }).messages[0].id,
      });
    }
  });
});
