import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { SECRETS } from './canaries';

/**
 * A stand-in for Meta's Graph API: a real HTTP server on 127.0.0.1 that records every call and answers as it is
 * told. Give its `url` to the server under test as WHATSAPP_API_URL.
 */

/** The token that is good from the start. */
export const PROVIDER_TOKEN = SECRETS.accessToken;

export interface RecordedCall {
  method: string;
  /** The version of the API that was asked for: `v23.0`. Nodes can be told apart by it. */
  version: string;
  /** Without the version: `/{id}/messages`; the query apart. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Parsed JSON; the text where it is none; undefined where there is no body. */
  body: unknown;
  /** Milliseconds since 1970. */
  at: number;
  /** Settles when its answer has ended, or whoever called went away. */
  closed: Promise<void>;
}

interface Reply {
  status: number;
  headers?: Record<string, string>;
  /** Bytes and streams as they are, anything else as JSON. */
  body: unknown;
}

/** How one call is answered; made by `answers`. */
export type Step =
  | { do: 'reply'; reply: (call: RecordedCall, messageId: string) => Reply }
  | { do: 'delay'; until: number | Promise<unknown>; then: Step }
  | { do: 'hang' }
  | { do: 'stall' }
  | { do: 'reset'; when: 'before' | 'mid-body' };

export type Script = Step | Step[] | ((call: RecordedCall, index: number) => Step);

interface Acceptance {
  messageId?: string;
  /** The number as the provider knows it; the one that was called unless told. */
  waId?: string;
  userId?: string;
}

function acceptance(given: Acceptance, status?: string): Step {
  return {
    do: 'reply',
    reply: (call, messageId) => {
      const { to, recipient } = (call.body ?? {}) as { to?: string; recipient?: string };
      const waId = given.waId ?? to?.replace(/\D/g, '');
      const userId = given.userId ?? recipient;
      const contact = {
        input: to ?? recipient,
        ...(waId === undefined ? {} : { wa_id: waId }),
        ...(userId === undefined ? {} : { user_id: userId }),
      };
      const message = {
        id: given.messageId ?? messageId,
        ...(status === undefined ? {} : { message_status: status }),
      };
      return {
        status: 200,
        body: { messaging_product: 'whatsapp', contacts: [contact], messages: [message] },
      };
    },
  };
}

interface ErrorDetails {
  message?: string;
  details?: string;
  isTransient?: boolean;
  subcode?: number;
  headers?: Record<string, string>;
}

/** The steps that a script may hold. */
export const answers = {
  accept: (given: Acceptance = {}): Step => acceptance(given, 'accepted'),
  /** Accepted, but held for quality assessment. */
  hold: (given: Acceptance = {}): Step => acceptance(given, 'held_for_quality_assessment'),
  pause: (given: Acceptance = {}): Step => acceptance(given, 'paused'),
  error: (code: number, status = 400, details: ErrorDetails = {}): Step => ({
    do: 'reply',
    reply: () => ({
      status,
      headers: details.headers ?? {},
      body: {
        error: {
          message: details.message ?? `(#${code}) Double's error`,
          type: 'OAuthException',
          code,
          ...(details.subcode === undefined ? {} : { error_subcode: details.subcode }),
          ...(details.details === undefined
            ? {}
            : { error_data: { messaging_product: 'whatsapp', details: details.details } }),
          ...(details.isTransient === undefined ? {} : { is_transient: details.isTransient }),
          fbtrace_id: 'AbCdEfGhIjKlMnOpQrStUv',
        },
      },
    }),
  }),
  /** Any status with any text. */
  rawBody: (status: number, text: string, headers: Record<string, string> = {}): Step => ({
    do: 'reply',
    reply: () => ({ status, headers, body: text }),
  }),
  /** Bytes with their type, or a stream of unknown length. */
  bytes: (body: Buffer | Readable, type: string, headers: Record<string, string> = {}): Step => ({
    do: 'reply',
    reply: () => ({
      status: 200,
      headers: {
        'content-type': type,
        ...(Buffer.isBuffer(body) ? { 'content-length': String(body.length) } : {}),
        ...headers,
      },
      body,
    }),
  }),
  redirect: (location: string, status = 307): Step => ({
    do: 'reply',
    reply: () => ({ status, headers: { location }, body: '' }),
  }),
  /** Waits so many milliseconds, or until the promise is settled, then goes on. */
  delay: (until: number | Promise<unknown>, then: Step = answers.accept()): Step => ({
    do: 'delay',
    until,
    then,
  }),
  /** Takes the request and never answers. */
  hang: (): Step => ({ do: 'hang' }),
  /** Begins an answer, and never goes on. */
  stall: (): Step => ({ do: 'stall' }),
  /** Destroys the socket after the whole request was read: before a byte of the answer, or within its body. */
  reset: (when: 'before' | 'mid-body' = 'before'): Step => ({ do: 'reset', when }),
};

