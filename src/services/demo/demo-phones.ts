import sql from 'sql-template-tag';
import { ContactRow } from '../../entities/contact';
import { MessageDirection, SendStatus } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { SandboxMessageRow, type SandboxMessageStatus } from '../../entities/sandbox-message';
import { SandboxPhoneRow } from '../../entities/sandbox-phone';
import { SendRow } from '../../entities/send';
import { TemplateRow } from '../../entities/template';
import { TicketMessageRow } from '../../entities/ticket-message';
import { TEMPLATE_CATALOGUE } from '../sandbox/template-catalogue';
import { templateContent } from '../sandbox/template-messages';
import { templateKey } from '../templates/template-mirror';
import { STOPPED_MARKETING } from './demo-customers';
import type { DemoDesk } from './demo-desk';

/** How far a message came that WhatsApp took. */
const STATUSES = new Map<SendStatus, SandboxMessageStatus>([
  [SendStatus.ACCEPTED, 'SENT'],
  [SendStatus.SENT, 'SENT'],
  [SendStatus.DELIVERED, 'DELIVERED'],
  [SendStatus.READ, 'READ'],
  [SendStatus.FAILED, 'FAILED'],
]);

type Shown = Pick<SandboxMessageRow, 'direction' | 'at' | 'kind' | 'content' | 'status' | 'failureCode'>;

function showing(
  desk: DemoDesk,
  phone: SandboxPhoneRow,
  providerMessageId: string,
  shown: Shown,
): SandboxMessageRow {
  return {
    id: newId('SandboxMessage'),
    contractId: desk.contractId,
    channelId: desk.channel.id,
    phoneId: phone.id,
    providerMessageId,
    quotedId: null,
    fileId: null,
    withheld: false,
    correlation: null,
    ...shown,
  };
}

/** What a send shows on the customer's phone; nothing where WhatsApp never took it. */
function sendOn(
  desk: DemoDesk,
  phone: SandboxPhoneRow,
  send: SendRow,
  template: TemplateRow,
): SandboxMessageRow[] {
  const listed = TEMPLATE_CATALOGUE.find((one) => templateKey(one) === templateKey(template));
  const status = STATUSES.get(send.status);
  if (!listed || !status || send.providerMessageId === null) return [];
  const shown = showing(desk, phone, send.providerMessageId, {
    direction: 'TO_CUSTOMER',
    at: send.acceptedAt ?? send.createdAt,
    kind: 'template',
    content: templateContent(listed, send.parameters),
    status,
    failureCode: status === 'FAILED' ? send.failureProviderCode : null,
  });
  return [{ ...shown, correlation: send.id }];
}

/** What a message of a ticket shows on the customer's phone. */
function messageOn(desk: DemoDesk, phone: SandboxPhoneRow, message: TicketMessageRow): SandboxMessageRow[] {
  if (message.providerMessageId === null) return [];
  const byCustomer = message.direction === MessageDirection.INBOUND;
  const shown = showing(desk, phone, message.providerMessageId, {
    direction: byCustomer ? 'FROM_CUSTOMER' : 'TO_CUSTOMER',
    at: message.createdAt,
    kind: message.kind,
    content: { body: message.text ?? '' },
    status: message.status === null ? null : (STATUSES.get(message.status) ?? null),
    failureCode: null,
  });
  return [{ ...shown, correlation: byCustomer ? null : message.id }];
}

/**
 * Gives every customer a phone in the sandbox, with all that was written to and from it.
 * @param quotes by the id of a customer's message, the id of the one that it quotes.
 */
export async function givePhones(desk: DemoDesk, quotes: ReadonlyMap<string, string>): Promise<void> {
  const { transaction, channel, contractId } = desk;
  const contacts = await transaction.find(ContactRow, { where: sql`channel_id = ${channel.id}` });
  const phones = new Map(
    contacts.map((contact) => [contact.id, phoneOf(contact, contractId, transaction.now)] as const),
  );
  const templates = new Map([...desk.templates.values()].map((template) => [template.id, template]));
  const sends = (await transaction.find(SendRow)).flatMap((send) => {
    const [phone, template] = [phones.get(send.contactId), templates.get(send.templateId)];
    return phone && template ? sendOn(desk, phone, send, template) : [];
  });
  const written = (await transaction.find(TicketMessageRow)).flatMap((message) => {
    const phone = phones.get(message.contactId);
    return phone ? messageOn(desk, phone, message) : [];
  });
  const messages = [...sends, ...written];
  const idOf = new Map(messages.map(({ providerMessageId, id }) => [providerMessageId, id]));
  const latest = new Map<string, number>();
  for (const { phoneId, at } of messages) latest.set(phoneId, Math.max(latest.get(phoneId) ?? 0, at));
  const rows = [...phones.values()].map((phone) => ({
    ...phone,
    lastMessageAt: latest.get(phone.id) ?? null,
  }));
  await transaction.insert(SandboxPhoneRow, ...rows);
  const quoting = messages.map((message) => ({
    ...message,
    quotedId: idOf.get(quotes.get(message.providerMessageId) ?? '') ?? null,
  }));
  await transaction.insert(SandboxMessageRow, ...quoting);
}

function phoneOf(contact: ContactRow, contractId: string, now: number): SandboxPhoneRow {
  return {
    id: newId('SandboxPhone'),
    contractId,
    channelId: contact.channelId,
    waId: (contact.phone ?? '').replace('+', ''),
    name: contact.name ?? '',
    blocked: false,
    marketingStopped: contact.name === STOPPED_MARKETING,
    lastMessageAt: null,
    createdAt: now,
  };
}
