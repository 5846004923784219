import type { JsonObject } from '../channel';
import { mediaIn } from '../incoming-media';
import { asObject, listOf, objectOf, textOf } from '../json';
import type {
  EchoItem,
  IgnoredItem,
  MarketingPreferenceItem,
  MessageItem,
  NumberChangedItem,
  StatusItem,
  UserIdChangedItem,
} from '../webhook-items';
import { reportedError } from './errors';
import { addresses, instantOf, isNobody, requiredText, Unreadable } from './webhook-elements';
import type { Element } from './webhook-elements';

/**
 * The elements of webhooks that are about a number's customers, one function per list.
 * Source: Meta's "Messages webhook reference" and its pages per type; business-scoped user ids since 2026.
 */

/** They say something about the chat, not to us: no ticket is opened for them (domain rule 25). */
const TYPES_THAT_OPEN_NO_TICKET = new Set([
  'reaction',
  'system',
  'unsupported',
  'ephemeral',
  'edit',
  'revoke',
  'request_welcome',
]);
const NUMBER_CHANGES = new Set(['user_changed_number', 'customer_changed_number']);

type CustomerItem = MessageItem | NumberChangedItem | UserIdChangedItem | IgnoredItem;

/** An entry of `messages`. @throws Unreadable when it has no id, no time, or nobody it is from. */
export function messageItem(element: Element): CustomerItem {
  const { value: message, contact } = element;
  const type = textOf(message['type']) ?? 'unknown';
  const from = addresses(
    contact['wa_id'],
    message['from'],
    textOf(message['from_user_id']) ?? textOf(contact['user_id']),
  );
  if (textOf(message['group_id']) !== undefined) {
    return { kind: 'ignored', reason: 'It was written in a group.', payload: element.payload };
  }
  const head = {
    phoneNumberId: element.phoneNumberId,
    at: instantOf(message['timestamp']),
    payload: element.payload,
  };
  const providerMessageId = requiredText(message, 'id');
  if (type === 'system') {
    const change = changeOfPerson(objectOf(message['system']), from, head);
    if (change !== null) return change;
  }
  if (isNobody(from)) throw new Unreadable('It does not say who it is from.');
  const profileName = textOf(objectOf(contact['profile'])['name']);
  const media = mediaIn(type, objectOf(message[type]));
  return {
    kind: 'message',
    ...head,
    providerMessageId,
    from,
    ...(profileName === undefined ? {} : { profileName }),
    type,
    text: textIn(type, message),
    content: contentOf(type, message),
    ...(media && { media }),
    ...withText('quotedMessageId', objectOf(message['context'])['id']),
    ...buttonIn(type, message),
    ...withText('reactionTo', type === 'reaction' ? objectOf(message['reaction'])['message_id'] : undefined),
    opensTicket: !TYPES_THAT_OPEN_NO_TICKET.has(type),
  };
}

function withText<Name extends string>(name: Name, value: unknown): Partial<Record<Name, string>> {
  const text = textOf(value);
  return text === undefined ? {} : ({ [name]: text } as Partial<Record<Name, string>>);
}

interface Head {
  phoneNumberId: string;
  at: number;
  payload: JsonObject;
}

/**
 * A system notice that a person's number or id changed; null for any other notice. `previous_user_id` is there
 * since August 2026 only. @throws Unreadable when it does not say whose it was.
 */
function changeOfPerson(
  system: JsonObject,
  from: MessageItem['from'],
  head: Head,
): NumberChangedItem | UserIdChangedItem | null {
  const type = textOf(system['type']) ?? '';
  const newUserId = textOf(system['user_id']);
  const [newWaId, oldUserId] = [
    addresses(textOf(system['wa_id']) ?? system['new_wa_id'], undefined, undefined).waId,
    textOf(system['previous_user_id']) ?? (from.userId === newUserId ? undefined : from.userId),
  ];
  const isNumberChange = NUMBER_CHANGES.has(type);
  if (!isNumberChange && type !== 'user_changed_user_id') return null;
  if (isNumberChange && newWaId !== undefined) {
    const oldAddresses = addresses(from.waId === newWaId ? undefined : from.waId, from.phone, oldUserId);
    if (isNobody(oldAddresses)) throw new Unreadable('It does not say whose number changed.');
    return {
      kind: 'number-changed',
      ...head,
      oldAddresses,
      newWaId,
      ...(newUserId === undefined ? {} : { newUserId }),
    };
  }
  if (newUserId === undefined)
    throw new Unreadable(`It has no new ${isNumberChange ? 'number' : 'user_id'}.`);
  return userIdChanged(head, oldUserId, newUserId, addresses(newWaId ?? from.waId, from.phone, undefined));
}

function userIdChanged(
  head: Head,
  oldUserId: string | undefined,
  newUserId: string,
  others: UserIdChangedItem['addresses'],
): UserIdChangedItem {
  if (oldUserId === undefined && isNobody(others)) throw new Unreadable('It does not say whose id changed.');
  return { kind: 'user-id-changed', ...head, oldUserId: oldUserId ?? null, newUserId, addresses: others };
}