export interface ProviderDouble {
  /** The base to use as WHATSAPP_API_URL, like http://127.0.0.1:4711/v23.0. */
  readonly url: string;
  /** Every call in the order it came, also refused ones. */
  readonly calls: RecordedCall[];
  /** The calls that hand over messages. */
  readonly sends: RecordedCall[];
  /** Tokens that are good; any other gets error 190. Change it at will. */
  readonly tokens: Set<string>;
  /** Sets the templates of a business account; `limit` (default 25) and `after` page through them. */
  templates(businessAccountId: string, list: object[]): void;
  /** How messages are answered from now on: always so, one after another (then accepted), or as a function says. */
  answer(script: Script): void;
  /** How calls for templates are answered, likewise; after a queue, from the list. */
  answerTemplates(script: Script): void;
  /** Keeps a file that a customer sent: `GET /{id}` tells its address, `GET /files/{id}` gives its bytes. */
  media(id: string, bytes: Buffer, mimeType: string): void;
  /** How questions about files are answered, likewise; after a queue, from what is kept. */
  answerMedia(script: Script): void;
  /** How downloads of files are answered, likewise. */
  answerDownloads(script: Script): void;
  /** Resolves as soon as so many calls came in all; rejects after `timeoutMs` (5 seconds). */
  waitForCalls(count: number, timeoutMs?: number): Promise<RecordedCall[]>;
  /** Resolves as soon as so many messages were handed over. */
  waitForSends(count: number, timeoutMs?: number): Promise<RecordedCall[]>;
  /** Resolves with the first call, past or to come, that is looked for. */
  waitForCall(isLookedFor: (call: RecordedCall) => boolean, timeoutMs?: number): Promise<RecordedCall>;
  /** Stops listening and destroys every open socket. */
  close(): Promise<void>;
}

interface KeptFile {
  bytes: Buffer;
  mimeType: string;
}

const isSend = (call: RecordedCall): boolean => call.method === 'POST' && call.path.endsWith('/messages');

