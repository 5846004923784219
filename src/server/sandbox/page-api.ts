import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { badInput } from '../../problems';
import type { Platform, ServiceContext } from '../../services/context';
import { sandboxChannel, sandboxChannels } from '../../services/sandbox/access';
import { changeControls } from '../../services/sandbox/controls';
import { customerWrites } from '../../services/sandbox/customer-messages';
import { keepFile, LARGEST_FILE, readFile } from '../../services/sandbox/files';
import type { Message } from '../../services/sandbox/message-views';
import { conversation } from '../../services/sandbox/messages';
import { addPhone, changePhone, listPhones } from '../../services/sandbox/phones';
import { deliverByHand, failMessage, readAll } from '../../services/sandbox/statuses';
import { contextOfRequest, type Seen } from '../request-context';
import { LiveStreams } from './live';

const API = '/sandbox/api';
const CHANNEL = `${API}/channels/:channelId`;
const PHONE = `${CHANNEL}/phones/:waId`;
const MESSAGE = `${CHANNEL}/messages/:messageId`;

interface OfChannel {
  Params: { channelId: string };
}
interface OfPhone {
  Params: { channelId: string; waId: string };
}
interface OfMessage {
  Params: { channelId: string; messageId: string };
}

const text = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest, { error: `a text of 1 to ${longest} characters` });
const id = z.string().max(100);
const quotes = id.nullish();
const name = text(100);
const code = z.int().min(0).max(99_999_999);

const NEW_PHONE = z.strictObject({ phone: text(40), name });
const PHONE_CHANGES = z.strictObject({
  name: name.optional(),
  blocked: z.boolean().optional(),
  marketingStopped: z.boolean().optional(),
});
const FILE = { fileId: id, caption: text(1_024).optional(), quotes };
const ENTRY = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), text: text(4_096), quotes }),
  z.strictObject({ kind: z.literal('button'), of: id, index: z.int().min(0).max(20), quotes }),
  z.strictObject({ kind: z.literal('reaction'), of: id, emoji: z.string().max(32), quotes }),
  z.strictObject({ kind: z.literal('image'), ...FILE }),
  z.strictObject({ kind: z.literal('document'), ...FILE }),
  z.strictObject({ kind: z.literal('audio'), ...FILE }),
  z.strictObject({ kind: z.literal('video'), ...FILE }),
  z.strictObject({
    kind: z.literal('location'),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    name: text(200).optional(),
    quotes,
  }),
  z.strictObject({ kind: z.literal('contact'), name, phone: text(40), quotes }),
]);
const FAILURE = z.strictObject({ code });
const CONTROLS = z.strictObject({
  delaySeconds: z.int().min(0).max(300).optional(),
  copies: z.int().min(1).max(5).optional(),
  deliver: z.enum(['AT_ONCE', 'BY_HAND']).optional(),
  nextError: code.nullable().optional(),
});

