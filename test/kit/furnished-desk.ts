import sql from 'sql-template-tag';
import type { RowClass } from '../../src/database/rows';
import type { Store } from '../../src/database/store';
import type { Transaction } from '../../src/database/transaction';
import { AdvancedSettingRow } from '../../src/entities/advanced-setting';
import { AgentPermissionRow } from '../../src/entities/agent-permission';
import { AgentRow } from '../../src/entities/agent';
import { ApiKeyRow } from '../../src/entities/api-key';
import { AuditEntryRow } from '../../src/entities/audit-entry';
import { BotRow } from '../../src/entities/bot';
import { ContactAliasRow } from '../../src/entities/contact-alias';
import { ContactBotRow } from '../../src/entities/contact-bot';
import { ContactRow } from '../../src/entities/contact';
import { DeadLetterRow } from '../../src/entities/dead-letter';
import { DeliveryFactRow } from '../../src/entities/delivery-fact';
import { DeliveryRow } from '../../src/entities/delivery';
import {
  MessageDirection,
  OutdatedReason,
  QueueRuleProperty,
  QueueRuleRelation,
  ReplyState,
  SendFailureCode,
  SendStatus,
  TicketStatus,
} from '../../src/entities/enums';
import { FlowRow } from '../../src/entities/flow';
import { kindOfId, newId } from '../../src/entities/ids';
import { QueueAgentRow } from '../../src/entities/queue-agent';
import { QueueRow } from '../../src/entities/queue';
import { SendRow } from '../../src/entities/send';
import { TemplateActivationRow } from '../../src/entities/template-activation';
import { TemplateRow } from '../../src/entities/template';
import { TicketMessageRow } from '../../src/entities/ticket-message';
import { TicketRow } from '../../src/entities/ticket';
import { WhatsAppChannelRow } from '../../src/entities/whatsapp-channel';
import type { Caller } from './caller';
import type { Ids, World } from './two-contracts';

type Row = Record<string, unknown> & { id: string };
type Entity = RowClass<{ id: string }>;

/** What a desk is furnished with, each after what it refers to. */
const ENTITIES: readonly Entity[] = [
  AgentRow,
  ApiKeyRow,
  BotRow,
  AdvancedSettingRow,
  WhatsAppChannelRow,
  TemplateRow,
  TemplateActivationRow,
  FlowRow,
  ContactRow,
  ContactAliasRow,
  ContactBotRow,
  AgentPermissionRow,
  QueueRow,
  QueueAgentRow,
  SendRow,
  DeliveryRow,
  DeliveryFactRow,
  TicketRow,
  TicketMessageRow,
  DeadLetterRow,
  AuditEntryRow,
];

/** What refers to something that comes after it: it is written once that is there. */
const LATER: readonly (readonly [Entity, string])[] = [
  [BotRow, 'publishedFlowId'],
  [SendRow, 'ticketId'],
];

/** Somebody's conversations: a contact and what hangs on it. */
const CUSTOMER: readonly Entity[] = [
  ContactRow,
  ContactAliasRow,
  ContactBotRow,
  SendRow,
  DeliveryRow,
  DeliveryFactRow,
  TicketRow,
  TicketMessageRow,
];

/** Values that no two rows may share, by the number of a copy. */
const UNSHARED: Readonly<Record<string, (value: unknown, copy: number) => unknown>> = {
  alias: (value, copy) => `${String(value)}.${copy}`,
  email: (value, copy) => `${copy}.${String(value)}`,
  factKey: (value, copy) => `${String(value)} ${copy}`,
  hash: (value, copy) => `${String(value)}${copy}`,
  identity: (value, copy) => `${copy}.${String(value)}`,
  key: (value, copy) => `${String(value)}${copy}`,
  name: (value, copy) => `${String(value)}_${copy}`,
  number: (_value, copy) => 1_000 + copy,
  phoneNumber: (_value, copy) => `+5512${String(copy).padStart(9, '0')}`,
  providerMessageId: (value, copy) => `${String(value)}.${copy}`,
};

/** What pages are in the order of. */
const TIMES = ['createdAt', 'lastMessageAt', 'receivedAt'];

const ID = /[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}/g;

const isNot = (row: Row, property: string): boolean => row[property] === null || row[property] === undefined;

