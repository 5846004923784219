import { createClient, type Client, type FormattedExecutionResult, type SubscribePayload } from 'graphql-ws';

/** Closed because of who asks: connecting again with the same token would change nothing. */
const REFUSED = 4403;
const LONGEST_WAIT = 8_000;

export type ConnectionState = 'idle' | 'connected' | 'reconnecting';

/** What a subscription is sent with, now and again whenever the connection is new. */
type Running = { -readonly [Name in keyof SubscribePayload]: SubscribePayload[Name] };

type Result = FormattedExecutionResult<Record<string, unknown>, unknown>;

export interface Receiver {
  next(result: Result): void;
  error(error: unknown): void;
  complete(): void;
}

/** Whether a subscription takes the cursor to go on from. */
export const canResume = (query: string): boolean => /\$after\s*:/.test(query);

const codeOf = (problem: unknown): unknown => (problem as { code?: unknown } | null)?.code;

/** The cursor of the event in a result: subscriptions have one field, whose value is the event. */
function cursorIn({ data }: Result): string | null {
  const [event] = Object.values(data ?? {});
  const cursor = (event as { cursor?: unknown } | null | undefined)?.cursor;
  return typeof cursor === 'string' ? cursor : null;
}

/**
 * The page's one WebSocket, open while subscriptions run on it.
 *
 * When it breaks (the server restarts, the laptop wakes up), the library connects again and sends each subscription
 * anew. Here the variable `$after` of its payload is kept at the last cursor: so what happened meanwhile is told
 * first, and nothing is told twice. A quiet subscription moves on by the positions that the server's pings carry.
 */
export class LiveConnection {
  /** The latest cursor of any event that this page was told. */
  lastCursor: string | null = null;
  state: ConnectionState = 'idle';
  private readonly client: Client;
  private readonly running = new Map<string, Running>();
  private readonly listeners = new Set<() => void>();
  private began = 0;

  constructor(token: () => string | null) {
    this.client = createClient({
      url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
      connectionParams: () => ({ authorization: `Bearer ${token() ?? ''}` }),
      generateID: (payload) => {
        const id = String((this.began += 1));
        this.running.set(id, payload);
        return id;
      },
      retryAttempts: Infinity,
      shouldRetry: (problem) => codeOf(problem) !== REFUSED,
      retryWait: (retries) =>
        new Promise((resolve) =>
          setTimeout(resolve, Math.min(500 * 2 ** retries, LONGEST_WAIT) * (0.5 + Math.random() / 2)),
        ),
      on: {
        connected: () => this.change('connected'),
        closed: (event) =>
          this.change(this.running.size > 0 && codeOf(event) !== REFUSED ? 'reconnecting' : 'idle'),
        ping: (received, payload) => {
          if (!received) return;
          const positions = (payload?.['positions'] ?? {}) as Record<string, string>;
          for (const [id, position] of Object.entries(positions)) this.moveOn(id, position);
        },
      },
    });
  }

  readonly current = (): ConnectionState => this.state;

  readonly listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Runs a subscription until it is stopped; what it gets goes to the receiver. */
  subscribe(given: SubscribePayload, receiver: Receiver): { unsubscribe(): void } {
    const payload: SubscribePayload = { ...given };
    // The library asks for the id at once, within this call.
    const stop = this.client.subscribe(payload, {
      next: (result) => {
        const cursor = cursorIn(result);
        if (cursor !== null) {
          this.lastCursor = cursor;
          this.moveOn(id, cursor);
        }
        receiver.next(result);
      },
      error: (problem) => {
        this.running.delete(id);
        receiver.error(
          codeOf(problem) === undefined
            ? problem
            : { message: (problem as CloseEvent).reason || 'The connection was closed.' },
        );
      },
      complete: () => {
        this.running.delete(id);
        receiver.complete();
      },
    });
    const id = String(this.began);
    return {
      unsubscribe: () => {
        this.running.delete(id);
        stop();
      },
    };
  }

  /** Connects anew, as whoever is signed in now; what runs goes on behind what it was told. */
  reconnect(): void {
    if (this.running.size > 0) this.client.terminate();
  }

  /** Notes how far a subscription was told everything, where it can be resumed: where it declares `$after`. */
  private moveOn(id: string, cursor: string): void {
    const payload = this.running.get(id);
    if (payload && canResume(payload.query)) payload.variables = { ...payload.variables, after: cursor };
  }

  private change(state: ConnectionState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
