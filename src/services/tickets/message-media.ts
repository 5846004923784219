import type { MediaFile } from '../../channels/channel';
import { mediaIn } from '../../channels/incoming-media';
import type { IncomingMedia } from '../../channels/webhook-items';
import { MessageDirection } from '../../entities/enums';
import { kindOfId } from '../../entities/ids';
import type { TicketMessageRow } from '../../entities/ticket-message';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { gone, notFound } from '../../problems';
import { see } from '../access/seeing';
import type { ServiceContext } from '../context';
import { credentialsOf } from '../desk/channels';

/** The file that a customer sent with a message, as its metadata tell; nothing was asked of the provider. */
export interface MessageMedia {
  /** Where this server gives it to who may read the message. */
  url: string;
  mimeType: string | null;
  filename: string | null;
}

function incomingMedia(message: TicketMessageRow): IncomingMedia | null {
  return message.direction === MessageDirection.INBOUND ? mediaIn(message.kind, message.content) : null;
}

/** Null where the message holds no file, and of what the desk wrote. */
export function mediaOf({ platform }: ServiceContext, message: TicketMessageRow): MessageMedia | null {
  const media = incomingMedia(message);
  if (!media) return null;
  const { mimeType = null, filename = null } = media;
  return { url: `${platform.publicUrl()}/media/${message.id}`, mimeType, filename };
}

/** A file that was opened, and what the message says of it. */
export interface OpenedMedia extends MediaFile {
  /** What kind of message it came with: image, document … */
  kind: string;
  filename: string | null;
}

/**
 * Opens the file of a message at the provider, for who may read the message.
 * @param signal ends the call to the provider, also while the file is read.
 * @throws Problem NOT_FOUND where there is no such message or it holds no file, GONE where the provider let go of it;
 *   FORBIDDEN where the caller may read no tickets. ProviderError where the provider does not give it.
 */
export async function openMedia(
  context: ServiceContext,
  messageId: string,
  signal: AbortSignal,
): Promise<OpenedMedia> {
  const isMessageId = kindOfId(messageId) === 'TicketMessage';
  const message = await see(context, 'TicketMessage', isMessageId ? messageId : null);
  if (!message) {
    throw notFound('There is no such message: take the address from the field `media` of a ticket message.');
  }
  const media = incomingMedia(message);
  if (!media) throw notFound('This message holds no file: its field `media` is null.');
  const channel = await context.loaders.row(WhatsAppChannelRow, message.channelId);
  if (!channel) throw new Error('The number of a message is not there');
  const { platform } = context;
  const credentials = credentialsOf(platform, channel);
  const file = await platform.channels[channel.provider].media(credentials, media.providerMediaId, signal);
  if (!file) {
    throw gone(
      'WhatsApp no longer has this file, which it keeps for 30 days: ask the customer for it again.',
    );
  }
  return {
    ...file,
    mimeType: file.mimeType ?? media.mimeType ?? null,
    kind: message.kind,
    filename: media.filename ?? null,
  };
}