interface Furniture {
  entity: Entity;
  row: Row;
}

/** Which rows, and what is other in their copies. */
interface Copying {
  of: (furniture: Furniture) => boolean;
  /** A row's values that differ, which may depend on the copied row. */
  changes?: (row: Row, entity: Entity) => object;
}

const FAILURE = {
  status: SendStatus.FAILED,
  failureCode: SendFailureCode.UNDELIVERABLE,
  failureMessage: 'It did not arrive.',
};
const RULE = {
  property: QueueRuleProperty.MESSAGE,
  relation: QueueRuleRelation.CONTAINS,
  values: ['nothing like it'],
};
/** Milliseconds: more than there are copies. */
const LATER_BY = 1_000;

/** How much there is at most of what many others show whole: their answers would be long, and no different. */
const MOST_SHOWN_WHOLE = 8;

/** How many rows were copied. */
let copies = 0;

/** Rows to be: copies of those that are there. */
class Workshop {
  readonly made: Furniture[] = [];

  /** After everything that is there. */
  private readonly since: number;

  constructor(readonly there: readonly Furniture[]) {
    const times = there.flatMap(({ row }) => TIMES.map((name) => Number(row[name] ?? 0)));
    this.since = Math.max(...times);
  }

  /**
   * Copies rows: where they refer to each other, so do the copies; to all else they refer as the copied ones do.
   * @returns the copies' ids by those of the copied.
   */
  copy({ of, changes = () => ({}) }: Copying): Map<string, string> {
    const copied = this.there.filter(of);
    const ids = new Map<string, string>();
    for (const { row } of copied) {
      const kind = kindOfId(row.id);
      if (kind !== null && !ids.has(row.id)) ids.set(row.id, newId(kind));
    }
    for (const { entity, row } of copied) {
      const text = JSON.stringify(row).replaceAll(ID, (id) => ids.get(id) ?? id);
      const copy = JSON.parse(text) as Row;
      copies += 1;
      for (const [property, unshared] of Object.entries(UNSHARED))
        if (!isNot(copy, property)) copy[property] = unshared(copy[property], copies);
      // Of no two copies one is by chance before the other: what stands on a page is always the same.
      for (const time of TIMES) if (!isNot(copy, time)) copy[time] = this.since + copies;
      this.made.push({ entity, row: { ...copy, ...changes(copy, entity) } });
    }
    return ids;
  }
}

const only =
  (entity: Entity, isIt: (row: Row) => boolean = () => true) =>
  (furniture: Furniture): boolean =>
    furniture.entity === entity && isIt(furniture.row);

/** The rows of a contract, of each kind the oldest first. */
async function readAll(store: Store, contractId: string): Promise<Furniture[]> {
  const rows = store.rowsOf(contractId);
  const found = await Promise.all(
    ENTITIES.map(async (entity) => {
      const all = (await rows.find(entity)) as unknown as Row[];
      const placeOf = (row: Row): string =>
        JSON.stringify([row['createdAt'] ?? row['at'], row['name'], row.id]);
      return all
        .sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1))
        .map((row) => ({ entity, row }));
    }),
  );
  return found.flat();
}

async function write(transaction: Transaction, made: readonly Furniture[]): Promise<void> {
  const isLater = (entity: Entity, property: string): boolean =>
    LATER.some(([of, name]) => of === entity && name === property);
  for (const entity of ENTITIES) {
    const rows = made.flatMap((one) => (one.entity === entity ? [one.row] : []));
    const without = rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, isLater(entity, name) ? null : value]),
      ),
    );
    if (without.length > 0) await transaction.insert(entity, ...(without as Row[]));
  }
  for (const [entity, property] of LATER)
    for (const { entity: of, row } of made)
      if (of === entity && !isNot(row, property))
        await transaction.update(entity, { [property]: row[property] }, sql`id = ${row.id}`);
}

