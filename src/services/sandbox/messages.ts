import sql from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { SandboxMessageRow } from '../../entities/sandbox-message';
import { SandboxPhoneRow } from '../../entities/sandbox-phone';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { notFound } from '../../problems';
import type { ServiceContext } from '../context';
import { sandboxChannel } from './access';
import { messageViews, type Message } from './message-views';
import { phoneOf, phoneView, type Phone } from './phones';

const MOST_SHOWN = 200;

/** A customer's conversation: the latest messages, the oldest of them first. */
export async function conversation(
  context: ServiceContext,
  channelId: string,
  waId: string,
): Promise<{ phone: Phone; messages: Message[] }> {
  const channel = await sandboxChannel(context, channelId);
  const { rows } = context;
  const phone = await phoneOf(rows, channel, waId);
  const latest = await rows.find(SandboxMessageRow, {
    where: sql`phone_id = ${phone.id}`,
    orderBy: sql`at desc, id desc`,
    limit: MOST_SHOWN,
  });
  return { phone: await phoneView(rows, phone), messages: await messageViews(rows, latest.reverse()) };
}

/** Puts a message on a phone. */
export async function storeMessage(transaction: Transaction, message: SandboxMessageRow): Promise<void> {
  await transaction.insert(SandboxMessageRow, message);
  await transaction.change(SandboxPhoneRow, { lastMessageAt: message.at }, sql`id = ${message.phoneId}`);
}

/** A message that was sent to a customer of this number, and whose it is. @throws Problem NOT_FOUND */
export async function sentMessage(
  rows: Rows,
  channel: WhatsAppChannelRow,
  id: string,
): Promise<{ message: SandboxMessageRow; phone: SandboxPhoneRow }> {
  const message = await rows.first(
    SandboxMessageRow,
    sql`id = ${id} and channel_id = ${channel.id} and direction = 'TO_CUSTOMER'`,
  );
  const phone = message && (await rows.byId(SandboxPhoneRow, message.phoneId));
  if (phone) return { message, phone };
  throw notFound('There is no message to a customer of this id on this number.');
}

/** The message as it is within the act that changed it. */
export async function changedMessage(transaction: Transaction, id: string): Promise<Message> {
  const message = await transaction.byId(SandboxMessageRow, id);
  const [view] = message ? await messageViews(transaction, [message]) : [];
  if (!view) throw new Error('A message vanished while it was being changed');
  return view;
}
