import sql from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { BotRow } from '../../entities/bot';
import { ContactRow } from '../../entities/contact';
import { TicketStatus, UserErrorCode } from '../../entities/enums';
import { QueueRow } from '../../entities/queue';
import { QueueAgentRow } from '../../entities/queue-agent';
import { TicketRow } from '../../entities/ticket';
import { authorize } from '../access/access';
import { contactById, noteBotServed } from '../contacts/contacts';
import type { ServiceContext } from '../context';
import { handOutToAgent } from './distribution';
import { sendingChannelOf } from '../desk/eligibility';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { isPresent, placeInQueue } from './placement';
import { changeTicket, reservedFor, withAgent } from './ticket-changes';
import { isAdmin, type Viewer } from '../access/viewer';
import { visible } from '../access/visibility';

type TicketOutcome = Outcome<{ ticket: TicketRow }>;

const FIELD = ['input', 'ticketId'];

/** A person who acts on tickets. @throws Problem FORBIDDEN for machines. */
export function actorOf(viewer: Viewer): AgentRow {
  authorize(viewer, 'tickets.change');
  if (!viewer.agent) throw new Error('Only people act on tickets');
  return viewer.agent;
}

export function noSuchTicket(): UserError {
  const message = 'There is no such ticket among those that you see: take an id that `tickets` lists.';
  return userError(UserErrorCode.TICKET_NOT_FOUND, message, FIELD);
}

export function ticketClosed(): UserError {
  const message = 'This ticket is closed and stays so: the next message of the customer opens a new one.';
  return userError(UserErrorCode.TICKET_CLOSED, message, FIELD);
}

export function notAssigned(message: string): UserError {
  return userError(UserErrorCode.TICKET_NOT_ASSIGNED_TO_AGENT, message, FIELD);
}

/** A ticket under its lock, where it is the caller's to see. */
export async function lockedTicketOf(
  transaction: Transaction,
  viewer: Viewer,
  id: string,
): Promise<TicketRow | null> {
  const ticket = await transaction.lock(TicketRow, id);
  if (!ticket) return null;
  return transaction.first(TicketRow, sql`id = ${id} and (${visible(viewer, 'Ticket')})`);
}

function isWith(ticket: TicketRow, agentId: string): boolean {
  return ticket.agentId === agentId || ticket.reservedForId === agentId;
}

/** Takes a waiting ticket oneself: whoever is present may, whatever its slots (rule 35). */
export function acceptTicket(context: ServiceContext, input: { ticketId: string }): Promise<TicketOutcome> {
  const actor = actorOf(context.viewer);
  return context.transact(async (transaction): Promise<TicketOutcome> => {
    const ticket = await transaction.lock(TicketRow, input.ticketId);
    const error = await acceptError(transaction, context.viewer, ticket);
    if (error) return refused(error);
    if (!ticket) throw new Error('A ticket that is not there is refused');
    if (ticket.agentId === actor.id) return made({ ticket });
    const agent = await transaction.lock(AgentRow, actor.id);
    if (!agent || !isPresent(agent.presence)) {
      const message =
        'Accepting a ticket takes somebody at the desk: set your presence to ONLINE or PAUSED first.';
      return refused(userError(UserErrorCode.AGENT_NOT_ONLINE, message));
    }
    return made({
      ticket: await changeTicket(transaction, ticket, withAgent(actor.id, transaction.now, ticket.queueId)),
    });
  });
}

async function acceptError(
  transaction: Transaction,
  viewer: Viewer,
  ticket: TicketRow | null,
): Promise<UserError | null> {
  const actor = actorOf(viewer);
  if (!ticket) return noSuchTicket();
  const seen = await transaction.exists(TicketRow, sql`id = ${ticket.id} and (${visible(viewer, 'Ticket')})`);
  const isTaken = ticket.status === TicketStatus.OPEN && ticket.agentId !== actor.id;
  // Whoever attends the queue saw the ticket until a colleague took it a moment ago, and is told so.
  if (!seen && !(isTaken && (await attends(transaction, actor.id, ticket.queueId)))) return noSuchTicket();
  if (ticket.status === TicketStatus.CLOSED) return ticketClosed();
  if (isTaken) {
    const message = 'Another agent has this ticket already: take another one, or ask for a transfer.';
    return userError(UserErrorCode.TICKET_ALREADY_ACCEPTED, message, FIELD);
  }
  if (ticket.reservedForId !== null && ticket.reservedForId !== actor.id) {
    const message =
      'This ticket waits for the agent whose message it answers, who alone can accept it: transfer it instead.';
    return userError(UserErrorCode.TICKET_RESERVED_FOR_ANOTHER_AGENT, message, FIELD);
  }
  return null;
}

async function attends(transaction: Transaction, agentId: string, queueId: string | null): Promise<boolean> {
  if (queueId === null) return false;
  return transaction.exists(QueueAgentRow, sql`queue_id = ${queueId} and agent_id = ${agentId}`);
}

export interface TransferInput {
  ticketId: string;
  agentId?: string | null;
  queueId?: string | null;
}

function targetError({ agentId, queueId }: TransferInput): UserError | null {
  if (agentId == null && queueId == null) {
    const message = 'Say who gets the ticket: give `agentId` or `queueId`.';
    return userError(UserErrorCode.TRANSFER_TARGET_REQUIRED, message, ['input']);
  }
  if (agentId != null && queueId != null) {
    const message = 'A ticket goes to an agent or to a queue: give `agentId` or `queueId`, not both.';
    return userError(UserErrorCode.TRANSFER_TARGET_AMBIGUOUS, message, ['input']);
  }
  return null;
}

