import { graphql, type GraphQLSchema } from 'graphql';
import pino from 'pino';
import sql from 'sql-template-tag';
import type { Channel } from '../../src/channels/channel';
import { readConfig } from '../../src/config';
import { Store } from '../../src/database/store';
import { AgentRow } from '../../src/entities/agent';
import { ContactRow } from '../../src/entities/contact';
import { Presence, ReplyState, SendStatus, TemplateCategory, TemplateStatus } from '../../src/entities/enums';
import { EventRow } from '../../src/entities/event';
import { newId } from '../../src/entities/ids';
import { InboxBodyRow } from '../../src/entities/inbox-body';
import { SendRow } from '../../src/entities/send';
import { TemplateRow } from '../../src/entities/template';
import { WhatsAppChannelRow } from '../../src/entities/whatsapp-channel';
import { EventLog } from '../../src/events/event-log';
import { AgentResolver } from '../../src/resolvers/agents';
import { BotResolver } from '../../src/resolvers/bots';
import { ChannelResolver } from '../../src/resolvers/channels';
import { ContactResolver } from '../../src/resolvers/contacts';
import { DeadLetterResolver } from '../../src/resolvers/dead-letters';
import { PermissionResolver } from '../../src/resolvers/permissions';
import { PresenceResolver } from '../../src/resolvers/presence';
import { QueueResolver } from '../../src/resolvers/queues';
import { SettingsResolver } from '../../src/resolvers/settings';
import { TicketMessageResolver } from '../../src/resolvers/ticket-messages';
import { TicketResolver } from '../../src/resolvers/tickets';
import { buildApiSchema } from '../../src/schema/build';
import { ServiceContext, type Platform } from '../../src/services/context';
import { createContract } from '../../src/services/access/contracts';
import { InboxWorker } from '../../src/services/inbox/inbox';
import { Intake } from '../../src/services/inbox/intake';
import { Metrics } from '../../src/services/metrics';
import { PresenceWatch } from '../../src/services/agents/presence';
import { SecretBox } from '../../src/services/secret-box';
import type { Viewer } from '../../src/services/access/viewer';
import { WakeUp } from '../../src/services/wake-up';
import type { Data } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { createTestDatabase, type TestDatabase } from '../kit/database';
import { eventually } from '../kit/eventually';

const HOUR = 3_600_000;
const clock = new TestClock();
let database: TestDatabase;
let store: Store;
let platform: Platform;
let schema: GraphQLSchema;
let workers: InboxWorker[];

beforeAll(async () => {
  database = await createTestDatabase();
  const complain = (error: unknown) => {
    throw error;
  };
  store = await Store.open({ url: database.url, clock, complain });
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
    channels: { CLOUD_API: {} as Channel, SANDBOX: {} as Channel },
    wakeUps: { deliveries: new WakeUp(), inbox: new WakeUp(), sandboxWebhooks: new WakeUp() },
    listeningSince: () => 0,
    ownUrl: () => 'http://localhost:4000',
    publicUrl: () => 'https://saludo.test',
  };
  schema = buildApiSchema([
    AgentResolver,
    BotResolver,
    ChannelResolver,
    ContactResolver,
    DeadLetterResolver,
    PermissionResolver,
    PresenceResolver,
    QueueResolver,
    SettingsResolver,
    TicketMessageResolver,
    TicketResolver,
  ]);
  // Two, as two nodes would be.
  workers = [new InboxWorker(platform), new InboxWorker(platform)];
  for (const worker of workers) worker.start();
});

afterAll(async () => {
  for (const worker of workers) await worker.stop();
  await store.close();
  await database.drop();
});

class Caller {
  constructor(private readonly viewer: () => Promise<Viewer>) {}

  async id(): Promise<string> {
    return (await this.viewer()).agent?.id ?? '';
  }

  async ask(source: string, variableValues: Record<string, unknown> = {}): Promise<Data> {
    const contextValue = new ServiceContext(platform, await this.viewer());
    const { data, errors } = await graphql({ schema, source, variableValues, contextValue });
    if (errors?.[0]) throw errors[0].originalError ?? errors[0];
    return data;
  }