/** @throws Problem BAD_USER_INPUT that names the field at fault. */
function read<Shape extends z.ZodType>(shape: Shape, body: unknown): z.output<Shape> {
  const parsed = shape.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw badInput(
    `${field === '' ? 'The body' : `\`${field}\``} is not usable: ${issue?.message ?? 'expected another value'}.`,
  );
}

/** What was given, without what was left out. */
function given<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]: Exclude<Fields[Name], undefined>;
  };
}

const shown = (message: Message): object => ({
  ...message,
  file: message.file && { ...message.file, url: `${API}/files/${message.file.id}` },
});

/** The file's name travels URI-encoded, since headers hold ASCII only. */
function filenameOf({ headers }: FastifyRequest): string | null {
  const header = headers['x-filename'];
  if (typeof header !== 'string') return null;
  try {
    return decodeURIComponent(header);
  } catch {
    throw badInput('The header `x-filename` is not URI-encoded: encode the name with encodeURIComponent.');
  }
}

/** What the page of the customers' phones asks and does. */
export async function serveSandboxApi(app: FastifyInstance, platform: Platform, seen: Seen): Promise<void> {
  const contexts = new WeakMap<FastifyRequest, ServiceContext>();
  const contextOf = (request: FastifyRequest): ServiceContext => {
    const context = contexts.get(request);
    if (!context) throw new Error('A request of the sandbox was not authenticated');
    return context;
  };
  const streams = new LiveStreams(platform);
  streams.endWith(app);
  await app.register((scope, _options, done) => {
    // Before a body is read, since who may not send one sends none; after the rate limit, which counts everybody.
    scope.addHook('preParsing', async (request) => {
      const context = await contextOfRequest(platform, seen, request);
      await sandboxChannels(context);
      contexts.set(request, context);
    });
    servePhones(scope, contextOf);
    serveMessages(scope, contextOf);
    serveControls(scope, contextOf);
    scope.get<OfChannel>(`${CHANNEL}/live`, async (request, reply) => {
      const channel = await sandboxChannel(contextOf(request), request.params.channelId);
      return streams.open(request, reply, channel);
    });
    serveFiles(scope, contextOf);
    done();
  });
}

type ContextOf = (request: FastifyRequest) => ServiceContext;

function servePhones(scope: FastifyInstance, contextOf: ContextOf): void {
  scope.get(`${API}/channels`, async (request) => ({ channels: await sandboxChannels(contextOf(request)) }));
  scope.get<OfChannel>(`${CHANNEL}/phones`, (request) =>
    listPhones(contextOf(request), request.params.channelId),
  );
  scope.post<OfChannel>(`${CHANNEL}/phones`, async (request, reply) => {
    const input = read(NEW_PHONE, request.body);
    const phone = await addPhone(contextOf(request), request.params.channelId, input);
    return reply.code(201).send({ phone });
  });
  scope.patch<OfPhone>(PHONE, async (request) => {
    const { channelId, waId } = request.params;
    const changes = given(read(PHONE_CHANGES, request.body));
    return { phone: await changePhone(contextOf(request), channelId, waId, changes) };
  });
  scope.post<OfPhone>(`${PHONE}/read`, async (request) => {
    const { channelId, waId } = request.params;
    return { phone: await readAll(contextOf(request), channelId, waId) };
  });
}

function serveMessages(scope: FastifyInstance, contextOf: ContextOf): void {
  scope.get<OfPhone>(`${PHONE}/messages`, async (request) => {
    const { channelId, waId } = request.params;
    const { phone, messages } = await conversation(contextOf(request), channelId, waId);
    return { phone, messages: messages.map(shown) };
  });
  scope.post<OfPhone>(`${PHONE}/messages`, async (request, reply) => {
    const { channelId, waId } = request.params;
    const message = await customerWrites(contextOf(request), channelId, waId, read(ENTRY, request.body));
    return reply.code(201).send({ message: shown(message) });
  });
  scope.post<OfMessage>(`${MESSAGE}/deliver`, async (request) => {
    const { channelId, messageId } = request.params;
    return { message: shown(await deliverByHand(contextOf(request), channelId, messageId)) };
  });
  scope.post<OfMessage>(`${MESSAGE}/fail`, async (request) => {
    const { channelId, messageId } = request.params;
    const failure = read(FAILURE, request.body);
    return { message: shown(await failMessage(contextOf(request), channelId, messageId, failure.code)) };
  });
}

function serveControls(scope: FastifyInstance, contextOf: ContextOf): void {
  scope.patch<OfChannel>(`${CHANNEL}/controls`, async (request) => {
    const changes = given(read(CONTROLS, request.body));
    return { controls: await changeControls(contextOf(request), request.params.channelId, changes) };
  });
}

function serveFiles(scope: FastifyInstance, contextOf: ContextOf): void {
  scope.get<{ Params: { fileId: string } }>(`${API}/files/:fileId`, async (request, reply) => {
    const { mimeType, bytes } = await readFile(contextOf(request), request.params.fileId);
    return reply
      .type(mimeType)
      .headers({
        'content-security-policy': "default-src 'none'; sandbox",
        'cache-control': 'private, max-age=3600',
        vary: 'authorization',
      })
      .send(bytes);
  });
  void scope.register((files, _options, done) => {
    // Whatever its type: here it is bytes.
    files.removeAllContentTypeParsers();
    files.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: LARGEST_FILE },
      (_request, body, parsed) => parsed(null, body),
    );
    files.post<OfChannel>(`${CHANNEL}/files`, { bodyLimit: LARGEST_FILE }, async (request, reply) => {
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const file = {
        bytes,
        contentType: request.headers['content-type'] ?? '',
        filename: filenameOf(request),
      };
      return reply.code(201).send(await keepFile(contextOf(request), request.params.channelId, file));
    });
    done();
  });
}
