import { SendFailureCode } from '../../entities/enums';
import type { Refusal, Retry } from '../channel';
import { asObject, numberOf, objectOf, textOf } from '../json';
import { maskPhoneNumbers } from '../phone-masking';
import type { ReportedError } from '../webhook-items';

/**
 * What the Cloud API's error numbers mean for us. Branching is by number: the HTTP status is not reliable.
 * Source: Meta's "Cloud API error codes" page (developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes).
 */
interface ErrorClass {
  failure: SendFailureCode;
  retry: Retry;
}

const TRANSIENT: ErrorClass = { failure: SendFailureCode.PROVIDER_UNAVAILABLE, retry: 'transient' };
const RECIPIENT_RATE: ErrorClass = { failure: SendFailureCode.PROVIDER_UNAVAILABLE, retry: 'recipient' };
const ACCOUNT: ErrorClass = { failure: SendFailureCode.PROVIDER_UNAVAILABLE, retry: 'account' };
const RESTRICTED: ErrorClass = { failure: SendFailureCode.RESTRICTED, retry: 'never' };
const UNDELIVERABLE: ErrorClass = { failure: SendFailureCode.UNDELIVERABLE, retry: 'never' };
const OPTED_OUT: ErrorClass = { failure: SendFailureCode.OPTED_OUT, retry: 'never' };
const WINDOW_CLOSED: ErrorClass = { failure: SendFailureCode.SERVICE_WINDOW_CLOSED, retry: 'never' };
const TEMPLATE_REFUSED: ErrorClass = { failure: SendFailureCode.TEMPLATE_REFUSED, retry: 'never' };
const TEMPLATE_PAUSED: ErrorClass = { failure: SendFailureCode.TEMPLATE_PAUSED, retry: 'never' };
const REQUEST_REFUSED: ErrorClass = { failure: SendFailureCode.REQUEST_REFUSED, retry: 'never' };
const GENERIC: ErrorClass = { failure: SendFailureCode.OTHER, retry: 'once' };
const OTHER: ErrorClass = { failure: SendFailureCode.OTHER, retry: 'never' };

/** The provider's number for: the person wants no marketing from this business. */
export const MARKETING_STOPPED = 131050;

const CLASSES: [ErrorClass, number[]][] = [
  [TRANSIENT, [1, 2, 4, 17, 80007, 130429, 131000, 131016, 131057, 133004]],
  [GENERIC, [135000]],
  [RECIPIENT_RATE, [131056]],
  [RESTRICTED, [131048, 131049, 131064, 130472]],
  [UNDELIVERABLE, [131026, 131021, 131030, 131062, 137000]],
  [OPTED_OUT, [MARKETING_STOPPED]],
  [WINDOW_CLOSED, [131047]],
  [TEMPLATE_REFUSED, [132000, 132001, 132005, 132007, 132008, 132012, 132016, 132068, 132069, 131063]],
  [TEMPLATE_PAUSED, [132015]],
  [REQUEST_REFUSED, [100, 131008, 131009, 131051, 131052, 131053]],
  [ACCOUNT, [0, 3, 10, 190, 368, 130497, 131005, 131031, 131037, 131042, 131044, 131045, 133010]],
];
const CLASS_BY_CODE = new Map(
  CLASSES.flatMap(([found, codes]) => codes.map((code) => [code, found] as const)),
);
const REFRESHING_CODES = new Set([132001, 132015, 132016]);

/** One message to the same person about every 6 seconds (pair rate limit, error 131056). */
const RECIPIENT_PAUSE_MS = 6_000;
/** What is longer is no sentence for people. */
const LONGEST_WORDS = 500;
/** No provider may keep us waiting longer than a day. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1_000;

function classOf(code: number | null): ErrorClass | null {
  if (code === null) return null;
  // 200 to 299: permissions, see Meta's Graph API error handling page.
  return CLASS_BY_CODE.get(code) ?? (code >= 200 && code <= 299 ? ACCOUNT : null);
}

/**
 * How long the provider asks us to wait, in milliseconds, at most a day; null where it does not say.
 * @param header the Retry-After header: seconds or an HTTP date (RFC 9110, section 10.2.3).
 * @param now milliseconds since 1970.
 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | null {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined || text === '') return null;
  const until = /^\d+$/.test(text) ? now + Number(text) * 1_000 : Date.parse(text);
  return Number.isNaN(until) ? null : Math.min(Math.max(until - now, 0), LONGEST_WAIT_MS);
}

/** What else the HTTP answer said beside its body. */
export interface AnswerCircumstances {
  httpStatus: number;
  retryAfterMs: number | null;
}

