import type { Readable } from 'node:stream';
import type { SendFailureCode, TemplateCategory, TemplateStatus } from '../entities/enums';

/**
 * What every way to WhatsApp offers, in words that belong to no provider. The folder beside this file holds one
 * provider each; nothing in here knows of the database.
 */

/** A JSON object as it came over the wire or out of a column: nothing in it may be taken for granted. */
export type JsonObject = Record<string, unknown>;

/** What opens one WhatsApp number; decrypted by the caller, never logged. */
export interface ChannelCredentials {
  /** The provider's id of the number. */
  phoneNumberId: string;
  /** The provider's id of the account that holds the number and its templates. */
  businessAccountId: string;
  accessToken: string;
  /** Signs the webhooks. */
  appSecret: string;
  /** What the provider must say when it verifies the webhook's address. */
  verifyToken: string;
}

/** Whom to write to: the phone number as it was given, or an id that only this business knows the person by. */
export type Recipient = { phone: string } | { userId: string };

/** Whether the blanks of a template are numbered or named. */
export type ParameterFormat = 'POSITIONAL' | 'NAMED';

/** One blank and what goes into it: `body.1`, `header.image`, `button.0.url` …, see `template-content.ts`. */
export interface GivenParameter {
  key: string;
  value: string;
}

/** A message that the provider approved beforehand, with its blanks filled. */
export interface OutgoingTemplate {
  kind: 'template';
  name: string;
  language: string;
  parameterFormat: ParameterFormat;
  /** The template's components as the provider listed them. */
  components: JsonObject[];
  parameters: GivenParameter[];
  /** Comes back in every report about this message; 1 to 99 characters. */
  correlation: string;
}

/** Free text, possible only while the service window is open. */
export interface OutgoingText {
  kind: 'text';
  text: string;
  /** The provider's id of the message it quotes. */
  replyTo?: string;
  /** Comes back in every report about this message; 1 to 99 characters. */
  correlation: string;
}

export type OutgoingMessage = OutgoingTemplate | OutgoingText;

/**
 * Whether a refused message may be handed over once more.
 * - `never`: the refusal is final.
 * - `transient`: later, with growing, jittered pauses.
 * - `recipient`: later, but only this recipient waits (at least 6 seconds).
 * - `once`: one more time, then it is final.
 * - `account`: nothing of this number goes out until somebody repairs it; the message stays queued.
 */
export type Retry = 'never' | 'transient' | 'recipient' | 'once' | 'account';

/** A definite no: the provider did not take the message. */
export interface Refusal {
  kind: 'refused';
  failure: SendFailureCode;
  retry: Retry;
  /** The provider's number for the error; null where it gave none. */
  providerCode: number | null;
  /** The provider's words, for people. */
  message: string;
  /** Milliseconds to wait at least, where the provider or its rules say so. */
  retryAfterMs: number | null;
  /** The template is not what we believe it is: fetch it anew. */
  refreshTemplate: boolean;
  /** What the recipient told the provider not to want any more. */
  optOut: 'MARKETING' | null;
}

/** What is known after one attempt to hand a message over. `send` never throws: everything is one of these. */
export type SendAnswer =
  /** Taken. `held`: the provider looks at its quality first. `waId` and `userId`: the recipient's canonical addresses. */
  | { kind: 'accepted'; providerMessageId: string; waId?: string; userId?: string; held: boolean }
  /** Answered with an id but not taken: the template is paused. */
  | { kind: 'paused'; providerMessageId?: string }
  | Refusal
  /** The request may have left and nothing definite came back: it must not be repeated. */
  | { kind: 'unknown'; reason: string }
  /** The connection was never made: it is certain that nothing left. */
  | { kind: 'not-sent'; message: string };

/** One template in one language, as the provider lists it. */
export interface ProviderTemplate {
  /** Empty where the provider gave none: name and language are what identifies it. */
  providerTemplateId: string;
  name: string;
  language: string;
  category: TemplateCategory;
  /** The category in the provider's word. */
  providerCategory: string;
  status: TemplateStatus;
  /** The status in the provider's word. */
  providerStatus: string;
  components: JsonObject[];
  parameterFormat: ParameterFormat;
  qualityScore: string | null;
  rejectionReason: string | null;
}

/** The provider could not be asked, or its answer made no sense. The message is for people. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  /** The provider's number for the error; null where there is none. */
  readonly providerCode: number | null;
  readonly retry: Retry;
  /** Whether it took longer than we wait. */
  readonly timedOut: boolean;

  constructor(
    message: string,
    providerCode: number | null = null,
    retry: Retry = 'transient',
    timedOut = false,
  ) {
    super(message);
    this.providerCode = providerCode;
    this.retry = retry;
    this.timedOut = timedOut;
  }
}

/** A file that a customer sent, on its way from the provider. */
export interface MediaFile {
  /** In the provider's word; null where it says none. */
  mimeType: string | null;
  /** Bytes in all, where the provider says so. */
  size: number | null;
  /** Comes as fast as it is read; to be read to its end or destroyed. Ends in a ProviderError where it breaks off. */
  content: Readable;
}

/** One way to WhatsApp. */
export interface Channel {
  /**
   * Hands one message over, once. Never throws and never repeats by itself.
   * @param signal gives up waiting: the answer is then `unknown`, or `not-sent` when nothing had left yet.
   */
  send(
    credentials: ChannelCredentials,
    to: Recipient,
    message: OutgoingMessage,
    signal: AbortSignal,
  ): Promise<SendAnswer>;

  /**
   * All templates of the business account, page by page.
   * @throws ProviderError at the first page that cannot be had: what came before is then not the whole list.
   */
  templates(credentials: ChannelCredentials, signal: AbortSignal): AsyncIterable<ProviderTemplate[]>;

  /**
   * Opens a file that a customer sent; null where the provider does not keep it any more.
   * @param signal ends the call, also while the file is read.
   * @throws ProviderError where it cannot be had.
   */
  media(
    credentials: ChannelCredentials,
    providerMediaId: string,
    signal: AbortSignal,
  ): Promise<MediaFile | null>;

  /** Closes the connections it keeps open. */
  close(): Promise<void>;
}
