import sql, { join } from 'sql-template-tag';
import { addressVariants } from '../../channels/phone-addresses';
import type { Rows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { newId } from '../../entities/ids';
import { normalisePhoneNumber } from '../../entities/phone-number';
import { SandboxMessageRow, type SandboxMessageStatus } from '../../entities/sandbox-message';
import { SandboxPhoneRow } from '../../entities/sandbox-phone';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { badInput, notFound } from '../../problems';
import type { ServiceContext } from '../context';
import { sandboxChannel } from './access';
import { beginAct, controlsOf, type Controls } from './controls';
import { excerptOf } from './message-views';
import { preferenceBody } from './webhook-bodies';
import { enqueueWebhook } from './webhooks';

const MOST_LISTED = 500;
/** Enough for everybody that people try things on. */
const MOST_PHONES = 2_000;

/** A customer's phone as the page lists it. */
export interface Phone {
  waId: string;
  name: string;
  blocked: boolean;
  marketingStopped: boolean;
  /** How many messages arrived and were not read. */
  unread: number;
  lastMessage: {
    text: string;
    at: number;
    direction: SandboxMessageRow['direction'];
    status: SandboxMessageStatus | null;
  } | null;
}

/** Puts a phone into the sandbox of a number; the one that is there already for this number keeps its name. */
export async function addSandboxPhone(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  { waId, name }: { waId: string; name: string },
): Promise<SandboxPhoneRow> {
  const known = await phoneAt(transaction, channel, waId);
  if (known) return known;
  const phone: SandboxPhoneRow = {
    id: newId('SandboxPhone'),
    contractId: channel.contractId,
    channelId: channel.id,
    waId,
    name,
    blocked: false,
    marketingStopped: false,
    lastMessageAt: null,
    createdAt: transaction.now,
  };
  await transaction.insert(SandboxPhoneRow, phone);
  return phone;
}

/** The phone with this number, in whichever form WhatsApp knows it. */
async function phoneAt(
  rows: Rows,
  channel: WhatsAppChannelRow,
  digits: string,
): Promise<SandboxPhoneRow | null> {
  const variants = addressVariants(digits);
  const phones = await rows.find(SandboxPhoneRow, {
    where: sql`channel_id = ${channel.id} and wa_id in (${join(variants)})`,
  });
  return phones.find(({ waId }) => waId === digits) ?? phones[0] ?? null;
}

/** @throws Problem NOT_FOUND */
export async function phoneOf(
  rows: Rows,
  channel: WhatsAppChannelRow,
  waId: string,
): Promise<SandboxPhoneRow> {
  const phone = await rows.first(SandboxPhoneRow, sql`channel_id = ${channel.id} and wa_id = ${waId}`);
  if (phone) return phone;
  throw notFound('There is no phone with this number in the sandbox: add it, or send a message to it.');
}

/** The phones with their latest messages and what is unread. */
async function phoneViews(rows: Rows, phones: readonly SandboxPhoneRow[]): Promise<Phone[]> {
  const ids = phones.map(({ id }) => id);
  if (ids.length === 0) return [];
  const latest = await rows.firstOfEach(SandboxMessageRow, 'phoneId', ids, {
    where: sql`1 = 1`,
    orderBy: sql`at desc, id desc`,
    limit: 1,
  });
  const unread = await rows.select(SandboxMessageRow, sql`phone_id, count(*) as number`, {
    where: sql`status = 'DELIVERED' and phone_id in (${join(ids)})`,
    groupBy: sql`phone_id`,
  });
  const latestOf = new Map(latest.map((message) => [message.phoneId, message]));
  const unreadOf = new Map(unread.map((row) => [row['phone_id'], Number(row['number'])]));
  return phones.map(({ id, waId, name, blocked, marketingStopped }) => {
    const message = latestOf.get(id);
    const lastMessage = message && {
      text: excerptOf(message),
      at: message.at,
      direction: message.direction,
      status: message.status,
    };
    const unreadCount = unreadOf.get(id) ?? 0;
    return { waId, name, blocked, marketingStopped, unread: unreadCount, lastMessage: lastMessage ?? null };
  });
}

export async function phoneView(rows: Rows, phone: SandboxPhoneRow): Promise<Phone> {
  const [view] = await phoneViews(rows, [phone]);
  if (!view) throw new Error('A phone has a view');
  return view;
}

/** The phones of a number, the newest conversation first, and how its sandbox behaves. */
export async function listPhones(
  context: ServiceContext,
  channelId: string,
): Promise<{ phones: Phone[]; controls: Controls }> {
  const channel = await sandboxChannel(context, channelId);
  const { rows } = context;
  const phones = await rows.find(SandboxPhoneRow, {
    where: sql`channel_id = ${channel.id}`,
    orderBy: sql`coalesce(last_message_at, created_at) desc, id desc`,
    limit: MOST_LISTED,
  });
  return { phones: await phoneViews(rows, phones), controls: await controlsOf(rows, channel) };
}

/** Adds a customer with this number, or names the one that has it. */
export function addPhone(
  context: ServiceContext,
  channelId: string,
  input: { phone: string; name: string },
): Promise<Phone> {
  const waId = normalisePhoneNumber(input.phone)?.slice(1);
  return context.transact(async (transaction) => {
    const channel = await sandboxChannel(context, channelId, transaction);
    if (waId === undefined || `+${waId}` === channel.phoneNumber) {
      throw badInput(
        "`phone` is no customer's possible phone number: give one with its country code, such as +55 11 99999-9999.",
      );
    }
    await beginAct(context.platform, transaction, channel, waId);
    if ((await transaction.count(SandboxPhoneRow, sql`channel_id = ${channel.id}`)) >= MOST_PHONES) {
      throw badInput(`A sandbox has at most ${MOST_PHONES} phones: use one of those that are there.`);
    }
    const { id } = await addSandboxPhone(transaction, channel, { waId, name: input.name });
    await transaction.change(SandboxPhoneRow, { name: input.name }, sql`id = ${id}`);
    return changedPhone(transaction, id);
  });
}

/** Renames a customer, or does what they do in WhatsApp's settings: block the number, stop its marketing. */
export function changePhone(
  context: ServiceContext,
  channelId: string,
  waId: string,
  changes: Partial<Pick<SandboxPhoneRow, 'name' | 'blocked' | 'marketingStopped'>>,
): Promise<Phone> {
  return context.transact(async (transaction) => {
    const channel = await sandboxChannel(context, channelId, transaction);
    const controls = await beginAct(context.platform, transaction, channel, waId);
    const phone = await phoneOf(transaction, channel, waId);
    if (Object.keys(changes).length > 0)
      await transaction.change(SandboxPhoneRow, changes, sql`id = ${phone.id}`);
    const { marketingStopped: stopped = phone.marketingStopped } = changes;
    if (stopped !== phone.marketingStopped) {
      const body = preferenceBody(channel, { ...phone, ...changes }, { stopped, at: transaction.now });
      await enqueueWebhook(context.platform, transaction, controls, body);
    }
    return changedPhone(transaction, phone.id);
  });
}

/** The phone as it is within the act that changed it. */
export async function changedPhone(transaction: Transaction, id: string): Promise<Phone> {
  const phone = await transaction.byId(SandboxPhoneRow, id);
  if (!phone) throw new Error('A phone vanished while it was being changed');
  return phoneView(transaction, phone);
}
