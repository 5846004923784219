import sql from 'sql-template-tag';
import { addressVariants } from '../../channels/phone-addresses';
import type { Transaction } from '../../database/transaction';
import { ContactRow } from '../../entities/contact';
import { ContactAliasRow } from '../../entities/contact-alias';
import { DeliveryRow } from '../../entities/delivery';
import { ReplyState, UserErrorCode } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import { TicketRow } from '../../entities/ticket';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { authorize } from '../access/access';
import { audit } from '../access/audit';
import type { Platform, ServiceContext } from '../context';
import { addFacts, factsOf, ownFact } from '../deliveries/deliveries';
import { deriveDelivery } from '../deliveries/delivery-facts';
import { eraseInputs } from '../idempotency';
import { made, refused, userError, type Outcome } from '../outcome';
import { changeReplyState } from '../sends/send-changes';
import { handOutToAgent } from '../tickets/distribution';
import { changeTicket, openTicketOf } from '../tickets/ticket-changes';
import { actorOf, closedBy } from '../tickets/tickets';
import { eraseConversation } from './conversation';
import { eraseReceived } from './received';

/** Erasures that one round takes up again. */
const BATCH = 20;

/**
 * Removes a person everywhere, and keeps a contact that is nobody (rule 44). First, at once: nobody can be found by
 * their addresses any more, and nothing is on its way to or from them. Then, in parts, what they wrote and were sent;
 * where that is cut short, the server goes on with it by itself. Erasing somebody twice changes nothing.
 */
export async function eraseContact(
  context: ServiceContext,
  input: { contactId: string },
): Promise<Outcome<{ contact: ContactRow }>> {
  authorize(context.viewer, 'contacts.change');
  const begun = await context.transact((transaction) => begin(context, transaction, input.contactId));
  if (!begun) {
    const message = 'There is no such contact: take an id that `contacts` lists.';
    return refused(userError(UserErrorCode.CONTACT_NOT_FOUND, message, ['input', 'contactId']));
  }
  if (begun.erasure !== 'DONE') await finish(context.platform, begun);
  context.renew();
  return made({ contact: begun });
}

/** Goes on with what was cut short. */
export async function finishErasures(platform: Platform): Promise<void> {
  const begun = await platform.store.acrossContracts().find(ContactRow, {
    // As the index says it, so that it is used.
    where: sql`erasure = 'UNDER_WAY'`,
    orderBy: sql`updated_at`,
    limit: BATCH,
  });
  for (const contact of begun) await finish(platform, contact);
}

async function finish(platform: Platform, contact: ContactRow): Promise<void> {
  await eraseConversation(platform, contact);
  if (!(await platform.store.engine.forgetDeleted())) return;
  await platform.store.transact(contact.contractId, (transaction) =>
    transaction.update(ContactRow, { erasure: 'DONE' }, sql`id = ${contact.id}`),
  );
}

async function begin(
  context: ServiceContext,
  transaction: Transaction,
  contactId: string,
): Promise<ContactRow | null> {
  const { platform, viewer } = context;
  const contact = await transaction.lock(ContactRow, contactId);
  if (contact?.erasure !== null) return contact;
  const channel = await transaction.byId(WhatsAppChannelRow, contact.channelId);
  if (!channel) throw new Error('A contact belongs to a number');
  const freedAgentId = await closeTicketOf(context, transaction, contact);
  await withdraw(platform, transaction, contact);
  const addresses = await addressesOf(transaction, contact);
  await transaction.remove(ContactAliasRow, sql`contact_id = ${contact.id}`);
  const erased = await anonymise(transaction, contact);
  await eraseReceived(platform, transaction, channel, addresses);
  await eraseInputs(
    transaction,
    // A delivery bears the id of what it delivers: a send, or a message of a ticket.
    sql`select deliveries.id from deliveries where deliveries.contact_id = ${contact.id}`,
  );
  await audit(transaction, viewer, 'eraseContact', contact.id, {});
  if (freedAgentId !== null) await handOutToAgent(platform, transaction, freedAgentId);
  return erased;
}

/** Ends the contact's ticket. @returns the agent who has a free slot now */
async function closeTicketOf(
  { viewer }: ServiceContext,
  transaction: Transaction,
  contact: ContactRow,
): Promise<string | null> {
  const open = await openTicketOf(transaction, contact.id);
  const ticket = open && (await transaction.lock(TicketRow, open.id));
  if (!ticket) return null;
  await changeTicket(transaction, ticket, closedBy(actorOf(viewer).id, transaction.now));
  return ticket.agentId;
}

/** Nothing goes out to the person any more, and no answer of theirs is waited for. */
async function withdraw(platform: Platform, transaction: Transaction, { id }: ContactRow): Promise<void> {
  const due = await transaction.find(DeliveryRow, {
    where: sql`contact_id = ${id} and (due_at is not null or held_since is not null)`,
    orderBy: sql`id`,
  });
  for (const delivery of due) {
    const state = deriveDelivery(await factsOf(transaction, delivery.id), platform.config.replyWindow);
    if (!state.mayBeCalled) continue;
    await addFacts(platform, transaction, delivery.id, [ownFact('canceled', transaction.now)], {
      release: true,
    });
  }
  const awaiting = await transaction.find(SendRow, {
    where: sql`contact_id = ${id} and reply_state = ${ReplyState.AWAITING}`,
    orderBy: sql`id`,
  });
  for (const send of awaiting) await changeReplyState(transaction, send, ReplyState.RELEASED);
}

/** Every address of the person, in every form. */
async function addressesOf(transaction: Transaction, contact: ContactRow): Promise<string[]> {
  const aliases = await transaction.find(ContactAliasRow, { where: sql`contact_id = ${contact.id}` });
  const named = [contact.phone, contact.userId, ...aliases.map(({ alias }) => alias)];
  return [...new Set(named.flatMap((address) => (address === null ? [] : addressVariants(address))))];
}

async function anonymise(transaction: Transaction, contact: ContactRow): Promise<ContactRow> {
  const nobody = {
    name: null,
    phone: null,
    email: null,
    userId: null,
    foldedName: null,
    foldedEmail: null,
    optedOutAt: null,
    marketingOptedOutAt: null,
    marketingWishAt: null,
    erasure: 'UNDER_WAY',
    updatedAt: transaction.now,
  } as const;
  await transaction.change(ContactRow, nobody, sql`id = ${contact.id}`);
  return { ...contact, ...nobody };
}
