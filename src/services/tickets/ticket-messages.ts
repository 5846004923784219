import type { Transaction } from '../../database/transaction';
import { ContactRow } from '../../entities/contact';
import {
  ChannelState,
  MessageDirection,
  SendStatus,
  TicketStatus,
  UserErrorCode,
} from '../../entities/enums';
import { newId } from '../../entities/ids';
import { TicketRow } from '../../entities/ticket';
import { TicketMessageRow } from '../../entities/ticket-message';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { textError } from '../bounded-text';
import type { ServiceContext } from '../context';
import { enqueueDelivery } from '../deliveries/deliveries';
import { once } from '../idempotency';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { changeTicket } from './ticket-changes';
import { serviceWindowEnd } from './ticket-queries';
import { actorOf, lockedTicketOf, noSuchTicket, notAssigned, ticketClosed } from './tickets';

/** What WhatsApp takes in one text message. */
const LONGEST_TEXT = 4_096;

export interface TextToSend {
  ticketId: string;
  text: string;
  idempotencyKey: string;
}

/** Writes to the customer of one's ticket (rule 34): stored with its delivery at once, handed over afterwards. */
export function sendTicketMessage(
  context: ServiceContext,
  { ticketId, text, idempotencyKey }: TextToSend,
): Promise<Outcome<{ message: TicketMessageRow }>> {
  actorOf(context.viewer);
  return context.transact(async (transaction): Promise<Outcome<{ message: TicketMessageRow }>> => {
    const resultId = newId('TicketMessage');
    const act = { mutation: 'sendTicketMessage', key: idempotencyKey, input: { ticketId, text }, resultId };
    const { id, row, userErrors } = await once(transaction, context.viewer, act, () =>
      write(context, transaction, { id: resultId, ticketId, text }),
    );
    if (id === undefined) return refused(...userErrors);
    const message = row ?? (await transaction.byId(TicketMessageRow, id));
    if (!message) throw new Error('A message that was stored is not there');
    return made({ message });
  });
}

async function write(
  context: ServiceContext,
  transaction: Transaction,
  { id, ticketId, text }: { id: string; ticketId: string; text: string },
): Promise<TicketMessageRow | { userErrors: UserError[] }> {
  const tooLong = textError(text, ['input', 'text'], LONGEST_TEXT);
  const seen = await transaction.byId(TicketRow, ticketId);
  if (seen) await transaction.lock(ContactRow, seen.contactId);
  const ticket = await lockedTicketOf(transaction, context.viewer, ticketId);
  if (!ticket) return refused(noSuchTicket(), ...(tooLong ? [tooLong] : []));
  const errors = [...(await ticketErrors(context, transaction, ticket)), ...(tooLong ? [tooLong] : [])];
  if (errors.length > 0) return refused(...errors);
  const authorId = actorOf(context.viewer).id;
  const message = outbound(ticket, { id, authorId, text, now: transaction.now });
  await transaction.insert(TicketMessageRow, message);
  await enqueueDelivery(context.platform, transaction, {
    id: message.id,
    channelId: ticket.channelId,
    contactId: ticket.contactId,
  });
  await changeTicket(transaction, ticket, { lastMessageId: message.id, lastMessageAt: transaction.now });
  transaction.record('TicketMessageChanged', { ticketId: ticket.id, messageId: message.id });
  return message;
}

async function ticketErrors(
  context: ServiceContext,
  transaction: Transaction,
  ticket: TicketRow,
): Promise<UserError[]> {
  if (ticket.status === TicketStatus.CLOSED) return [ticketClosed()];
  if (ticket.agentId !== actorOf(context.viewer).id) {
    return [
      notAssigned(
        'Only the agent in whose ongoing list a ticket is writes in it: accept it, or have it transferred to you.',
      ),
    ];
  }
  const errors: UserError[] = [];
  const windowEnd = serviceWindowEnd(ticket);
  if (windowEnd === null || transaction.now >= windowEnd) {
    const message =
      "The customer's last message is more than 24 hours old, so WhatsApp takes no free text: close this ticket and send the customer an active message.";
    errors.push(userError(UserErrorCode.SERVICE_WINDOW_CLOSED, message, ['input', 'ticketId']));
  }
  const channel = await transaction.byId(WhatsAppChannelRow, ticket.channelId);
  if (!channel || channel.disconnectedAt !== null) {
    const message =
      'The number that this customer wrote to is no longer connected: an admin can connect it again.';
    errors.push(userError(UserErrorCode.WHATSAPP_CHANNEL_MISSING, message));
  } else if (channel.state === ChannelState.STOPPED) {
    const message =
      'The number is stopped by an error of its account: an admin can give it new credentials, then it starts again.';
    errors.push(userError(UserErrorCode.CHANNEL_STOPPED, message));
  }
  return errors;
}

function outbound(
  ticket: TicketRow,
  { id, authorId, text, now }: { id: string; authorId: string; text: string; now: number },
): TicketMessageRow {
  return {
    id,
    contractId: ticket.contractId,
    ticketId: ticket.id,
    channelId: ticket.channelId,
    contactId: ticket.contactId,
    direction: MessageDirection.OUTBOUND,
    kind: 'text',
    text,
    content: { body: text },
    authorId,
    status: SendStatus.QUEUED,
    failureCode: null,
    failureMessage: null,
    failureProviderCode: null,
    providerMessageId: null,
    createdAt: now,
    deliveredAt: null,
    readAt: null,
  };
}