/** Hands a ticket on to an agent, present or not, or to a queue of the same number (rules 30 and 35). */
export function transferTicket(context: ServiceContext, input: TransferInput): Promise<TicketOutcome> {
  const actor = actorOf(context.viewer);
  return context.transact(async (transaction): Promise<TicketOutcome> => {
    const aim = targetError(input);
    const ticket = await lockedTicketOf(transaction, context.viewer, input.ticketId);
    if (!ticket) return refused(noSuchTicket(), ...(aim ? [aim] : []));
    if (aim) return refused(aim);
    if (ticket.status === TicketStatus.CLOSED) return refused(ticketClosed());
    if (!isAdmin(context.viewer) && !isWith(ticket, actor.id)) {
      return refused(
        notAssigned('Only the agent who has this ticket, or an admin, may transfer it: accept it first.'),
      );
    }
    const moved =
      input.agentId == null
        ? await toQueue(transaction, ticket, input.queueId ?? '')
        : await toAgent(transaction, ticket, input.agentId);
    if (moved.ticket && ticket.agentId !== null && ticket.agentId !== moved.ticket.agentId) {
      await handOutToAgent(context.platform, transaction, ticket.agentId);
    }
    return moved;
  });
}

async function toAgent(transaction: Transaction, ticket: TicketRow, agentId: string): Promise<TicketOutcome> {
  const agent = await transaction.lock(AgentRow, agentId);
  if (!agent?.active) {
    const message =
      'There is no such active agent: take an id that `agents` lists, of somebody who was not deactivated.';
    return refused(userError(UserErrorCode.NOT_FOUND, message, ['input', 'agentId']));
  }
  if (ticket.agentId === agentId || (ticket.reservedForId === agentId && !isPresent(agent.presence)))
    return made({ ticket });
  const place = isPresent(agent.presence)
    ? withAgent(agentId, transaction.now, ticket.queueId)
    : reservedFor(agentId);
  return made({ ticket: await changeTicket(transaction, ticket, place) });
}

async function toQueue(transaction: Transaction, ticket: TicketRow, queueId: string): Promise<TicketOutcome> {
  const queue = await transaction.byId(QueueRow, queueId);
  const bot = queue && (await transaction.byId(BotRow, queue.botId));
  const isNear =
    bot !== null &&
    (bot.id === ticket.botId || (await sendingChannelOf(transaction, bot))?.id === ticket.channelId);
  const place = queue && isNear ? await placeInQueue(transaction, queue.id) : null;
  if (!queue || !place) {
    const message =
      'There is no such queue of a bot on the number of this ticket: take an id that `queues` lists for one of its bots.';
    return refused(userError(UserErrorCode.NOT_FOUND, message, ['input', 'queueId']));
  }
  const after = await changeTicket(transaction, ticket, { ...place, botId: queue.botId });
  if (queue.botId !== ticket.botId) {
    const contact = await contactById(transaction, ticket.contactId);
    await noteBotServed(transaction, contact, queue.botId, { last: true });
  }
  return made({ ticket: after });
}

/** Notes that the customer's messages were read. */
export function markTicketRead(context: ServiceContext, input: { ticketId: string }): Promise<TicketOutcome> {
  const actor = actorOf(context.viewer);
  return context.transact(async (transaction): Promise<TicketOutcome> => {
    const ticket = await lockedTicketOf(transaction, context.viewer, input.ticketId);
    if (!ticket) return refused(noSuchTicket());
    if (!isAdmin(context.viewer) && !isWith(ticket, actor.id)) {
      return refused(
        notAssigned('Only the agent who has this ticket, or an admin, marks it read: accept it first.'),
      );
    }
    if (ticket.unreadCount === 0) return made({ ticket });
    return made({ ticket: await changeTicket(transaction, ticket, { unreadCount: 0 }) });
  });
}

/** What a ticket is once it has ended. */
export function closedBy(agentId: string, at: number) {
  return { status: TicketStatus.CLOSED, closedAt: at, closedById: agentId, reservedForId: null };
}

/** Ends a ticket: what the customer writes next starts anew, and its agent has a free slot. */
export function closeTicket(context: ServiceContext, input: { ticketId: string }): Promise<TicketOutcome> {
  const actor = actorOf(context.viewer);
  return context.transact(async (transaction): Promise<TicketOutcome> => {
    const seen = await transaction.byId(TicketRow, input.ticketId);
    // The contact before the ticket, as everywhere: a message that arrives right now is appended or starts anew.
    if (seen) await transaction.lock(ContactRow, seen.contactId);
    const ticket = await lockedTicketOf(transaction, context.viewer, input.ticketId);
    if (!ticket) return refused(noSuchTicket());
    if (ticket.status === TicketStatus.CLOSED) return refused(ticketClosed());
    if (!isAdmin(context.viewer) && !isWith(ticket, actor.id)) {
      return refused(
        notAssigned('Only the agent who has this ticket, or an admin, closes it: accept it first.'),
      );
    }
    const after = await changeTicket(transaction, ticket, closedBy(actor.id, transaction.now));
    if (ticket.agentId !== null) await handOutToAgent(context.platform, transaction, ticket.agentId);
    return made({ ticket: after });
  });
}
