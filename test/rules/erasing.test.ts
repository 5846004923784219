import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import sql, { raw } from 'sql-template-tag';
import { tableOf, type RowClass } from '../../src/database/rows';
import { SqliteEngine } from '../../src/database/sqlite';
import { sqliteFile } from '../../src/database/store';
import { ALL_ENTITIES } from '../../src/entities/all';
import { ContactRow } from '../../src/entities/contact';
import { newId } from '../../src/entities/ids';
import { InboxBodyRow } from '../../src/entities/inbox-body';
import { TicketMessageRow } from '../../src/entities/ticket-message';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { deliver, freshMessageId, messagesBody } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers } from '../kit/provider-double';

const CANARY = 'zyxcanary';
let app: TestApp;
let desk: Desk;
let agent: Caller;
let waId: string;
let phones = 0;
const nextNumber = (): string => `55119${String(87_650_000 + (phones += 1))}`;

beforeAll(async () => {
  app = await TestApp.start();
});
beforeEach(async () => {
  desk = await Desk.open(app);
  agent = await desk.agent('Bia');
  await desk.turnOnDirectTransfer();
  waId = nextNumber();
});
afterAll(() => app.stop());

/** What nobody may find any more: what was written, and the number, also as it stands in the provider's ids. */
const traces = (): string[] => [CANARY, waId, ...[0, 1, 2].map((at) => encodedFrom(at))];
/** The number in base64, at each of the three places where it may begin. */
const encodedFrom = (at: number): string =>
  Buffer.from(`${'-'.repeat(at)}${waId}`)
    .toString('base64')
    .slice(at === 0 ? 0 : 4, 16);
const providerId = (): string =>
  `wamid.${Buffer.from(`\u001d\u0018\u000d${waId}${freshMessageId()}`).toString('base64')}`;

async function everyRow(): Promise<string> {
  const tables = (ALL_ENTITIES as readonly RowClass<object>[]).map((entity) => tableOf(entity).name.sql);
  const rows = await Promise.all(
    tables.map((table) => app.platform.store.engine.reader.all(sql`select * from ${raw(table)}`)),
  );
  return JSON.stringify(rows).toLowerCase();
}

const found = (text: string): string[] => traces().filter((trace) => text.includes(trace.toLowerCase()));

/** What the files tell, once the erasure is done: a reader who was in the way of it puts that off for a moment. */
async function foundInFiles(contactId: string): Promise<string[]> {
  await eventually(
    () => {
      app.clock.advance(10_000);
      return app.platform.store.rowsOf(desk.contractId).byId(ContactRow, contactId);
    },
    (contact) => contact?.erasure === 'DONE',
  );
  const file = sqliteFile(app.platform.config.databaseUrl);
  const { engine } = app.platform.store;
  if (file === null || !(engine instanceof SqliteEngine)) return [];
  await engine.backup(`${file}.backup-${desk.contractId}.db`);
  const folder = path.dirname(file);
  const files = readdirSync(folder).filter((name) => name.includes('.db'));
  expect(files.length).toBeGreaterThan(1);
  return files.flatMap((name) => found(readFileSync(path.join(folder, name), 'latin1').toLowerCase()));
}

async function figures(): Promise<unknown> {
  const { sendStatistics, sends, tickets, contacts } = await desk.admin.ask(
    `query ($bot: ID!) {
      sendStatistics(filter: {}, groupBy: [AGENT]) { total accepted sent delivered read failed replied expired medianSecondsToReply }
      sends { totalCount } tickets { totalCount } contacts(botId: $bot) { totalCount }
    }`,
    { bot: desk.botId },
  );
  return { sendStatistics, sends, tickets, contacts };
}

async function erase(contactId: string): Promise<Data> {
  const selection = 'contact { id name phone email aliases openTicket { id } sends { totalCount } }';
  return (await desk.admin.act('eraseContact', { contactId }, selection)).contact;
}

const tickets = async (): Promise<Data[]> =>
  (
    await desk.admin.ask(
      '{ tickets(first: 50) { nodes { id status origin contact { id phone } send { id } messages { nodes { kind text } } } } }',
    )
  ).tickets.nodes;

const sendWith = (value: string, key: string): Record<string, unknown> => ({
  ...desk.orderUpdate(`+${waId}`, key),
  parameters: [
    { key: 'body.1', value },
    { key: 'body.2', value: '42' },
  ],
});

