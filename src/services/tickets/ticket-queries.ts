import sql, { join, raw, type Sql } from 'sql-template-tag';
import { HOUR } from '../../clock';
import { OrderDirection, TicketOrderField, type TicketOrigin, type TicketStatus } from '../../entities/enums';
import { TicketRow } from '../../entities/ticket';
import { TicketMessageRow } from '../../entities/ticket-message';
import { badInput } from '../../problems';
import { idsOf } from '../id-lists';
import type { ServiceContext } from '../context';
import { nestedPageOf } from '../nested-pages';
import { pageOf, type Page, type PageRequest } from '../pages';
import { contains } from '../searching';
import { fold } from '../text-folding';
import { visible } from '../access/visibility';

/** For how long after the customer's last message free text may be sent (rule 34). */
export const SERVICE_WINDOW = 24 * HOUR;

const LONGEST_SEARCH = 200;

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
  ['botIds', 'bot_id'],
  ['agentIds', 'agent_id'],
  ['reservedForIds', 'reserved_for_id'],
  ['queueIds', 'queue_id'],
  ['statuses', 'status'],
  ['origins', 'origin'],
] as const;

function conditions(context: ServiceContext, filter: TicketsAsked): Sql[] {
  const { contactId, number, createdFrom, createdBefore, search, mine } = filter;
  const all = [sql`(${visible(context.viewer, 'Ticket')})`];
  for (const [name, column] of AMONG) {
    const values = filter[name];
    if (values == null) continue;
    const bounded = idsOf(values, name);
    all.push(bounded.length === 0 ? sql`1 = 0` : sql`${raw(`tickets.${column}`)} in (${join(bounded)})`);
  }
  if (contactId != null) all.push(sql`tickets.contact_id = ${contactId}`);
  if (number != null) all.push(sql`tickets.number = ${number}`);
  if (createdFrom != null) all.push(sql`tickets.created_at >= ${createdFrom}`);
  if (createdBefore != null) all.push(sql`tickets.created_at < ${createdBefore}`);
  if (search != null && search.trim() !== '') all.push(ofSuchContact(search.trim()));
  if (mine) {
    const own = context.viewer.agent?.id;
    all.push(
      own === undefined ? sql`1 = 0` : sql`(tickets.agent_id = ${own} or tickets.reserved_for_id = ${own})`,
    );
  }
  return all;
}

function ofSuchContact(search: string): Sql {
  if (search.length > LONGEST_SEARCH) {
    throw badInput(`\`search\` has ${search.length} characters: at most ${LONGEST_SEARCH} are looked for.`);
  }
  const digits = search.replace(/\D/g, '');
  const isPhone = digits !== '' && /^[+\d\s().-]+$/.test(search);
  const byPhone = isPhone ? sql` or ${contains(sql`contacts.phone`, digits)}` : sql``;
  return sql`exists (select 1 from contacts where contacts.id = tickets.contact_id
    and (${contains(sql`contacts.folded_name`, fold(search))}${byPhone}))`;
}

/** The tickets that the caller sees and that match. */
export function listTickets(
  context: ServiceContext,
  filter: TicketsAsked | null | undefined,
  orderBy: TicketsOrdered | null | undefined,
  request: PageRequest,
): Promise<Page<TicketRow>> {
  const { field, direction } = orderBy ?? LATEST_FIRST;
  const where = join(conditions(context, filter ?? {}), ' and ');
  const property = field === TicketOrderField.CREATED_AT ? 'createdAt' : 'lastMessageAt';
  return pageOf(
    context.rows,
    TicketRow,
    { where, order: { property, direction }, of: ['tickets', filter ?? {}] },
    request,
  );
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
