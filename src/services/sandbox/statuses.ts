import sql from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import type { SandboxControlsRow } from '../../entities/sandbox-controls';
import { SandboxMessageRow, type SandboxMessageStatus } from '../../entities/sandbox-message';
import type { SandboxPhoneRow } from '../../entities/sandbox-phone';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { badInput } from '../../problems';
import type { Platform, ServiceContext } from '../context';
import { sandboxChannel } from './access';
import { beginAct } from './controls';
import type { Message } from './message-views';
import { changedMessage, sentMessage } from './messages';
import { changedPhone, phoneOf, type Phone } from './phones';
import { statusBody } from './webhook-bodies';
import { enqueueWebhook } from './webhooks';

const WORDS = { SENT: 'sent', DELIVERED: 'delivered', READ: 'read', FAILED: 'failed' } as const;

/** What an act of the sandbox works with. */
export interface Act {
  platform: Platform;
  transaction: Transaction;
  channel: WhatsAppChannelRow;
  controls: SandboxControlsRow;
}

/** Tells the sender what became of a message. */
export async function report(
  { platform, transaction, channel, controls }: Act,
  phone: SandboxPhoneRow,
  message: Pick<SandboxMessageRow, 'providerMessageId' | 'correlation'>,
  status: SandboxMessageStatus,
  failureCode?: number,
): Promise<void> {
  const body = statusBody(channel, phone, {
    id: message.providerMessageId,
    status: WORDS[status],
    at: transaction.now,
    correlation: message.correlation,
    ...(failureCode !== undefined && { failureCode }),
  });
  await enqueueWebhook(platform, transaction, controls, body);
}

/** The customer reads everything that came; with it what still had one tick, since reading it takes having it. */
export function readAll(context: ServiceContext, channelId: string, waId: string): Promise<Phone> {
  const { platform } = context;
  return context.transact(async (transaction) => {
    const channel = await sandboxChannel(context, channelId, transaction);
    const phone = await phoneOf(transaction, channel, waId);
    const where = sql`phone_id = ${phone.id} and status in ('SENT', 'DELIVERED') and withheld = 0`;
    // A page that reads along says so again and again: where there is nothing to read nothing happens.
    if (await transaction.exists(SandboxMessageRow, where)) {
      const controls = await beginAct(platform, transaction, channel, waId);
      const act = { platform, transaction, channel, controls };
      const unread = await transaction.find(SandboxMessageRow, { where, orderBy: sql`at, id` });
      await transaction.change(SandboxMessageRow, { status: 'READ' }, where);
      for (const message of unread) await report(act, phone, message, 'READ');
    }
    return changedPhone(transaction, phone.id);
  });
}

/** A message reaches the phone, where messages do so by hand. */
export function deliverByHand(
  context: ServiceContext,
  channelId: string,
  messageId: string,
): Promise<Message> {
  return onTheWay(context, channelId, messageId, ['SENT'], async (act, phone, message) => {
    if (message.withheld) {
      throw badInput('The customer had blocked the number when this came: it never reaches the phone.');
    }
    await act.transaction.update(SandboxMessageRow, { status: 'DELIVERED' }, sql`id = ${message.id}`);
    await report(act, phone, message, 'DELIVERED');
  });
}

/**
 * A message fails with one of the provider's errors. One that was delivered before stays so for the desk, since a late
 * failure takes no delivery back; on the phone it is gone all the same.
 */
export function failMessage(
  context: ServiceContext,
  channelId: string,
  messageId: string,
  code: number,
): Promise<Message> {
  return onTheWay(context, channelId, messageId, ['SENT', 'DELIVERED'], async (act, phone, message) => {
    const changes = { status: 'FAILED', failureCode: code } as const;
    await act.transaction.update(SandboxMessageRow, changes, sql`id = ${message.id}`);
    await report(act, phone, message, 'FAILED', code);
  });
}

/** Something happens to a message that has one of these statuses. @throws Problem BAD_USER_INPUT where it has not. */
function onTheWay(
  context: ServiceContext,
  channelId: string,
  messageId: string,
  statuses: readonly SandboxMessageStatus[],
  work: (act: Act, phone: SandboxPhoneRow, message: SandboxMessageRow) => Promise<void>,
): Promise<Message> {
  const { platform } = context;
  return context.transact(async (transaction) => {
    const channel = await sandboxChannel(context, channelId, transaction);
    const { phone } = await sentMessage(transaction, channel, messageId);
    const controls = await beginAct(platform, transaction, channel, phone.waId);
    // Looked at again: whatever else happens on this number waits from here on.
    const { message } = await sentMessage(transaction, channel, messageId);
    if (message.status === null || !statuses.includes(message.status)) {
      const is = message.status ?? 'of the customer';
      throw badInput(
        `This message is ${is}: that can only happen to one that is ${statuses.join(' or ')}. With \`deliver\` BY_HAND new ones stay SENT until you say.`,
      );
    }
    await work({ platform, transaction, channel, controls }, phone, message);
    return changedMessage(transaction, message.id);
  });
}
