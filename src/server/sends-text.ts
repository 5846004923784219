import { stringify } from 'csv-stringify/sync';
import { encodeCursor } from '../events/cursor';
import type { ServiceContext } from '../services/context';
import { oneAhead } from '../services/one-ahead';
import type { ExportedSend } from '../services/sends/sends-export';

type Value = string | number | boolean | null;

const instant = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());

/** One send as a flat record; its keys are the columns of the file. */
function recordOf(
  epoch: string,
  { send, botName, agentName, templateName, contact }: ExportedSend,
): Record<string, Value> {
  return {
    id: send.id,
    bot_id: send.botId,
    bot_name: botName,
    agent_id: send.agentId,
    agent_name: agentName,
    template_id: send.templateId,
    template_name: templateName,
    contact_id: send.contactId,
    contact_name: contact?.name ?? null,
    phone: contact?.phone ?? null,
    status: send.status,
    outcome_unknown: send.outcomeUnknown,
    reply_state: send.replyState,
    failure_code: send.failureCode,
    failure_provider_code: send.failureProviderCode,
    retry_of: send.retryOfId,
    provider_message_id: send.providerMessageId,
    ticket_id: send.ticketId,
    created_at: instant(send.createdAt),
    accepted_at: instant(send.acceptedAt),
    sent_at: instant(send.sentAt),
    delivered_at: instant(send.deliveredAt),
    read_at: instant(send.readAt),
    failed_at: instant(send.failedAt),
    replied_at: instant(send.repliedAt),
    reply_expires_at: instant(send.replyExpiresAt),
    updated_at: instant(send.updatedAt),
    change_cursor: encodeCursor(epoch, send.changedSequence),
  };
}

/** The columns, in their order; the test of the file's header holds this to what `recordOf` gives. */
export const COLUMNS = [
  ...[
    'id',
    'bot_id',
    'bot_name',
    'agent_id',
    'agent_name',
    'template_id',
    'template_name',
    'contact_id',
    'contact_name',
  ],
  ...[
    'phone',
    'status',
    'outcome_unknown',
    'reply_state',
    'failure_code',
    'failure_provider_code',
    'retry_of',
  ],
  ...[
    'provider_message_id',
    'ticket_id',
    'created_at',
    'accepted_at',
    'sent_at',
    'delivered_at',
    'read_at',
    'failed_at',
  ],
  ...['replied_at', 'reply_expires_at', 'updated_at', 'change_cursor'],
];

const PHONE = /^\+\d{1,15}$/;
const FORMULA = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** A spreadsheet runs a text that begins like a formula: an apostrophe keeps it a text. A phone number does no harm. */
const harmless = (value: string): string => (FORMULA.test(value) && !PHONE.test(value) ? `'${value}` : value);

async function* records(
  context: ServiceContext,
  batches: AsyncIterable<ExportedSend[]>,
): AsyncGenerator<Record<string, Value>[], void> {
  const epoch = await context.platform.eventLog.epochOf(context.contractId);
  for await (const sends of batches) yield sends.map((send) => recordOf(epoch, send));
}

/** The sends as CSV (RFC 4180), a part per batch, beginning with the columns' names. */
export async function* sendsAsCsv(
  context: ServiceContext,
  batches: AsyncIterable<ExportedSend[]>,
): AsyncGenerator<string> {
  let header: string | null = stringify([COLUMNS]);
  for await (const some of oneAhead(records(context, batches))) {
    const cast = { string: harmless, boolean: String };
    yield (header ?? '') + stringify(some, { columns: COLUMNS, cast });
    header = null;
  }
  if (header !== null) yield header;
}

/** The sends as JSON, one to a line. */
export async function* sendsAsNdjson(
  context: ServiceContext,
  batches: AsyncIterable<ExportedSend[]>,
): AsyncGenerator<string> {
  for await (const some of oneAhead(records(context, batches))) {
    yield some.map((record) => `${JSON.stringify(record)}\n`).join('');
  }
}
