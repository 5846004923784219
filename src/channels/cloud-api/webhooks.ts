import type { JsonObject } from '../channel';
import { asObject, isDeeper, listOf, objectOf, textOf } from '../json';
import type { WebhookItem } from '../webhook-items';
import { contactFinder, Unreadable } from './webhook-elements';
import type { Element } from './webhook-elements';
import { echoItem, messageItem, preferenceItem, statusItem, userIdUpdateItem } from './webhook-messages';
import { TEMPLATE_READERS } from './webhook-templates';

/**
 * Takes webhook bodies apart. A body holds entries, an entry changes, a change lists of elements; each element
 * gives exactly one item, in the body's order, and one that cannot be understood spoils none of its neighbours.
 * Source: Meta's "Webhooks: components" (object, entry, changes, value, field).
 */

/** How the elements of each list are read. `contacts` is no list of elements: it tells who the others are about. */
const LIST_READERS: ReadonlyMap<string, (element: Element) => WebhookItem> = new Map<
  string,
  (element: Element) => WebhookItem
>([
  ['messages', messageItem],
  ['statuses', statusItem],
  ['message_echoes', echoItem],
  ['user_preferences', preferenceItem],
  ['user_id_update', userIdUpdateItem],
]);
/** Fields whose values hold such lists. */
export const FIELDS_WITH_LISTS: ReadonlySet<string> = new Set([
  'messages',
  'smb_message_echoes',
  'user_preferences',
  'user_id_update',
]);

/** What stands for what was about a person who was erased: it is ignored. */
const ERASED_FIELD = 'erased';
export const ERASED_CHANGE: JsonObject = { field: ERASED_FIELD, value: {} };
export const ERASED_ELEMENT: JsonObject = { erased: true };

/** Fields that may be subscribed to and are of no matter here. Source: Meta's "Webhooks: fields". */
const IRRELEVANT_FIELDS = new Set([
  ERASED_FIELD,
  'account_alerts',
  'account_review_update',
  'account_settings_update',
  'account_update',
  'automatic_events',
  'business_capability_update',
  'business_status_update',
  'business_username_update',
  'calls',
  'flows',
  'group_lifecycle_update',
  'group_participants_update',
  'group_settings_update',
  'group_status_update',
  'history',
  'message_template_paused',
  'messaging_handovers',
  'partner_solutions',
  'payment_configuration_update',
  'phone_number_name_update',
  'phone_number_quality_update',
  'security',
  'smb_app_state_sync',
  'standby',
  'template_correct_category_detection',
  'tracking_events',
]);

/** Numbers beyond 2^53 lose digits in JSON.parse. A name followed by a colon cannot stand inside a string. */
const NUMERIC_TEMPLATE_ID = /("message_template_id"\s*:\s*)(\d+)(?=\s*[,}])/g;

/** WhatsApp's bodies have a dozen levels. What has thousands can be read, but nothing more can be done with it. */
const MOST_LEVELS = 100;

/** The JSON of a body's text. @throws SyntaxError where it is none, or none of WhatsApp's by its depth */
export function readWebhookJson(text: string): unknown {
  const body: unknown = JSON.parse(text.replace(NUMERIC_TEMPLATE_ID, '$1"$2"'));
  if (isDeeper(body, MOST_LEVELS)) throw new SyntaxError('The body has too many levels');
  return body;
}

/** Takes apart the text of a body; what is no JSON is one unreadable item that keeps the text. */
export function parseWebhookText(text: string): WebhookItem[] {
  let body: unknown;
  try {
    body = readWebhookJson(text);
  } catch {
    return [{ kind: 'unreadable', reason: 'The body is no JSON, or has too many levels.', payload: text }];
  }
  return parseWebhook(body);
}

/** Takes apart a parsed body; see `parseWebhookText`. Never throws. */
export function parseWebhook(body: unknown): WebhookItem[] {
  const root = asObject(body);
  if (root === null || !Array.isArray(root['entry']))
    return [unreadable('The body holds no list of entries.', body)];
  const object = textOf(root['object']);
  if (object !== undefined && object !== 'whatsapp_business_account') {
    return [{ kind: 'ignored', reason: `The body is about ${object}.`, payload: body }];
  }
  return listOf(root['entry']).flatMap((entry) => entryItems(root, entry));
}

/**
 * Reads a stored dead letter again: its payload is a body with one element, so it gives one item.
 * What was stored otherwise gives one unreadable item. Never throws.
 */
export function parseElement(stored: unknown): WebhookItem {
  const items = typeof stored === 'string' ? parseWebhookText(stored) : parseWebhook(stored);
  const [first] = items;
  return first !== undefined && items.length === 1
    ? first
    : unreadable(`It holds ${items.length} elements where one belongs.`, stored);
}

