import sql from 'sql-template-tag';
import type { JsonObject } from '../../channels/channel';
import type { Rows } from '../../database/rows';
import { newId } from '../../entities/ids';
import { normalisePhoneNumber } from '../../entities/phone-number';
import { SandboxFileRow } from '../../entities/sandbox-file';
import { SandboxMessageRow, type SandboxContent } from '../../entities/sandbox-message';
import type { SandboxPhoneRow } from '../../entities/sandbox-phone';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { badInput } from '../../problems';
import type { ServiceContext } from '../context';
import { sandboxChannel } from './access';
import { beginAct } from './controls';
import { newProviderMessageId } from './message-ids';
import type { Message } from './message-views';
import { changedMessage, storeMessage } from './messages';
import { phoneOf } from './phones';
import { contextOf, messageBody } from './webhook-bodies';
import { enqueueWebhook } from './webhooks';

type FileKind = 'image' | 'document' | 'audio' | 'video';

/** What a customer does; ids of messages are the sandbox's own. */
export type CustomerEntry = (
  | { kind: 'text'; text: string }
  | { kind: 'button'; of: string; index: number }
  | { kind: 'reaction'; of: string; emoji: string }
  | { kind: FileKind; fileId: string; caption?: string | undefined }
  | { kind: 'location'; latitude: number; longitude: number; name?: string | undefined }
  | { kind: 'contact'; name: string; phone: string }
) & { quotes?: string | null | undefined };

/** A message as it lies on the phone, and as the webhook tells it. */
interface Written {
  content: SandboxContent;
  element: JsonObject;
  quoted: SandboxMessageRow | null;
  fileId?: string;
}

/** The customer writes, taps a button, reacts, or sends something: the sender is told by webhook. */
export function customerWrites(
  context: ServiceContext,
  channelId: string,
  waId: string,
  entry: CustomerEntry,
): Promise<Message> {
  const { platform } = context;
  return context.transact(async (transaction) => {
    const channel = await sandboxChannel(context, channelId, transaction);
    const controls = await beginAct(platform, transaction, channel, waId);
    const phone = await phoneOf(transaction, channel, waId);
    if (phone.blocked)
      throw badInput('The customer has blocked this number, and cannot write to it: unblock it first.');
    const { content, element, quoted, fileId = null } = await written(transaction, phone, entry);
    const message: SandboxMessageRow = {
      id: newId('SandboxMessage'),
      contractId: channel.contractId,
      channelId: channel.id,
      phoneId: phone.id,
      providerMessageId: newProviderMessageId(),
      direction: 'FROM_CUSTOMER',
      at: transaction.now,
      kind: entry.kind,
      content,
      quotedId: quoted?.id ?? null,
      fileId,
      status: null,
      failureCode: null,
      withheld: false,
      correlation: null,
    };
    await storeMessage(transaction, message);
    const body = messageBody(channel, phone, {
      id: message.providerMessageId,
      at: message.at,
      content: { ...(quoted && quotation(channel, quoted, phone)), ...element },
    });
    await enqueueWebhook(platform, transaction, controls, body);
    return changedMessage(transaction, message.id);
  });
}

function quotation(
  channel: WhatsAppChannelRow,
  { providerMessageId: id, direction }: SandboxMessageRow,
  phone: SandboxPhoneRow,
): JsonObject {
  return contextOf(channel, { id, byCustomer: direction === 'FROM_CUSTOMER' }, phone);
}

async function written(rows: Rows, phone: SandboxPhoneRow, entry: CustomerEntry): Promise<Written> {
  const quoted = entry.quotes == null ? null : await messageOn(rows, phone, entry.quotes, 'quotes');
  switch (entry.kind) {
    case 'text':
      return {
        content: { body: entry.text },
        element: { type: 'text', text: { body: entry.text } },
        quoted,
      };
    case 'button':
      return tappedButton(await messageOn(rows, phone, entry.of, 'of'), entry.index);
    case 'reaction': {
      const { id, providerMessageId } = await messageOn(rows, phone, entry.of, 'of');
      const { emoji } = entry;
      return {
        content: { reaction: { emoji, of: id } },
        element: { type: 'reaction', reaction: { message_id: providerMessageId, emoji } },
        quoted: null,
      };
    }
    case 'location':
      return { ...location(entry), quoted };
    case 'contact':
      return { ...contactCard(entry), quoted };
    default:
      return { ...(await sentFile(rows, phone, entry)), quoted };
  }
}

/** @throws Problem BAD_USER_INPUT where the conversation has no such message. */
async function messageOn(
  rows: Rows,
  phone: SandboxPhoneRow,
  id: string,
  field: string,
): Promise<SandboxMessageRow> {
  const message = await rows.first(SandboxMessageRow, sql`id = ${id} and phone_id = ${phone.id}`);
  // What had never come to the phone cannot be seen there.
  if (message && !message.withheld) return message;
  throw badInput(
    `\`${field}\` is no message of this conversation: take the \`id\` of one that the phone shows.`,
  );
}

function tappedButton(message: SandboxMessageRow, index: number): Written {
  const button = message.content.buttons?.[index];
  if (button?.kind !== 'QUICK_REPLY') {
    throw badInput(
      'This message has no quick reply at `index`: give the `index` of one of its buttons of that kind.',
    );
  }
  return {
    content: { body: button.text },
    element: { type: 'button', button: { payload: button.value ?? button.text, text: button.text } },
    quoted: message,
  };
}

function location(entry: CustomerEntry & { kind: 'location' }): Omit<Written, 'quoted'> {
  const { latitude, longitude, name = null } = entry;
  return {
    content: { location: { latitude, longitude, name, address: null } },
    element: { type: 'location', location: { latitude, longitude, ...(name !== null && { name }) } },
  };
}

function contactCard({ name, phone: given }: CustomerEntry & { kind: 'contact' }): Omit<Written, 'quoted'> {
  const phone = normalisePhoneNumber(given);
  if (phone === null) {
    throw badInput(
      '`phone` is no possible phone number: give it with its country code, such as +55 11 99999-9999.',
    );
  }
  const card = {
    name: { formatted_name: name, first_name: name.split(' ')[0] },
    phones: [{ phone, wa_id: phone.slice(1), type: 'MOBILE' }],
  };
  return { content: { contact: { name, phone } }, element: { type: 'contacts', contacts: [card] } };
}

async function sentFile(
  rows: Rows,
  phone: SandboxPhoneRow,
  entry: CustomerEntry & { kind: FileKind },
): Promise<Omit<Written, 'quoted'>> {
  const { kind, fileId } = entry;
  const [file] = await rows.select(SandboxFileRow, sql`mime_type, filename, sha256`, {
    where: sql`id = ${fileId} and channel_id = ${phone.channelId}`,
  });
  if (!file) throw badInput('`fileId` is no file of this number: upload one first, and take its `fileId`.');
  const mimeType = file['mime_type'] as string;
  const filename = file['filename'] as string | null;
  if (kind !== 'document' && !mimeType.startsWith(`${kind}/`)) {
    throw badInput(
      `The file is ${mimeType}, and no ${kind}: choose the kind that fits, or send it as a document.`,
    );
  }
  const caption = kind === 'audio' ? undefined : entry.caption;
  const media = {
    ...(caption !== undefined && { caption }),
    ...(kind === 'document' && filename !== null && { filename }),
    mime_type: mimeType,
    sha256: file['sha256'],
    id: fileId,
    ...(kind === 'audio' && { voice: false }),
  };
  return {
    content: caption === undefined ? {} : { body: caption },
    element: { type: kind, [kind]: media },
    fileId,
  };
}