async function sent(value = CANARY): Promise<{ id: string; contactId: string; providerMessageId: string }> {
  const { send } = await agent.act(
    'sendActiveMessage',
    sendWith(value, crypto.randomUUID()),
    'send { id contact { id } }',
  );
  const accepted = await desk.sendWhen(agent, send.id as string, ({ status }) => status === 'ACCEPTED');
  return {
    id: send.id,
    contactId: send.contact.id,
    providerMessageId: String(accepted['providerMessageId']),
  };
}

const element = (from: string, text: string, more: object = {}): object => ({
  from,
  id: freshMessageId(),
  timestamp: String(Math.floor(app.clock.now() / 1_000)),
  type: 'text',
  text: { body: text },
  ...more,
});

/** A webhook that another node works just now, and has not come far with. */
async function underWay(body: object): Promise<void> {
  const now = app.clock.now();
  await app.platform.store.transact(desk.contractId, (transaction) =>
    transaction.insert(InboxBodyRow, {
      id: newId('InboxBody'),
      contractId: desk.contractId,
      channelId: desk.channelId,
      receivedAt: now,
      body: JSON.stringify(body),
      settledItems: 0,
      attempts: 1,
      dueAt: now,
      leaseOwner: 'another node',
      leaseUntil: now + 600_000,
      doneAt: null,
    }),
  );
}

