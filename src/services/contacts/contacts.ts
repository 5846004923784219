import sql, { join, type Sql } from 'sql-template-tag';
import { addressVariants } from '../../channels/phone-addresses';
import type { Addresses } from '../../channels/webhook-items';
import { SECOND } from '../../clock';
import { amongSelected, type Rows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { ContactRow } from '../../entities/contact';
import { ContactAliasRow } from '../../entities/contact-alias';
import { ContactBotRow } from '../../entities/contact-bot';
import { newId } from '../../entities/ids';
import { normalisePhoneNumber } from '../../entities/phone-number';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { groupedBy } from '../grouping';
import { fold } from '../text-folding';

export const LONGEST_NAME = 200;

/** An address as aliases hold it: phone numbers by their digits alone. */
function bare(address: string): string {
  return address.startsWith('+') ? address.slice(1) : address;
}

/** Every address that the provider named somebody by, the surest first. */
export function addressList(addresses: Addresses): string[] {
  const named = [addresses.waId, addresses.phone, addresses.userId];
  return [...new Set(named.filter((address) => address !== undefined).map(bare))];
}

/**
 * The ids of the contacts of a number that hold any of the addresses: first those with an address exactly as given,
 * then those with another form of the same phone number (rule 26).
 */
export async function holdersOf(
  rows: Rows,
  channelId: string,
  addresses: readonly string[],
): Promise<string[]> {
  const holders = await holdersWhere(rows, sql`channel_id = ${channelId}`, addresses);
  return holders.get(channelId) ?? [];
}

/** The same of every number that somebody holds one of the addresses on: for who does not know the number yet. */
export function holdersByNumber(rows: Rows, addresses: readonly string[]): Promise<Map<string, string[]>> {
  const numbers = rows.idsOf(WhatsAppChannelRow, sql`1 = 1`);
  return holdersWhere(rows, amongSelected(rows.connection, sql`channel_id`, numbers), addresses);
}

async function holdersWhere(
  rows: Rows,
  numbers: Sql,
  addresses: readonly string[],
): Promise<Map<string, string[]>> {
  const exact = addresses.map(bare);
  const wanted = [...new Set([...exact, ...exact.flatMap(addressVariants)])];
  if (wanted.length === 0) return new Map();
  const held = await rows.find(ContactAliasRow, { where: sql`${numbers} and alias in (${join(wanted)})` });
  const surestFirst = held.sort((left, right) => wanted.indexOf(left.alias) - wanted.indexOf(right.alias));
  const holders = new Map<string, string[]>();
  for (const [channelId, aliases] of groupedBy(surestFirst, (one) => one.channelId))
    holders.set(channelId, [...new Set(aliases.map(({ contactId }) => contactId))]);
  return holders;
}

/** The contact of a number that one of these addresses belongs to, in any form of it; the exact one wins. */
export async function findContact(
  rows: Rows,
  channelId: string,
  addresses: readonly string[],
): Promise<ContactRow | null> {
  const [holder] = await holdersOf(rows, channelId, addresses);
  return holder === undefined ? null : rows.byId(ContactRow, holder);
}

/** Changes a contact that was not erased, and what it is searched by along with it. */
export async function changeContact(
  transaction: Transaction,
  contact: ContactRow,
  changes: Partial<ContactRow>,
): Promise<ContactRow> {
  const all = { ...changes, updatedAt: transaction.now };
  if (changes.name !== undefined) all.foldedName = changes.name === null ? null : fold(changes.name);
  if (changes.email !== undefined) all.foldedEmail = changes.email === null ? null : fold(changes.email);
  // Whoever was erased meanwhile stays so.
  const changed = await transaction.update(ContactRow, all, sql`id = ${contact.id} and erasure is null`);
  return changed === 0 ? contact : { ...contact, ...all };
}

const aliasOf = (transaction: Transaction, contact: ContactRow, alias: string): ContactAliasRow => ({
  id: newId('ContactAlias'),
  contractId: contact.contractId,
  channelId: contact.channelId,
  contactId: contact.id,
  alias,
  createdAt: transaction.now,
});

/**
 * Whether the contact holds the address now, be it that it always did. It does not where another contact has it, nor
 * where the person was erased.
 */
export async function takeAlias(
  transaction: Transaction,
  contact: ContactRow,
  address: string,
): Promise<boolean> {
  if (contact.erasure !== null) return false;
  const alias = bare(address);
  if (await transaction.insertUnlessPresent(ContactAliasRow, aliasOf(transaction, contact, alias)))
    return true;
  return transaction.exists(
    ContactAliasRow,
    sql`channel_id = ${contact.channelId} and alias = ${alias} and contact_id = ${contact.id}`,
  );
}

/** Of these addresses, those that the contact holds now. Mostly it held them before, and one look is all it takes. */
async function takeAliases(
  transaction: Transaction,
  contact: ContactRow,
  addresses: readonly string[],
): Promise<Set<string>> {
  if (addresses.length === 0 || contact.erasure !== null) return new Set();
  const known = await transaction.find(ContactAliasRow, {
    where: sql`channel_id = ${contact.channelId} and alias in (${join([...addresses])}) and contact_id = ${contact.id}`,
  });
  const held = new Set(known.map(({ alias }) => alias));
  for (const address of addresses)
    if (!held.has(address) && (await takeAlias(transaction, contact, address))) held.add(address);
  return held;
}

/** Adds an address to a contact, unless another contact of the number holds it: contacts are never merged. */
export async function learnAlias(
  transaction: Transaction,
  contact: ContactRow,
  alias: string,
): Promise<void> {
  if (contact.erasure === null)
    await transaction.ensure(ContactAliasRow, aliasOf(transaction, contact, bare(alias)));
}

/**
 * Notes that a bot created, wrote to or served a contact.
 * @param more `last`: it serves the contact now, so that what the contact writes next goes to it.
 */
export async function noteBotServed(
  transaction: Transaction,
  contact: Pick<ContactRow, 'id' | 'contractId' | 'lastBotId'>,
  botId: string,
  more: { last?: boolean } = {},
): Promise<void> {
  await transaction.ensure(ContactBotRow, {
    id: newId('ContactBot'),
    contractId: contact.contractId,
    contactId: contact.id,
    botId,
    createdAt: transaction.now,
  });
  if (more.last && contact.lastBotId !== botId) {
    await transaction.change(
      ContactRow,
      { lastBotId: botId, updatedAt: transaction.now },
      sql`id = ${contact.id}`,
    );
  }
}

/** A contact that is known to be there. */
export async function contactById(transaction: Transaction, id: string): Promise<ContactRow> {
  const contact = await transaction.byId(ContactRow, id);
  if (!contact) throw new Error(`There is no contact ${id}`);
  return contact;
}

interface NewContact {
  /** Its addresses, the surest first; at least one. */
  addresses: readonly string[];
  phone: string | null;
  userId: string | null;
  name: string | null;
}

/** One name for all forms of an address: nodes that meet a stranger under two forms of one number wait for each other. */
function nameOf(channelId: string, address: string): string {
  return `${channelId} ${addressVariants(bare(address)).sort().join(' ')}`;
}

/**
 * Makes a contact for whom none was found. Of two nodes that meet the same stranger at once, one creates the contact;
 * the other waits, and takes that one.
 */
async function createContact(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  { addresses, phone, userId, name }: NewContact,
): Promise<ContactRow> {
  const names = addresses.map((address) => nameOf(channel.id, address));
  const met = await transaction.lockNames([...new Set(names)].sort(), () =>
    findContact(transaction, channel.id, addresses),
  );
  if (met) return met;
  const contact: ContactRow = {
    id: newId('Contact'),
    contractId: channel.contractId,
    channelId: channel.id,
    name,
    phone,
    email: null,
    userId,
    optedOutAt: null,
    marketingOptedOutAt: null,
    marketingWishAt: null,
    lastBotId: null,
    nextCallAt: 0,
    foldedName: name === null ? null : fold(name),
    foldedEmail: null,
    erasure: null,
    createdAt: transaction.now,
    updatedAt: transaction.now,
  };
  const [first, ...others] = addresses;
  if (first === undefined) throw new Error('A contact has at least one address');
  await transaction.insert(ContactRow, contact);
  if (await takeAlias(transaction, contact, first)) {
    for (const other of others) await learnAlias(transaction, contact, other);
    return contact;
  }
  // Another contact has learnt the address this instant.
  await transaction.remove(ContactRow, sql`id = ${contact.id}`);
  const present = await findContact(transaction, channel.id, addresses);
  if (!present) throw new Error('An address is held by a contact that is not there');
  return present;
}

/**
 * The contact of a number with this phone number: found by any form of it, else created.
 * @param given `phone` in E.164; `name` is taken where the contact has none.
 * @param botId the bot that creates the contact or writes to it.
 * @param found the contact of this number, where it was looked for already.
 */
export async function contactForPhone(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  given: { phone: string; name: string | null },
  botId: string,
  found: ContactRow | null | Promise<ContactRow | null> = findContact(transaction, channel.id, [given.phone]),
): Promise<ContactRow> {
  let contact =
    (await found) ??
    (await createContact(transaction, channel, {
      addresses: [given.phone],
      phone: given.phone,
      userId: null,
      name: given.name,
    }));
  const unknown = {
    ...(contact.phone === null && { phone: given.phone }),
    ...(contact.name === null && given.name !== null && { name: given.name }),
  };
  if (Object.keys(unknown).length > 0) contact = await changeContact(transaction, contact, unknown);
  await noteBotServed(transaction, contact, botId);
  return contact;
}

/** The phone number that WhatsApp's digits stand for; null where they are none. */
function phoneOf(digits: string | undefined): string | null {
  return digits === undefined ? null : normalisePhoneNumber(`+${bare(digits)}`);
}

function shortened(name: string | undefined): string | null {
  const text = Array.from((name ?? '').trim())
    .slice(0, LONGEST_NAME)
    .join('');
  return text === '' ? null : text;
}

/** Creates the contact that a message came from. */
export function contactForSender(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  from: Addresses,
  profileName: string | undefined,
): Promise<ContactRow> {
  return createContact(transaction, channel, {
    addresses: addressList(from),
    phone: phoneOf(from.phone ?? from.waId),
    userId: from.userId ?? null,
    name: shortened(profileName),
  });
}

/** Learns from what a provider says about a contact: addresses that nobody else holds, and what was not known yet. */
export async function learnAbout(
  transaction: Transaction,
  contact: ContactRow,
  addresses: Addresses,
  profileName?: string,
): Promise<ContactRow> {
  const held = await takeAliases(transaction, contact, addressList(addresses));
  const number = [addresses.phone, addresses.waId].find(
    (digits) => digits !== undefined && held.has(bare(digits)),
  );
  const [phone, name] = [phoneOf(number), shortened(profileName)];
  const { userId } = addresses;
  const unknown = {
    ...(contact.phone === null && phone !== null && { phone }),
    ...(contact.userId === null && userId !== undefined && held.has(userId) && { userId }),
    ...(contact.name === null && name !== null && { name }),
  };
  return Object.keys(unknown).length === 0 ? contact : changeContact(transaction, contact, unknown);
}

/** A customer has a new number: it is learnt, and is the one to write to, unless another contact holds it. */
export async function changeNumber(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  change: { oldAddresses: Addresses; newWaId: string; newUserId?: string },
): Promise<void> {
  const contact = await lockedContact(transaction, channel, addressList(change.oldAddresses));
  if (!contact) return;
  const changes: Partial<ContactRow> = {};
  const phone = phoneOf(change.newWaId);
  if ((await takeAlias(transaction, contact, change.newWaId)) && phone !== null) changes.phone = phone;
  const { newUserId } = change;
  if (newUserId !== undefined && (await takeAlias(transaction, contact, newUserId)))
    changes.userId = newUserId;
  if (Object.keys(changes).length > 0) await changeContact(transaction, contact, changes);
}

/** The id that only this business knows a customer by was replaced. */
export async function changeUserId(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  change: { oldUserId: string | null; newUserId: string; addresses: Addresses },
): Promise<void> {
  const known = [...(change.oldUserId === null ? [] : [change.oldUserId]), ...addressList(change.addresses)];
  const contact = await lockedContact(transaction, channel, known);
  if (!contact || !(await takeAlias(transaction, contact, change.newUserId))) return;
  await changeContact(transaction, contact, { userId: change.newUserId });
}

/** A customer told WhatsApp to stop or resume marketing messages (rule 44). */
export async function changeMarketingPreference(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  change: { addresses: Addresses; optedOut: boolean; at: number },
): Promise<void> {
  const contact = await lockedContact(transaction, channel, addressList(change.addresses));
  if (contact) await noteMarketingWish(transaction, contact, change);
}

/** Notes whether a contact wants marketing; the caller holds its lock. What is told late, or again, changes nothing. */
export async function noteMarketingWish(
  transaction: Transaction,
  contact: ContactRow,
  { optedOut, at }: { optedOut: boolean; at: number },
): Promise<ContactRow> {
  // WhatsApp tells whole seconds: what was told within the same one may well be the later.
  if (at < Math.floor((contact.marketingWishAt ?? 0) / SECOND) * SECOND) return contact;
  const since = optedOut ? (contact.marketingOptedOutAt ?? at) : null;
  return changeContact(transaction, contact, { marketingOptedOutAt: since, marketingWishAt: at });
}

async function lockedContact(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  addresses: readonly string[],
): Promise<ContactRow | null> {
  const contact = await findContact(transaction, channel.id, addresses);
  return contact && transaction.lock(ContactRow, contact.id);
}
