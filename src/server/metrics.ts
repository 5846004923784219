import type { FastifyInstance } from 'fastify';
import { SECOND } from '../clock';
import type { Metrics } from '../services/metrics';

/** Counts every request, and serves what this server counts of itself to Prometheus. */
export function serveMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    // The route's pattern, never the path: ids would make a series each.
    const route = request.routeOptions.url ?? 'none';
    metrics.requests.inc({ route, status: String(reply.statusCode) });
    metrics.requestSeconds.observe({ route }, reply.elapsedTime / SECOND);
    done();
  });
  app.get('/metrics', { config: { rateLimit: false } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
