import { WebSocket } from 'ws';
import type { Frame } from './listener';

export interface ResumingOptions {
  /** Where it connects to next. */
  url: () => string;
  token: string;
  /** A subscription that takes `$after` and selects `cursor`. */
  document: string;
  variables?: Record<string, unknown>;
  /** The place to begin after. */
  after: string;
  /** For how long, in milliseconds, a socket is kept once it was let in; for good where left out. */
  lifetime?: () => number;
  /** What to resume after; the newest place where left out. Whoever answers anything else misses, or hears again. */
  resumeAfter?: (newest: string) => string | null;
}

interface Told {
  data?: Record<string, { cursor: string }> | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** How long to wait before connecting again: after a socket on which it was let in, and where there was none. */
const PAUSE = 50;
const LONGER_PAUSE = 500;
/** What a client cannot mend by connecting again. */
const FINAL = ['CURSOR_EXPIRED', 'BAD_USER_INPUT', 'FORBIDDEN', 'GRAPHQL_VALIDATION_FAILED'];

/** The place of a cursor in its log. Cursors are opaque to clients; a test may look. */
export function sequenceOf(cursor: string): number {
  return Number(Buffer.from(cursor, 'base64url').toString().split('.')[2]);
}

/** A client as the documentation wants it: it keeps the newest place, and connects and resumes whenever a socket ends. */
export class ResumingClient {
  /** The places of all events that it heard, in the order of hearing. */
  readonly heard: number[] = [];
  /** The codes with which its sockets closed. */
  readonly closings: number[] = [];
  /** What told it that there is no going on. */
  problem: string | null = null;
  /** Sockets on which it was let in. */
  connections = 0;
  /** Places that pings told. */
  positions = 0;
  /** What it would resume after. */
  newest: string;
  private socket: WebSocket | null = null;
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(private readonly options: ResumingOptions) {
    this.newest = options.after;
    this.running = this.run();
  }

  /** Takes nothing from its socket any more, as a client whose machine sleeps. */
  stall(): void {
    this.socket?.pause();
  }

  wake(): void {
    this.socket?.resume();
  }

  /** Loses its connection, without a word. */
  cut(): void {
    this.socket?.terminate();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.socket?.resume();
    this.socket?.terminate();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped && this.problem === null) {
      const socket = new WebSocket(
        `${this.options.url().replace(/^http/, 'ws')}/graphql`,
        'graphql-transport-ws',
      );
      this.socket = socket;
      // What ends a socket early is told by its close as well.
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => this.take(socket, JSON.parse(data.toString()) as Frame));
      socket.on('open', () =>
        this.say(socket, {
          type: 'connection_init',
          payload: { authorization: `Bearer ${this.options.token}` },
        }),
      );
      const before = this.connections;
      const code = await new Promise<number>((resolve) => socket.once('close', resolve));
      this.closings.push(code);
      const pause = this.connections > before ? PAUSE : LONGER_PAUSE;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  private say(socket: WebSocket, frame: Frame): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  private take(socket: WebSocket, { type, payload }: Frame): void {
    // What still comes on a socket that is being closed does not count: it comes again on the next one.
    if (socket.readyState !== WebSocket.OPEN) return;
    if (type === 'connection_ack') this.subscribe(socket);
    if (type === 'ping') this.pinged(socket, payload as { positions?: Record<string, string> });
    if (type === 'next') this.hear(socket, payload as Told);
    if (type === 'error') this.hear(socket, { errors: payload as Told['errors'] & object });
  }

  private subscribe(socket: WebSocket): void {
    const { document, variables, lifetime, resumeAfter = (newest) => newest } = this.options;
    const after = this.connections === 0 ? this.newest : resumeAfter(this.newest);
    this.connections += 1;
    // Every other socket is ended without a word, in the middle of whatever comes.
    const end = this.connections % 2 === 0 ? () => socket.close() : () => socket.terminate();
    if (lifetime) setTimeout(end, lifetime()).unref();
    this.say(socket, {
      type: 'subscribe',
      id: '1',
      payload: { query: document, variables: { ...variables, after } },
    });
  }

  private pinged(socket: WebSocket, { positions = {} }: { positions?: Record<string, string> }): void {
    this.say(socket, { type: 'pong' });
    const place = positions['1'];
    if (place === undefined) return;
    this.positions += 1;
    this.newest = place;
  }

  private hear(socket: WebSocket, { data, errors: [error] = [] }: Told): void {
    const [event] = Object.values(data ?? {});
    if (event !== undefined && error === undefined) {
      this.heard.push(sequenceOf(event.cursor));
      this.newest = event.cursor;
      return;
    }
    const { code = '' } = error?.extensions ?? {};
    if (FINAL.includes(code)) this.problem = `${code}: ${error?.message ?? ''}`;
    socket.terminate();
  }
}

/** What is wrong with what somebody heard: null where it is exactly what there was to hear, in order, each once. */
export function complaintAbout(heard: readonly number[], expected: readonly number[]): string | null {
  const index = expected.findIndex((place, at) => heard[at] !== place);
  if (index === -1 && heard.length === expected.length) return null;
  const [due, came] = [expected[index], heard[index === -1 ? expected.length : index]];
  if (came === undefined) return `misses ${String(due)} and what follows`;
  if (heard.indexOf(came) < (index === -1 ? expected.length : index)) return `heard ${came} again`;
  if (!expected.includes(came)) return `heard ${came}, which is not its to hear`;
  return heard.includes(due ?? 0) ? `heard ${came} before ${String(due)}` : `misses ${String(due)}`;
}
