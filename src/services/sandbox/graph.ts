import sql from 'sql-template-tag';
import type { JsonObject } from '../../channels/channel';
import { MARKETING_STOPPED } from '../../channels/cloud-api/errors';
import { isSameSecret } from '../../channels/cloud-api/signature';
import { newId } from '../../entities/ids';
import { SandboxControlsRow } from '../../entities/sandbox-controls';
import { SandboxFileRow } from '../../entities/sandbox-file';
import { SandboxMessageRow, type SandboxContent } from '../../entities/sandbox-message';
import type { SandboxPhoneRow } from '../../entities/sandbox-phone';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { Platform } from '../context';
import { channelSecrets } from '../desk/channels';
import { sandboxChannelsWhere } from './access';
import { beginAct } from './controls';
import { storedFile, type StoredFile } from './files';
import type { GraphError } from './graph-errors';
import { newProviderMessageId } from './message-ids';
import { readMessageRequest, type MessageRequest } from './message-requests';
import { storeMessage } from './messages';
import { addSandboxPhone } from './phones';
import { report, type Act } from './statuses';
import { TEMPLATE_CATALOGUE } from './template-catalogue';
import { templateMessage } from './template-messages';

/**
 * What the Cloud API's doors answer in the sandbox. Who shows the access token of a sandbox number acts for that
 * number alone; an object of anybody else is exactly like one that does not exist.
 */

const PAGE_SIZE = 25;
const LARGEST_PAGE = 250;

/** What the Graph API would answer with an error. */
export interface Refused {
  refusal: GraphError;
}

const BAD_TOKEN: Refused = {
  refusal: { code: 190, details: 'The access token is not the one of this object.' },
};

/** The number whose access token this is, among those that an id names. */
async function channelFor(
  platform: Platform,
  token: string | null,
  property: 'phoneNumberId' | 'businessAccountId' | 'id',
  value: string,
): Promise<WhatsAppChannelRow | null> {
  if (token === null) return null;
  const channels = await sandboxChannelsWhere(platform, property, value);
  return (
    channels.find((channel) => isSameSecret(token, channelSecrets(platform, channel).accessToken)) ?? null
  );
}

/** `POST /{phone number}/messages`: takes a message, or says why not. */
export async function acceptMessage(
  platform: Platform,
  token: string | null,
  phoneNumberId: string,
  body: unknown,
): Promise<{ answer: JsonObject } | Refused> {
  const channel = await channelFor(platform, token, 'phoneNumberId', phoneNumberId);
  if (!channel) return BAD_TOKEN;
  const chosen = await chosenError(platform, channel);
  if (chosen) return { refusal: chosen };
  const request = readMessageRequest(body);
  if ('code' in request) return { refusal: request };
  if (`+${request.to}` === channel.phoneNumber) return { refusal: { code: 131021 } };
  const written = contentOf(request);
  if ('code' in written) return { refusal: written };
  return platform.store.transact(channel.contractId, async (transaction) => {
    const controls = await beginAct(platform, transaction, channel, request.to);
    const phone = await addSandboxPhone(transaction, channel, {
      waId: request.to,
      name: `+${request.to}`,
    });
    const act = { platform, transaction, channel, controls };
    const id = await handOver(act, phone, request, written);
    const answer = {
      messaging_product: 'whatsapp',
      contacts: [{ input: request.input, wa_id: phone.waId }],
      messages: [{ id, message_status: 'accepted' }],
    };
    return { answer };
  });
}

/** The error that somebody chose for the next message; used up by it. */
async function chosenError(platform: Platform, channel: WhatsAppChannelRow): Promise<GraphError | null> {
  const where = sql`channel_id = ${channel.id} and next_error is not null`;
  if (!(await platform.store.rowsOf(channel.contractId).exists(SandboxControlsRow, where))) return null;
  return platform.store.transact(channel.contractId, async (transaction) => {
    const { nextError } = await beginAct(platform, transaction, channel, null);
    if (nextError === null) return null;
    await transaction.change(SandboxControlsRow, { nextError: null }, where);
    return { code: nextError, details: 'Chosen in the sandbox for the next message.' };
  });
}

