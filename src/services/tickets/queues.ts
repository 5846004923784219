import sql, { join } from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { BotRow } from '../../entities/bot';
import { TicketStatus, UserErrorCode } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { QueueRow, type QueueRule } from '../../entities/queue';
import { QueueAgentRow } from '../../entities/queue-agent';
import { TicketRow } from '../../entities/ticket';
import { authorize } from '../access/access';
import { audit, differences } from '../access/audit';
import { textError } from '../bounded-text';
import type { ServiceContext } from '../context';
import { handOutQueues, placeAnew } from './distribution';
import { groupedBy } from '../grouping';
import { idsOf } from '../id-lists';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { changeTicket, membersOf, recordTicketChange } from './ticket-changes';
import { see } from '../access/seeing';

const MOST_RULES = 50;
const MOST_VALUES = 100;
const LONGEST_VALUE = 1_000;
const LAST_POSITION = 1_000_000;

function freshQueue(
  bot: BotRow,
  now: number,
  given: Pick<QueueRow, 'name' | 'isDefault' | 'position' | 'rules'>,
): QueueRow {
  return { id: newId('Queue'), contractId: bot.contractId, botId: bot.id, ...given, createdAt: now };
}

/** Every bot's queue from the start: it takes what no rule places. */
export async function createDefaultQueue(transaction: Transaction, bot: BotRow): Promise<void> {
  const given = { name: 'Default', isDefault: true, position: 0, rules: [] };
  await transaction.insert(QueueRow, freshQueue(bot, transaction.now, given));
}

/** The queues of a bot in the order in which their rules are tried; null where there is no such bot. */
export async function queuesOf(context: ServiceContext, botId: string): Promise<QueueRow[] | null> {
  authorize(context.viewer, 'queues.read');
  const bot = await see(context, 'Bot', botId);
  if (!bot) return null;
  return context.rows.find(QueueRow, {
    where: sql`bot_id = ${botId}`,
    orderBy: sql`position, created_at, id`,
  });
}

