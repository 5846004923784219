import { createClient, type Client, type SubscribePayload } from 'graphql-ws';
import { WebSocket } from 'ws';
import { describeEnding, remedyFor } from './endings';
import type { TypedDocumentString } from './operations.generated';
import type { SignIn } from './sign-in';

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 10_000;
/** The server pings every 20 seconds; after so long without, the connection is dead, whatever TCP says. */
const LONGEST_SILENCE = 50_000;
/** How often in a row a subscription may end before it has told anything. */
const MOST_FAILURES = 10;

/** What the desk does about its connection. */
export interface Watcher {
  /** Reads the lists again. @returns the `eventCursor` that was read with them. */
  readAnew(): Promise<string>;
  lost(why: string): void;
  resumed(): void;
  /** Live updates are over for good. */
  ended(why: string): void;
}

/** One subscription. `payload.variables.after` is its place in the log, wherever it runs next. */
interface Followed {
  readonly payload: SubscribePayload & { variables: { after: string } };
  readonly tell: (event: { cursor: string }) => void;
  failures: number;
}

function pause(attempt: number): Promise<void> {
  const longest = Math.min(FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE);
  // Not all desks at once, when a server comes back.
  return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
}

/**
 * The desk's subscriptions over one socket, each resumed after the last cursor it was told, so that none misses or
 * repeats anything however often the socket breaks.
 */
export class LiveUpdates {
  private readonly client: Client;
  /** What runs, by the id of its operation. An id is never used twice on a socket. */
  private readonly running = new Map<string, Followed>();
  private readonly ids = new WeakMap<object, string>();
  private operations = 0;
  private connected = false;
  private refusedToken: string | null = null;
  private readingAnew: Promise<string> | null = null;
  private silence: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    url: string,
    signIn: SignIn,
    /** The `eventCursor` that was read with the lists. */
    private readonly position: string,
    private readonly watcher: Watcher,
  ) {
    this.client = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      generateID: (payload) => this.ids.get(payload) ?? '',
      connectionParams: async () => {
        if (this.refusedToken !== null) await signIn.renew(this.refusedToken);
        return { authorization: `Bearer ${signIn.token}` };
      },
      // The library connects again by itself, and sends each payload as it then is: with the newest `after`.
      retryAttempts: Infinity,
      retryWait: pause,
      shouldRetry: (ending) => {
        const remedy = remedyFor(ending);
        if (remedy === 'SIGN_IN') this.refusedToken = signIn.token;
        return remedy !== 'GIVE_UP';
      },
      on: {
        connected: (_socket, _payload, again) => {
          this.connected = true;
          this.refusedToken = null;
          this.heard();
          if (again) this.watcher.resumed();
        },
        ping: (_received, payload) => this.pinged(payload),
        closed: (ending) => {
          clearTimeout(this.silence);
          if (this.connected && !this.closed) this.watcher.lost(describeEnding(ending));
          this.connected = false;
        },
      },
    });
  }

  /** Follows a subscription: `tell` is called once with each event, in order. */
  follow<Data extends Record<string, { cursor: string }>, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Omit<Variables, 'after'>,
    tell: (event: Data[keyof Data]) => void,
  ): void {
    this.start({
      payload: { query: document.toString(), variables: { ...variables, after: this.position } },
      tell: tell as Followed['tell'],
      failures: 0,
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.silence);
    // While it is not connected there is nothing to close, and waiting for it would wait for the server.
    if (this.connected) await this.client.dispose();
  }

  private start(followed: Followed): void {
    const id = String((this.operations += 1));
    this.ids.set(followed.payload, id);
    this.running.set(id, followed);
    let over = false;
    const end = (ending: unknown): void => {
      if (over || this.closed) return;
      over = true;
      this.running.delete(id);
      unsubscribe();
      void this.goOn(followed, ending);
    };
    const unsubscribe = this.client.subscribe<Record<string, { cursor: string } | null>>(followed.payload, {
      next: ({ data, errors }) => {
        const [event] = Object.values(data ?? {});
        // No event, but errors: the subscription was refused, or this event could not be read just now.
        if (!event) {
          end(errors);
          return;
        }
        if (over) return;
        followed.payload.variables.after = event.cursor;
        followed.failures = 0;
        followed.tell(event);
      },
      error: end,
      // These subscriptions have no end of their own.
      complete: () => end(null),
    });
  }

  private async goOn(followed: Followed, ending: unknown): Promise<void> {
    const remedy = remedyFor(ending);
    followed.failures += 1;
    if (remedy === 'GIVE_UP' || followed.failures > MOST_FAILURES) {
      this.watcher.ended(describeEnding(ending));
      return;
    }
    try {
      if (remedy === 'READ_ANEW') followed.payload.variables.after = await this.readAnew(followed.failures);
      else await pause(followed.failures - 1);
      if (!this.closed) this.start(followed);
    } catch (error) {
      this.watcher.ended(describeEnding(error));
    }
  }

  /** Once for all subscriptions that come to need it together. */
  private readAnew(failures: number): Promise<string> {
    this.readingAnew ??= pause(failures - 1)
      .then(() => this.watcher.readAnew())
      .finally(() => (this.readingAnew = null));
    return this.readingAnew;
  }

  /** Pings say how far each subscription has come, so that one that tells little does not fall behind the log's end. */
  private pinged(payload: Record<string, unknown> | undefined): void {
    this.heard();
    for (const [id, position] of Object.entries(payload?.['positions'] ?? {})) {
      const followed = this.running.get(id);
      if (!followed) continue;
      followed.payload.variables.after = position as string;
      followed.failures = 0;
    }
  }

  private heard(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.client.terminate(), LONGEST_SILENCE);
  }
}