/** What people can read of a message; null where there is nothing to read. */
function textIn(type: string, message: JsonObject): string | null {
  const content = objectOf(message[type]);
  switch (type) {
    case 'text':
      return textOf(content['body']) ?? null;
    case 'image':
    case 'video':
    case 'document':
      return textOf(content['caption']) ?? null;
    case 'button':
    case 'order':
      return textOf(content['text']) ?? null;
    case 'interactive':
      return textOf(replyIn(content)['title']) ?? textOf(replyIn(content)['body']) ?? null;
    case 'location':
      return textOf(content['name']) ?? textOf(content['address']) ?? null;
    case 'contacts': {
      const names = listOf(message['contacts']).flatMap(
        (card) => textOf(objectOf(objectOf(card)['name'])['formatted_name']) ?? [],
      );
      return names.length === 0 ? null : names.join(', ');
    }
    case 'reaction':
      return textOf(content['emoji']) ?? null;
    case 'system':
      return textOf(content['body']) ?? null;
    case 'edit': {
      const edited = objectOf(content['message']);
      const editedType = textOf(edited['type']) ?? '';
      return editedType === 'edit' ? null : textIn(editedType, edited);
    }
    default:
      return null;
  }
}

/** The reply within an interactive message: `{type: 'button_reply', button_reply: {…}}` and the like. */
function replyIn(interactive: JsonObject): JsonObject {
  return objectOf(interactive[textOf(interactive['type']) ?? '']);
}

/** The provider's object; a list stands under its own name, and errors say why something is unsupported. */
function contentOf(type: string, message: JsonObject): JsonObject {
  const content = message[type];
  const object = asObject(content) ?? (Array.isArray(content) ? { [type]: content as unknown[] } : {});
  return Array.isArray(message['errors']) ? { ...object, errors: message['errors'] as unknown[] } : object;
}

/** A tapped button: a template's quick reply, or a reply button or a line of a list of an interactive message. */
function buttonIn(type: string, message: JsonObject): { buttonPayload?: string; buttonText?: string } {
  const content = objectOf(message[type]);
  if (type === 'button') {
    return { ...withText('buttonPayload', content['payload']), ...withText('buttonText', content['text']) };
  }
  if (type !== 'interactive') return {};
  const reply = replyIn(content);
  return { ...withText('buttonPayload', reply['id']), ...withText('buttonText', reply['title']) };
}

/** An entry of `statuses`. @throws Unreadable when it has no id, no time or no status. */
export function statusItem(element: Element): StatusItem | IgnoredItem {
  const { value: status, contact } = element;
  if (textOf(status['recipient_type']) === 'group') {
    return { kind: 'ignored', reason: 'It is about a message in a group.', payload: element.payload };
  }
  return {
    kind: 'status',
    phoneNumberId: element.phoneNumberId,
    providerMessageId: requiredText(status, 'id'),
    status: requiredText(status, 'status'),
    at: instantOf(status['timestamp']),
    recipient: addresses(
      contact['wa_id'],
      status['recipient_id'],
      textOf(status['recipient_user_id']) ?? textOf(contact['user_id']),
    ),
    errors: listOf(status['errors']).map(reportedError),
    ...withText('correlation', status['biz_opaque_callback_data']),
    payload: element.payload,
  };
}

/** An entry of `message_echoes`. @throws Unreadable when it has no id or no time. */
export function echoItem(element: Element): EchoItem {
  const { value: echo } = element;
  return {
    kind: 'echo',
    phoneNumberId: element.phoneNumberId,
    providerMessageId: requiredText(echo, 'id'),
    at: instantOf(echo['timestamp']),
    to: addresses(undefined, echo['to'], echo['to_user_id']),
    payload: element.payload,
  };
}

/**
 * An entry of `user_preferences`: whether somebody wants marketing messages.
 * @throws Unreadable when it has no time, nobody it is about, or a value that is not known.
 */
export function preferenceItem(element: Element): MarketingPreferenceItem | IgnoredItem {
  const { value: preference, contact } = element;
  const category = textOf(preference['category']) ?? 'marketing_messages';
  if (category !== 'marketing_messages') {
    return { kind: 'ignored', reason: `A preference about ${category}.`, payload: element.payload };
  }
  const who = addresses(
    textOf(preference['wa_id']) ?? contact['wa_id'],
    undefined,
    textOf(preference['user_id']) ?? textOf(contact['user_id']),
  );
  if (isNobody(who)) throw new Unreadable('It does not say whose preference it is.');
  const value = requiredText(preference, 'value');
  if (!['stop', 'resume', 'signup'].includes(value)) throw new Unreadable(`The value ${value} is not known.`);
  return {
    kind: 'marketing-preference',
    phoneNumberId: element.phoneNumberId,
    at: instantOf(preference['timestamp']),
    addresses: who,
    optedOut: value === 'stop',
    payload: element.payload,
  };
}

/** An entry of `user_id_update`. @throws Unreadable when it has no time, no new id, or nobody it is about. */
export function userIdUpdateItem(element: Element): UserIdChangedItem {
  const { value: update, contact } = element;
  const ids = objectOf(update['user_id']);
  const { phoneNumberId, payload } = element;
  const head = { phoneNumberId, at: instantOf(update['timestamp']), payload };
  const others = addresses(textOf(update['wa_id']) ?? contact['wa_id'], undefined, undefined);
  return userIdChanged(head, textOf(ids['previous']), requiredText(ids, 'current'), others);
}
