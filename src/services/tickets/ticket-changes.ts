import sql from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { ContractRow } from '../../entities/contract';
import { TicketStatus, type ReplyMatch, type TicketOrigin } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { QueueAgentRow } from '../../entities/queue-agent';
import { TicketRow } from '../../entities/ticket';
import { contactById, noteBotServed } from '../contacts/contacts';

/** Where a ticket is: with an agent, reserved for one, or in a queue. */
export type Place = Pick<TicketRow, 'status' | 'agentId' | 'reservedForId' | 'queueId' | 'assignedAt'>;

/** In an agent's ongoing list. A queue that it came through is remembered. */
export function withAgent(agentId: string, at: number, queueId: string | null = null): Place {
  return { status: TicketStatus.OPEN, agentId, reservedForId: null, queueId, assignedAt: at };
}

/** Waiting for one agent alone, in no queue. */
export function reservedFor(agentId: string): Place {
  return {
    status: TicketStatus.WAITING,
    agentId: null,
    reservedForId: agentId,
    queueId: null,
    assignedAt: null,
  };
}

/** Waiting in a queue for whoever is free first. */
export function waitingIn(queueId: string): Place {
  return { status: TicketStatus.WAITING, agentId: null, reservedForId: null, queueId, assignedAt: null };
}

/** The agents who attend a queue. */
export async function membersOf(rows: Rows, queueId: string): Promise<string[]> {
  const members = await rows.find(QueueAgentRow, {
    where: sql`queue_id = ${queueId}`,
    orderBy: sql`agent_id`,
  });
  return members.map(({ agentId }) => agentId);
}

/** The agents in whose view a ticket is; admins see every ticket besides. As `visibility.ts` has it. */
export async function audienceOf(rows: Rows, ticket: TicketRow): Promise<string[]> {
  const { agentId, reservedForId, queueId, status } = ticket;
  const inQueue = status === TicketStatus.WAITING && reservedForId === null && queueId !== null;
  const members = inQueue ? await membersOf(rows, queueId) : [];
  return [...new Set([agentId, reservedForId, ...members])].filter((id) => id !== null);
}

/** Puts into the log that a ticket changed, for those who saw it before and those who see it now. */
export function recordTicketChange(
  transaction: Transaction,
  ticket: TicketRow,
  before: string[] | null,
  after: string[],
): void {
  transaction.record('TicketChanged', {
    ticketId: ticket.id,
    botId: ticket.botId,
    status: ticket.status,
    before,
    after,
  });
}

/** The ticket of a contact that is not closed; there is at most one. */
export function openTicketOf(rows: Rows, contactId: string): Promise<TicketRow | null> {
  return rows.first(TicketRow, sql`contact_id = ${contactId} and status <> ${TicketStatus.CLOSED}`);
}

export interface NewTicket {
  contractId: string;
  botId: string;
  channelId: string;
  contactId: string;
  origin: TicketOrigin;
  place: Place;
  /** The active message that it answers. */
  reply: { sendId: string; matchedBy: ReplyMatch; entryBlockId: string } | null;
  /** The customer's message that opens it: the caller stores it afterwards. */
  message: { id: string; at: number };
}

async function nextNumber(transaction: Transaction, contractId: string): Promise<number> {
  await transaction.updateBy(
    ContractRow,
    sql`last_ticket_number = last_ticket_number + 1`,
    sql`id = ${contractId}`,
  );
  const contract = await transaction.byId(ContractRow, contractId);
  if (!contract) throw new Error('A ticket belongs to a contract');
  return contract.lastTicketNumber;
}

/** Opens a ticket. The caller holds the contact's lock and has seen that there is no other. */
export async function openTicket(transaction: Transaction, given: NewTicket): Promise<TicketRow> {
  const { place, reply, message, ...more } = given;
  const ticket: TicketRow = {
    ...more,
    ...place,
    id: newId('Ticket'),
    number: await nextNumber(transaction, given.contractId),
    sendId: reply?.sendId ?? null,
    matchedBy: reply?.matchedBy ?? null,
    entryBlockId: reply?.entryBlockId ?? null,
    createdAt: transaction.now,
    updatedAt: transaction.now,
    closedAt: null,
    closedById: null,
    lastMessageId: message.id,
    lastMessageAt: message.at,
    lastCustomerMessageAt: message.at,
    unreadCount: 1,
  };
  await transaction.insert(TicketRow, ticket);
  const contact = await contactById(transaction, ticket.contactId);
  await noteBotServed(transaction, contact, ticket.botId, { last: true });
  recordTicketChange(transaction, ticket, null, await audienceOf(transaction, ticket));
  return ticket;
}

/**
 * Changes a ticket that the caller has read under its lock, and tells those who saw it before and who see it now.
 * @throws Error where the ticket is no longer as it was read.
 */
export async function changeTicket(
  transaction: Transaction,
  before: TicketRow,
  changes: Partial<TicketRow>,
): Promise<TicketRow> {
  const sawIt = await audienceOf(transaction, before);
  const after = { ...before, ...changes, updatedAt: transaction.now };
  const changed = await transaction.update(
    TicketRow,
    { ...changes, updatedAt: transaction.now },
    sql`id = ${before.id} and status = ${before.status} and updated_at = ${before.updatedAt}`,
  );
  if (changed === 0) throw new Error('A ticket was changed without its lock');
  recordTicketChange(transaction, after, sawIt, await audienceOf(transaction, after));
  return after;
}
