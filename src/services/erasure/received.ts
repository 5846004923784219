import sql, { join, type Sql } from 'sql-template-tag';
import type { Addresses, ErasedPerson } from '../../channels/webhook-items';
import type { Transaction } from '../../database/transaction';
import { DeadLetterRow } from '../../entities/dead-letter';
import { ChannelProvider } from '../../entities/enums';
import { InboxBodyRow } from '../../entities/inbox-body';
import { ParkedReportRow } from '../../entities/parked-report';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { addressList } from '../contacts/contacts';
import type { Platform } from '../context';
import { WEBHOOK_READERS } from '../inbox/inbox-items';
import { UNREADABLE_TEXT } from '../inbox/putting-aside';
import { eraseSandboxPhone } from '../sandbox/erasing';

/** Takes a person out of what was received and waits for something, so that nothing of it brings them back. */
export async function eraseReceived(
  platform: Platform,
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  addresses: readonly string[],
): Promise<void> {
  if (addresses.length === 0) return;
  const others = await transaction.find(WhatsAppChannelRow, {
    where: sql`id <> ${channel.id} and disconnected_at is null and phone_number_id is not null`,
  });
  const person: ErasedPerson = {
    addresses: new Set(addresses),
    otherPhoneNumberIds: new Set(others.flatMap(({ phoneNumberId }) => phoneNumberId ?? [])),
  };
  const { withoutPerson } = WEBHOOK_READERS[channel.provider];
  await eraseFromInbox(transaction, person, withoutPerson);
  await eraseDeadLetters(transaction, person, withoutPerson);
  await eraseParkedReports(transaction, channel.id, person);
  if (channel.provider !== ChannelProvider.SANDBOX) return;
  const isAboutThem = (body: string): boolean => withoutPerson(body, person) !== null;
  await eraseSandboxPhone(platform, transaction, channel, { addresses, isAboutThem });
}

type WithoutPerson = (text: string, person: ErasedPerson) => string | null;

/** Which rows to look at more closely: those in which an address stands somewhere. */
function holding(column: Sql, { addresses }: ErasedPerson): Sql {
  return join(
    [...addresses].map((address) => sql`${column} like ${`%${address}%`}`),
    ' or ',
  );
}

async function eraseFromInbox(
  transaction: Transaction,
  person: ErasedPerson,
  withoutPerson: WithoutPerson,
): Promise<void> {
  const bodies = await transaction.find(InboxBodyRow, {
    where: sql`done_at is null and (${holding(sql`body`, person)})`,
    orderBy: sql`id`,
  });
  for (const { id, body } of bodies) {
    const others = withoutPerson(body, person);
    if (others === null) continue;
    // Whoever works it now has read it as it was: without the lease that comes to nothing, and it is read again.
    const changes = { body: others, leaseOwner: null, leaseUntil: null, dueAt: transaction.now };
    await transaction.change(InboxBodyRow, changes, sql`id = ${id} and done_at is null`);
  }
}

async function eraseDeadLetters(
  transaction: Transaction,
  person: ErasedPerson,
  withoutPerson: WithoutPerson,
): Promise<void> {
  const letters = await transaction.find(DeadLetterRow, { where: holding(sql`payload`, person) });
  for (const { id, payload } of letters) {
    const text = payload[UNREADABLE_TEXT];
    const stored = typeof text === 'string' ? text : JSON.stringify(payload);
    if (withoutPerson(stored, person) !== null) await transaction.remove(DeadLetterRow, sql`id = ${id}`);
  }
}

async function eraseParkedReports(
  transaction: Transaction,
  channelId: string,
  person: ErasedPerson,
): Promise<void> {
  const reports = await transaction.find(ParkedReportRow, {
    where: sql`channel_id = ${channelId} and (${holding(sql`report`, person)})`,
  });
  for (const { id, report } of reports) {
    // As `recordReport` writes it.
    const named = addressList(report['recipient'] as Addresses);
    if (named.some((address) => person.addresses.has(address)))
      await transaction.remove(ParkedReportRow, sql`id = ${id}`);
  }
}
