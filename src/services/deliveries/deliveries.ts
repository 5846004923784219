import sql from 'sql-template-tag';
import type { ReportedError, StatusItem } from '../../channels/webhook-items';
import type { Transaction } from '../../database/transaction';
import { ContactRow } from '../../entities/contact';
import { DeliveryRow } from '../../entities/delivery';
import { DeliveryFactRow } from '../../entities/delivery-fact';
import { SendFailureCode } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { ParkedReportRow } from '../../entities/parked-report';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { learnAbout, noteMarketingWish } from '../contacts/contacts';
import type { Platform } from '../context';
import { deliveredBy, differencesOf, writeState, type Delivered } from './delivered-things';
import { deriveDelivery, factKey, type DeliveryFact, type DeliveryState } from './delivery-facts';
import { erasedMessageId, withoutRecipient } from './erased-messages';
import { refreshTemplatesAnew } from '../templates/template-sync';

/** A fact of our own making; what a kind of fact does not say is left out. */
export function ownFact(
  kind: DeliveryFact['kind'],
  at: number,
  more: Partial<Omit<DeliveryFact, 'kind' | 'at' | 'receivedAt'>> = {},
): DeliveryFact {
  return {
    kind,
    attempt: null,
    word: kind === 'gave_up' ? 'failed' : kind,
    at,
    receivedAt: at,
    providerCode: null,
    failureCode: null,
    message: null,
    transient: false,
    providerMessageId: null,
    ...more,
  };
}

/** A fact as it is kept. */
export function factRow(delivery: DeliveryRow, fact: DeliveryFact): DeliveryFactRow {
  return {
    ...fact,
    id: newId('DeliveryFact'),
    contractId: delivery.contractId,
    deliveryId: delivery.id,
    factKey: factKey(fact),
    count: 1,
  };
}

/** Puts a stored message on its way: it is due at once. The id is that of the send or the ticket's message. */
export async function enqueueDelivery(
  platform: Platform,
  transaction: Transaction,
  { id, channelId, contactId }: { id: string; channelId: string; contactId: string },
): Promise<void> {
  const delivery: DeliveryRow = {
    id,
    contractId: transaction.contractId ?? '',
    channelId,
    contactId,
    dueAt: transaction.now,
    leaseOwner: null,
    leaseUntil: null,
    unknownSince: null,
    heldSince: null,
    providerMessageId: null,
    createdAt: transaction.now,
    queuedAt: transaction.now,
  };
  await transaction.insert(DeliveryRow, delivery);
  await transaction.insert(DeliveryFactRow, factRow(delivery, ownFact('queued', transaction.now)));
  transaction.afterCommit(() => platform.wakeUps.deliveries.ring());
}

/** All that is known of a delivery, in order of arrival. */
export function factsOf(transaction: Transaction, deliveryId: string): Promise<DeliveryFactRow[]> {
  return transaction.find(DeliveryFactRow, {
    where: sql`delivery_id = ${deliveryId}`,
    orderBy: sql`received_at, id`,
  });
}

export interface DeliveryChanges {
  /** When it may be called again, where the facts allow that at all; as soon as possible where left out. */
  dueAt?: number;
  /** Ends the claim: whoever has it, or only this node's. */
  release?: boolean | { owner: string | null };
  /** Until when the claim holds from now on. */
  leaseUntil?: number;
}

/**
 * Adds facts to what is known of a message on its way, and writes what follows from all of them. Facts that are known
 * already are counted. It takes the contact's lock: that keeps all changes of one contact's messages apart.
 */
export async function addFacts(
  platform: Platform,
  transaction: Transaction,
  deliveryId: string,
  facts: readonly DeliveryFact[],
  changes: DeliveryChanges = {},
): Promise<DeliveryState> {
  const named = await transaction.byId(DeliveryRow, deliveryId);
  if (!named) throw new Error(`There is no delivery ${deliveryId}`);
  const known = await knownUnderLock(transaction, named);
  if (!known) throw new Error(`There is no delivery ${deliveryId} any more`);
  return addFactsTo(platform, transaction, known, facts, changes);
}

/** A delivery and all that is known of it, as read under the contact's lock. */
export interface KnownDelivery {
  delivery: DeliveryRow;
  delivered: Delivered;
  facts: readonly DeliveryFactRow[];
}

/** Locks the contact of a delivery, and reads what there is under that lock; null where there is no such delivery. */
export async function knownUnderLock(
  transaction: Transaction,
  { id, contactId }: Pick<DeliveryRow, 'id' | 'contactId'>,
): Promise<(KnownDelivery & { contact: ContactRow | null }) | null> {
  // The lock is asked for first, so that what is asked for along with it is read once it is held.
  const [contact, delivery, delivered, facts] = await Promise.all([
    transaction.lock(ContactRow, contactId),
    transaction.byId(DeliveryRow, id),
    deliveredBy(transaction, id),
    factsOf(transaction, id),
  ]);
  if (!delivery) return null;
  if (!delivered) throw new Error(`There is nothing that ${id} delivers`);
  return { contact, delivery, delivered, facts };
}

