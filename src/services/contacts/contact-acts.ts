import sql from 'sql-template-tag';
import { BotRow } from '../../entities/bot';
import { ContactRow } from '../../entities/contact';
import { OptOutScope, UserErrorCode } from '../../entities/enums';
import { normalisePhoneNumber } from '../../entities/phone-number';
import { TicketRow } from '../../entities/ticket';
import { authorize } from '../access/access';
import { changeContact, contactForPhone, LONGEST_NAME, noteMarketingWish } from './contacts';
import type { ServiceContext } from '../context';
import { sendingChannelOf } from '../desk/eligibility';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { visible } from '../access/visibility';

export interface ContactEntry {
  botId: string;
  phone: string;
  name?: string | null;
  email?: string | null;
}

function entryErrors(input: ContactEntry): UserError[] {
  const errors: UserError[] = [];
  if (normalisePhoneNumber(input.phone) === null) {
    errors.push(
      userError(
        UserErrorCode.PHONE_INVALID,
        'This is no possible phone number: give it with its country code, such as +5511999999999.',
        ['input', 'phone'],
      ),
    );
  }
  if (input.name != null && (input.name.trim() === '' || input.name.length > LONGEST_NAME)) {
    errors.push(
      userError(
        UserErrorCode.INVALID,
        `A contact's name has 1 to ${LONGEST_NAME} characters: give another or leave it out.`,
        ['input', 'name'],
      ),
    );
  }
  return errors;
}

/** Adds a contact to the number that a bot sends from, or changes the one that has this phone number already. */
export function upsertContact(
  context: ServiceContext,
  input: ContactEntry,
): Promise<Outcome<{ contact: ContactRow }>> {
  authorize(context.viewer, 'contacts.change');
  return context.transact(async (transaction): Promise<Outcome<{ contact: ContactRow }>> => {
    const errors = entryErrors(input);
    const bot = await transaction.byId(BotRow, input.botId);
    if (!bot) {
      const message = 'There is no bot with this id in your contract: give the id of one of `bots`.';
      return refused(userError(UserErrorCode.NOT_FOUND, message, ['input', 'botId']), ...errors);
    }
    const channel = await sendingChannelOf(transaction, bot);
    if (!channel) {
      const message =
        'Neither this bot nor its router has a WhatsApp number, and a contact belongs to one: connect a number first.';
      return refused(
        userError(UserErrorCode.WHATSAPP_CHANNEL_MISSING, message, ['input', 'botId']),
        ...errors,
      );
    }
    const phone = normalisePhoneNumber(input.phone);
    if (errors.length > 0 || phone === null) return refused(...errors);
    const name = input.name?.trim() ?? null;
    const { id } = await contactForPhone(transaction, channel, { phone, name }, bot.id);
    let contact = await transaction.lock(ContactRow, id);
    // Erased while it was waited for: the number is nobody's now.
    if (contact && contact.erasure !== null)
      contact = await contactForPhone(transaction, channel, { phone, name }, bot.id);
    if (!contact) throw new Error('A contact vanished while it was being changed');
    const changes = { ...(name !== null && { name }), ...(input.email != null && { email: input.email }) };
    return made({ contact: await changeContact(transaction, contact, changes) });
  });
}

export interface OptOutWish {
  contactId: string;
  scope: OptOutScope;
  optedOut: boolean;
}

/** Records that a customer does not want to be written to (or not with marketing), or that this is over (rule 44). */
export function setContactOptOut(
  context: ServiceContext,
  input: OptOutWish,
): Promise<Outcome<{ contact: ContactRow }>> {
  const reach = authorize(context.viewer, 'contacts.opt-out');
  return context.transact(async (transaction): Promise<Outcome<{ contact: ContactRow }>> => {
    const contact = await transaction.lock(ContactRow, input.contactId);
    const tickets = visible(context.viewer, 'Ticket');
    const may =
      contact !== null &&
      (reach === 'all' ||
        (await transaction.exists(TicketRow, sql`contact_id = ${contact.id} and (${tickets})`)));
    if (!may) {
      const message =
        'There is no such contact among those that you may change: agents change contacts of tickets they see.';
      return refused(userError(UserErrorCode.CONTACT_NOT_FOUND, message, ['input', 'contactId']));
    }
    const { now } = transaction;
    if (input.scope === OptOutScope.MARKETING) {
      const wish = { optedOut: input.optedOut, at: now };
      return made({ contact: await noteMarketingWish(transaction, contact, wish) });
    }
    const optedOutAt = input.optedOut ? (contact.optedOutAt ?? now) : null;
    if (optedOutAt === contact.optedOutAt) return made({ contact });
    return made({ contact: await changeContact(transaction, contact, { optedOutAt }) });
  });
}
