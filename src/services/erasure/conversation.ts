import sql from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import { ContactRow } from '../../entities/contact';
import { DeliveryRow } from '../../entities/delivery';
import { DeliveryFactRow } from '../../entities/delivery-fact';
import { kindOfId } from '../../entities/ids';
import { SendRow } from '../../entities/send';
import { TicketRow } from '../../entities/ticket';
import { TicketMessageRow } from '../../entities/ticket-message';
import type { Platform } from '../context';
import { deliveredBy } from '../deliveries/delivered-things';
import { addFactsTo, factsOf, ownFact } from '../deliveries/deliveries';
import { erasedMessageId, withoutRecipient } from '../deliveries/erased-messages';
import { audienceOf, recordTicketChange } from '../tickets/ticket-changes';

/** Few enough that nobody else waits long for the database or for the contract's log. */
const AT_ONCE = 100;

type Contact = Pick<ContactRow, 'id' | 'contractId'>;

/** Removes in parts what a contact wrote, was written and was sent. What was removed before stays so. */
export async function eraseConversation(platform: Platform, contact: Contact): Promise<void> {
  await inParts(platform, contact, (transaction, after) =>
    eraseDeliveries(platform, transaction, contact, after),
  );
  const tickets = await platform.store.rowsOf(contact.contractId).find(TicketRow, {
    where: sql`contact_id = ${contact.id}`,
    orderBy: sql`id`,
  });
  for (const { id } of tickets) {
    await inParts(platform, contact, (transaction, after) => eraseMessages(transaction, id, after));
  }
}

/** Each part in a unit of work of its own, under the contact's lock; it answers with the last id, null at the end. */
async function inParts(
  platform: Platform,
  contact: Contact,
  part: (transaction: Transaction, after: string) => Promise<string | null>,
): Promise<void> {
  for (let after: string | null = ''; after !== null;) {
    const from: string = after;
    after = await platform.store.transact(contact.contractId, async (transaction) => {
      await transaction.lock(ContactRow, contact.id);
      return part(transaction, from);
    });
  }
}

async function eraseDeliveries(
  platform: Platform,
  transaction: Transaction,
  contact: Contact,
  after: string,
): Promise<string | null> {
  const deliveries = await transaction.find(DeliveryRow, {
    where: sql`contact_id = ${contact.id} and id > ${after}`,
    orderBy: sql`id`,
    limit: AT_ONCE,
  });
  for (const delivery of deliveries) await eraseDelivery(platform, transaction, delivery);
  return deliveries.length < AT_ONCE ? null : (deliveries.at(-1)?.id ?? null);
}

const NO_PREVIEW = { header: null, body: '', footer: null, buttons: [] };

/** The fact that is added makes it a change of the send, and keeps later ones from telling whom it was for. */
async function eraseDelivery(
  platform: Platform,
  transaction: Transaction,
  delivery: DeliveryRow,
): Promise<void> {
  const before = await factsOf(transaction, delivery.id);
  if (before.some(({ kind }) => kind === 'erased')) return;
  const facts = before.map(withoutRecipient);
  for (const { id, message, providerMessageId } of facts) {
    await transaction.change(DeliveryFactRow, { message, providerMessageId }, sql`id = ${id}`);
  }
  const providerMessageId =
    delivery.providerMessageId === null ? null : erasedMessageId(delivery.providerMessageId);
  await transaction.change(DeliveryRow, { providerMessageId }, sql`id = ${delivery.id}`);
  if (kindOfId(delivery.id) === 'Send') {
    await transaction.change(SendRow, { parameters: [], preview: NO_PREVIEW }, sql`id = ${delivery.id}`);
  }
  const delivered = await deliveredBy(transaction, delivery.id);
  if (!delivered) throw new Error(`There is nothing that ${delivery.id} delivers`);
  const known = { delivery: { ...delivery, providerMessageId }, delivered, facts };
  await addFactsTo(platform, transaction, known, [ownFact('erased', transaction.now)]);
}

async function eraseMessages(
  transaction: Transaction,
  ticketId: string,
  after: string,
): Promise<string | null> {
  const ticket = await transaction.lock(TicketRow, ticketId);
  if (!ticket) throw new Error(`There is no ticket ${ticketId}`);
  const messages = await transaction.find(TicketMessageRow, {
    where: sql`ticket_id = ${ticketId} and id > ${after}`,
    orderBy: sql`id`,
    limit: AT_ONCE,
  });
  for (const message of messages) {
    const { id, providerMessageId: known } = message;
    const providerMessageId = known === null ? null : erasedMessageId(known);
    const nothing = { text: null, content: {}, failureMessage: null, providerMessageId };
    await transaction.change(TicketMessageRow, nothing, sql`id = ${id}`);
  }
  if (messages.length === AT_ONCE) return messages.at(-1)?.id ?? null;
  // Whoever has the ticket before them sees that its messages are gone.
  const audience = await audienceOf(transaction, ticket);
  recordTicketChange(transaction, ticket, audience, audience);
  return null;
}
