import type { JsonObject } from '../channel';
import { listOf, numberOf, objectOf, textOf } from '../json';
import type { Addresses } from '../webhook-items';

/** What the elements of all webhook lists have in common, and how the common parts are read. */

/** One element of a webhook's lists, with what stands around it. */
export interface Element {
  value: JsonObject;
  /** The provider's id of the number it came over. */
  phoneNumberId: string;
  /** The entry of `contacts` that tells who the element is about; empty where none does. */
  contact: JsonObject;
  /** A complete body with this element alone. */
  payload: JsonObject;
}

/** Why an element cannot be understood; the message is kept with the dead letter. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/**
 * Milliseconds since 1970 of a timestamp in whole seconds, given as digits or as a number.
 * @throws Unreadable when it is none, or lies beyond the year 9999 (then it would not be seconds).
 */
export function instantOf(timestamp: unknown): number {
  const seconds = numberOf(timestamp);
  if (seconds === null || !Number.isInteger(seconds) || seconds < 0 || seconds > 253_402_300_799) {
    throw new Unreadable('Its timestamp is not a number of seconds.');
  }
  return seconds * 1_000;
}

/**
 * The text at this place.
 * @throws Unreadable when it is missing or empty.
 */
export function requiredText(object: JsonObject, name: string): string {
  const text = textOf(object[name]);
  if (text === undefined) throw new Unreadable(`It has no ${name}.`);
  return text;
}

/** Digits without a leading '+'; placeholders and masked numbers stay as they are. */
function digitsOf(value: unknown): string | undefined {
  const digits = textOf(value)?.trim().replace(/^\+/, '');
  return digits === '' ? undefined : digits;
}

/** Addresses without the empty ones. */
export function addresses(waId: unknown, phone: unknown, userId: unknown): Addresses {
  const found = { waId: digitsOf(waId), phone: digitsOf(phone), userId: textOf(userId)?.trim() };
  return {
    ...(found.waId === undefined ? {} : { waId: found.waId }),
    ...(found.phone === undefined ? {} : { phone: found.phone }),
    ...(found.userId === undefined || found.userId === '' ? {} : { userId: found.userId }),
  };
}

/** Whether nothing is known of who it is. */
export function isNobody({ waId, phone, userId }: Addresses): boolean {
  return waId === undefined && phone === undefined && userId === undefined;
}

const PHONE_FIELDS = ['from', 'recipient_id', 'wa_id', 'to'];
const USER_ID_FIELDS = ['from_user_id', 'recipient_user_id', 'user_id', 'to_user_id'];

/** Everything in an element that may name the person it is about. */
export function namesIn(element: JsonObject): string[] {
  return [...PHONE_FIELDS, ...USER_ID_FIELDS].flatMap((field) => textOf(element[field]) ?? []);
}

/**
 * Finds the entry of `contacts` that belongs to an element of a value; an empty object where none does. One value may
 * hold several people: an entry counts when it bears the element's own address; the only entry counts too when all
 * elements, of whichever lists, are about one person, since the provider may write the same number in two ways (Brazil's
 * ninth digit).
 */
export function contactFinder(value: JsonObject, elements: unknown[]): (element: JsonObject) => JsonObject {
  const contacts: JsonObject[] = listOf(value['contacts']).map(objectOf);
  const byName = new Map(
    contacts.flatMap((contact) =>
      [textOf(contact['wa_id']), textOf(contact['user_id'])].flatMap((name) =>
        name === undefined ? [] : [[name, contact] as const],
      ),
    ),
  );
  const people = new Set(elements.map((element) => namesIn(objectOf(element))[0] ?? ''));
  const only = contacts.length === 1 && people.size === 1 ? contacts[0] : undefined;
  return (element) => {
    const name = namesIn(element).find((one) => byName.has(one));
    return (name === undefined ? only : byName.get(name)) ?? {};
  };
}
