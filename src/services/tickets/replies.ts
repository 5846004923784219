import sql, { raw } from 'sql-template-tag';
import type { MessageItem } from '../../channels/webhook-items';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { ContactRow } from '../../entities/contact';
import { DeliveryRow } from '../../entities/delivery';
import {
  MessageDirection,
  ReplyState,
  TicketOrigin,
  TicketStatus,
  type ReplyMatch,
} from '../../entities/enums';
import { newId } from '../../entities/ids';
import { SendRow } from '../../entities/send';
import { TicketRow } from '../../entities/ticket';
import { TicketMessageRow } from '../../entities/ticket-message';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { addressList, contactForSender, holdersOf, learnAbout } from '../contacts/contacts';
import type { Platform } from '../context';
import { erasedMessageId } from '../deliveries/erased-messages';
import { factsOf, isPresent, placeByRules, serviceBotOf, transfersDirectly } from './placement';
import { answerableBy, matchReply } from './reply-matching';
import { answerableSends, changeReplyState } from '../sends/send-changes';
import { replyBucket } from '../statistics/statistics-folding';
import { changeTicket, openTicket, openTicketOf, reservedFor, withAgent } from './ticket-changes';

/** What is added to an open ticket although it opens none; other notices concern the provider alone. */
const ADDED_TO_TICKETS: ReadonlySet<string> = new Set(['reaction', 'unsupported']);

/** One message in the making, with what is known of its sender; the contacts are locked. */
interface Reception {
  transaction: Transaction;
  channel: WhatsAppChannelRow;
  item: MessageItem;
  messageId: string;
  /** Who wrote: the contact with the exact address. */
  contact: ContactRow;
  /** Every contact that holds one of the sender's addresses, and whom the quoted send went to. */
  contactIds: readonly string[];
  /** The send whose message is quoted or whose button was tapped. */
  quoted: SendRow | null;
}

/**
 * What an inbound message does (rules 25 to 33): appended to the contact's ticket, routed to the sender of what it
 * answers, or placed by the service rules. A message that was received before changes nothing.
 */
export async function receiveMessage(
  _platform: Platform,
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  item: MessageItem,
): Promise<void> {
  if (!item.opensTicket && !ADDED_TO_TICKETS.has(item.type)) return;
  if (await isKnown(transaction, channel, item)) return;
  const reception = await recognise(transaction, channel, item);
  if (!reception || (await isKnown(transaction, channel, item))) return;
  const ticket = await lockedTicket(transaction, reception.contact.id);
  if (ticket) await append(reception, ticket);
  else if (item.opensTicket && !(await answer(reception))) await openByRules(reception);
}

// In the text, and no value: SQLite would not know that the index of inbound messages is for it.
const IS_INBOUND = raw(`direction = '${MessageDirection.INBOUND}'`);

function isKnown(transaction: Transaction, channel: WhatsAppChannelRow, item: MessageItem): Promise<boolean> {
  return transaction.exists(
    TicketMessageRow,
    sql`channel_id = ${channel.id} and ${IS_INBOUND}
      and provider_message_id in (${item.providerMessageId}, ${erasedMessageId(item.providerMessageId)})`,
  );
}

/** Finds out who wrote, and keeps others from deciding about the same people; null for a stranger who only reacts. */
async function recognise(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  item: MessageItem,
): Promise<Reception | null> {
  const holders = await holdersOf(transaction, channel.id, addressList(item.from));
  const quotedId = item.opensTicket ? await quotedSendId(transaction, channel, item.quotedMessageId) : null;
  const quotedBefore = quotedId === null ? null : await transaction.byId(SendRow, quotedId);
  const known = [...holders, ...(quotedBefore ? [quotedBefore.contactId] : [])];
  const locked = new Map<string, ContactRow>();
  // In one order on every node, so that two messages never wait for each other.
  for (const id of [...new Set(known)].sort()) {
    const contact = await transaction.lock(ContactRow, id);
    // Who was erased is nobody: what the person writes now is a stranger's.
    if (contact?.erasure === null) locked.set(id, contact);
  }
  let found = known.map((id) => locked.get(id)).find((contact) => contact !== undefined);
  if (!found) {
    if (!item.opensTicket) return null;
    const stranger = await contactForSender(transaction, channel, item.from, item.profileName);
    found = (await transaction.lock(ContactRow, stranger.id)) ?? stranger;
    locked.set(found.id, found);
  }
  const quoted = quotedId === null ? null : await transaction.byId(SendRow, quotedId);
  return {
    transaction,
    channel,
    item,
    messageId: newId('TicketMessage'),
    contact: await learnAbout(transaction, found, item.from, item.profileName),
    contactIds: [...new Set([found.id, ...known])].filter((id) => locked.has(id)),
    // Read again, now that nobody else can change it.
    quoted: quoted && locked.has(quoted.contactId) ? quoted : null,
  };
}

/** A delivery bears the id of the send that it delivers. */
async function quotedSendId(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  quotedMessageId: string | undefined,
): Promise<string | null> {
  if (quotedMessageId === undefined) return null;
  const where = sql`channel_id = ${channel.id} and provider_message_id = ${quotedMessageId}`;
  return (await transaction.first(DeliveryRow, where))?.id ?? null;
}

