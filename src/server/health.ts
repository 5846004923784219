import type { FastifyInstance } from 'fastify';
import { RETRY_AFTER } from './masking';
import type { Readiness } from './readiness';

/** What is asked of a server that takes no more work, too. */
const ABOUT_ITSELF = new Set(['/healthz', '/readyz', '/metrics']);

/** Sends away whoever comes to a server that its database has left behind: another one can serve them. */
function turnAwayOnceLeftBehind(app: FastifyInstance, readiness: Readiness): void {
  app.addHook('onRequest', (request, reply, done) => {
    const reason = readiness.leftBehind;
    if (reason === null || ABOUT_ITSELF.has(request.routeOptions.url ?? '')) {
      done();
      return;
    }
    const error = { message: reason, extensions: { code: 'INTERNAL_SERVER_ERROR' } };
    void reply
      .code(503)
      .header('retry-after', RETRY_AFTER)
      .send({ errors: [error] });
  });
}

/** `/healthz`: the process is alive. `/readyz`: it can serve, and means to go on. */
export function serveHealth(app: FastifyInstance, readiness: Readiness): void {
  turnAwayOnceLeftBehind(app, readiness);
  const options = { config: { rateLimit: false } } as const;
  app.get('/healthz', options, (_request, reply) => {
    void reply.send({ alive: true });
  });
  app.get('/readyz', options, async (_request, reply) => {
    const reason = await readiness.hindrance();
    if (reason === null) return reply.send({ ready: true });
    return reply.code(503).header('retry-after', RETRY_AFTER).send({ ready: false, reason });
  });
}
