import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Agent, DecoratorHandler } from 'undici';
import type { Dispatcher } from 'undici';

/** The way the Cloud API is called over HTTP: what may be read, how long it may take, and what may have left. */

/** More than this is no answer of the Graph API, unless a call expects a larger one. */
const LARGEST_ANSWER_BYTES = 1_000_000;
/** One for every message that may be on its way at once: none waits for another's. */
const CONNECTIONS = 256;
/** What is shorter is no secret, but part of ordinary words. */
const SHORTEST_SECRET = 8;
const TIMEOUTS = new Set<unknown>([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

export interface CallLimits {
  /** Milliseconds to make a connection. */
  connectTimeoutMs: number;
  /** Milliseconds without a byte while waiting for an answer, and for the whole of it once it has begun. */
  answerTimeoutMs: number;
}

/** The connections of one process to the provider. */
export interface Connections {
  dispatcher: Dispatcher;
  answerTimeoutMs: number;
}

export interface Call {
  method: 'GET' | 'POST';
  url: URL;
  accessToken: string;
  body?: string;
  /** The largest answer that makes sense; a million bytes unless told. */
  largestAnswerBytes?: number;
  signal: AbortSignal;
}

/** An answer that came, or how far the call got without one. */
export type CallResult =
  | {
      kind: 'answered';
      httpStatus: number;
      retryAfter: string | string[] | undefined;
      body: unknown;
      bytes: number;
    }
  /** Nothing left: no connection was made. */
  | { kind: 'not-sent'; message: string; timedOut: boolean }
  /** The request may have left, the answer is missing or unreadable. */
  | { kind: 'lost'; message: string; timedOut: boolean };

/** The head of an answer, its bytes still to be read or destroyed; or why there is none. */
export type Download =
  | { kind: 'opened'; httpStatus: number; headers: IncomingHttpHeaders; body: Readable }
  | { kind: 'failed'; message: string; timedOut: boolean };

/** HTTP/1.1, kept alive, no redirects followed. `undici` never repeats a request by itself. */
export function openConnections({ connectTimeoutMs, answerTimeoutMs }: CallLimits): Connections {
  const dispatcher = new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  });
  return { dispatcher, answerTimeoutMs };
}

/** Notices the moment a connected socket is handed the request: before it, certainly nothing left. */
class DepartureWatch extends DecoratorHandler {
  constructor(
    private readonly inner: Dispatcher.DispatchHandlers,
    private readonly departed: () => void,
  ) {
    super(inner);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.departed();
    this.inner.onConnect?.(abort);
  }
}

/** Makes one call. Never throws. A body that is no JSON is told as `undefined`. */
export async function call(connections: Connections, request: Call): Promise<CallResult> {
  const departure = { mayHaveLeft: false };
  const watched = connections.dispatcher.compose(
    (dispatch) => (options, handler) =>
      dispatch(
        options,
        new DepartureWatch(handler, () => {
          if (!request.signal.aborted) departure.mayHaveLeft = true;
        }),
      ),
  );
  try {
    const { url, method, signal } = request;
    const answer = await watched.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      signal,
      headers: {
        authorization: `Bearer ${request.accessToken}`,
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: request.body ?? null,
    });
    const limits = {
      bytes: request.largestAnswerBytes ?? LARGEST_ANSWER_BYTES,
      milliseconds: connections.answerTimeoutMs,
    };
    const read = await readText(answer.body, limits);
    if ('message' in read) return { kind: 'lost', ...read };
    return {
      kind: 'answered',
      httpStatus: answer.statusCode,
      retryAfter: answer.headers['retry-after'],
      body: parsed(read.text, request.accessToken),
      bytes: read.bytes,
    };
  } catch (error) {
    return { kind: departure.mayHaveLeft ? 'lost' : 'not-sent', ...failureOf(error) };
  }
}

/** Asks for the bytes behind an address. Never throws; reading what it opened may. */
export async function download(
  { dispatcher }: Connections,
  { url, accessToken, signal }: Pick<Call, 'url' | 'accessToken' | 'signal'>,
): Promise<Download> {
  try {
    const answer = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      signal,
      headers: {
        authorization: `Bearer ${accessToken}`,
        'accept-encoding': 'identity',
        // The reference of the Media Download API lists it, and its hosts are known to refuse who sends none.
        'user-agent': 'saludo',
      },
    });
    return { kind: 'opened', httpStatus: answer.statusCode, headers: answer.headers, body: answer.body };
  } catch (error) {
    return { kind: 'failed', ...failureOf(error) };
  }
}

/** What a call that broke off tells. */
export function failureOf(error: unknown): { message: string; timedOut: boolean } {
  const timedOut = error instanceof Error && 'code' in error && TIMEOUTS.has(error.code);
  return { message: messageOf(error), timedOut };
}

/** The body as text, or what is wrong with it: too large, or too slow as a whole. Then the rest is not read. */
async function readText(
  body: AsyncIterable<Buffer>,
  most: { bytes: number; milliseconds: number },
): Promise<{ text: string; bytes: number } | { message: string; timedOut: boolean }> {
  // Real time: it is the machine that is kept busy.
  const end = performance.now() + most.milliseconds;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > most.bytes)
      return { message: `The answer has more than ${most.bytes} bytes.`, timedOut: false };
    if (performance.now() > end)
      return { message: `The answer takes more than ${most.milliseconds} ms.`, timedOut: true };
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString('utf8'), bytes };
}

/** The body without the token of the call: errors of the Graph API quote it ("Malformed access token EAAG…"). */
function parsed(text: string, accessToken: string): unknown {
  const withoutToken = (_name: string, value: unknown): unknown =>
    typeof value === 'string' ? value.replaceAll(accessToken, '…') : value;
  try {
    return JSON.parse(text, accessToken.length < SHORTEST_SECRET ? undefined : withoutToken) as unknown;
  } catch {
    return undefined;
  }
}

/** The error's own words with its code, without addresses of people: nothing of the request is in them. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  const causes = error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : error.message;
  return `${causes === '' ? error.name : causes}${code}`;
}