/** Like `addFacts`, for who holds the contact's lock and has read the delivery under it. */
export async function addFactsTo(
  platform: Platform,
  transaction: Transaction,
  { delivery, delivered, facts: before }: KnownDelivery,
  facts: readonly DeliveryFact[],
  changes: DeliveryChanges = {},
): Promise<DeliveryState> {
  const known = new Map(before.map((fact) => [fact.factKey, fact]));
  const isErased = before.some(({ kind }) => kind === 'erased');
  const news = isErased ? facts.map(withoutRecipient) : facts;
  if (isErased) await forgetParked(transaction, delivery, facts);
  let added = await insertFacts(transaction, delivery, news, known);
  let state = deriveDelivery([...known.values()], platform.config.replyWindow);
  if (state.providerMessageId !== null && state.providerMessageId !== delivery.providerMessageId) {
    const parked = await takeParked(platform, transaction, delivery, state.providerMessageId);
    if (parked.length > 0) {
      added = (await insertFacts(transaction, delivery, parked, known)) || added;
      state = deriveDelivery([...known.values()], platform.config.replyWindow);
    }
  }
  await writeDelivery(transaction, delivery, state, changes);
  await writeState(transaction, delivered, state, {
    before,
    added,
    replyWindow: platform.config.replyWindow,
  });
  return state;
}

/** Reports that came over an id which nobody knew yet, on a message whose person has been erased since. */
async function forgetParked(
  transaction: Transaction,
  { channelId }: DeliveryRow,
  facts: readonly DeliveryFact[],
): Promise<void> {
  for (const { providerMessageId } of facts) {
    if (providerMessageId === null) continue;
    const where = sql`channel_id = ${channelId} and provider_message_id = ${providerMessageId}`;
    await transaction.remove(ParkedReportRow, where);
  }
}

async function insertFacts(
  transaction: Transaction,
  delivery: DeliveryRow,
  facts: readonly DeliveryFact[],
  known: Map<string, DeliveryFactRow>,
): Promise<boolean> {
  let added = false;
  for (const fact of facts) {
    const row = factRow(delivery, fact);
    const same = known.get(row.factKey);
    if (same) {
      await transaction.updateBy(DeliveryFactRow, sql`count = count + 1`, sql`id = ${same.id}`);
      continue;
    }
    await transaction.insert(DeliveryFactRow, row);
    known.set(row.factKey, row);
    added = true;
  }
  return added;
}

async function writeDelivery(
  transaction: Transaction,
  delivery: DeliveryRow,
  state: DeliveryState,
  { dueAt, release = false, leaseUntil }: DeliveryChanges,
): Promise<void> {
  const released = typeof release === 'boolean' ? release : release.owner === delivery.leaseOwner;
  // Whatever leaves nothing to call ends a hold.
  const heldSince = state.mayBeCalled ? delivery.heldSince : null;
  const isDue = state.mayBeCalled && heldSince === null;
  const changes = differencesOf<DeliveryRow>(delivery, {
    dueAt: isDue ? (dueAt ?? delivery.dueAt ?? transaction.now) : null,
    heldSince,
    unknownSince: state.outcomeUnknown ? state.callStartedAt : null,
    providerMessageId: state.providerMessageId,
    ...(leaseUntil !== undefined && { leaseUntil }),
    ...(released && { leaseOwner: null, leaseUntil: null }),
  });
  if (Object.keys(changes).length > 0)
    await transaction.change(DeliveryRow, changes, sql`id = ${delivery.id}`);
}

/** A report without what must not be kept twice: the payload it came in. */
type Report = Pick<StatusItem, 'status' | 'at' | 'errors' | 'recipient' | 'providerMessageId'>;

/** What the provider reports of a message, as a fact. */
export function reportedFact(report: Report, receivedAt: number): DeliveryFact {
  const [error] = report.errors;
  const failed = report.status === 'failed';
  return {
    kind: 'report',
    attempt: null,
    word: report.status,
    at: report.at,
    receivedAt,
    providerCode: error?.code ?? null,
    failureCode: error?.failure ?? (failed ? SendFailureCode.OTHER : null),
    message: error ? wordsOf(error) : null,
    transient: false,
    providerMessageId: report.providerMessageId,
  };
}

function wordsOf({ code, title, details }: ReportedError): string {
  const words = [title, details].filter((part) => part !== null && part !== '').join(': ');
  return words === '' ? `WhatsApp reported error ${code ?? 'without a number'}.` : words;
}

/**
 * Takes in what the provider reports of a message: found by the id that it carried, else by the provider's. A report
 * on a message that is not known yet is parked until it is.
 */
