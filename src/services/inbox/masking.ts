import { MASK } from '../../channels/phone-masking';

/** Fields of webhooks that say what something is, and never whose it is or what somebody wrote. */
const SHOWN: ReadonlySet<string> = new Set([
  'object',
  'field',
  'type',
  'messaging_product',
  'phone_number_id',
  'timestamp',
  'time',
  'status',
  'event',
  'code',
  'message_template_id',
  'message_template_name',
  'message_template_language',
  'previous_category',
  'new_category',
  'new_quality_score',
  'previous_quality_score',
]);

/** Customers name things too, such as the kinds of numbers in a contact that they share: what is no word is text. */
const WORD = /^[\w.-]{1,100}$/;
/** What is no name of a field may be a number or a text that was put in the place of one. */
const FIELD_NAME = /^[A-Za-z_]\w{0,60}$/;
/** A provider's id of a message has its recipient's number inside, merely encoded. */
const ACCOUNT_ID = /^\d{1,20}$/;
const LARGEST_PLAIN_NUMBER = 999_999;

/**
 * A webhook's body as admins may see it: its shape, and what kind of thing each part is, with everything masked that
 * could say who somebody is or what they wrote.
 */
export function maskPayload(payload: Record<string, unknown>): Record<string, unknown> {
  return maskFields(payload, []);
}

function maskFields(value: object, path: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [
      FIELD_NAME.test(field) ? field : MASK,
      mask(inner, [...path, field]),
    ]),
  );
}

function mask(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((inner: unknown) => mask(inner, path));
  if (typeof value === 'object' && value !== null) return maskFields(value, path);
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  const field = path.at(-1) ?? '';
  // The id of an entry is the account's; further in, ids are of messages, people and files.
  if (path.join('.') === 'entry.id' && ACCOUNT_ID.test(String(value))) return value;
  if (SHOWN.has(field) && WORD.test(String(value))) return value;
  if (typeof value === 'number') return Math.abs(value) <= LARGEST_PLAIN_NUMBER ? value : MASK;
  return MASK;
}