interface WrittenMessage {
  kind: 'text' | 'template';
  content: SandboxContent;
  marketing: boolean;
}

function contentOf({ message }: MessageRequest): WrittenMessage | GraphError {
  if (message.type === 'text') return { kind: 'text', content: { body: message.text }, marketing: false };
  const filled = templateMessage(message);
  return 'code' in filled ? filled : { kind: 'template', ...filled };
}

/** The message's way to the phone, as far as it goes by itself. @returns its id. */
async function handOver(
  act: Act,
  phone: SandboxPhoneRow,
  { correlation, quotes }: MessageRequest,
  { kind, content, marketing }: WrittenMessage,
): Promise<string> {
  const { transaction, channel, controls } = act;
  const isUnwanted = marketing && phone.marketingStopped;
  const arrives = controls.deliver === 'AT_ONCE' && !phone.blocked;
  const quoted =
    quotes === null
      ? null
      : await transaction.first(
          SandboxMessageRow,
          sql`provider_message_id = ${quotes} and phone_id = ${phone.id}`,
        );
  const message: SandboxMessageRow = {
    id: newId('SandboxMessage'),
    contractId: channel.contractId,
    channelId: channel.id,
    phoneId: phone.id,
    providerMessageId: newProviderMessageId(),
    direction: 'TO_CUSTOMER',
    at: transaction.now,
    kind,
    content,
    quotedId: quoted?.id ?? null,
    fileId: null,
    status: isUnwanted ? 'FAILED' : arrives ? 'DELIVERED' : 'SENT',
    failureCode: isUnwanted ? MARKETING_STOPPED : null,
    withheld: phone.blocked,
    correlation,
  };
  await storeMessage(transaction, message);
  if (isUnwanted) {
    await report(act, phone, message, 'FAILED', MARKETING_STOPPED);
  } else {
    await report(act, phone, message, 'SENT');
    if (arrives) await report(act, phone, message, 'DELIVERED');
  }
  return message.providerMessageId;
}

/** `GET /{business account}/message_templates`: a page of the catalogue. */
export async function templatePage(
  platform: Platform,
  token: string | null,
  businessAccountId: string,
  query: { limit: string | null; after: string | null },
): Promise<{ data: object[]; cursors: { before: string; after: string } | null; isLast: boolean } | Refused> {
  if (!(await channelFor(platform, token, 'businessAccountId', businessAccountId))) return BAD_TOKEN;
  const limit = Math.min(Math.max(Number(query.limit ?? PAGE_SIZE) || PAGE_SIZE, 1), LARGEST_PAGE);
  const start = query.after === null ? 0 : placeAfter(query.after);
  if (start === null) {
    return { refusal: { code: 100, details: 'The cursor `after` is not one of this list.' } };
  }
  const data = TEMPLATE_CATALOGUE.slice(start, start + limit);
  const end = start + data.length;
  const cursors = data.length === 0 ? null : { before: cursorAt(start), after: cursorAt(end) };
  return { data: [...data], cursors, isLast: end >= TEMPLATE_CATALOGUE.length };
}

const cursorAt = (place: number): string => Buffer.from(String(place)).toString('base64url');

function placeAfter(cursor: string): number | null {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  return /^\d{1,6}$/.test(text) ? Number(text) : null;
}

/** A customer's file, for who shows the token of the number that it was sent to. */
export async function customerFile(
  platform: Platform,
  token: string | null,
  mediaId: string,
): Promise<
  { about: { mime_type: string; sha256: string; file_size: number; id: string }; file: StoredFile } | Refused
> {
  if (token === null) return BAD_TOKEN;
  const row = await platform.store.acrossContracts().byId(SandboxFileRow, mediaId);
  const channel = row && (await channelFor(platform, token, 'id', row.channelId));
  if (!channel) {
    const details = `Object with ID '${mediaId.slice(0, 60)}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`;
    return { refusal: { code: 100, subcode: 33, details } };
  }
  const { id, mimeType, sha256, size } = row;
  return { about: { mime_type: mimeType, sha256, file_size: size, id }, file: storedFile(row) };
}
