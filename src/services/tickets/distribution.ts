import sql from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { BotRow } from '../../entities/bot';
import { ContactRow } from '../../entities/contact';
import { Presence, ReplyState, TicketStatus } from '../../entities/enums';
import { QueueRow } from '../../entities/queue';
import { SendRow } from '../../entities/send';
import { TicketRow } from '../../entities/ticket';
import type { Platform } from '../context';
import {
  factsOf,
  freeAgentOf,
  isPresent,
  lastTextOf,
  noteAssigned,
  placeByRules,
  transfersDirectly,
} from './placement';
import { changeReplyState } from '../sends/send-changes';
import { changeTicket, withAgent } from './ticket-changes';

/** Gives the waiting tickets of a queue, oldest first, to members with free slots, until there are none of either. */
async function handOutQueue(transaction: Transaction, queueId: string): Promise<void> {
  await transaction.lock(QueueRow, queueId);
  const waiting = sql`queue_id = ${queueId} and status = ${TicketStatus.WAITING} and reserved_for_id is null`;
  for (;;) {
    const next = await transaction.first(TicketRow, waiting, sql`created_at, id`);
    if (!next) return;
    const ticket = await transaction.lock(TicketRow, next.id);
    if (
      ticket?.status !== TicketStatus.WAITING ||
      ticket.queueId !== queueId ||
      ticket.reservedForId !== null
    )
      continue;
    const agent = await freeAgentOf(transaction, queueId);
    if (!agent) return;
    await noteAssigned(transaction, agent.id);
    await changeTicket(transaction, ticket, withAgent(agent.id, transaction.now, queueId));
  }
}

/** Hands out the waiting tickets of these queues; locks are taken in one order on every node. */
export async function handOutQueues(transaction: Transaction, queueIds: readonly string[]): Promise<void> {
  for (const queueId of [...new Set(queueIds)].sort()) await handOutQueue(transaction, queueId);
}

/** The queues that an agent attends. */
export async function queuesOfAgent(transaction: Transaction, agentId: string): Promise<string[]> {
  const queues = await transaction.find(QueueRow, {
    where: sql`exists (select 1 from queue_agents where queue_agents.queue_id = queues.id and queue_agents.agent_id = ${agentId})`,
    orderBy: sql`id`,
  });
  return queues.map(({ id }) => id);
}

/** Hands out what waits in an agent's queues: for when it came to have a free slot. */
export async function handOutToAgent(
  _platform: Platform,
  transaction: Transaction,
  agentId: string,
): Promise<void> {
  await handOutQueues(transaction, await queuesOfAgent(transaction, agentId));
}

/** Moves the reserved tickets that match, oldest first, into the ongoing lists of whom they are reserved for. */
async function openReserved(
  transaction: Transaction,
  tickets: TicketRow[],
  mayOpen: (agentId: string) => boolean,
): Promise<void> {
  for (const { id } of tickets) {
    const ticket = await transaction.lock(TicketRow, id);
    if (ticket?.status !== TicketStatus.WAITING || ticket.reservedForId === null) continue;
    if (mayOpen(ticket.reservedForId)) {
      await changeTicket(transaction, ticket, withAgent(ticket.reservedForId, transaction.now));
    }
  }
}

/** Direct transfer of a bot was turned on: what is reserved for agents who are present goes to them (rule 30). */
export async function openReservedTickets(
  _platform: Platform,
  transaction: Transaction,
  botId: string,
): Promise<void> {
  const tickets = await transaction.find(TicketRow, {
    where: sql`bot_id = ${botId} and status = ${TicketStatus.WAITING} and reserved_for_id is not null`,
    orderBy: sql`created_at, id`,
  });
  const agentIds = [
    ...new Set(tickets.map(({ reservedForId }) => reservedForId).filter((id) => id !== null)),
  ];
  const agents = await transaction.byIds(AgentRow, agentIds, sql`active = 1`);
  const present = new Set(agents.filter(({ presence }) => isPresent(presence)).map(({ id }) => id));
  await openReserved(transaction, tickets, (agentId) => present.has(agentId));
}

/**
 * An agent came to the desk: its reserved tickets go to its ongoing list where their bot transfers directly
 * (rule 30), and when it is ONLINE it gets what waits in its queues.
 */
export async function agentBecamePresent(
  platform: Platform,
  transaction: Transaction,
  agent: AgentRow,
): Promise<void> {
  const reserved = await transaction.find(TicketRow, {
    where: sql`reserved_for_id = ${agent.id} and status = ${TicketStatus.WAITING}`,
    orderBy: sql`created_at, id`,
  });
  const direct = new Set<string>();
  for (const botId of [...new Set(reserved.map((ticket) => ticket.botId))].sort()) {
    if (await transfersDirectly(transaction, botId)) direct.add(botId);
  }
  const tickets = reserved.filter(({ botId }) => direct.has(botId));
  await openReserved(transaction, tickets, (agentId) => agentId === agent.id);
  if (agent.presence === Presence.ONLINE) await handOutToAgent(platform, transaction, agent.id);
}

/** Places a ticket anew by the rules of its bot. @param except a queue that is about to vanish. */
export async function placeAnew(
  transaction: Transaction,
  ticket: TicketRow,
  except: string | null = null,
): Promise<void> {
  const bot = await transaction.byId(BotRow, ticket.botId);
  const contact = await transaction.byId(ContactRow, ticket.contactId);
  if (!bot || !contact) throw new Error('A ticket has a bot and a contact');
  const facts = factsOf(contact, await lastTextOf(transaction, ticket.id));
  await changeTicket(transaction, ticket, await placeByRules(transaction, bot, facts, except));
}

/**
 * An agent was deactivated (rule 36): its open and reserved tickets go through the service rules, and answers to its
 * sends no longer wait for it. The caller has set it inactive in this unit of work, under its lock.
 */
export async function withdrawAgent(
  _platform: Platform,
  transaction: Transaction,
  agent: AgentRow,
): Promise<void> {
  const tickets = await transaction.find(TicketRow, {
    where: sql`(agent_id = ${agent.id} and status = ${TicketStatus.OPEN})
      or (reserved_for_id = ${agent.id} and status = ${TicketStatus.WAITING})`,
    orderBy: sql`created_at, id`,
  });
  for (const { id } of tickets) {
    const ticket = await transaction.lock(TicketRow, id);
    if (!ticket || ticket.status === TicketStatus.CLOSED) continue;
    if (ticket.agentId === agent.id || ticket.reservedForId === agent.id)
      await placeAnew(transaction, ticket);
  }
  const awaiting = sql`agent_id = ${agent.id} and reply_state = ${ReplyState.AWAITING}`;
  const sends = await transaction.find(SendRow, { where: awaiting, orderBy: sql`contact_id, id` });
  for (const { id, contactId } of sends) {
    await transaction.lock(ContactRow, contactId);
    const send = await transaction.lock(SendRow, id);
    if (send?.replyState === ReplyState.AWAITING)
      await changeReplyState(transaction, send, ReplyState.RELEASED);
  }
}
