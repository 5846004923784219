import type { JsonObject } from '../../channels/channel';
import { SECOND } from '../../clock';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { titleOfGraphError } from './graph-errors';

/** The bodies of Meta's webhooks. Source: Meta's "Webhooks reference" (messages, user_preferences). */

export interface Person {
  waId: string;
  name: string;
}

/** The provider's time: whole seconds. */
const seconds = (instant: number): number => Math.floor(instant / SECOND);
const digits = (phoneNumber: string): string => phoneNumber.replace(/\D/g, '');

function body(channel: WhatsAppChannelRow, field: string, value: JsonObject): JsonObject {
  const metadata = {
    display_phone_number: digits(channel.phoneNumber),
    phone_number_id: channel.phoneNumberId,
  };
  return {
    object: 'whatsapp_business_account',
    entry: [
      {
        id: channel.businessAccountId,
        changes: [{ value: { messaging_product: 'whatsapp', metadata, ...value }, field }],
      },
    ],
  };
}

const contactOf = ({ waId, name }: Person): JsonObject => ({ profile: { name }, wa_id: waId });

/** A customer wrote. @param content the message's type, what belongs to it, and its context where it has one. */
export function messageBody(
  channel: WhatsAppChannelRow,
  from: Person,
  message: { id: string; at: number; content: JsonObject },
): JsonObject {
  const { id, at, content } = message;
  const element = { from: from.waId, id, timestamp: String(seconds(at)), ...content };
  return body(channel, 'messages', { contacts: [contactOf(from)], messages: [element] });
}

/** What a message quotes, or whose button it taps. */
export function contextOf(
  channel: WhatsAppChannelRow,
  quoted: { id: string; byCustomer: boolean },
  customer: Person,
): JsonObject {
  return {
    context: { from: quoted.byCustomer ? customer.waId : digits(channel.phoneNumber), id: quoted.id },
  };
}

/** What became of a message to a customer. */
export function statusBody(
  channel: WhatsAppChannelRow,
  recipient: Person,
  status: {
    id: string;
    status: 'sent' | 'delivered' | 'read' | 'failed';
    at: number;
    correlation: string | null;
    failureCode?: number;
  },
): JsonObject {
  const { failureCode } = status;
  const element = {
    id: status.id,
    status: status.status,
    timestamp: String(seconds(status.at)),
    recipient_id: recipient.waId,
    ...(status.correlation !== null && { biz_opaque_callback_data: status.correlation }),
    ...(failureCode !== undefined && { errors: [reportedError(failureCode)] }),
  };
  return body(channel, 'messages', { statuses: [element] });
}

function reportedError(code: number): JsonObject {
  const title = titleOfGraphError(code);
  return {
    code,
    title,
    message: title,
    error_data: { details: 'Chosen in the sandbox, or by its rules.' },
  };
}

/** A customer stopped or resumed marketing messages. */
export function preferenceBody(
  channel: WhatsAppChannelRow,
  customer: Person,
  preference: { stopped: boolean; at: number },
): JsonObject {
  const value = preference.stopped ? 'stop' : 'resume';
  const element = {
    wa_id: customer.waId,
    detail: `User requested to ${value} marketing messages`,
    category: 'marketing_messages',
    value,
    timestamp: seconds(preference.at),
  };
  return body(channel, 'user_preferences', {
    contacts: [contactOf(customer)],
    user_preferences: [element],
  });
}