function unreadable(reason: string, payload: unknown): WebhookItem {
  return { kind: 'unreadable', reason, payload };
}

function entryItems(root: JsonObject, value: unknown): WebhookItem[] {
  const entry = asObject(value);
  if (entry === null || !Array.isArray(entry['changes'])) {
    return [unreadable('An entry holds no list of changes.', { ...root, entry: [value] })];
  }
  return listOf(entry['changes']).flatMap((change) => {
    const alone = (one: unknown): JsonObject => ({ ...root, entry: [{ ...entry, changes: [one] }] });
    return changeItems(entry, asObject(change), alone, change);
  });
}

function changeItems(
  entry: JsonObject,
  change: JsonObject | null,
  alone: (change: unknown) => JsonObject,
  raw: unknown,
): WebhookItem[] {
  const value = asObject(change?.['value']);
  if (change === null || value === null) return [unreadable('A change holds no value.', alone(raw))];
  const field = textOf(change['field']) ?? 'messages';
  if (IRRELEVANT_FIELDS.has(field)) {
    return [{ kind: 'ignored', reason: `The field ${field} is of no matter here.`, payload: alone(change) }];
  }
  const readTemplate = TEMPLATE_READERS.get(field);
  if (readTemplate !== undefined) {
    const payload = alone(change);
    return [
      readSafely(payload, () => {
        const businessAccountId = textOf(entry['id']);
        if (businessAccountId === undefined) throw new Unreadable('It does not say whose template it is.');
        return readTemplate({ value, businessAccountId, entryTime: entry['time'], payload });
      }),
    ];
  }
  if (!FIELDS_WITH_LISTS.has(field)) return [unreadable(`The field ${field} is not known.`, alone(change))];
  return valueItems(value, (kept) => alone({ ...change, value: kept }));
}

/** Every element of every list in a value; `contacts`, which is about the others, is none. */
function valueItems(value: JsonObject, alone: (value: JsonObject) => JsonObject): WebhookItem[] {
  const names = Object.keys(value).filter((name) => name !== 'contacts' && isListName(name, value));
  if (names.length === 0 && !Array.isArray(value['contacts'])) {
    return [unreadable('It holds nothing that this server knows.', alone(value))];
  }
  // What stands around the lists goes along with each element.
  const around = Object.fromEntries(
    Object.entries(value).filter(([name]) => name !== 'contacts' && !names.includes(name)),
  );
  const contactOf = contactFinder(value, elementsOf(value));
  return names.flatMap((name): WebhookItem[] => {
    const elements = value[name];
    if (!Array.isArray(elements))
      return [unreadable(`Its ${name} are no list.`, alone({ ...around, [name]: elements }))];
    return (elements as unknown[]).map((element) => {
      const contact = contactOf(objectOf(element));
      const contacts = Object.keys(contact).length === 0 ? {} : { contacts: [contact] };
      const payload = alone({ ...around, ...contacts, [name]: [element] });
      return readSafely(payload, () => elementItem(name, element, value, contact, payload));
    });
  });
}

/** Everything in a value that may be about a person. */
export function elementsOf(value: JsonObject): unknown[] {
  return Object.entries(value).flatMap(([name, list]) => (name === 'contacts' ? [] : listOf(list)));
}

/** Whether a value's field is a list of elements, or should be one. */
export function isListName(name: string, value: JsonObject): boolean {
  return Array.isArray(value[name]) || LIST_READERS.has(name);
}

function elementItem(
  name: string,
  raw: unknown,
  value: JsonObject,
  contact: JsonObject,
  payload: JsonObject,
): WebhookItem {
  if (name === 'errors') {
    const code = textOf(objectOf(raw)['code']) ?? '(none)';
    return { kind: 'ignored', reason: `The provider reports error ${code} beside its messages.`, payload };
  }
  if (objectOf(raw)['erased'] === true) {
    return { kind: 'ignored', reason: 'It was about a person who was erased.', payload };
  }
  const read = LIST_READERS.get(name);
  if (read === undefined) throw new Unreadable(`The list ${name} is not known.`);
  const element = asObject(raw);
  if (element === null) throw new Unreadable(`It is no object, but an element of ${name}.`);
  const phoneNumberId = textOf(objectOf(value['metadata'])['phone_number_id']);
  if (phoneNumberId === undefined) throw new Unreadable('It does not say which number it came over.');
  return read({ value: element, phoneNumberId, contact, payload });
}

function readSafely(payload: JsonObject, read: () => WebhookItem): WebhookItem {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unreadable) return unreadable(error.message, payload);
    throw error;
  }
}
