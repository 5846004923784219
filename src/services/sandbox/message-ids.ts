import { randomBytes } from 'node:crypto';

/** An id of a message as WhatsApp gives them. */
export function newProviderMessageId(): string {
  return `wamid.${randomBytes(24).toString('base64')}`;
}
