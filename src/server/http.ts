import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import createFastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { MINUTE, SECOND } from '../clock';
import { Problem } from '../problems';
import type { Platform } from '../services/context';
import { serveDemo } from './demo';
import { serveExplorer } from './explorer';
import { serveExports } from './exports';
import { GRAPHQL_PATH, serveGraphQl } from './graphql';
import { serveHealth } from './health';
import type { Masking } from './masking';
import { serveMedia } from './media';
import { serveMetrics } from './metrics';
import type { Readiness } from './readiness';
import { storeOf, type RequestRate } from './request-rate';
import type { Seen } from './request-context';
import { serveSandbox } from './sandbox/sandbox';
import { serveWebhooks } from './webhooks';

const LARGEST_BODY = 1_048_576;
const LONGEST_HEADERS = 10 * SECOND;
const LONGEST_SILENCE = 2 * MINUTE;

/** What the framework refuses before a route is asked: a body too large, or none that can be read. */
function isRefusal(error: unknown): error is FastifyError {
  const status = (error as Partial<FastifyError> | null)?.statusCode;
  return error instanceof Error && typeof status === 'number' && status >= 400 && status < 500;
}

const badRequest = (message: string) => ({ errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }] });

/** Why a connection is refused before it has made a request, by Node's codes. */
const REFUSALS: Readonly<Record<string, [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large: at most 16 KB are read.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive: send it again, and faster.'],
};

/** What is no HTTP at all: there is no request yet to answer, only a connection. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, message] = REFUSALS[error.code ?? ''] ?? [
    400,
    'This is no request that can be read as HTTP/1.1.',
  ];
  const reason = STATUS_CODES[status] ?? '';
  const body = JSON.stringify(badRequest(message));
  const head = `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
  if (socket.writable) socket.write(`${head}\r\n\r\n${body}`);
  socket.destroy(error);
}

function answerErrors(app: FastifyInstance, masking: Masking): void {
  app.setErrorHandler((error, request, reply) => {
    if (isRefusal(error)) return reply.code(error.statusCode ?? 400).send(badRequest(error.message));
    const { code, message, status, retryAfter } = masking.present(error, request.id);
    if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
    return reply.code(status).send({ errors: [{ message, extensions: { code } }] });
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({
      errors: [
        {
          message: `There is nothing at this address: the API is at ${GRAPHQL_PATH}.`,
          extensions: { code: 'NOT_FOUND' },
        },
      ],
    }),
  );
}

/** Answers 405 where the address is right and the method is not. */
function refuseOtherMethods(app: FastifyInstance): void {
  const others = { [GRAPHQL_PATH]: ['GET', 'POST'], '/webhooks/whatsapp/:channelId': ['GET', 'POST'] };
  for (const [url, allowed] of Object.entries(others)) {
    const method = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
      (one) => !app.hasRoute({ method: one, url }),
    );
    app.route({
      method: method,
      url,
      // Before the body is read: of what type it is does not matter any more.
      onRequest: (_request, reply, _done) => {
        const message = `This address takes ${allowed.join(' and ')}.`;
        void reply
          .code(405)
          .header('allow', allowed.join(', '))
          .send({ errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }] });
      },
      handler: () => undefined,
    });
  }
}

/** The HTTP server with all its doors; it does not listen yet. */
export async function createHttpServer(
  platform: Platform,
  parts: { masking: Masking; seen: Seen; readiness: Readiness; rate: RequestRate },
): Promise<FastifyInstance> {
  const { masking, seen, readiness, rate } = parts;
  const { requestsPerMinute, requestTimeout } = platform.config;
  const app = createFastify({
    logger: false,
    trustProxy: [...platform.config.trustedProxies],
    bodyLimit: LARGEST_BODY,
    requestTimeout,
    connectionTimeout: LONGEST_SILENCE,
    // Node looks for those that are too slow every half a minute unless it is told.
    http: { headersTimeout: Math.min(LONGEST_HEADERS, requestTimeout), connectionsCheckingInterval: SECOND },
    forceCloseConnections: 'idle',
    // Addresses that cannot be read come to no route.
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      void reply.code(error.statusCode ?? 400).send(badRequest(error.message));
    },
    clientErrorHandler: refuseConnection,
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
  });
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    done();
  });
  answerErrors(app, masking);
  serveMetrics(app, platform.metrics);
  // Before the rate limit: one look at the page takes a dozen files.
  await serveExplorer(app, GRAPHQL_PATH);
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: MINUTE,
    store: storeOf(rate),
    // What addresses count as is the store's to say, for sockets too.
    keyGenerator: ({ ip }) => ip,
    errorResponseBuilder: (_request, { after }) =>
      new Problem('RATE_LIMITED', `Too many requests from this address: wait ${after} and try again.`),
  });
  serveHealth(app, readiness);
  await serveWebhooks(app, platform);
  serveExports(app, platform, seen);
  serveDemo(app, platform);
  serveMedia(app, platform, seen);
  await serveSandbox(app, platform, masking, seen);
  await serveGraphQl(app, platform, masking, seen);
  refuseOtherMethods(app);
  return app;
}
