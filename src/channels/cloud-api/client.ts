import { ProviderError } from '../channel';
import type { Channel, ChannelCredentials, OutgoingMessage, Recipient, SendAnswer } from '../channel';
import { listOf, objectOf, textOf } from '../json';
import { call, openConnections } from './calls';
import type { Call, CallResult, Connections } from './calls';
import { refusalByStatus, refusalInBody, refusedBeforeCall, retryAfterMs } from './errors';
import { mediaFile } from './media';
import { messageBody, MessageNotBuildable } from './message-body';
import { LARGEST_PAGE_BYTES, templatePages } from './templates-list';

export interface CloudApiOptions {
  /**
   * The Graph API with its version, for instance https://graph.facebook.com/v23.0; asked at each call, since the
   * sandbox's is known only once this server listens.
   */
  baseUrl: () => string;
  /** Milliseconds to make a connection; 5 seconds unless told. */
  connectTimeoutMs?: number;
  /** Milliseconds without a byte while waiting for an answer; 30 seconds unless told. */
  answerTimeoutMs?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Header values take visible ASCII only; a token with anything else was pasted wrongly. */
const ACCESS_TOKEN = /^[\x21-\x7e]+$/;
/** Those of messages and people have fewer than a hundred characters; what is longer is none, and no key of a table. */
const LONGEST_ID = 500;
/** Ids are digits today; one of dots alone would lead up a step in the address. */
const MEDIA_ID = /^\w[\w.:=-]*$/;
const UNUSABLE_TOKEN = 'The access token is empty or holds characters that no token has.';

/** Meta's WhatsApp Cloud API as a channel. */
export function createCloudApiChannel(options: CloudApiOptions): Channel {
  const limits = {
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    answerTimeoutMs: options.answerTimeoutMs ?? 30_000,
  };
  const connections = openConnections(limits);
  // Files that are read slowly keep no message waiting.
  const readingConnections = openConnections(limits);
  const { baseUrl } = options;
  const now = options.now ?? Date.now;
  return {
    send: (credentials, to, message, signal) =>
      send({ connections, baseUrl, now }, credentials, to, message, signal),
    templates: (credentials, signal) =>
      templatePages(async (query) => {
        const url = addressOf(baseUrl(), credentials.businessAccountId, 'message_templates');
        url.search = query.toString();
        return call(readingConnections, {
          method: 'GET',
          url,
          accessToken: usableToken(credentials),
          largestAnswerBytes: LARGEST_PAGE_BYTES,
          signal,
        });
      }, now),
    media: async (credentials, providerMediaId, signal) => {
      if (!MEDIA_ID.test(providerMediaId)) return null;
      const url = addressOf(baseUrl(), providerMediaId);
      url.searchParams.set('phone_number_id', credentials.phoneNumberId);
      return mediaFile(readingConnections, { url, accessToken: usableToken(credentials), signal }, now);
    },
    close: async () => {
      await connections.dispatcher.close();
      await readingConnections.dispatcher.close();
    },
  };
}

/** @throws ProviderError where it is none that could be sent. */
function usableToken({ accessToken }: ChannelCredentials): string {
  if (!ACCESS_TOKEN.test(accessToken)) throw new ProviderError(UNUSABLE_TOKEN, null, 'account');
  return accessToken;
}

/** `{base}/{id}` or `{base}/{id}/{edge}`; ids are escaped, so that none can lead elsewhere. */
function addressOf(baseUrl: string, id: string, edge?: string): URL {
  const url = new URL(baseUrl);
  const end = edge === undefined ? '' : `/${edge}`;
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${encodeURIComponent(id)}${end}`;
  url.search = '';
  return url;
}

interface Means {
  connections: Connections;
  baseUrl: () => string;
  now: () => number;
}

async function send(
  means: Means,
  credentials: ChannelCredentials,
  to: Recipient,
  message: OutgoingMessage,
  signal: AbortSignal,
): Promise<SendAnswer> {
  const { accessToken, phoneNumberId } = credentials;
  if (!ACCESS_TOKEN.test(accessToken)) return refusedBeforeCall(UNUSABLE_TOKEN, 'account');
  let request: Call;
  try {
    const body = JSON.stringify(messageBody(to, message));
    request = {
      method: 'POST',
      url: addressOf(means.baseUrl(), phoneNumberId, 'messages'),
      accessToken,
      body,
      signal,
    };
  } catch (error) {
    if (error instanceof MessageNotBuildable) return refusedBeforeCall(error.message, 'never');
    throw error;
  }
  return answerOf(await call(means.connections, request), means.now());
}

/** What one call's result means for the message it carried. */
function answerOf(result: CallResult, now: number): SendAnswer {
  if (result.kind === 'not-sent') return { kind: 'not-sent', message: result.message };
  if (result.kind === 'lost') return { kind: 'unknown', reason: result.message };
  const { httpStatus, body } = result;
  return (
    acceptanceIn(httpStatus, body) ??
    refusalInBody(body, { httpStatus, retryAfterMs: retryAfterMs(result.retryAfter, now) }) ??
    refusalByStatus({ httpStatus, retryAfterMs: retryAfterMs(result.retryAfter, now) }) ?? {
      kind: 'unknown',
      reason: `The provider answered HTTP ${httpStatus} with nothing that says whether it took the message.`,
    }
  );
}

/**
 * The acceptance that a 2xx body tells, if it does: `{contacts: [{input, wa_id}], messages: [{id, message_status}]}`.
 * Source: Meta's reference "Messages", and "Template pacing" for `message_status`.
 */
function acceptanceIn(httpStatus: number, body: unknown): SendAnswer | null {
  const message = objectOf(listOf(objectOf(body)['messages'])[0]);
  const providerMessageId = idOf(message['id']);
  const status = textOf(message['message_status']);
  if (httpStatus < 200 || httpStatus > 299) return null;
  if (status === 'paused') {
    return { kind: 'paused', ...(providerMessageId === undefined ? {} : { providerMessageId }) };
  }
  if (providerMessageId === undefined) return null;
  const contact = objectOf(listOf(objectOf(body)['contacts'])[0]);
  const waId = textOf(contact['wa_id'])?.trim().replace(/^\+/, '');
  const userId = idOf(contact['user_id'])?.trim();
  return {
    kind: 'accepted',
    providerMessageId,
    // Digits only: the reference's own examples hold numbers that are masked or end in a space.
    ...(waId !== undefined && /^\d{5,20}$/.test(waId) ? { waId } : {}),
    ...(userId === undefined || userId === '' ? {} : { userId }),
    held: status === 'held_for_quality_assessment',
  };
}

function idOf(value: unknown): string | undefined {
  const id = textOf(value);
  return id === undefined || id.length > LONGEST_ID ? undefined : id;
}