/** The agents who attend a queue, by name; asked for many queues, they are read together. */
export async function agentsOfQueue(context: ServiceContext, queueId: string): Promise<AgentRow[]> {
  const agents = await context.loaders.batch('agents of queues', queueId, async (queueIds) => {
    const members = await context.rows.find(QueueAgentRow, {
      where: sql`queue_id in (${join([...queueIds])})`,
    });
    const rows = await context.rows.byIds(AgentRow, [...new Set(members.map(({ agentId }) => agentId))]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    const groups = groupedBy(members, (member) => member.queueId);
    return new Map(
      [...groups].map(([id, group]) => [
        id,
        group
          .flatMap(({ agentId }) => byId.get(agentId) ?? [])
          .sort((left, right) => left.name.localeCompare(right.name) || (left.id < right.id ? -1 : 1)),
      ]),
    );
  });
  return agents ?? [];
}

/** How many tickets wait in a queue for whoever is free; asked for many queues, they are counted together. */
export async function waitingTicketsOf(context: ServiceContext, queueId: string): Promise<number> {
  const count = await context.loaders.batch('waiting tickets of queues', queueId, async (queueIds) => {
    const counts = await context.rows.select(TicketRow, sql`queue_id, count(*) as number`, {
      where: sql`queue_id in (${join([...queueIds])}) and status = ${TicketStatus.WAITING} and reserved_for_id is null`,
      groupBy: sql`queue_id`,
    });
    return new Map(counts.map((row) => [row['queue_id'] as string, Number(row['number'])]));
  });
  return count ?? 0;
}

export interface QueueInput {
  name?: string | null;
  agentIds?: readonly string[] | null;
  rules?: readonly QueueRule[] | null;
  position?: number | null;
}

function rulesErrors(rules: readonly QueueRule[]): UserError[] {
  const wrong = (field: string[], message: string) =>
    userError(UserErrorCode.INVALID, message, ['input', 'rules', ...field]);
  if (rules.length > MOST_RULES)
    return [wrong([], `A queue has at most ${MOST_RULES} rules, not ${rules.length}.`)];
  return rules.flatMap(({ values }, index) => {
    const field = [String(index), 'values'];
    if (values.length < 1 || values.length > MOST_VALUES) {
      return [wrong(field, `A rule compares with 1 to ${MOST_VALUES} values, not with ${values.length}.`)];
    }
    if (values.every(({ length }) => length <= LONGEST_VALUE)) return [];
    return [
      wrong(field, `A rule's value has at most ${LONGEST_VALUE} characters: shorten the one that is longer.`),
    ];
  });
}

async function inputErrors(rows: Rows, input: QueueInput): Promise<UserError[]> {
  const { name, agentIds, rules, position } = input;
  const errors: (UserError | null)[] = [];
  if (name != null) errors.push(textError(name, ['input', 'name']));
  if (rules != null) errors.push(...rulesErrors(rules));
  if (position != null && (position < 0 || position > LAST_POSITION)) {
    const message = `A queue's place is a whole number from 0 to ${LAST_POSITION}, not ${position}.`;
    errors.push(userError(UserErrorCode.INVALID, message, ['input', 'position']));
  }
  if (agentIds != null) {
    const known = new Set((await rows.byIds(AgentRow, idsOf(agentIds, 'agentIds'))).map(({ id }) => id));
    for (const [index, id] of agentIds.entries()) {
      if (known.has(id)) continue;
      const message = 'There is no such agent: take an id that `agents` lists.';
      errors.push(userError(UserErrorCode.NOT_FOUND, message, ['input', 'agentIds', String(index)]));
    }
  }
  return errors.filter((error) => error !== null);
}

/** Sets who attends a queue: its waiting tickets come into the view of some and leave that of others. */
async function changeMembers(
  transaction: Transaction,
  queue: QueueRow,
  agentIds: readonly string[],
): Promise<void> {
  const before = await membersOf(transaction, queue.id);
  await transaction.remove(QueueAgentRow, sql`queue_id = ${queue.id}`);
  const { id: queueId, contractId } = queue;
  const members = [...new Set(agentIds)].map((agentId) => ({
    id: newId('QueueAgent'),
    contractId,
    queueId,
    agentId,
  }));
  if (members.length > 0) await transaction.insert(QueueAgentRow, ...members);
  const after = await membersOf(transaction, queue.id);
  if (before.join() === after.join()) return;
  const waiting = sql`queue_id = ${queue.id} and status = ${TicketStatus.WAITING} and reserved_for_id is null`;
  const tickets = await transaction.find(TicketRow, { where: waiting, orderBy: sql`created_at, id` });
  for (const ticket of tickets) recordTicketChange(transaction, ticket, before, after);
}

function auditable({ name, position, rules }: QueueRow, agentIds: readonly string[]) {
  return { name, position, rules, agentIds: [...agentIds] };
}

/** Adds a queue to a bot; left without a place, it comes last. */
export function createQueue(
  context: ServiceContext,
  input: QueueInput & { botId: string; name: string; agentIds: readonly string[] },
): Promise<Outcome<{ queue: QueueRow }>> {
  authorize(context.viewer, 'queues.change');
  return context.transact(async (transaction): Promise<Outcome<{ queue: QueueRow }>> => {
    const errors = await inputErrors(transaction, input);
    const bot = await transaction.byId(BotRow, input.botId);
    if (!bot) {
      const message = 'There is no such bot: take an id that `bots` lists.';
      return refused(userError(UserErrorCode.NOT_FOUND, message, ['input', 'botId']), ...errors);
    }
    if (errors.length > 0) return refused(...errors);
    const last = await transaction.first(QueueRow, sql`bot_id = ${bot.id}`, sql`position desc`);
    const queue = freshQueue(bot, transaction.now, {
      name: input.name.trim(),
      isDefault: false,
      position: input.position ?? (last?.position ?? 0) + 1,
      rules: [...(input.rules ?? [])],
    });
    await transaction.insert(QueueRow, queue);
    await changeMembers(transaction, queue, input.agentIds);
    const now = auditable(queue, await membersOf(transaction, queue.id));
    await audit(
      transaction,
      context.viewer,
      'createQueue',
      queue.id,
      differences<Partial<typeof now>>({}, now),
    );
    return made({ queue });
  });
}

function defaultQueueError(message: string, field: string[]): { userErrors: UserError[] } {
  return refused(userError(UserErrorCode.DEFAULT_QUEUE, message, field));
}

function noSuchQueue(): { userErrors: UserError[] } {
  const message = 'There is no such queue: take an id that `queues` lists.';
  return refused(userError(UserErrorCode.NOT_FOUND, message, ['input', 'queueId']));
}

/** Changes a queue; what its new members can take of what waits in it goes to them at once. */
export function updateQueue(
  context: ServiceContext,
  input: QueueInput & { queueId: string },
): Promise<Outcome<{ queue: QueueRow }>> {
  authorize(context.viewer, 'queues.change');
  return context.transact(async (transaction): Promise<Outcome<{ queue: QueueRow }>> => {
    const before = await transaction.lock(QueueRow, input.queueId);
    if (!before) return noSuchQueue();
    const { name, rules, position, agentIds } = input;
    if (before.isDefault && rules != null && rules.length > 0) {
      const message =
        'The default queue takes what no rule places, so it has no rules of its own: give them to another queue.';
      return defaultQueueError(message, ['input', 'rules']);
    }
    const errors = await inputErrors(transaction, input);
    if (errors.length > 0) return refused(...errors);
    const changes: Partial<QueueRow> = {
      ...(name != null && { name: name.trim() }),
      ...(rules != null && { rules: [...rules] }),
      ...(position != null && { position }),
    };
    const queue = { ...before, ...changes };
    const old = auditable(before, await membersOf(transaction, queue.id));
    if (Object.keys(changes).length > 0) await transaction.change(QueueRow, changes, sql`id = ${queue.id}`);
    if (agentIds != null) await changeMembers(transaction, queue, agentIds);
    const differing = differences(old, auditable(queue, await membersOf(transaction, queue.id)));
    if (Object.keys(differing).length > 0)
      await audit(transaction, context.viewer, 'updateQueue', queue.id, differing);
    if (agentIds != null) await handOutQueues(transaction, [queue.id]);
    return made({ queue });
  });
}

/** Deletes a queue; what waits in it goes through the service rules again (rule 31). */
export function deleteQueue(
  context: ServiceContext,
  input: { queueId: string },
): Promise<Outcome<{ deletedQueueId: string }>> {
  authorize(context.viewer, 'queues.change');
  return context.transact(async (transaction): Promise<Outcome<{ deletedQueueId: string }>> => {
    const queue = await transaction.lock(QueueRow, input.queueId);
    if (!queue) return noSuchQueue();
    if (queue.isDefault) {
      const message =
        'The default queue takes what no rule places, so it stays as long as its bot: change its agents instead.';
      return defaultQueueError(message, ['input', 'queueId']);
    }
    const members = await membersOf(transaction, queue.id);
    await leaveQueue(transaction, queue.id);
    await transaction.remove(QueueAgentRow, sql`queue_id = ${queue.id}`);
    await transaction.remove(QueueRow, sql`id = ${queue.id}`);
    const gone = Object.entries(auditable(queue, members)).map(([field, from]) => [
      field,
      { from, to: null },
    ]);
    await audit(
      transaction,
      context.viewer,
      'deleteQueue',
      queue.id,
      Object.fromEntries(gone) as Record<string, unknown>,
    );
    return made({ deletedQueueId: queue.id });
  });
}

async function leaveQueue(transaction: Transaction, queueId: string): Promise<void> {
  const inIt = sql`queue_id = ${queueId} and status <> ${TicketStatus.CLOSED}`;
  for (const { id } of await transaction.find(TicketRow, { where: inIt, orderBy: sql`created_at, id` })) {
    const ticket = await transaction.lock(TicketRow, id);
    if (ticket?.queueId !== queueId) continue;
    if (ticket.status === TicketStatus.WAITING) await placeAnew(transaction, ticket, queueId);
    else if (ticket.status === TicketStatus.OPEN) await changeTicket(transaction, ticket, { queueId: null });
  }
  // Closed ones only remember where they were: nobody's view changes.
  await transaction.change(TicketRow, { queueId: null }, sql`queue_id = ${queueId}`);
}
