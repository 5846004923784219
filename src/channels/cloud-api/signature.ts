import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether a webhook comes from who knows the app secret.
 * Source: Meta's "Webhooks: getting started", validating payloads: X-Hub-Signature-256 is `sha256=` and the
 * HMAC-SHA256 in hex of the raw bytes. Compared in constant time; a missing or malformed header is a no.
 * @param rawBody the bytes exactly as they came, before anything parsed them.
 */
export function isSignatureValid(
  rawBody: Uint8Array,
  header: string | string[] | undefined,
  appSecret: string,
): boolean {
  if (typeof header !== 'string' || appSecret === '') return false;
  const [, hex = ''] = /^sha256=([0-9a-f]{64})$/i.exec(header.trim()) ?? [];
  if (hex === '') return false;
  const expected = createHmac('sha256', appSecret).update(rawBody).digest();
  return timingSafeEqual(expected, Buffer.from(hex, 'hex'));
}

/** The header that `isSignatureValid` accepts; the sandbox and tests sign with it. */
export function signatureOf(rawBody: Uint8Array | string, appSecret: string): string {
  return `sha256=${createHmac('sha256', appSecret).update(rawBody).digest('hex')}`;
}

/** The query of the provider's verification call. */
export interface VerificationQuery {
  mode: unknown;
  verifyToken: unknown;
  challenge: unknown;
}

/**
 * The text to echo when the provider verifies the webhook's address, or null where the call must be refused (403):
 * `hub.mode` is not subscribe, the token is not ours, or there is nothing to echo.
 */
export function verificationChallenge(query: VerificationQuery, verifyToken: string): string | null {
  const { mode, challenge } = query;
  if (mode !== 'subscribe' || typeof challenge !== 'string' || challenge === '') return null;
  return typeof query.verifyToken === 'string' && isSameSecret(query.verifyToken, verifyToken)
    ? challenge
    : null;
}

/** Compares in constant time whatever the lengths; an empty secret never matches. */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return expected !== '' && timingSafeEqual(digest(given), digest(expected));
}
