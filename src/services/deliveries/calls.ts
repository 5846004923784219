import sql from 'sql-template-tag';
import type { ChannelCredentials, OutgoingMessage, Recipient } from '../../channels/channel';
import type { Transaction } from '../../database/transaction';
import { ContactRow } from '../../entities/contact';
import { DeliveryRow } from '../../entities/delivery';
import { ChannelState, SendFailureCode, TicketStatus } from '../../entities/enums';
import { TicketRow } from '../../entities/ticket';
import type { TicketMessageRow } from '../../entities/ticket-message';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { credentialsOf } from '../desk/channels';
import { LEASE, RECIPIENT_PAUSE, type Claim } from './claiming';
import type { Platform } from '../context';
import { addFactsTo, knownUnderLock, ownFact, type KnownDelivery } from './deliveries';
import type { Delivered } from './delivered-things';
import { deriveDelivery, type DeliveryFact } from './delivery-facts';
import { recheckSend, type Obstacle } from '../sends/rechecks';
import { serviceWindowEnd } from '../tickets/ticket-queries';

/** A call that may be made now: its beginning is committed. */
export interface PreparedCall {
  delivery: DeliveryRow;
  channel: WhatsAppChannelRow;
  credentials: ChannelCredentials;
  recipient: Recipient;
  message: OutgoingMessage;
  /** Which call of this message, counted from 1. */
  attempt: number;
  /** Until when this node alone may make it. */
  leaseUntil: number;
}

/**
 * The last look before a call, in one transaction with "call started" and under the contact's lock (DOMAIN.md 20).
 * Null where there is nothing to call: it is another node's, was withdrawn, or has just failed.
 */
export function prepareCall(platform: Platform, owner: string, claim: Claim): Promise<PreparedCall | null> {
  return platform.store.transact(claim.contractId, async (transaction) => {
    const [known, channel] = await Promise.all([
      knownUnderLock(transaction, claim),
      transaction.byId(WhatsAppChannelRow, claim.channelId),
    ]);
    if (known?.delivery.leaseOwner !== owner || (known.delivery.leaseUntil ?? 0) <= transaction.now)
      return null;
    const { delivery, facts } = known;
    const state = deriveDelivery(facts, platform.config.replyWindow);
    if (!state.mayBeCalled || !channel) {
      // Where a call has begun the lease is that call's: when it ends, and not before, others look after the call.
      if (!state.handedOver) await release(transaction, delivery);
      return null;
    }
    const written = await write(platform, transaction, known);
    if ('code' in written) {
      const { code, message } = written;
      const fact = ownFact('gave_up', transaction.now, { failureCode: code, message });
      await addFactsTo(platform, transaction, known, [fact], { release: true });
      return null;
    }
    if (channel.state !== ChannelState.OK) {
      await release(transaction, delivery);
      return null;
    }
    const call = { ...written, delivery, channel, attempt: state.attempts + 1 };
    return begin(platform, transaction, call, known);
  });
}

async function release(transaction: Transaction, { id }: DeliveryRow): Promise<void> {
  await transaction.change(DeliveryRow, { leaseOwner: null, leaseUntil: null }, sql`id = ${id}`);
}

async function begin(
  platform: Platform,
  transaction: Transaction,
  call: Omit<PreparedCall, 'credentials' | 'leaseUntil'>,
  known: KnownDelivery,
): Promise<PreparedCall> {
  const credentials = credentialsOf(platform, call.channel);
  const leaseUntil = transaction.now + LEASE;
  const nextCallAt = transaction.now + RECIPIENT_PAUSE;
  const { delivery, attempt } = call;
  const started = ownFact('call_started', transaction.now, { attempt });
  await addFactsTo(platform, transaction, known, [started], { leaseUntil });
  await transaction.change(
    ContactRow,
    { nextCallAt },
    sql`id = ${delivery.contactId} and next_call_at < ${nextCallAt}`,
  );
  return { ...call, credentials, leaseUntil };
}

type Written = Pick<PreparedCall, 'recipient' | 'message'>;

async function write(
  platform: Platform,
  transaction: Transaction,
  { contact, delivery, delivered, facts }: KnownDelivery & { contact: ContactRow | null },
): Promise<Written | Obstacle> {
  if (transaction.now - delivery.queuedAt >= platform.config.sendMaxAge) return tooOld(facts);
  const recipient = contact && recipientOf(contact);
  if (!recipient) {
    return {
      code: SendFailureCode.UNDELIVERABLE,
      message: 'The contact has no address that WhatsApp could deliver to.',
    };
  }
  const message = await messageOf(transaction, delivered);
  return 'code' in message ? message : { recipient, message };
}

/** Whether it is WhatsApp that could not take it, or it waited for something else, such as a number's repair. */
function tooOld(facts: readonly DeliveryFact[]): Obstacle {
  const refusals = facts.filter(({ kind }) => kind === 'refused' || kind === 'not_sent');
  return refusals.at(-1)?.failureCode
    ? {
        code: SendFailureCode.PROVIDER_UNAVAILABLE,
        message:
          'WhatsApp could not take the message for so long that it would no longer make sense: send it anew.',
      }
    : {
        code: SendFailureCode.EXPIRED_IN_QUEUE,
        message: 'The message waited so long that it would no longer make sense: send it anew.',
      };
}

function recipientOf({ phone, userId }: ContactRow): Recipient | null {
  // WhatsApp names numbers by their digits alone.
  if (phone !== null) return { phone: phone.replace('+', '') };
  return userId === null ? null : { userId };
}

async function messageOf(
  transaction: Transaction,
  delivered: Delivered,
): Promise<OutgoingMessage | Obstacle> {
  if ('send' in delivered) {
    const { id, parameters } = delivered.send;
    const rechecked = await recheckSend(transaction, delivered.send);
    if ('obstacle' in rechecked) return rechecked.obstacle;
    const { name, language, parameterFormat, components } = rechecked.template;
    return { kind: 'template', name, language, parameterFormat, components, parameters, correlation: id };
  }
  const { message } = delivered;
  const obstacle = await recheckMessage(transaction, message);
  return obstacle ?? { kind: 'text', text: message.text ?? '', correlation: message.id };
}

/** Free text goes out only while its ticket is open and the customer's last message is less than a day old. */
async function recheckMessage(transaction: Transaction, message: TicketMessageRow): Promise<Obstacle | null> {
  const ticket = await transaction.byId(TicketRow, message.ticketId);
  const channel = await transaction.byId(WhatsAppChannelRow, message.channelId);
  if (ticket?.status !== TicketStatus.OPEN || channel?.disconnectedAt !== null) {
    const text =
      'The ticket is no longer open, or its number was disconnected, so that nothing can be written in it.';
    return { code: SendFailureCode.NO_LONGER_ALLOWED, message: text };
  }
  if (transaction.now < (serviceWindowEnd(ticket) ?? 0)) return null;
  const text =
    'The customer last wrote more than 24 hours ago: close the ticket and send an active message instead.';
  return { code: SendFailureCode.SERVICE_WINDOW_CLOSED, message: text };
}
