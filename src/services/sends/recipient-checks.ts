import sql, { type Sql } from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import { ContactRow } from '../../entities/contact';
import { UserErrorCode } from '../../entities/enums';
import { normalisePhoneNumber } from '../../entities/phone-number';
import type { TicketRow } from '../../entities/ticket';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { holdersByNumber, LONGEST_NAME } from '../contacts/contacts';
import { userError, type UserError } from '../outcome';
import { openTicketOf } from '../tickets/ticket-changes';
import type { Viewer } from '../access/viewer';
import { visible } from '../access/visibility';

/** To whom: a contact by its id, or a phone number; `name` is what a new number's contact is called. */
export interface RecipientRequest {
  contactId?: string | null;
  phone?: string | null;
  name?: string | null;
}

/** What there is of whom a request names, before it is known from which number the message would go out. */
interface NamedRecipient {
  request: RecipientRequest;
  /** The contact of a given id, and its open ticket. */
  byId: KnownContact | null;
  /** The given phone in E.164; null where it is none. */
  phone: string | null;
  /** By number, the contacts that hold the given phone, the one that holds it exactly first. */
  holders: ReadonlyMap<string, readonly string[]>;
}

interface KnownContact {
  contact: ContactRow;
  openTicket: TicketRow | null;
}

interface RecipientCheck {
  /** The number that the message would go out from. */
  channel: WhatsAppChannelRow | null;
  /** Whether the template is one for marketing. */
  marketing: boolean;
}

interface CheckedRecipient {
  errors: UserError[];
  contact: ContactRow | null;
  phone: string | null;
}

const FIELD = ['input', 'recipient'];
const CONTACT_FIELD = [...FIELD, 'contactId'];
const PHONE_FIELD = [...FIELD, 'phone'];

/**
 * Reads whom a request names. It takes no number, so that it can be asked along with everything else.
 * @param viewer who must see a contact that is named by its id; null where that does not matter any more.
 */
export async function readRecipient(
  rows: Rows,
  viewer: Viewer | null,
  request: RecipientRequest,
): Promise<NamedRecipient> {
  const { contactId, phone: givenPhone } = request;
  const phone = givenPhone == null ? null : normalisePhoneNumber(givenPhone);
  const [byId, holders] = await Promise.all([
    contactId == null ? null : knownContact(rows, contactId, viewer ? visible(viewer, 'Contact') : undefined),
    phone === null ? new Map<string, string[]>() : holdersByNumber(rows, [phone]),
  ]);
  return { request, byId, phone, holders };
}

/** Whether there is exactly one recipient, and whether it may be written to (DOMAIN.md 17, 18). */
export async function checkRecipient(
  rows: Rows,
  named: NamedRecipient,
  { channel, marketing }: RecipientCheck,
): Promise<CheckedRecipient> {
  const { contactId, phone: givenPhone } = named.request;
  if (contactId == null && givenPhone == null) {
    return refusedRecipient(
      UserErrorCode.RECIPIENT_REQUIRED,
      'Nobody to write to: give `contactId` or `phone`.',
      FIELD,
    );
  }
  if (contactId != null && givenPhone != null) {
    const message = 'Both `contactId` and `phone` are given: a message has one recipient, named in one way.';
    return refusedRecipient(UserErrorCode.RECIPIENT_AMBIGUOUS, message, FIELD);
  }
  if (contactId != null) {
    const { byId } = named;
    const isOnNumber = channel === null || byId?.contact.channelId === channel.id;
    if (byId?.contact.erasure !== null || !isOnNumber) {
      const message =
        'There is no such contact on the number that the bot sends from: search it with `contacts`.';
      return refusedRecipient(UserErrorCode.CONTACT_NOT_FOUND, message, CONTACT_FIELD);
    }
    const errors = contactErrors(byId, marketing, CONTACT_FIELD);
    return { errors, contact: byId.contact, phone: null };
  }
  return checkPhone(rows, named, { channel, marketing });
}

function refusedRecipient(code: UserErrorCode, message: string, field: string[]): CheckedRecipient {
  return { errors: [userError(code, message, field)], contact: null, phone: null };
}

async function checkPhone(
  rows: Rows,
  { request, phone, holders }: NamedRecipient,
  { channel, marketing }: RecipientCheck,
): Promise<CheckedRecipient> {
  const errors: UserError[] = [];
  if ((request.name ?? '').length > LONGEST_NAME) {
    const message = `A name has at most ${LONGEST_NAME} characters: shorten it.`;
    errors.push(userError(UserErrorCode.INVALID, message, [...FIELD, 'name']));
  }
  if (phone === null) {
    const message =
      'This is no possible phone number: give it with its country code, such as +5511999999999.';
    errors.push(userError(UserErrorCode.PHONE_INVALID, message, PHONE_FIELD));
    return { errors, contact: null, phone: null };
  }
  const [holder] = (channel && holders.get(channel.id)) ?? [];
  const known = holder === undefined ? null : await knownContact(rows, holder);
  if (known) errors.push(...contactErrors(known, marketing, PHONE_FIELD));
  return { errors, contact: known?.contact ?? null, phone };
}

async function knownContact(rows: Rows, id: string, seen: Sql = sql`1 = 1`): Promise<KnownContact | null> {
  const [contact, openTicket] = await Promise.all([
    rows.first(ContactRow, sql`contacts.id = ${id} and (${seen})`),
    openTicketOf(rows, id),
  ]);
  return contact && { contact, openTicket };
}

function contactErrors(
  { contact, openTicket }: KnownContact,
  marketing: boolean,
  field: string[],
): UserError[] {
  const errors: UserError[] = [];
  if (openTicket) {
    const message =
      'This contact has a ticket that is not closed: write to the customer there, or close it first.';
    errors.push(
      userError(UserErrorCode.CONTACT_HAS_OPEN_TICKET, message, field, { ticketId: openTicket.id }),
    );
  }
  if (contact.optedOutAt !== null) {
    const message =
      'This contact asked not to be written to: only `setContactOptOut` can lift that, when the contact wishes so.';
    errors.push(userError(UserErrorCode.CONTACT_OPTED_OUT, message, field));
  } else if (marketing && contact.marketingOptedOutAt !== null) {
    const message = 'This contact asked for no marketing: choose a template of another category.';
    errors.push(userError(UserErrorCode.CONTACT_OPTED_OUT, message, field));
  }
  return errors;
}
