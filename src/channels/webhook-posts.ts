import { Agent } from 'undici';
import { signatureOf } from './cloud-api/signature';

/** Delivers webhooks as Meta does: signed over their bytes. */
export interface WebhookPosts {
  /** @returns the HTTP status; null where no answer came. Never throws. */
  post(url: string, body: string, appSecret: string, signal: AbortSignal): Promise<number | null>;
  close(): Promise<void>;
}

/** Opens the connections that webhooks are delivered over. */
export function openWebhookPosts(): WebhookPosts {
  const connections = new Agent();
  return {
    async post(url, body, appSecret, signal) {
      try {
        const { origin, pathname } = new URL(url);
        const headers = {
          'content-type': 'application/json',
          'x-hub-signature-256': signatureOf(body, appSecret),
        };
        const answer = await connections.request({
          origin,
          path: pathname,
          method: 'POST',
          headers,
          body,
          signal,
        });
        await answer.body.dump();
        return answer.statusCode;
      } catch {
        // Refused, cut off or too late: whatever it was, it is delivered again.
        return null;
      }
    },
    close: () => connections.close(),
  };
}
