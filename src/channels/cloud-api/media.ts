import { Readable } from 'node:stream';
import { ProviderError } from '../channel';
import type { MediaFile } from '../channel';
import { numberOf, objectOf, textOf } from '../json';
import { call, download, failureOf } from './calls';
import type { Call, CallResult, Connections } from './calls';
import { refusalByStatus, refusalInBody, retryAfterMs } from './errors';

/**
 * A customer's file comes in two steps: its id gives an address that is good for five minutes, and the address gives
 * the bytes to who shows the token. Source: Meta's references "Media API" and "Media Download API".
 */

/** WhatsApp takes documents of up to 100 MB, and nothing larger. */
const LARGEST_FILE = 100 * 1_024 * 1_024;
/** Where Meta keeps files. The token goes to these and their subdomains, and to where the API itself is. */
const FILE_HOSTS = ['fbsbx.com', 'facebook.com', 'whatsapp.net'];
/** "Object with ID … does not exist": files are kept for 30 days. */
const NO_SUCH_OBJECT = { code: 100, subcode: 33 };

/** @param request asks the API about the file. @throws ProviderError where it cannot be had. */
export async function mediaFile(
  connections: Connections,
  request: Pick<Call, 'url' | 'accessToken' | 'signal'>,
  now: () => number,
): Promise<MediaFile | null> {
  const about = aboutFile(await call(connections, { ...request, method: 'GET' }), now());
  if (about === null) return null;
  const url = fileAddress(about['url'], request.url.origin);
  refuseTooLarge(numberOf(about['file_size']));
  const file = await download(connections, { ...request, url });
  if (file.kind === 'failed') throw new ProviderError(file.message, null, 'transient', file.timedOut);
  const { httpStatus, headers, body } = file;
  try {
    if (httpStatus === 404 || httpStatus === 410) return drop(body);
    if (httpStatus !== 200) throw notTheFile(httpStatus, url);
    const size = numberOf(headers['content-length']);
    refuseTooLarge(size);
    const mimeType = textOf(about['mime_type']) ?? textOf(headers['content-type']) ?? null;
    return { mimeType, size, content: content(body) };
  } catch (error) {
    drop(body);
    throw error;
  }
}

/** Lets go of an answer that nobody will read. */
function drop(body: Readable): null {
  body.on('error', () => undefined).destroy();
  return null;
}

/** What the API says about the file: `{url, mime_type, sha256, file_size, id}`; null where it has none. */
function aboutFile(result: CallResult, now: number): Record<string, unknown> | null {
  if (result.kind !== 'answered') {
    throw new ProviderError(result.message, null, 'transient', result.timedOut);
  }
  const { httpStatus, body } = result;
  const error = objectOf(objectOf(body)['error']);
  const isUnknown =
    numberOf(error['code']) === NO_SUCH_OBJECT.code &&
    numberOf(error['error_subcode']) === NO_SUCH_OBJECT.subcode;
  if (httpStatus === 404 || httpStatus === 410 || isUnknown) return null;
  const circumstances = { httpStatus, retryAfterMs: retryAfterMs(result.retryAfter, now) };
  const refusal = refusalInBody(body, circumstances) ?? refusalByStatus(circumstances);
  if (refusal !== null) throw new ProviderError(refusal.message, refusal.providerCode, refusal.retry);
  if (httpStatus !== 200)
    throw new ProviderError(`The provider answered HTTP ${httpStatus} without saying why.`);
  return objectOf(body);
}

/**
 * The address of the bytes.
 * @param apiOrigin where the API itself is.
 * @throws ProviderError where it is none that the token may be sent to.
 */
export function fileAddress(given: unknown, apiOrigin: string): URL {
  const url = URL.parse(textOf(given) ?? '');
  if (url === null) throw new ProviderError('The provider did not say where the file is.');
  const isFileHost =
    url.protocol === 'https:' &&
    url.port === '' &&
    FILE_HOSTS.some((host) => url.hostname === host || url.hostname.endsWith(`.${host}`));
  if (isFileHost || url.origin === apiOrigin) return url;
  throw new ProviderError(
    `The provider named ${url.origin}, which is none of its own places for files: nothing was asked of it.`,
    null,
    'never',
  );
}

/** A redirect is not followed: the token goes nowhere but to the address that was looked at. */
function notTheFile(httpStatus: number, { host }: URL): ProviderError {
  const refusal = refusalByStatus({ httpStatus, retryAfterMs: null });
  return new ProviderError(
    `${host} answered HTTP ${httpStatus} in the place of the file.`,
    null,
    refusal?.retry ?? 'transient',
  );
}

function refuseTooLarge(size: number | null): void {
  if (size === null || size <= LARGEST_FILE) return;
  throw new ProviderError(`The file has more than ${LARGEST_FILE} bytes.`, null, 'never');
}

/** The bytes as they come, no more than the largest file has. */
function content(body: Readable): Readable {
  // Whoever reads hears of what breaks off; before anybody does, nobody must.
  body.on('error', () => undefined);
  return Readable.from(bounded(body), { objectMode: false }).once('close', () => body.destroy());
}

async function* bounded(body: Readable): AsyncGenerator<Buffer> {
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      refuseTooLarge(size);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    const { message, timedOut } = failureOf(error);
    throw new ProviderError(`The file broke off: ${message}`, null, 'transient', timedOut);
  }
}