/** What the API makes of a bot, besides. */
async function completeBot({ desk, ids, agent }: World): Promise<void> {
  const { admin, app, botId, contractId, templates } = desk;
  const router = `router.${desk.phoneNumberId}@msging.net`;
  await admin.act('createBot', { name: 'Router', identity: router, kind: 'ROUTER' }, 'bot { id }');
  await admin.act('updateSettings', { botId, routerIdentity: router }, 'settings { enabled }');
  await admin.act('setAdvancedSetting', { botId, domain: 'd', key: 'k', value: 'v' }, 'settings { enabled }');
  await desk.grant(admin.id);
  await app.platform.store.transact(contractId, async (transaction) => {
    const outdated = { returnBlockId: 'desk:gone', outdatedReason: OutdatedReason.BLOCK_REMOVED };
    const ofHello = sql`template_id = ${templates['hello'] ?? ''}`;
    await transaction.update(TemplateActivationRow, outdated, ofHello);
    await transaction.update(QueueRow, { rules: [RULE] }, sql`id = ${ids.Queue}`);
    await transaction.update(TicketRow, { agentId: agent.id }, sql`1 = 1`);
  });
}

/** What may have happened to a send: it failed and was repeated, or waits for its answer. */
function copySends(workshop: Workshop, ids: Ids): void {
  const ofSend = (row: Row): boolean => row.id === ids.Send || row['deliveryId'] === ids.Send;
  const failed = { ...FAILURE, replyState: ReplyState.NONE, retryOfId: ids.Send };
  workshop.copy({
    of: ({ row }) => ofSend(row),
    changes: (_row, entity) => (entity === SendRow ? failed : {}),
  });
  // To somebody who has no ticket.
  const waiting = { replyState: ReplyState.AWAITING, repliedAt: null, ticketId: null };
  workshop.copy({
    of: ({ entity, row }) =>
      ofSend(row) ||
      row.id === ids.Contact ||
      ((entity === ContactAliasRow || entity === ContactBotRow) && row['contactId'] === ids.Contact),
    changes: (_row, entity) => (entity === SendRow ? waiting : {}),
  });
}

/** A ticket that was closed; files in tickets, and answers. @returns the last messages of the tickets that there were. */
function copyTickets(workshop: Workshop, { desk, agent }: World): Map<string, string> {
  const closed = { status: TicketStatus.CLOSED, closedById: desk.admin.id };
  workshop.copy({ of: only(TicketRow, (row) => !isNot(row, 'sendId')), changes: () => closed });
  const written = only(TicketMessageRow);
  const file = { kind: 'image', content: { id: '1' } };
  const files = workshop.copy({ of: written, changes: () => file });
  const answer = { ...FAILURE, direction: MessageDirection.OUTBOUND, authorId: agent.id };
  const answers = workshop.copy({ of: written, changes: () => answer });
  return new Map(
    workshop.there.filter(only(TicketRow)).map(({ row }) => {
      const last = String(row['lastMessageId']);
      return [row.id, (isNot(row, 'sendId') ? files : answers).get(last) ?? last];
    }),
  );
}

/** A change of each kind of thing, as the audit log tells it. */
function copyAudit(workshop: Workshop, { desk, ids: some }: World): void {
  const ids = { ...some, ...conversationIn(workshop.there) };
  const entries = workshop.there.filter(only(AuditEntryRow));
  const at = Math.max(...entries.map(({ row }) => Number(row['at']))) + LATER_BY;
  for (const subjectId of Object.values(ids))
    workshop.copy({
      of: (furniture) => furniture === entries[0],
      changes: () => ({ subjectId, agentId: desk.admin.id, apiKeyId: ids.ApiKey, at }),
    });
}

/** One of everything that leads on: what leads nowhere would hide what it costs. */
async function complete(world: World): Promise<void> {
  const { desk, ids } = world;
  const { store } = desk.app.platform;
  await completeBot(world);
  const workshop = new Workshop(await readAll(store, desk.contractId));
  copySends(workshop, ids);
  copyAudit(workshop, world);
  const lastMessages = copyTickets(workshop, world);
  await store.transact(desk.contractId, async (transaction) => {
    await write(transaction, workshop.made);
    for (const [id, lastMessageId] of lastMessages)
      await transaction.update(TicketRow, { lastMessageId }, sql`id = ${id}`);
  });
}

/** A desk with many of everything. */
export interface FurnishedDesk {
  world: World;
  machine: Caller;
  /** How many there are. */
  count: number;
  /** Ids of each kind of thing, the first of each, then the second. */
  ids: readonly (readonly string[])[];
}