/**
 * The refusal that a parsed body of the Graph API tells, or null when the body holds no error with a number:
 * then nothing can be said from the body alone.
 */
export function refusalInBody(body: unknown, circumstances: AnswerCircumstances): Refusal | null {
  const error = asObject(objectOf(body)['error']);
  const code = numberOf(error?.['code']);
  if (error === null || code === null) return null;
  const isTransient = error['is_transient'] === true || circumstances.httpStatus === 429;
  const known = classOf(code) ?? (isTransient ? TRANSIENT : OTHER);
  return refusal(known, code, messageOf(error, code), circumstances.retryAfterMs);
}

/**
 * The refusal that an answer without a usable body tells by its HTTP status alone; null when nothing definite
 * can be said (then the message may have been taken). 401, 403, 404 and 407 come from the way to the provider,
 * not from the message, so they concern the number as a whole.
 */
export function refusalByStatus(circumstances: AnswerCircumstances): Refusal | null {
  const { httpStatus } = circumstances;
  const found = classByStatus(httpStatus);
  if (found === null) return null;
  return refusal(
    found,
    null,
    `The provider answered HTTP ${httpStatus} without saying why.`,
    circumstances.retryAfterMs,
  );
}

function classByStatus(httpStatus: number): ErrorClass | null {
  if (httpStatus === 429) return TRANSIENT;
  if ([401, 403, 404, 407].includes(httpStatus)) return ACCOUNT;
  return httpStatus >= 400 && httpStatus < 500 && httpStatus !== 408 ? REQUEST_REFUSED : null;
}

/**
 * The provider's words at this place, as they may be kept and told: they come to where nobody looks after a person's
 * data, such as a number's health and the log.
 */
function wordsAt(object: Record<string, unknown>, name: string): string | undefined {
  const text = textOf(object[name]);
  // Cut before as well, since a text may be as long as a whole answer.
  return text && maskPhoneNumbers(text.slice(0, 2 * LONGEST_WORDS)).slice(0, LONGEST_WORDS);
}

function messageOf(error: Record<string, unknown>, code: number): string {
  const message = wordsAt(error, 'message') ?? `The provider refused with error ${code}.`;
  const details = wordsAt(objectOf(error['error_data']), 'details');
  return details === undefined || message.includes(details) ? message : `${message}: ${details}`;
}

/** A refusal of our own making, for a request that could not even be written. */
export function refusedBeforeCall(message: string, retry: 'never' | 'account'): Refusal {
  return refusal(retry === 'account' ? ACCOUNT : REQUEST_REFUSED, null, message, null);
}

function refusal(found: ErrorClass, code: number | null, message: string, waitMs: number | null): Refusal {
  const isRecipientRate = found.retry === 'recipient';
  return {
    kind: 'refused',
    failure: found.failure,
    retry: found.retry,
    providerCode: code,
    message,
    retryAfterMs: isRecipientRate ? Math.max(waitMs ?? 0, RECIPIENT_PAUSE_MS) : waitMs,
    refreshTemplate: code !== null && REFRESHING_CODES.has(code),
    optOut: found === OPTED_OUT ? 'MARKETING' : null,
  };
}

/** One entry of a status report's `errors`. What is transient there is still the end of that message. */
export function reportedError(entry: unknown): ReportedError {
  const error = objectOf(entry);
  const code = numberOf(error['code']);
  const found = classOf(code) ?? OTHER;
  return {
    code,
    title: wordsAt(error, 'title') ?? wordsAt(error, 'message') ?? null,
    details: wordsAt(objectOf(error['error_data']), 'details') ?? wordsAt(error, 'details') ?? null,
    failure: found.failure,
    refreshTemplate: code !== null && REFRESHING_CODES.has(code),
    optOut: found === OPTED_OUT ? 'MARKETING' : null,
  };
}