async function lockedTicket(transaction: Transaction, contactId: string): Promise<TicketRow | null> {
  const open = await openTicketOf(transaction, contactId);
  const ticket = open && (await transaction.lock(TicketRow, open.id));
  return ticket?.status === TicketStatus.CLOSED ? null : ticket;
}

/** Rule 27: the ticket stays where it is. */
async function append(reception: Reception, ticket: TicketRow): Promise<void> {
  const { transaction, item, messageId, quoted } = reception;
  const isReaction = item.type === 'reaction';
  const isLatest = item.at >= ticket.lastMessageAt;
  await storeMessage(reception, ticket);
  await changeTicket(transaction, ticket, {
    ...(isLatest && { lastMessageId: messageId, lastMessageAt: item.at }),
    ...(!isReaction && {
      unreadCount: ticket.unreadCount + 1,
      lastCustomerMessageAt: Math.max(ticket.lastCustomerMessageAt ?? 0, item.at),
    }),
  });
  if (quoted && answerableBy(quoted, item.at)) await markReplied(reception, quoted, ticket.id);
}

/** Rules 28 and 29: whether the message answered a send. */
async function answer(reception: Reception): Promise<boolean> {
  const { transaction, channel, item, contactIds, quoted } = reception;
  const isQuoted = (send: SendRow) => send.id === quoted?.id;
  let candidates: SendRow[] = quoted ? [quoted] : [];
  for (const contactId of contactIds) {
    const sends = await answerableSends(transaction, channel.id, contactId, item.at);
    candidates.push(...sends.filter((send) => !isQuoted(send)));
  }
  for (;;) {
    const match = matchReply(candidates, quoted ? quoted.providerMessageId : null, item.at);
    if (!match) return false;
    await transaction.lock(SendRow, match.send.id);
    const agent = await transaction.lock(AgentRow, match.send.agentId);
    if (agent?.active) {
      await routeToSender(reception, match, agent, candidates);
      return true;
    }
    // Whoever was deactivated answers nobody: an older send of somebody else may still be meant.
    candidates = candidates.filter(({ agentId }) => agentId !== match.send.agentId);
  }
}

async function routeToSender(
  reception: Reception,
  { send, matchedBy }: { send: SendRow; matchedBy: ReplyMatch },
  agent: AgentRow,
  candidates: readonly SendRow[],
): Promise<void> {
  const { transaction, channel, item, messageId } = reception;
  // The send may have gone to another contact who holds one of the sender's addresses, with a ticket of its own.
  const present = await lockedTicket(transaction, send.contactId);
  if (present) {
    await append({ ...reception, quoted: send }, present);
    return;
  }
  const isDirect = isPresent(agent.presence) && (await transfersDirectly(transaction, send.botId));
  const ticket = await openTicket(transaction, {
    contractId: channel.contractId,
    botId: send.botId,
    channelId: channel.id,
    contactId: send.contactId,
    origin: TicketOrigin.ACTIVE_MESSAGE_REPLY,
    place: isDirect ? withAgent(agent.id, transaction.now) : reservedFor(agent.id),
    reply: { sendId: send.id, matchedBy, entryBlockId: send.returnBlockId },
    message: { id: messageId, at: item.at },
  });
  await storeMessage(reception, ticket);
  await markReplied(reception, send, ticket.id);
  for (const other of candidates) {
    const isOther =
      other.id !== send.id && other.contactId === send.contactId && answerableBy(other, item.at);
    if (isOther) await changeReplyState(transaction, other, ReplyState.RELEASED);
  }
  transaction.record('ReplyRouted', {
    ticketId: ticket.id,
    sendId: send.id,
    messageId,
    agentId: agent.id,
    matchedBy,
  });
}

/** Rule 31. */
async function openByRules(reception: Reception): Promise<void> {
  const { transaction, channel, item, contact, messageId } = reception;
  const bot = await serviceBotOf(transaction, channel, contact);
  const ticket = await openTicket(transaction, {
    contractId: channel.contractId,
    botId: bot.id,
    channelId: channel.id,
    contactId: contact.id,
    origin: TicketOrigin.CUSTOMER,
    place: await placeByRules(transaction, bot, factsOf(contact, item.text)),
    reply: null,
    message: { id: messageId, at: item.at },
  });
  await storeMessage(reception, ticket);
}

async function markReplied(reception: Reception, send: SendRow, ticketId: string): Promise<void> {
  const { transaction, item } = reception;
  const since = send.acceptedAt ?? send.callStartedAt;
  await changeReplyState(transaction, send, ReplyState.REPLIED, {
    ticketId,
    repliedAt: item.at,
    ...(since !== null && { replyBucket: replyBucket((item.at - since) / 1_000) }),
  });
}

async function storeMessage(
  { transaction, channel, item, messageId }: Reception,
  ticket: TicketRow,
): Promise<void> {
  await transaction.insert(TicketMessageRow, {
    id: messageId,
    contractId: channel.contractId,
    ticketId: ticket.id,
    channelId: channel.id,
    contactId: ticket.contactId,
    direction: MessageDirection.INBOUND,
    kind: item.type,
    text: item.text,
    content: item.content,
    authorId: null,
    status: null,
    failureCode: null,
    failureMessage: null,
    failureProviderCode: null,
    providerMessageId: item.providerMessageId,
    createdAt: item.at,
    deliveredAt: null,
    readAt: null,
  });
  transaction.record('TicketMessageChanged', { ticketId: ticket.id, messageId });
}
