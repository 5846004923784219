import type { JsonObject } from '../channel';
import { asObject, listOf, objectOf, textOf } from '../json';
import type { ErasedPerson } from '../webhook-items';
import { contactFinder, namesIn } from './webhook-elements';
import {
  elementsOf,
  ERASED_CHANGE,
  ERASED_ELEMENT,
  FIELDS_WITH_LISTS,
  isListName,
  readWebhookJson,
} from './webhooks';

/**
 * A stored body without a person: what is about them gives way to what is ignored, so that the others keep their
 * places in it. What cannot be taken apart goes as a whole where it mentions them.
 * @returns null where nothing in it is about them.
 */
export function withoutPerson(text: string, person: ErasedPerson): string | null {
  const root = jsonOf(text);
  if (root === null || !Array.isArray(root['entry'])) {
    return mentions(text, person) ? JSON.stringify({ object: 'erased', entry: [] }) : null;
  }
  const erasure = new Erasure(person);
  const entries = listOf(root['entry']).map((entry) => erasure.ofEntry(entry));
  return erasure.found ? JSON.stringify({ ...root, entry: entries }) : null;
}

function jsonOf(text: string): JsonObject | null {
  try {
    return asObject(readWebhookJson(text));
  } catch {
    return null;
  }
}

/** Whether one of the addresses stands somewhere in the text, and is no part of something longer. */
function mentions(value: unknown, { addresses }: ErasedPerson): boolean {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return [...addresses].some((address) => {
    const literal = address.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    return new RegExp(`(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])`).test(text);
  });
}

class Erasure {
  found = false;

  constructor(private readonly person: ErasedPerson) {}

  ofEntry(value: unknown): unknown {
    const entry = asObject(value);
    if (entry === null || !Array.isArray(entry['changes'])) {
      return this.whole(value) ? { changes: [ERASED_CHANGE] } : value;
    }
    return { ...entry, changes: listOf(entry['changes']).map((change) => this.ofChange(change)) };
  }

  private ofChange(raw: unknown): unknown {
    const change = asObject(raw);
    const value = asObject(change?.['value']);
    const isKnown = FIELDS_WITH_LISTS.has(textOf(change?.['field']) ?? 'messages');
    const hasLists = value !== null && Object.keys(value).some((name) => isListName(name, value));
    if (change === null || value === null || !isKnown || !hasLists) {
      return this.whole(raw) ? ERASED_CHANGE : raw;
    }
    const phoneNumberId = textOf(objectOf(value['metadata'])['phone_number_id']);
    if (phoneNumberId !== undefined && this.person.otherPhoneNumberIds.has(phoneNumberId)) return raw;
    return { ...change, value: this.ofValue(value) };
  }

  private ofValue(value: JsonObject): JsonObject {
    const contactOf = contactFinder(value, elementsOf(value));
    const lists = Object.entries(value).map(([name, list]): [string, unknown] => {
      if (name === 'contacts' || !isListName(name, value)) return [name, list];
      if (!Array.isArray(list)) return [name, this.whole(list) ? [ERASED_ELEMENT] : list];
      return [name, list.map((element: unknown) => this.ofElement(element, contactOf))];
    });
    const contacts = value['contacts'];
    if (!Array.isArray(contacts)) return Object.fromEntries(lists);
    const others = contacts.filter((contact: unknown) => !this.isAbout(objectOf(contact)));
    if (others.length < contacts.length) this.found = true;
    return { ...Object.fromEntries(lists), contacts: others };
  }

  private ofElement(element: unknown, contactOf: (element: JsonObject) => JsonObject): unknown {
    const object = asObject(element);
    if (object === null) return this.whole(element) ? ERASED_ELEMENT : element;
    if (!this.isAbout(object) && !this.isAbout(contactOf(object))) return element;
    this.found = true;
    return ERASED_ELEMENT;
  }

  /** Whose something is: what others wrote about the person is theirs. */
  private isAbout(element: JsonObject): boolean {
    const notice = objectOf(element['system']);
    const changedId = objectOf(element['user_id']);
    const changed = [
      notice['new_wa_id'],
      notice['previous_user_id'],
      changedId['previous'],
      changedId['current'],
    ];
    const names = [...namesIn(element), ...namesIn(notice), ...changed.flatMap((name) => textOf(name) ?? [])];
    return names.some((name) => this.person.addresses.has(name.trim().replace(/^\+/, '')));
  }

  private whole(value: unknown): boolean {
    const isMentioned = mentions(value ?? null, this.person);
    this.found ||= isMentioned;
    return isMentioned;
  }
}
