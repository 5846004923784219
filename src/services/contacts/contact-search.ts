import sql, { join } from 'sql-template-tag';
import { BotRow } from '../../entities/bot';
import { ContactRow } from '../../entities/contact';
import { ContactAliasRow } from '../../entities/contact-alias';
import { ContactBotRow } from '../../entities/contact-bot';
import { ContactLocation, ReplyState, TicketStatus } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import { TicketRow } from '../../entities/ticket';
import { reachOf } from '../access/access';
import type { ServiceContext } from '../context';
import { sendingChannelOf } from '../desk/eligibility';
import { groupedBy } from '../grouping';
import { nestedPageOf } from '../nested-pages';
import type { Page, PageRequest } from '../pages';
import { fasterWay, soughtContacts, waysToSought } from '../searching';
import { listOf, see } from '../access/seeing';
import { visible } from '../access/visibility';

const NOTHING = sql`1 = 0`;

/** The contacts of a bot, the newest first, by what and where its settings say (rule 5); null where there is no such bot. */
export async function searchContacts(
  context: ServiceContext,
  { botId, search }: { botId: string; search?: string | null },
  request: PageRequest,
): Promise<Page<ContactRow> | null> {
  const seen = visible(context.viewer, 'Contact');
  const bot = await see(context, 'Bot', botId);
  if (!bot) return null;
  const channel = await sendingChannelOf(context.rows, bot);
  const wanted = search?.trim() ?? '';
  const conditions = [sql`(${seen})`, channel ? sql`contacts.channel_id = ${channel.id}` : NOTHING];
  if (bot.contactSearchLocation === ContactLocation.CHATBOT) {
    conditions.push(sql`exists (select 1 from contact_bots where contact_bots.contact_id = contacts.id
      and contact_bots.bot_id = ${bot.id})`);
  }
  if (wanted !== '') {
    const sought = await soughtContacts(context.rows, wanted, bot.contactSearchFields);
    const others = join(conditions, ' and ');
    const ways = waysToSought(context.rows, others, sought);
    conditions.push(await fasterWay(context.rows, ContactRow, others, ways));
  }
  const order = { property: 'createdAt', direction: 'DESC' } as const;
  const list = { where: join(conditions, ' and '), order, of: ['contacts', botId, wanted] };
  return listOf(context, 'Contact', list, request);
}

/** The bots that created, wrote to or served a contact, the earliest first. */
export async function botsOfContact(context: ServiceContext, contactId: string): Promise<BotRow[]> {
  const bots = await context.loaders.batch('bots of contacts', contactId, async (contactIds) => {
    const where = sql`contact_id in (${join([...contactIds])})`;
    const links = await context.rows.find(ContactBotRow, { where, orderBy: sql`created_at, id` });
    const rows = await context.rows.byIds(BotRow, [...new Set(links.map(({ botId }) => botId))]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    const groups = groupedBy(links, (link) => link.contactId);
    return new Map(
      [...groups].map(([id, group]) => [id, group.flatMap(({ botId }) => byId.get(botId) ?? [])]),
    );
  });
  return bots ?? [];
}

/** Every address that WhatsApp has used for a contact, the earliest first. */
export async function aliasesOf(context: ServiceContext, contactId: string): Promise<string[]> {
  const aliases = await context.loaders.batch('aliases of contacts', contactId, async (contactIds) => {
    const where = sql`contact_id in (${join([...contactIds])})`;
    const rows = await context.rows.find(ContactAliasRow, { where, orderBy: sql`created_at, id` });
    const groups = groupedBy(rows, (row) => row.contactId);
    return new Map([...groups].map(([id, group]) => [id, group.map(({ alias }) => alias)]));
  });
  return aliases ?? [];
}

/** The contact's ticket that is not closed, where it is the caller's to see. */
export async function openTicketFor(context: ServiceContext, contactId: string): Promise<TicketRow | null> {
  if (!reachOf(context.viewer, 'tickets.read')) return null;
  const seen = visible(context.viewer, 'Ticket');
  const ticket = await context.loaders.batch('open tickets of contacts', contactId, async (contactIds) => {
    const where = sql`contact_id in (${join([...contactIds])}) and status <> ${TicketStatus.CLOSED} and (${seen})`;
    const tickets = await context.rows.find(TicketRow, { where });
    return new Map(tickets.map((row) => [row.contactId, row]));
  });
  return ticket ?? null;
}

/** The send whose reply would go straight to its agent if it were written now, where it is the caller's to see. */
export async function awaitingReplyTo(context: ServiceContext, contactId: string): Promise<SendRow | null> {
  if (!reachOf(context.viewer, 'sends.read')) return null;
  const { now } = context;
  const send = await context.loaders.batch(
    'sends that contacts may answer',
    contactId,
    async (contactIds) => {
      // Where a ticket is open, a reply is appended to it and goes to nobody else.
      const sends = await context.rows.find(SendRow, {
        where: sql`contact_id in (${join([...contactIds])}) and handed_over = 1 and refused = 0
        and reply_state not in (${ReplyState.REPLIED}, ${ReplyState.RELEASED}) and reply_expires_at >= ${now}
        and call_started_at <= ${now} and not exists (select 1 from tickets
          where tickets.contact_id = sends.contact_id and tickets.status <> ${TicketStatus.CLOSED})`,
        orderBy: sql`call_started_at, id`,
      });
      // The last one of each contact stays.
      return new Map(sends.map((row) => [row.contactId, row]));
    },
  );
  return see(context, 'Send', send?.id ?? null);
}

/** The sends to a contact that the caller sees, the newest first; null where its role sees none at all. */
export async function sendsToContact(
  context: ServiceContext,
  contactId: string,
  request: PageRequest,
): Promise<Page<SendRow> | null> {
  if (!reachOf(context.viewer, 'sends.read')) return null;
  const where = visible(context.viewer, 'Send');
  const order = { property: 'createdAt', direction: 'DESC' } as const;
  const list = { name: 'sends of contact', property: 'contactId', key: contactId, where, order } as const;
  return nestedPageOf(context, SendRow, list, request);
}

/** The tickets of a contact that the caller sees, the newest first; null where its role sees none at all. */
export async function ticketsOfContact(
  context: ServiceContext,
  contactId: string,
  request: PageRequest,
): Promise<Page<TicketRow> | null> {
  if (!reachOf(context.viewer, 'tickets.read')) return null;
  const where = visible(context.viewer, 'Ticket');
  const order = { property: 'createdAt', direction: 'DESC' } as const;
  const list = { name: 'tickets of contact', property: 'contactId', key: contactId, where, order } as const;
  return nestedPageOf(context, TicketRow, list, request);
}