/** Starts a double on a free port of 127.0.0.1. Whoever starts it closes it. */
export async function createProviderDouble(port = 0): Promise<ProviderDouble> {
  const calls: RecordedCall[] = [];
  const tokens = new Set([PROVIDER_TOKEN]);
  const listings = new Map<string, object[]>();
  const files = new Map<string, KeptFile>();
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const waiting = new Set<() => void>();
  let nextForSend: (call: RecordedCall) => Step | undefined = () => undefined;
  let nextForTemplates: (call: RecordedCall) => Step | undefined = () => undefined;
  let nextForMedia: (call: RecordedCall) => Step | undefined = () => undefined;
  let nextForDownload: (call: RecordedCall) => Step | undefined = () => undefined;

  const stepFor = (call: RecordedCall): Step => {
    const token = /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1];
    if (token === undefined || !tokens.has(token)) {
      return answers.error(190, 401, { message: 'Error validating access token' });
    }
    if (isSend(call)) return nextForSend(call) ?? answers.accept();
    if (call.method === 'GET') {
      const [, fileId] = /^\/files\/([^/]+)$/.exec(call.path) ?? [];
      if (fileId !== undefined) return nextForDownload(call) ?? fileBytes(files.get(fileId));
      const [, mediaId] = /^\/([^/]+)$/.exec(call.path) ?? [];
      if (mediaId !== undefined)
        return nextForMedia(call) ?? aboutFile(baseUrl(), mediaId, files.get(mediaId));
    }
    const [, account] = /^\/([^/]+)\/message_templates$/.exec(call.path) ?? [];
    if (call.method !== 'GET' || account === undefined) {
      return answers.error(100, 400, { message: 'Unsupported request' });
    }
    return (
      nextForTemplates(call) ?? templatePage(listings.get(decodeURIComponent(account)) ?? [], call.query)
    );
  };

  const perform = async (step: Step, call: RecordedCall, response: ServerResponse): Promise<void> => {
    if (step.do === 'hang') return;
    if (step.do === 'stall') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '400' }).write('{');
      return;
    }
    if (step.do === 'delay') {
      await waitUntil(step.until, timers);
      await perform(step.then, call, response);
      return;
    }
    if (step.do === 'reset') {
      if (step.when === 'before') {
        response.socket?.resetAndDestroy();
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '400' });
      response.write('{"messaging_product":"whatsapp",', () => response.socket?.resetAndDestroy());
      return;
    }
    const messageId = `wamid.${randomBytes(24).toString('base64')}`;
    const { status, headers, body } = step.reply(call, messageId);
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers });
    if (body instanceof Readable) pipeline(body, response, () => undefined);
    else response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  };

  const server = createServer((request, response) => {
    readCall(request, response)
      .then((call) => {
        calls.push(call);
        for (const wake of [...waiting]) wake();
        return perform(stepFor(call), call, response);
      })
      // The caller went away, or a script of the test threw: either way it gets no answer.
      .catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const baseUrl = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v23.0`;

  const waitFor = <Found>(what: string, find: () => Found | undefined, timeoutMs: number): Promise<Found> =>
    new Promise((resolve, reject) => {
      const end = (): void => {
        waiting.delete(look);
        clearTimeout(timer);
        timers.delete(timer);
      };
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        end();
        resolve(found);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`${what} did not come within ${timeoutMs} ms; ${calls.length} calls came.`));
      }, timeoutMs);
      timers.add(timer);
      waiting.add(look);
      look();
    });

  return {
    url: baseUrl(),
    calls,
    get sends() {
      return calls.filter(isSend);
    },
    tokens,
    templates: (businessAccountId, list) => void listings.set(businessAccountId, list),
    answer: (script) => void (nextForSend = scripted(script)),
    answerTemplates: (script) => void (nextForTemplates = scripted(script)),
    media: (id, bytes, mimeType) => void files.set(id, { bytes, mimeType }),
    answerMedia: (script) => void (nextForMedia = scripted(script)),
    answerDownloads: (script) => void (nextForDownload = scripted(script)),
    waitForCalls: (count, timeoutMs = 5_000) =>
      waitFor(`Call ${count}`, () => (calls.length >= count ? calls.slice() : undefined), timeoutMs),
    waitForSends: (count, timeoutMs = 5_000) =>
      waitFor(
        `Send ${count}`,
        () => (calls.filter(isSend).length >= count ? calls.filter(isSend) : undefined),
        timeoutMs,
      ),
    waitForCall: (isLookedFor, timeoutMs = 5_000) =>
      waitFor('The call', () => calls.find(isLookedFor), timeoutMs),
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Yields the next step of a script; undefined once a queue is empty. */
function scripted(script: Script): (call: RecordedCall) => Step | undefined {
  if (typeof script === 'function') {
    let index = 0;
    return (call) => script(call, index++);
  }
  if (!Array.isArray(script)) return () => script;
  const queue = script.slice();
  return () => queue.shift();
}

function waitUntil(until: number | Promise<unknown>, timers: Set<NodeJS.Timeout>): Promise<unknown> {
  if (typeof until !== 'number') return until.catch(() => undefined);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      resolve(undefined);
    }, until);
    timers.add(timer);
  });
}

async function readCall(request: IncomingMessage, response: ServerResponse): Promise<RecordedCall> {
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://double');
  return {
    method: request.method ?? '',
    version: /^\/(v[\d.]+)\//.exec(url.pathname)?.[1] ?? '',
    path: url.pathname.replace(/^\/v[\d.]+(?=\/)/, ''),
    query: url.searchParams,
    headers: request.headers,
    body: bodyIn(Buffer.concat(chunks).toString('utf8')),
    at: Date.now(),
    closed,
  };
}

function bodyIn(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** What the Graph API says of a file it keeps; the address is its own, as the sandbox's is. */
function aboutFile(baseUrl: string, id: string, file: KeptFile | undefined): Step {
  if (!file) {
    const message = `Unsupported get request. Object with ID '${id}' does not exist`;
    return answers.error(100, 400, { message, subcode: 33 });
  }
  const body = {
    url: `${baseUrl}/files/${id}`,
    mime_type: file.mimeType,
    sha256: createHash('sha256').update(file.bytes).digest('hex'),
    file_size: file.bytes.length,
    id,
    messaging_product: 'whatsapp',
  };
  return { do: 'reply', reply: () => ({ status: 200, body }) };
}

function fileBytes(file: KeptFile | undefined): Step {
  return file ? answers.bytes(file.bytes, 'application/octet-stream') : answers.rawBody(404, '');
}

/** Cursors look like Meta's; `paging.next` names a host that must never be called. */
function templatePage(list: object[], query: URLSearchParams): Step {
  const cursor = (position: number): string => Buffer.from(`cursor:${position}`).toString('base64url');
  const limit = Math.max(1, Number(query.get('limit') ?? 25));
  const after = query.get('after');
  const start =
    after === null ? 0 : Number(Buffer.from(after, 'base64url').toString().replace('cursor:', ''));
  if (!Number.isInteger(start)) return answers.error(100, 400, { message: 'Invalid cursors values' });
  const data = list.slice(start, start + limit);
  const end = start + data.length;
  const paging = {
    cursors: { before: cursor(start), after: cursor(end) },
    ...(end < list.length
      ? { next: `https://next.invalid/v23.0/1/message_templates?after=${cursor(end)}` }
      : {}),
  };
  return {
    do: 'reply',
    reply: () => ({ status: 200, body: data.length === 0 ? { data } : { data, paging } }),
  };
}