/**
 * Makes so many of everything in a contract that has one of each: things that each belong to others, and many that belong
 * to one: customers of a bot, tickets of a customer, messages of a ticket.
 */
export async function furnish(world: World, count: number): Promise<FurnishedDesk> {
  const { desk, agent } = world;
  const { store } = desk.app.platform;
  // Before anything is copied, as all that is noted in the audit log.
  const { secret } = await desk.admin.act(
    'createApiKey',
    { name: 'reader', scopes: ['READ'] },
    'apiKey { id } secret',
  );
  const machine = desk.app.machine(secret as string);
  await complete(world);
  const workshop = new Workshop(await readAll(store, desk.contractId));
  const ids = { ...world.ids, ...conversationIn(workshop.there) };
  const everyId = [Object.values(ids)];
  for (let place = 1; place < count; place += 1) {
    const others = workshop.copy({
      of: () => true,
      changes: (row, entity) => {
        // The audit log begins with the same things, however many there are.
        if (entity === AuditEntryRow) return { at: Number(row['at']) - place };
        return entity === BotRow ? { enabled: false } : {};
      },
    });
    everyId.push(Object.values(ids).flatMap((id) => others.get(id) ?? []));
    for (const copying of manyOfOne(ids)) workshop.copy(copying);
    if (place < MOST_SHOWN_WHOLE) for (const copying of SHOWN_WHOLE) workshop.copy(copying);
    const other = (id: string): string => others.get(id) ?? '';
    for (const copying of linksBetween(ids, agent.id, other)) workshop.copy(copying);
  }
  await store.transact(desk.contractId, (transaction) => write(transaction, workshop.made));
  return { world: { ...world, ids }, machine, count, ids: everyId };
}

/** What is part of a bot wherever that is shown. */
const SHOWN_WHOLE: readonly Copying[] = [
  { of: only(AdvancedSettingRow) },
  { of: ({ entity }) => entity === TemplateRow || entity === TemplateActivationRow },
];

/** What one thing has more than one of. */
function manyOfOne(ids: Ids): Copying[] {
  return [
    { of: ({ entity }) => CUSTOMER.includes(entity) },
    { of: only(TicketRow, (row) => row['status'] === TicketStatus.CLOSED) },
    { of: only(TicketMessageRow, (row) => row['ticketId'] === ids.Ticket) },
    { of: only(SendRow, (row) => !isNot(row, 'retryOfId')) },
    { of: only(DeliveryFactRow, (row) => row['deliveryId'] === ids.Send) },
    { of: only(ContactAliasRow, (row) => row['contactId'] === ids.Contact) },
    {
      of: ({ entity, row }) =>
        row.id === ids.Queue || (entity === QueueAgentRow && row['queueId'] === ids.Queue),
    },
  ];
}

/** What stands between two things: between the first of one and each of the other. */
function linksBetween(ids: Ids, agentId: string, other: (id: string) => string): Copying[] {
  const ofContact = only(ContactBotRow, (row) => row['contactId'] === ids.Contact);
  const ofQueue = only(QueueAgentRow, (row) => row['queueId'] === ids.Queue);
  const ofAgent = only(AgentPermissionRow, (row) => row['agentId'] === agentId);
  const ofTemplate = only(TemplateActivationRow, (row) => row['templateId'] === ids.Template);
  return [
    { of: ofContact, changes: () => ({ botId: other(ids.Bot) }) },
    { of: ofQueue, changes: () => ({ agentId: other(agentId) }) },
    { of: ofQueue, changes: () => ({ queueId: other(ids.Queue) }) },
    { of: ofAgent, changes: () => ({ botId: other(ids.Bot) }) },
    { of: ofAgent, changes: () => ({ agentId: other(agentId) }) },
    { of: ofTemplate, changes: () => ({ botId: other(ids.Bot) }) },
  ];
}

/** The ticket that a reply opened, and the latest message in it. */
function conversationIn(there: readonly Furniture[]): { Ticket: string; TicketMessage: string } {
  const ticket = there.find(only(TicketRow, (row) => !isNot(row, 'sendId') && isNot(row, 'closedById')));
  if (!ticket) throw new Error('The desk has no ticket that a reply opened');
  return { Ticket: ticket.row.id, TicketMessage: String(ticket.row['lastMessageId']) };
}
