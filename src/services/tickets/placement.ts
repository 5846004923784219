import sql, { join } from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { BotRow } from '../../entities/bot';
import type { ContactRow } from '../../entities/contact';
import { BotKind, MessageDirection, Presence, QueueRuleProperty, TicketStatus } from '../../entities/enums';
import { QueueRow } from '../../entities/queue';
import { TicketRow } from '../../entities/ticket';
import { TicketMessageRow } from '../../entities/ticket-message';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { firstMatchingQueue, type QueueRuleFacts } from './queue-rules';
import { waitingIn, withAgent, type Place } from './ticket-changes';

/** The ordinary service rules (rule 31): which bot, which queue, which agent. */

export function isPresent(presence: Presence): boolean {
  return presence === Presence.ONLINE || presence === Presence.PAUSED;
}

/**
 * Whether answers go straight to their agents on this bot. Where they do not, the bot is locked: who turns that on
 * right now waits for what is decided here, and finds it.
 */
export async function transfersDirectly(transaction: Transaction, botId: string): Promise<boolean> {
  const isOn = async (): Promise<boolean> => {
    const bot = await transaction.byId(BotRow, botId);
    if (!bot) throw new Error('A send belongs to a bot');
    return bot.directTransferEnabled;
  };
  if (await isOn()) return true;
  await transaction.lock(BotRow, botId);
  return isOn();
}

/** What queue rules look at. */
export function factsOf(contact: ContactRow, text: string | null): QueueRuleFacts {
  return {
    [QueueRuleProperty.MESSAGE]: text,
    [QueueRuleProperty.CONTACT_NAME]: contact.name,
    [QueueRuleProperty.CONTACT_EMAIL]: contact.email,
    [QueueRuleProperty.CONTACT_PHONE]: contact.phone,
  };
}

/** What the customer of a ticket wrote last: what queue rules look at when it is placed anew. */
export async function lastTextOf(rows: Rows, ticketId: string): Promise<string | null> {
  const where = sql`ticket_id = ${ticketId} and direction = ${MessageDirection.INBOUND} and kind <> 'reaction'`;
  return (await rows.first(TicketMessageRow, where, sql`created_at desc, id desc`))?.text ?? null;
}

/** The bot that serves a contact who writes by itself; the number's own router where nobody else does. */
export async function serviceBotOf(
  rows: Rows,
  channel: WhatsAppChannelRow,
  contact: ContactRow,
): Promise<BotRow> {
  const last = contact.lastBotId === null ? null : await rows.byId(BotRow, contact.lastBotId);
  if (last) return last;
  const own = await rows.byId(BotRow, channel.botId);
  if (!own) throw new Error('A number belongs to a bot');
  if (own.kind !== BotKind.ROUTER) return own;
  const served = sql`router_identity = ${own.identity} and kind <> ${BotKind.ROUTER}`;
  return (await rows.first(BotRow, served, sql`created_at, id`)) ?? own;
}

/** The queue of a bot that takes a customer; a router's own customers wait in its default queue. */
async function queueOf(
  rows: Rows,
  bot: BotRow,
  facts: QueueRuleFacts,
  except: string | null,
): Promise<QueueRow> {
  const queues = await rows.find(QueueRow, {
    where: sql`bot_id = ${bot.id}`,
    orderBy: sql`position, created_at, id`,
  });
  const ruled = queues.filter(({ id, isDefault }) => !isDefault && id !== except);
  const taking = bot.kind === BotKind.ROUTER ? null : firstMatchingQueue(ruled, facts);
  const queue = taking ?? queues.find(({ isDefault }) => isDefault);
  if (!queue) throw new Error('A bot has a default queue from the start');
  return queue;
}

async function openTicketsByAgent(rows: Rows, agentIds: readonly string[]): Promise<Map<string, number>> {
  const counts = await rows.select(TicketRow, sql`agent_id, count(*) as number`, {
    where: sql`status = ${TicketStatus.OPEN} and agent_id in (${join([...agentIds])})`,
    groupBy: sql`agent_id`,
  });
  return new Map(counts.map((row) => [row['agent_id'] as string, Number(row['number'])]));
}

/**
 * The member of a queue who gets the next ticket: ONLINE, with a free slot, the fewest open tickets, and of those
 * the one whose last assignment is oldest. Null where nobody can. The agent comes back locked, so that no other
 * node fills the same slot.
 */
export async function freeAgentOf(transaction: Transaction, queueId: string): Promise<AgentRow | null> {
  const locked = new Set<string>();
  for (;;) {
    const next = await nextOf(transaction, queueId);
    if (!next || locked.has(next.id)) return next;
    // While this waited, another queue of the same people may have been served: whose turn it is is looked at anew.
    await transaction.lock(AgentRow, next.id);
    locked.add(next.id);
  }
}

/** Whose turn it is in a queue, as things are committed; null where nobody has a free slot. */
async function nextOf(rows: Rows, queueId: string): Promise<AgentRow | null> {
  const online = sql`active = 1 and presence = ${Presence.ONLINE}
    and exists (select 1 from queue_agents where queue_agents.queue_id = ${queueId} and queue_agents.agent_id = agents.id)`;
  const members = await rows.find(AgentRow, { where: online });
  if (members.length === 0) return null;
  const open = await openTicketsByAgent(
    rows,
    members.map(({ id }) => id),
  );
  const [next] = members
    .filter(({ id, slots }) => (open.get(id) ?? 0) < slots)
    .sort(
      (left, right) =>
        (open.get(left.id) ?? 0) - (open.get(right.id) ?? 0) ||
        (left.lastAssignedAt ?? 0) - (right.lastAssignedAt ?? 0) ||
        (left.id < right.id ? -1 : 1),
    );
  return next ?? null;
}

/** Notes that the service rules gave an agent a ticket now. */
export async function noteAssigned(transaction: Transaction, agentId: string): Promise<void> {
  await transaction.change(AgentRow, { lastAssignedAt: transaction.now }, sql`id = ${agentId}`);
}

/**
 * A place in this queue: with whoever is free, else waiting. The queue is locked to the end of the unit of work, so
 * that somebody who becomes free meanwhile either is seen here or finds the ticket waiting. Null where it was deleted.
 */
export async function placeInQueue(transaction: Transaction, queueId: string): Promise<Place | null> {
  if (!(await transaction.lock(QueueRow, queueId))) return null;
  const agent = await freeAgentOf(transaction, queueId);
  if (!agent) return waitingIn(queueId);
  await noteAssigned(transaction, agent.id);
  return withAgent(agent.id, transaction.now, queueId);
}

/** A place by the rules of a bot's queues. @param except a queue that is about to vanish. */
export async function placeByRules(
  transaction: Transaction,
  bot: BotRow,
  facts: QueueRuleFacts,
  except: string | null = null,
): Promise<Place> {
  for (;;) {
    const queue = await queueOf(transaction, bot, facts, except);
    const place = await placeInQueue(transaction, queue.id);
    // One that was deleted since it was read is no longer among those that are read next.
    if (place) return place;
  }
}