describe('rule 44: erasing a contact', () => {
  test('removes the person from every row, file, backup and export, and keeps the counts', async () => {
    app.provider.answer(() => answers.accept({ messageId: providerId(), waId }));
    await desk.admin.act(
      'upsertContact',
      { botId: desk.botId, phone: `+${waId}`, name: `Zoé ${CANARY}`, email: `${CANARY}@example.test` },
      'contact { id }',
    );
    const key = crypto.randomUUID();
    const input = sendWith(CANARY, key);
    const { send } = await agent.act('sendActiveMessage', input, 'send { id contact { id } }');
    const contactId = send.contact.id as string;
    const first = await desk.sendWhen(agent, send.id as string, ({ status }) => status === 'ACCEPTED');
    const customer = desk.customer(waId);
    const replyId = await customer.write(`I am ${CANARY}`, {
      context: String(first['providerMessageId']),
      id: providerId(),
      name: CANARY,
    });
    const image = { id: '77', mime_type: 'image/png', sha256: 'x', caption: CANARY, filename: CANARY };
    await customer.message({ type: 'image', image }, { id: providerId() });
    await customer.message({ type: 'button', button: { text: CANARY, payload: CANARY } });
    const [ticket] = await eventually(tickets, ([one]) => one?.messages.nodes.length === 3);
    await agent.act(
      'sendTicketMessage',
      { ticketId: ticket?.id, text: CANARY, idempotencyKey: key },
      'message { id }',
    );
    // What nobody knows, cannot be understood, is worked elsewhere, and failed with the customer's words.
    await customer.report('delivered', providerId());
    await deliver(desk, messagesBody(desk.door, { messages: [{ ...element(waId, CANARY), id: null }] }));
    await deliver(desk, `no JSON, but from ${waId}: ${CANARY}`);
    const errors = [{ code: 131026, title: 'Undeliverable', error_data: { details: `${waId} ${CANARY}` } }];
    const status = { id: first['providerMessageId'], status: 'failed', recipient_id: waId, errors };
    const timestamp = String(Math.floor(app.clock.now() / 1_000));
    await deliver(desk, messagesBody(desk.door, { statuses: [{ ...status, timestamp }] }));
    const other = nextNumber();
    await underWay(
      messagesBody(desk.door, {
        contacts: [
          { profile: { name: CANARY }, wa_id: waId },
          { profile: { name: 'Rui' }, wa_id: other },
        ],
        messages: [element(waId, CANARY), element(other, 'I stay'), element(waId, `${CANARY} again`)],
      }),
    );
    await eventually(
      async () =>
        desk.admin.ask(
          '{ deadLetters { nodes { id } } sends { nodes { timeline { kind } failure { message } } } }',
        ),
      (data) => data.deadLetters.nodes.length === 2 && data.sends.nodes[0].failure !== null,
    );
    const before = await everyRow();
    expect(found(before)).toEqual(expect.arrayContaining([CANARY, waId]));
    expect(found(before).length).toBeGreaterThan(2);
    const counts = await figures();
    const cursor = await desk.admin.cursor();

    expect(
      await agent.problem(
        `mutation { eraseContact(input: { contactId: "${contactId}" }) { contact { id } } }`,
      ),
    ).toBe('FORBIDDEN');
    expect(await desk.admin.refusals('eraseContact', { contactId: newId('Contact') })).toEqual([
      'CONTACT_NOT_FOUND',
    ]);
    const stranger = await Desk.open(app);
    expect(await stranger.admin.refusals('eraseContact', { contactId })).toEqual(['CONTACT_NOT_FOUND']);

    const nobody = { id: contactId, name: null, phone: null, email: null, aliases: [], openTicket: null };
    expect(await erase(contactId)).toEqual({ ...nobody, sends: { totalCount: 1 } });
    expect(found(await everyRow())).toEqual([]);
    expect(await foundInFiles(contactId)).toEqual([]);
    // The other person's message, which stood in the same webhook, has come in meanwhile.
    const all = await eventually(tickets, (some) => some.length === 2);
    expect(all.map(({ status }) => status as string).sort()).toEqual(['CLOSED', 'WAITING']);
    expect(all.find(({ contact }) => contact.phone === `+${other}`)?.messages.nodes).toEqual([
      { kind: 'text', text: 'I stay' },
    ]);
    expect(all.find(({ contact }) => contact.id === contactId)?.messages.nodes).toEqual(
      ['text', 'image', 'button', 'text'].map((kind) => ({ kind, text: null })),
    );
    await desk.admin.act('closeTicket', { ticketId: all.find(({ status }) => status === 'WAITING')?.id }, '');
    const after = (await figures()) as Data;
    expect(after.sendStatistics).toEqual((counts as Data).sendStatistics);
    expect(after.sends).toEqual((counts as Data).sends);

    const { sends } = await desk.admin.ask(
      `query ($cursor: String) { sends(orderBy: { field: CHANGED, direction: ASC }, filter: { changedAfter: $cursor })
        { nodes { id contact { id name } parameters { value } preview { body } } } }`,
      { cursor },
    );
    expect(sends.nodes).toMatchObject([
      { id: send.id, contact: { id: contactId, name: null }, parameters: [], preview: { body: '' } },
    ]);
    const exported = await fetch(`${app.url}/exports/sends.ndjson`, {
      headers: { authorization: `Bearer ${desk.admin.token}` },
    });
    expect(JSON.parse(await exported.text())).toMatchObject({
      id: send.id,
      contact_id: contactId,
      contact_name: null,
      phone: null,
    });
    const { auditLog } = await desk.admin.ask(
      '{ auditLog(filter: { actions: ["eraseContact"] }) { nodes { subject { id } changes } } }',
    );
    expect(auditLog.nodes).toEqual([{ subject: { id: contactId }, changes: {} }]);

    // What comes again, late or twice, changes nothing and brings nobody back.
    expect((await agent.act('sendActiveMessage', input, 'send { id }')).send.id).toBe(send.id);
    await customer.write(`I am ${CANARY}`, { id: replyId });
    await customer.report('read', String(first['providerMessageId']), { correlation: send.id as string });
    await customer.report('delivered', String(first['providerMessageId']));
    await desk.sendWhen(agent, send.id as string, ({ status: now }) => now === 'READ');
    await eventually(
      () => app.platform.store.acrossContracts().count(InboxBodyRow, sql`done_at is null`),
      (waiting) => waiting === 0,
    );
    expect(found(await everyRow())).toEqual([]);
    expect((await erase(contactId)).id).toBe(contactId);
    const refused = { ...input, recipient: { contactId }, idempotencyKey: crypto.randomUUID() };
    expect(await desk.admin.refusals('sendActiveMessage', refused)).toEqual(['CONTACT_NOT_FOUND']);
  });

  test('withdraws what has not gone out; who writes next is somebody new, whatever they quote', async () => {
    app.provider.answer(answers.accept());
    const { id, contactId, providerMessageId } = await sent();
    const { send } = await agent.act(
      'sendActiveMessage',
      sendWith(CANARY, crypto.randomUUID()),
      'send { id }',
    );
    await erase(contactId);
    expect(await desk.sendWhen(agent, send.id as string, () => true)).toMatchObject({
      status: 'CANCELED',
      replyState: 'NONE',
    });
    expect(await desk.sendWhen(agent, id, () => true)).toMatchObject({
      status: 'ACCEPTED',
      replyState: 'RELEASED',
    });
    expect(found(await everyRow())).toEqual([]);
    await desk.customer(waId).write('Olá', { context: providerMessageId });
    const [ticket] = await eventually(tickets, (some) => some.length === 1);
    expect(ticket).toMatchObject({ origin: 'CUSTOMER', send: null, contact: { phone: `+${waId}` } });
    expect(ticket?.contact.id).not.toBe(contactId);
  });

  test('an answer of WhatsApp that comes afterwards does not tell who it was', async () => {
    let answered = (): void => undefined;
    const until = new Promise<void>((resolve) => (answered = resolve));
    app.provider.answer(answers.delay(until, answers.accept({ messageId: providerId(), waId })));
    const { send } = await agent.act(
      'sendActiveMessage',
      sendWith(CANARY, crypto.randomUUID()),
      'send { id contact { id } }',
    );
    await desk.sendWhen(agent, send.id as string, (one) => (one as unknown as Data).attempts === 1);
    await erase(send.contact.id as string);
    answered();
    await desk.sendWhen(agent, send.id as string, ({ status }) => status === 'ACCEPTED');
    expect(found(await everyRow())).toEqual([]);
  });

  test('what the provider said of the number, when the message of one stopped it, names nobody', async () => {
    app.provider.answer([
      answers.error(131031, 400, { message: `Account locked after a message to +${waId}`, details: waId }),
    ]);
    const { send } = await agent.act(
      'sendActiveMessage',
      sendWith(CANARY, crypto.randomUUID()),
      'send { id contact { id } }',
    );
    const health = await eventually(
      () => desk.admin.ask('{ bots { nodes { whatsAppChannel { health { state message } } } } }'),
      ({ bots }) => bots.nodes[0].whatsAppChannel.health.state === 'STOPPED',
    );
    expect(JSON.stringify(health)).toContain('Account locked after a message to •••');
    const contactId = send.contact.id as string;
    await erase(contactId);
    expect(found(await everyRow())).toEqual([]);
    expect(await foundInFiles(contactId)).toEqual([]);
  });

  test('that was cut short goes on by itself', async () => {
    app.provider.answer(answers.accept());
    const { contactId, providerMessageId } = await sent();
    await desk.customer(waId).write('Olá', { context: providerMessageId });
    await eventually(tickets, (some) => some.length === 1);
    await erase(contactId);
    await app.platform.store.transact(desk.contractId, async (transaction) => {
      await transaction.update(TicketMessageRow, { text: CANARY }, sql`contact_id = ${contactId}`);
      await transaction.update(ContactRow, { erasure: 'UNDER_WAY' }, sql`id = ${contactId}`);
    });
    app.clock.advance(11_000);
    await eventually(
      () => app.platform.store.rowsOf(desk.contractId).byId(ContactRow, contactId),
      (contact) => contact?.erasure === 'DONE',
    );
    expect(found(await everyRow())).toEqual([]);
  });

  test('takes their phone, its files and its webhooks out of the sandbox', async () => {
    const { admin } = desk;
    const { bot } = await admin.act(
      'createBot',
      { name: 'Sandbox', identity: 'sandbox@msging.net', kind: 'BUILDER' },
      'bot { id }',
    );
    const { channel } = await admin.act(
      'connectWhatsAppChannel',
      { botId: bot.id, phoneNumber: '+551133330000', sandbox: true },
      'channel { id }',
    );
    const call = async (method: string, path: string, json: unknown): Promise<Data> => {
      const isText = typeof json === 'string';
      const response = await fetch(`${app.url}/sandbox/api/channels/${channel.id}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${admin.token}`,
          'content-type': isText ? 'text/plain' : 'application/json',
        },
        body: isText ? json : JSON.stringify(json),
      });
      expect(response.status).toBeLessThan(300);
      return (await response.json()) as Data;
    };
    const other = nextNumber();
    for (const [from, name] of [
      [waId, CANARY],
      [other, 'Rui'],
    ]) {
      await call('POST', '/phones', { phone: `+${from}`, name });
      await call('POST', `/phones/${from}/messages`, { kind: 'text', text: name });
    }
    const file = await call('POST', '/files', CANARY);
    await call('POST', `/phones/${waId}/messages`, {
      kind: 'document',
      fileId: file.fileId,
      caption: CANARY,
    });
    const isTheirs = ({ contact }: Data): boolean => contact.phone === `+${waId}`;
    const all = await eventually(tickets, (some) => some.find(isTheirs)?.messages.nodes.length === 2);
    await call('PATCH', '/controls', { delaySeconds: 300 });
    await call('POST', `/phones/${waId}/messages`, { kind: 'text', text: `${CANARY} later` });
    await erase(all.find(isTheirs)?.contact.id);
    const left = await everyRow();
    expect(found(left)).toEqual([]);
    expect(left).not.toContain(Buffer.from(CANARY).toString('base64').toLowerCase());
    expect(left).toContain(`"wa_id":"${other}"`);
  });
});
