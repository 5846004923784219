import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What this server counts of itself, for Prometheus. Labels never hold a person's data. */
export class Metrics {
  readonly registry = new Registry();

  readonly requests = new Counter({
    name: 'saludo_http_requests_total',
    help: 'HTTP requests answered, by route and status.',
    labelNames: ['route', 'status'],
    registers: [this.registry],
  });
  readonly requestSeconds = new Histogram({
    name: 'saludo_http_request_seconds',
    help: 'Seconds from a request to its answer, by route.',
    labelNames: ['route'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  readonly sockets = new Gauge({
    name: 'saludo_sockets',
    help: 'WebSockets open now.',
    registers: [this.registry],
  });
  readonly providerCalls = new Counter({
    name: 'saludo_provider_calls_total',
    help: 'Calls to WhatsApp that ended, by what the answer was: accepted, paused, refused, unknown, not-sent.',
    labelNames: ['answer'],
    registers: [this.registry],
  });
  readonly webhookItems = new Counter({
    name: 'saludo_webhook_items_total',
    help: 'Items of webhooks worked, by kind, and whether they were settled or put aside.',
    labelNames: ['kind', 'result'],
    registers: [this.registry],
  });
  readonly deadLettersDropped = new Counter({
    name: 'saludo_dead_letters_dropped_total',
    help: 'Dead letters thrown away because a contract had too many of them, the oldest first.',
    registers: [this.registry],
  });
  readonly channelsStopped = new Counter({
    name: 'saludo_channel_stops_total',
    help: 'Times that an error of an account stopped a number.',
    registers: [this.registry],
  });

  /** Also tells what clients of sockets have not taken yet. @param bytes of all sockets, now. */
  measureSocketBacklog(bytes: () => number): void {
    this.measure(
      'saludo_socket_backlog_bytes',
      'Bytes written to WebSockets that their clients have not taken yet.',
      bytes,
    );
  }

  /** Also tells who follows the contracts' logs. @param count of all followers, now. */
  measureFollowers(count: () => number): void {
    this.measure(
      'saludo_log_followers',
      'Subscriptions that run now, and one more for each contract that has sockets: its watch for revoked callers.',
      count,
    );
  }

  /** Also counts the process itself: memory, event loop, garbage collection. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  private measure(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(value());
      },
    });
  }
}