  async attempt(mutation: string, input: object, selection = ''): Promise<Data> {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const source = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} userErrors { code message field } } }`;
    return (await this.ask(source, { input }))[mutation];
  }

  async act(mutation: string, input: object, selection = ''): Promise<Data> {
    const payload = await this.attempt(mutation, input, selection);
    expect(payload.userErrors).toEqual([]);
    return payload;
  }

  async refusals(mutation: string, input: object): Promise<string[]> {
    const { userErrors } = await this.attempt(mutation, input);
    return userErrors.map(({ code }: { code: string }) => code);
  }
}

let desks = 0;
let phones = 0;
const phone = (): string => `55119${String(80_000_000 + (phones += 1))}`;

/** A contract with a bot, its number and an admin. */
class Desk {
  admin!: Caller;
  contractId!: string;
  botId!: string;
  channel!: WhatsAppChannelRow;
  templateId!: string;

  static async open(): Promise<Desk> {
    const desk = new Desk();
    const name = `desk${(desks += 1)}`;
    const made = await createContract(platform, { name, adminName: 'Ana', adminEmail: `ana@${name}.test` });
    desk.contractId = made.contract.id;
    desk.admin = desk.caller(made.admin.id);
    const bot = { name: 'Orders', identity: 'orders@msging.net', kind: 'BUILDER' };
    desk.botId = (await desk.admin.act('createBot', bot, 'bot { id }')).bot.id;
    const cloudApi = {
      phoneNumberId: `1${String(desks).padStart(6, '0')}`,
      businessAccountId: `2${String(desks).padStart(6, '0')}`,
      accessToken: 'token',
      appSecret: 'secret',
      verifyToken: 'verify',
    };
    const connect = { botId: desk.botId, phoneNumber: '+551130000000', cloudApi };
    const { channel } = await desk.admin.act('connectWhatsAppChannel', connect, 'channel { id }');
    desk.channel = (await desk.rows.byId(WhatsAppChannelRow, channel.id as string))!;
    desk.templateId = await desk.template();
    return desk;
  }

  get rows() {
    return store.rowsOf(this.contractId);
  }

  caller(agentId: string): Caller {
    return new Caller(async () => {
      const agent = (await this.rows.byId(AgentRow, agentId)) as AgentRow;
      return { contractId: this.contractId, agent, apiKey: null };
    });
  }

  async agent(name: string, presence = 'ONLINE', slots = 5): Promise<Caller> {
    const input = { name, email: `${name}@desk.test`.toLowerCase(), role: 'AGENT', slots };
    const { agent } = await this.admin.act('createAgent', input, 'agent { id }');
    const caller = this.caller(agent.id as string);
    if (presence !== 'OFFLINE') await caller.act('setPresence', { presence }, 'agent { presence }');
    return caller;
  }

  private async template(): Promise<string> {
    const id = newId('Template');
    await store.transact(this.contractId, (transaction) =>
      transaction.insert(TemplateRow, {
        id,
        contractId: this.contractId,
        channelId: this.channel.id,
        providerTemplateId: '1',
        name: 'hello',
        language: 'en',
        category: TemplateCategory.UTILITY,
        status: TemplateStatus.APPROVED,
        providerStatus: 'APPROVED',
        components: [],
        parameterFormat: 'POSITIONAL',
        qualityScore: null,
        rejectionReason: null,
        unsupportedReason: null,
        createdAt: clock.now(),
        updatedAt: clock.now(),
        webhookChangedAt: null,
      }),
    );
    return id;
  }

  /** A send that WhatsApp took from this agent, to a contact made for it. */
  async accepted(sender: Caller, to: string, more: Partial<SendRow> = {}): Promise<SendRow> {
    const upsert = { botId: this.botId, phone: `+${to}` };
    const { contact } = await this.admin.act('upsertContact', upsert, 'contact { id }');
    const now = clock.now();
    const send: SendRow = {
      id: newId('Send'),
      contractId: this.contractId,
      botId: this.botId,
      channelId: this.channel.id,
      agentId: await sender.id(),
      templateId: this.templateId,
      contactId: contact.id as string,
      parameters: [],
      preview: { header: null, body: 'hello', footer: null, buttons: [] },
      returnBlockId: 'desk:1',
      status: SendStatus.ACCEPTED,
      outcomeUnknown: false,
      replyState: ReplyState.AWAITING,
      failureCode: null,
      failureMessage: null,
      failureProviderCode: null,
      failedBy: null,
      retryOfId: null,
      providerMessageId: null,
      attempts: 1,
      callStartedAt: now,
      handedOver: true,
      refused: false,
      createdAt: now,
      acceptedAt: now,
      sentAt: null,
      deliveredAt: null,
      readAt: null,
      failedAt: null,
      repliedAt: null,
      replyBucket: null,
      replyExpiresAt: now + 24 * HOUR,
      updatedAt: now,
      changedSequence: 0,
      ticketId: null,
      ...more,
    };
    await store.transact(this.contractId, (transaction) => transaction.insert(SendRow, send));
    return send;
  }

  send(id: string): Promise<SendRow | null> {
    return this.rows.byId(SendRow, id);
  }

  async deliver(...messages: object[]): Promise<void> {
    const metadata = { phone_number_id: this.channel.phoneNumberId };
    await this.webhook({ messaging_product: 'whatsapp', metadata, messages });
  }

  async webhook(value: object): Promise<void> {
    const entry = [{ id: this.channel.businessAccountId, changes: [{ field: 'messages', value }] }];
    await this.raw(JSON.stringify({ object: 'whatsapp_business_account', entry }));
  }

  async raw(body: string): Promise<void> {
    await new Intake(platform).accept(this.channel, body);
  }

  /** Waits until everything that was delivered has been worked. */
  async settled(): Promise<void> {
    await eventually(
      () => this.rows.exists(InboxBodyRow, sql`done_at is null`),
      (is) => !is,
    );
  }

  async write(from: string, text: string, more: object = {}): Promise<void> {
    await this.deliver(inbound(from, text, more));
    await this.settled();
  }

  async tickets(caller = this.admin): Promise<Data[]> {
    const fields =
      'id number status origin matchedBy entryBlockId unreadCount agent { id } reservedFor { id } queue { id isDefault } contact { id name } lastMessage { text } messages { nodes { id kind text } }';
    const source = `{ tickets(orderBy: { field: CREATED_AT, direction: ASC }) { nodes { ${fields} } } }`;
    return (await caller.ask(source)).tickets.nodes;
  }
}

let messages = 0;

function inbound(from: string, text: string, more: object = {}): object {
  const timestamp = String(Math.floor(clock.now() / 1_000));
  return { from, id: `wamid.${(messages += 1)}`, timestamp, type: 'text', text: { body: text }, ...more };
}

describe('rules 25 to 33: what a message does', () => {
  test('rule 25: a repeat changes nothing, on several nodes at once', async () => {
    const desk = await Desk.open();
    const message = inbound(phone(), 'once');
    await Promise.all(Array.from({ length: 6 }, () => desk.deliver(message)));
    await desk.settled();
    const [ticket, ...others] = await desk.tickets();
    expect(others).toEqual([]);
    expect(ticket).toMatchObject({ unreadCount: 1, number: 1, lastMessage: { text: 'once' } });
  });

  test('rule 33: messages of a stranger that arrive together open one ticket', async () => {
    const desk = await Desk.open();
    const from = phone();
    await Promise.all(Array.from({ length: 8 }, (_, index) => desk.deliver(inbound(from, String(index)))));
    await desk.settled();
    const [ticket, ...others] = await desk.tickets();
    expect(others).toEqual([]);
    expect(ticket.messages.nodes).toHaveLength(8);
    expect(await desk.rows.count(ContactRow, sql`1 = 1`)).toBe(1);
  });

  test('rule 25: reactions and notices open nothing; a reaction is added to an open ticket', async () => {
    const desk = await Desk.open();
    const from = phone();
    const reaction = { type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍' } };
    await desk.write(from, '', reaction);
    await desk.write(from, '', { type: 'system', system: { type: 'customer_identity_changed', body: 'x' } });
    expect(await desk.tickets()).toEqual([]);
    expect(await desk.rows.count(ContactRow, sql`1 = 1`)).toBe(0);
    await desk.write(from, 'hello');
    await desk.write(from, '', reaction);
    const [ticket] = await desk.tickets();
    expect(ticket.messages.nodes.map(({ kind }: { kind: string }) => kind)).toEqual(['text', 'reaction']);
  });

  test('rule 29: an answer goes to whoever wrote; the others are released', async () => {
    const desk = await Desk.open();
    const bia = await desk.agent('Bia');
    const caio = await desk.agent('Caio');
    await desk.admin.act('updateSettings', { botId: desk.botId, directTransferEnabled: true });
    const to = phone();
    const earlier = await desk.accepted(caio, to, { callStartedAt: clock.now() - 1_000 });
    const send = await desk.accepted(bia, to);
    await desk.write(to, 'hi');
    const [ticket] = await desk.tickets();
    expect(ticket).toMatchObject({
      status: 'OPEN',
      origin: 'ACTIVE_MESSAGE_REPLY',
      matchedBy: 'LATEST',
      entryBlockId: 'desk:1',
      agent: { id: await bia.id() },
      queue: null,
    });
    expect(await desk.send(send.id)).toMatchObject({ replyState: 'REPLIED', ticketId: ticket.id });
    expect((await desk.send(earlier.id))?.replyState).toBe('RELEASED');
    const events = await desk.rows.find(EventRow, { where: sql`kind = 'ReplyRouted'` });
    expect(events[0]?.data).toMatchObject({ ticketId: ticket.id, sendId: send.id, agentId: await bia.id() });
  });

  test('rule 26: found by another form of the number, which is learnt', async () => {
    const desk = await Desk.open();
    const bia = await desk.agent('Bia');
    const send = await desk.accepted(bia, '5511987651111');
    await desk.write('551187651111', 'sou eu');
    const [ticket] = await desk.tickets();
    expect(ticket.contact.id).toBe(send.contactId);
    const source = 'query ($id: ID!) { contact(id: $id) { aliases openTicket { id } bots { id } } }';
    expect((await desk.admin.ask(source, { id: send.contactId })).contact).toEqual({
      aliases: ['5511987651111', '551187651111'],
      openTicket: { id: ticket.id },
      bots: [{ id: desk.botId }],
    });
  });

  test('rule 30: reserved for its agent until it comes back', async () => {
    const desk = await Desk.open();
    const bia = await desk.agent('Bia', 'OFFLINE');
    const caio = await desk.agent('Caio');
    const to = phone();
    await desk.accepted(bia, to);
    await desk.write(to, 'anybody?');
    const [ticket] = await desk.tickets();
    expect(ticket).toMatchObject({ status: 'WAITING', reservedFor: { id: await bia.id() }, queue: null });
    expect(await caio.refusals('acceptTicket', { ticketId: ticket.id })).toEqual(['TICKET_NOT_FOUND']);
    expect(await desk.admin.refusals('acceptTicket', { ticketId: ticket.id })).toEqual([
      'TICKET_RESERVED_FOR_ANOTHER_AGENT',
    ]);
    await bia.act('setPresence', { presence: 'PAUSED' });
    expect((await desk.tickets())[0].status).toBe('WAITING');
    await desk.admin.act('updateSettings', { botId: desk.botId, directTransferEnabled: true });
    expect((await desk.tickets(bia))[0]).toMatchObject({ status: 'OPEN', agent: { id: await bia.id() } });
  });

  test('rule 31: by the rules of the queues, to whoever has the fewest; the rest waits for a free slot', async () => {
    const desk = await Desk.open();
    const [bia, caio] = [await desk.agent('Bia', 'ONLINE', 1), await desk.agent('Caio', 'ONLINE', 1)];
    const rules = [{ property: 'MESSAGE', relation: 'CONTAINS', values: ['cobrança'] }];
    const agentIds = [await bia.id(), await caio.id()];
    const { queue } = await desk.admin.act(
      'createQueue',
      { botId: desk.botId, name: 'Billing', agentIds, rules },
      'queue { id position agents { name } }',
    );
    expect(queue).toMatchObject({ position: 1, agents: [{ name: 'Bia' }, { name: 'Caio' }] });
    for (const text of ['COBRANCA 1', 'cobrança 2', 'a cobranca 3', 'other']) {
      await desk.write(phone(), text);
      clock.advance(10);
    }
    const all = await desk.tickets();
    expect(new Set(all.slice(0, 2).map((ticket) => ticket.agent.id))).toEqual(new Set(agentIds));
    expect(all[2]).toMatchObject({ status: 'WAITING', queue: { id: queue.id } });
    expect(all[3]).toMatchObject({ status: 'WAITING', queue: { isDefault: true } });
    const source = 'query ($bot: ID!) { queues(botId: $bot) { waitingTickets } }';
    expect((await desk.admin.ask(source, { bot: desk.botId })).queues).toEqual([
      { waitingTickets: 1 },
      { waitingTickets: 1 },
    ]);
    const holder = all[0].agent.id === agentIds[0] ? bia : caio;
    await holder.act('closeTicket', { ticketId: all[0].id });
    expect((await desk.tickets())[2]).toMatchObject({ status: 'OPEN', agent: { id: await holder.id() } });
    expect(await desk.admin.refusals('deleteQueue', { queueId: all[3].queue.id })).toEqual(['DEFAULT_QUEUE']);
    await desk.admin.act('deleteQueue', { queueId: queue.id }, 'deletedQueueId');
    expect((await desk.tickets())[2]).toMatchObject({ status: 'OPEN', queue: null });
  });

  test('rule 31: a slot is never given twice, whatever arrives at once', async () => {
    const desk = await Desk.open();
    const bia = await desk.agent('Bia', 'ONLINE', 3);
    const rules = [{ property: 'MESSAGE', relation: 'CONTAINS', values: ['x'] }];
    await desk.admin.act('createQueue', {
      botId: desk.botId,
      name: 'All',
      agentIds: [await bia.id()],
      rules,
    });
    await Promise.all(Array.from({ length: 12 }, () => desk.deliver(inbound(phone(), 'x'))));
    await desk.settled();
    const statuses = (await desk.tickets()).map(({ status }) => status as string);
    expect(statuses.filter((status) => status === 'OPEN')).toHaveLength(3);
    expect(statuses.filter((status) => status === 'WAITING')).toHaveLength(9);
  });
});

describe('rules 34 to 36: tickets and people', () => {
  test('rule 34: text in one’s open ticket, once per key, while the window is open', async () => {
    const desk = await Desk.open();
    const bia = await desk.agent('Bia');
    await desk.write(phone(), 'hello');
    const [{ id: ticketId }] = (await desk.tickets()) as [Data];
    const input = { ticketId, text: 'How can I help?', idempotencyKey: 'one' };
    expect(await bia.refusals('sendTicketMessage', input)).toEqual(['TICKET_NOT_FOUND']);
    await desk.admin.act('transferTicket', { ticketId, agentId: await bia.id() });
    const selection = 'message { id status ticket { id } author { name } failure { code } }';
    const first = await bia.act('sendTicketMessage', input, selection);
    const again = await bia.act('sendTicketMessage', input, selection);
    expect(again).toEqual(first);
    expect(first.message).toMatchObject({
      status: 'QUEUED',
      ticket: { id: ticketId },
      author: { name: 'Bia' },
    });
    expect(await bia.refusals('sendTicketMessage', { ...input, text: 'other' })).toEqual([
      'IDEMPOTENCY_KEY_REUSED',
    ]);
    clock.advance(24 * HOUR);
    expect(await bia.refusals('sendTicketMessage', { ...input, idempotencyKey: 'two' })).toEqual([
      'SERVICE_WINDOW_CLOSED',
    ]);
  });

  test('rule 35: of two who accept at once one gets it', async () => {
    const desk = await Desk.open();
    const [bia, caio] = [await desk.agent('Bia', 'ONLINE', 0), await desk.agent('Caio', 'ONLINE', 0)];
    const { queues } = await desk.admin.ask('query ($bot: ID!) { queues(botId: $bot) { id } }', {
      bot: desk.botId,
    });
    const agentIds = [await bia.id(), await caio.id()];
    await desk.admin.act('updateQueue', { queueId: queues[0].id, agentIds }, 'queue { id }');
    await desk.write(phone(), 'hello');
    const [ticket] = await desk.tickets(bia);
    const codes = await Promise.all(
      [bia, caio].map((agent) => agent.refusals('acceptTicket', { ticketId: ticket.id })),
    );
    expect(codes.flat()).toEqual(['TICKET_ALREADY_ACCEPTED']);
    const winner = codes[0]?.length === 0 ? bia : caio;
    await winner.act('setPresence', { presence: 'OFFLINE' });
    expect(await winner.refusals('acceptTicket', { ticketId: ticket.id })).toEqual([]);
    await winner.act('closeTicket', { ticketId: ticket.id });
    expect(await winner.refusals('acceptTicket', { ticketId: ticket.id })).toEqual(['TICKET_CLOSED']);
  });

  test('rule 36: whoever is deactivated gives back tickets and sends', async () => {
    const desk = await Desk.open();
    const bia = await desk.agent('Bia');
    await desk.admin.act('updateSettings', { botId: desk.botId, directTransferEnabled: true });
    const [to, other] = [phone(), phone()];
    await desk.accepted(bia, to);
    const awaiting = await desk.accepted(bia, other);
    await desk.write(to, 'hi');
    await desk.admin.act('updateAgent', { agentId: await bia.id(), active: false });
    expect((await desk.tickets())[0]).toMatchObject({
      status: 'WAITING',
      agent: null,
      queue: { isDefault: true },
    });
    expect((await desk.send(awaiting.id))?.replyState).toBe('RELEASED');
  });

  test('rule 36: who is not heard of becomes OFFLINE', async () => {
    const desk = await Desk.open();
    const [bia, caio] = [await desk.agent('Bia'), await desk.agent('Caio')];
    const watch = new PresenceWatch(platform);
    clock.advance(4 * 60_000);
    watch.touch(desk.contractId, await caio.id());
    clock.advance(61_000);
    await watch.sweep();
    await watch.stop();
    const presences = await desk.rows.find(AgentRow, { where: sql`role = 'AGENT'`, orderBy: sql`name` });
    expect(presences.map(({ presence }) => presence)).toEqual([Presence.OFFLINE, Presence.ONLINE]);
    expect(
      await desk.rows.count(
        EventRow,
        sql`kind = 'PresenceChanged' and data like ${`%${await bia.id()}%OFFLINE%`}`,
      ),
    ).toBe(1);
  });
});

describe('dead letters and contacts', () => {
  test('what cannot be placed is kept, masked, and tried again', async () => {
    const desk = await Desk.open();
    const from = phone();
    await desk.webhook({ metadata: { phone_number_id: 'nobody' }, messages: [inbound(from, 'secret')] });
    await desk.raw('no JSON at all');
    await desk.settled();
    const source = '{ deadLetters { nodes { id reason payload attempts channel { id } } } }';
    const letters = (await desk.admin.ask(source)).deadLetters.nodes as Data[];
    expect(letters).toHaveLength(2);
    expect(JSON.stringify(letters)).not.toMatch(new RegExp(`${from}|secret|no JSON at all`));
    const ids = letters.map(({ id }) => id as string);
    expect((await desk.admin.act('retryDeadLetters', { ids }, 'retried')).retried).toBe(0);
    await store.transact(desk.contractId, (transaction) =>
      transaction.update(WhatsAppChannelRow, { phoneNumberId: 'nobody' }, sql`id = ${desk.channel.id}`),
    );
    expect((await desk.admin.act('retryDeadLetters', { ids }, 'retried')).retried).toBe(1);
    expect((await desk.tickets())[0]).toMatchObject({ lastMessage: { text: 'secret' } });
    const [left] = (await desk.admin.ask(source)).deadLetters.nodes as Data[];
    expect(left.attempts).toBe(3);
    expect((await desk.admin.act('discardDeadLetters', { ids: [left.id] }, 'discarded')).discarded).toBe(1);
    expect(await desk.admin.refusals('discardDeadLetters', { ids: [left.id] })).toEqual(['NOT_FOUND']);
  });

  test('rule 5: contacts are searched by what the settings say', async () => {
    const desk = await Desk.open();
    const number = phone();
    const contact = { botId: desk.botId, phone: `+${number}`, name: 'João da Silva', email: 'joao@x.test' };
    await desk.admin.act('upsertContact', contact, 'contact { id }');
    const found = async (search: string): Promise<number> => {
      const source =
        'query ($bot: ID!, $search: String) { contacts(botId: $bot, search: $search) { totalCount } }';
      return (await desk.admin.ask(source, { bot: desk.botId, search })).contacts.totalCount;
    };
    expect(await Promise.all(['JOAO', 'joao@', number.slice(4), 'maria', '%', ''].map(found))).toEqual([
      1, 1, 1, 0, 0, 1,
    ]);
    expect(await desk.admin.refusals('upsertContact', { ...contact, phone: '12' })).toEqual([
      'PHONE_INVALID',
    ]);
  });
});
