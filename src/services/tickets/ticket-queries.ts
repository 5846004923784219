import sql, { join, raw, type Sql } from 'sql-template-tag';
import { HOUR } from '../../clock';
import {
  ContactField,
  OrderDirection,
  TicketOrderField,
  type TicketOrigin,
  type TicketStatus,
} from '../../entities/enums';
import { amongSelected } from '../../database/rows';
import { TicketRow } from '../../entities/ticket';
import { TicketMessageRow } from '../../entities/ticket-message';
import { idsOf } from '../id-lists';
import type { ServiceContext } from '../context';
import { nestedPageOf } from '../nested-pages';
import type { Page, PageRequest } from '../pages';
import { fasterWay, idsOfSought, lookedUpIfRare, ofSought, soughtContacts } from '../searching';
import { listOf } from '../access/seeing';
import { visible } from '../access/visibility';

/** For how long after the customer's last message free text may be sent (rule 34). */
export const SERVICE_WINDOW = 24 * HOUR;

/** Which tickets to list; conditions left out do not narrow the list. */
export interface TicketsAsked {
  botIds?: string[] | null;
  agentIds?: string[] | null;
  reservedForIds?: string[] | null;
  queueIds?: string[] | null;
  statuses?: TicketStatus[] | null;
  contactId?: string | null;
  origins?: TicketOrigin[] | null;
  number?: number | null;
  createdFrom?: number | null;
  createdBefore?: number | null;
  search?: string | null;
  mine?: boolean | null;
}

export interface TicketsOrdered {
  field: TicketOrderField;
  direction: OrderDirection;
}

const LATEST_FIRST: TicketsOrdered = {
  field: TicketOrderField.LAST_MESSAGE_AT,
  direction: OrderDirection.DESC,
};

const AMONG = [
  ['botIds', 'bot_id', true],
  ['agentIds', 'agent_id', true],
  ['reservedForIds', 'reserved_for_id', true],
  ['queueIds', 'queue_id', true],
  ['statuses', 'status', true],
  ['origins', 'origin', false],
] as const;

async function matchingTickets(context: ServiceContext, filter: TicketsAsked): Promise<Sql> {
  const { contactId, number, createdFrom, createdBefore, search, mine } = filter;
  const all = [sql`(${visible(context.viewer, 'Ticket')})`];
  const lists = AMONG.map(async ([name, column, isIndexed]) => {
    const values = filter[name];
    if (values == null) return [];
    const wanted = idsOf(values, name);
    if (wanted.length === 0) return [sql`1 = 0`];
    const condition = sql`${raw(`tickets.${column}`)} in (${join(wanted)})`;
    return [isIndexed ? await lookedUpIfRare(context.rows, TicketRow, condition) : condition];
  });
  all.push(...(await Promise.all(lists)).flat());
  if (contactId != null) all.push(sql`tickets.contact_id = ${contactId}`);
  if (number != null) all.push(sql`tickets.number = ${number}`);
  if (createdFrom != null) all.push(sql`tickets.created_at >= ${createdFrom}`);
  if (createdBefore != null) all.push(sql`tickets.created_at < ${createdBefore}`);
  if (mine) {
    const own = context.viewer.agent?.id;
    const condition = sql`(tickets.agent_id = ${own ?? ''} or tickets.reserved_for_id = ${own ?? ''})`;
    all.push(own === undefined ? sql`1 = 0` : await lookedUpIfRare(context.rows, TicketRow, condition));
  }
  const wanted = search?.trim() ?? '';
  if (wanted !== '') all.push(await ofSuchContacts(context, wanted, join(all, ' and ')));
  return join(all, ' and ');
}

/** Leaves the tickets of such contacts, of those that meet the other conditions. */
async function ofSuchContacts({ rows }: ServiceContext, search: string, others: Sql): Promise<Sql> {
  const sought = await soughtContacts(rows, search, [ContactField.NAME, ContactField.PHONE]);
  const ids = idsOfSought(rows, sought);
  return fasterWay(rows, TicketRow, others, {
    walking: ofSought(sql`tickets.contact_id`, sought),
    lookingUp: ids && amongSelected(rows.connection, sql`tickets.contact_id`, ids),
  });
}

/** The tickets that the caller sees and that match. */
export async function listTickets(
  context: ServiceContext,
  filter: TicketsAsked | null | undefined,
  orderBy: TicketsOrdered | null | undefined,
  request: PageRequest,
): Promise<Page<TicketRow>> {
  const { field, direction } = orderBy ?? LATEST_FIRST;
  const where = await matchingTickets(context, filter ?? {});
  const property = field === TicketOrderField.CREATED_AT ? 'createdAt' : 'lastMessageAt';
  const list = { where, order: { property, direction }, of: ['tickets', filter ?? {}] } as const;
  return listOf(context, 'Ticket', list, request);
}

/** The messages of a ticket that the caller sees, the oldest first. */
export function messagesOf(
  context: ServiceContext,
  ticketId: string,
  request: PageRequest,
): Promise<Page<TicketMessageRow>> {
  const order = { property: 'createdAt', direction: 'ASC' } as const;
  const list = { name: 'messages', property: 'ticketId', key: ticketId, where: sql`1 = 1`, order } as const;
  return nestedPageOf(context, TicketMessageRow, list, request);
}

/** Until when free text may be sent to the customer of a ticket; null where the customer wrote nothing. */
export function serviceWindowEnd(ticket: TicketRow): number | null {
  return ticket.lastCustomerMessageAt === null ? null : ticket.lastCustomerMessageAt + SERVICE_WINDOW;
}
