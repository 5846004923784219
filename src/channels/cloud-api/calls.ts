import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Agent, DecoratorHandler } from 'undici';
import type { Dispatcher } from 'undici';

/** The way the Cloud API is called over HTTP: what may be read, how long it may take, and what may have left. */

/** More than this is no answer of the Graph API. */
const LARGEST_ANSWER_BYTES = 1_000_000;
/** Enough for 80 messages a second at a second and a half each. */
const CONNECTIONS = 128;
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
  /** Milliseconds without a byte while waiting for an answer. */
  answerTimeoutMs: number;
}

export interface Call {
  method: 'GET' | 'POST';
  url: URL;
  accessToken: string;
  body?: string;
  signal: AbortSignal;
}

/** An answer that came, or how far the call got without one. */
export type CallResult =
  | { kind: 'answered'; httpStatus: number; retryAfter: string | string[] | undefined; body: unknown }
  /** Nothing left: no connection was made. */
  | { kind: 'not-sent'; message: string; timedOut: boolean }
  /** The request may have left, the answer is missing or unreadable. */
  | { kind: 'lost'; message: string; timedOut: boolean };

/** The head of an answer, its bytes still to be read or destroyed; or why there is none. */
export type Download =
  | { kind: 'opened'; httpStatus: number; headers: IncomingHttpHeaders; body: Readable }
  | { kind: 'failed'; message: string; timedOut: boolean };

/**
 * The connections of one process to the provider: HTTP/1.1, kept alive, no redirects followed. `undici` never
 * repeats a request by itself.
 */
export function openConnections(limits: CallLimits): Agent {
  return new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    connect: { timeout: limits.connectTimeoutMs },
    headersTimeout: limits.answerTimeoutMs,
    bodyTimeout: limits.answerTimeoutMs,
  });
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
export async function call(connections: Dispatcher, request: Call): Promise<CallResult> {
  const departure = { mayHaveLeft: false };
  const watched = connections.compose(
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
    const text = await readText(answer.body);
    if (text === null) {
      const message = `The answer has more than ${LARGEST_ANSWER_BYTES} bytes.`;
      return { kind: 'lost', message, timedOut: false };
    }
    const retryAfter = answer.headers['retry-after'];
    return {
      kind: 'answered',
      httpStatus: answer.statusCode,
      retryAfter,
      body: parsed(text, request.accessToken),
    };
  } catch (error) {
    return { kind: departure.mayHaveLeft ? 'lost' : 'not-sent', ...failureOf(error) };
  }
}

/** Asks for the bytes behind an address. Never throws; reading what it opened may. */
export async function download(
  connections: Dispatcher,
  { url, accessToken, signal }: Pick<Call, 'url' | 'accessToken' | 'signal'>,
): Promise<Download> {
  try {
    const answer = await connections.request({
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

/** The body as text, or null when it is too large; then the rest is not read. */
async function readText(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > LARGEST_ANSWER_BYTES) {
      body.destroy();
      return null;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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