export async function recordReport(
  platform: Platform,
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  item: StatusItem,
): Promise<void> {
  const { status, at, errors, recipient, providerMessageId } = item;
  const report: Report = { status, at, errors, recipient, providerMessageId };
  const delivery = await deliveryOf(transaction, channel.id, item);
  if (!delivery) {
    await transaction.insert(ParkedReportRow, {
      id: newId('ParkedReport'),
      contractId: channel.contractId,
      channelId: channel.id,
      providerMessageId,
      report: { ...report },
      receivedAt: transaction.now,
    });
    return;
  }
  const fact = reportedFact(report, transaction.now);
  await transaction.lock(ContactRow, delivery.contactId);
  // A report that comes again says nothing of today: the customer may want marketing once more by now.
  const isRepeat = await transaction.exists(
    DeliveryFactRow,
    sql`delivery_id = ${delivery.id} and fact_key = ${factKey(fact)}`,
  );
  await addFacts(platform, transaction, delivery.id, [fact]);
  if (!isRepeat) await heed(platform, transaction, delivery, report);
}

async function deliveryOf(
  transaction: Transaction,
  channelId: string,
  { correlation, providerMessageId }: { correlation?: string; providerMessageId: string },
): Promise<DeliveryRow | null> {
  const named =
    correlation === undefined
      ? null
      : await transaction.first(DeliveryRow, sql`id = ${correlation} and channel_id = ${channelId}`);
  return (
    named ??
    transaction.first(
      DeliveryRow,
      sql`channel_id = ${channelId}
        and provider_message_id in (${providerMessageId}, ${erasedMessageId(providerMessageId)})`,
    )
  );
}

/** The reports that came before their message's id was known. */
async function takeParked(
  platform: Platform,
  transaction: Transaction,
  delivery: DeliveryRow,
  providerMessageId: string,
): Promise<DeliveryFact[]> {
  const where = sql`channel_id = ${delivery.channelId} and provider_message_id = ${providerMessageId}`;
  const parked = await transaction.find(ParkedReportRow, { where, orderBy: sql`received_at, id` });
  const facts: DeliveryFact[] = [];
  for (const { id, report, receivedAt } of parked) {
    // Written by `recordReport` from a report of this very shape.
    const kept = report as unknown as Report;
    facts.push(reportedFact(kept, receivedAt));
    await heed(platform, transaction, delivery, kept);
    await transaction.remove(ParkedReportRow, sql`id = ${id}`);
  }
  return facts;
}

/** Applies reports that were parked in the very moment in which their message's id became known elsewhere. */
export async function settleParked(
  platform: Platform,
  transaction: Transaction,
  deliveryId: string,
): Promise<void> {
  const delivery = await transaction.byId(DeliveryRow, deliveryId);
  if (!delivery || delivery.providerMessageId === null) return;
  await transaction.lock(ContactRow, delivery.contactId);
  const facts = await takeParked(platform, transaction, delivery, delivery.providerMessageId);
  if (facts.length > 0) await addFacts(platform, transaction, delivery.id, facts);
}

/** What a report says beside the status: the recipient's addresses, its wish for no marketing, a template's end. */
async function heed(
  platform: Platform,
  transaction: Transaction,
  delivery: DeliveryRow,
  { errors, recipient, at }: Report,
): Promise<void> {
  if (delivery.providerMessageId === null) await learnRecipient(transaction, delivery.contactId, recipient);
  if (errors.some((error) => error.optOut === 'MARKETING')) {
    await noteMarketingOptOut(transaction, delivery.contactId, at);
  }
  if (errors.some((error) => error.refreshTemplate)) {
    refreshTemplatesAfter(platform, transaction, delivery);
  }
}

/** The addresses by which WhatsApp knows the recipient become the contact's, unless another contact holds them. */
async function learnRecipient(
  transaction: Transaction,
  contactId: string,
  addresses: { waId?: string; userId?: string },
): Promise<void> {
  if (addresses.waId === undefined && addresses.userId === undefined) return;
  const contact = await transaction.lock(ContactRow, contactId);
  if (contact) await learnAbout(transaction, contact, addresses);
}

/** WhatsApp said that the contact wants no marketing (error 131050). */
export async function noteMarketingOptOut(
  transaction: Transaction,
  contactId: string,
  at: number,
): Promise<void> {
  const contact = await transaction.lock(ContactRow, contactId);
  if (contact) await noteMarketingWish(transaction, contact, { optedOut: true, at });
}

/** Fetches the number's templates anew once this is committed: the provider said that one is not as we believe. */
export function refreshTemplatesAfter(
  platform: Platform,
  transaction: Transaction,
  { contractId, channelId }: Pick<DeliveryRow, 'contractId' | 'channelId'>,
): void {
  transaction.afterCommit(() => void refreshTemplatesAnew(platform, contractId, channelId, transaction.now));
}
