import { red } from './colours';
import type { RefusalFragment } from './operations.generated';

const FIELDS: Record<string, string> = {
  botId: 'Bot',
  templateId: 'Template',
  recipient: 'Recipient',
  'recipient.phone': 'Phone number',
  'recipient.contactId': 'Contact',
  'recipient.name': 'Name',
  parameters: 'Blanks',
  idempotencyKey: 'Idempotency key',
  text: 'Text',
  ticketId: 'Ticket',
};

/** Which field of the input is at fault, without the `input` that all paths begin with. */
export const fieldOf = ({ field }: RefusalFragment): readonly string[] => field?.slice(1) ?? [];

/** Which of the values in `parameters` is at fault; null where none of them is. */
export function blankOf(refusal: RefusalFragment): number | null {
  const [field, index] = fieldOf(refusal);
  return field === 'parameters' && index !== undefined ? Number(index) : null;
}

function subject(refusal: RefusalFragment): string {
  // The server's sentence names the blank by its key.
  if (blankOf(refusal) !== null) return '';
  const path = fieldOf(refusal).join('.');
  return path === '' ? '' : `${FIELDS[path] ?? path}: `;
}

/** A refusal in words: the field, the server's sentence, and what helps. */
export function describe(refusal: RefusalFragment): string {
  const { code, message, retryAt, ticket } = refusal;
  const later = retryAt == null ? '' : ` Possible again at ${new Date(retryAt).toLocaleTimeString()}.`;
  const there = ticket ? ` It is ticket #${ticket.number}: open ${ticket.number}` : '';
  return red(`✗ ${subject(refusal)}${message}${later}${there} (${code})`);
}
