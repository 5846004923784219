import sql from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import { ContactRow } from '../../entities/contact';
import { UserErrorCode } from '../../entities/enums';
import { normalisePhoneNumber } from '../../entities/phone-number';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { findContact, LONGEST_NAME } from '../contacts/contacts';
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

interface RecipientCheck {
  recipient: RecipientRequest | null;
  /** The number that the message would go out from. */
  channel: WhatsAppChannelRow | null;
  /** Whether the template is one for marketing. */
  marketing: boolean;
  fresh: boolean;
}

interface CheckedRecipient {
  errors: UserError[];
  contact: ContactRow | null;
  phone: string | null;
}

const FIELD = ['input', 'recipient'];
const CONTACT_FIELD = [...FIELD, 'contactId'];
const PHONE_FIELD = [...FIELD, 'phone'];

/** Whether there is exactly one recipient, and whether it may be written to (DOMAIN.md 17, 18). */
export async function checkRecipient(
  rows: Rows,
  viewer: Viewer,
  { recipient, channel, marketing, fresh }: RecipientCheck,
): Promise<CheckedRecipient> {
  const { contactId, phone: givenPhone, name } = recipient ?? {};
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
    const contact = await visibleContact(rows, viewer, { contactId, channel, fresh });
    if (!contact) {
      const message =
        'There is no such contact on the number that the bot sends from: search it with `contacts`.';
      return refusedRecipient(UserErrorCode.CONTACT_NOT_FOUND, message, CONTACT_FIELD);
    }
    return { errors: await contactErrors(rows, contact, marketing, CONTACT_FIELD), contact, phone: null };
  }
  return checkPhone(rows, { phone: givenPhone ?? '', name: name ?? '', channel, marketing });
}

function refusedRecipient(code: UserErrorCode, message: string, field: string[]): CheckedRecipient {
  return { errors: [userError(code, message, field)], contact: null, phone: null };
}

async function checkPhone(
  rows: Rows,
  given: { phone: string; name: string; channel: WhatsAppChannelRow | null; marketing: boolean },
): Promise<CheckedRecipient> {
  const errors: UserError[] = [];
  if (given.name.length > LONGEST_NAME) {
    const message = `A name has at most ${LONGEST_NAME} characters: shorten it.`;
    errors.push(userError(UserErrorCode.INVALID, message, [...FIELD, 'name']));
  }
  const phone = normalisePhoneNumber(given.phone);
  if (phone === null) {
    const message =
      'This is no possible phone number: give it with its country code, such as +5511999999999.';
    errors.push(userError(UserErrorCode.PHONE_INVALID, message, PHONE_FIELD));
    return { errors, contact: null, phone: null };
  }
  const contact = given.channel && (await findContact(rows, given.channel.id, [phone]));
  if (contact) errors.push(...(await contactErrors(rows, contact, given.marketing, PHONE_FIELD)));
  return { errors, contact, phone };
}

async function visibleContact(
  rows: Rows,
  viewer: Viewer,
  { contactId, channel, fresh }: { contactId: string; channel: WhatsAppChannelRow | null; fresh: boolean },
): Promise<ContactRow | null> {
  const seen = fresh ? visible(viewer, 'Contact') : sql`1 = 1`;
  const contact = await rows.first(ContactRow, sql`contacts.id = ${contactId} and (${seen})`);
  const isOnNumber = channel === null || contact?.channelId === channel.id;
  return contact?.erasure === null && isOnNumber ? contact : null;
}

async function contactErrors(
  rows: Rows,
  contact: ContactRow,
  marketing: boolean,
  field: string[],
): Promise<UserError[]> {
  const errors: UserError[] = [];
  const ticket = await openTicketOf(rows, contact.id);
  if (ticket) {
    const message =
      'This contact has a ticket that is not closed: write to the customer there, or close it first.';
    errors.push(userError(UserErrorCode.CONTACT_HAS_OPEN_TICKET, message, field, { ticketId: ticket.id }));
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
