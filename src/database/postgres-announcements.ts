import { Client, type Notification } from 'pg';
import { ANNOUNCEMENTS, type Announcement } from './connection';

const CONNECT_TIMEOUT = 5_000;
const STATEMENT_TIMEOUT = 5_000;
/** How often the connection is asked whether it still is one: a network that was cut says nothing by itself. */
const HEARTBEAT = 10_000;
/** How long a goodbye may take: where the network was cut nothing answers it. */
const LONGEST_GOODBYE = 1_000;
const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

const channelOf = (what: Announcement): string => `saludo_${what}`;
const BY_CHANNEL = new Map(ANNOUNCEMENTS.map((what) => [channelOf(what), what]));

type Listener = (what: Announcement) => void;

/**
 * Wakes other processes over the same PostgreSQL with LISTEN and NOTIFY
 * (https://www.postgresql.org/docs/15/sql-notify.html). It only saves waiting: whoever works or follows something looks
 * by itself every second, so that what is lost here is late and not lost. Nothing is sent along, and what is announced
 * while an announcement is on its way goes out as one.
 */
export class PostgresAnnouncements {
  private readonly listeners = new Set<Listener>();
  private readonly pending = new Set<Announcement>();
  private client: Client | null = null;
  private sending = false;
  private pause = SHORTEST_PAUSE;
  private again: NodeJS.Timeout | null = null;
  private heartbeat: NodeJS.Timeout | null = null;
  private connecting: Promise<void> | null = null;
  private closed = false;

  /** @param complain told why the connection was lost; it is made anew by itself. */
  constructor(
    private readonly url: string,
    private readonly complain: (error: Error) => void,
  ) {}

  /** Begins to hear others and to be heard. It never fails: without a connection it tries again. */
  start(): void {
    if (this.connecting !== null || this.closed) return;
    this.connecting = this.connect().finally(() => (this.connecting = null));
  }

  /** Tells other processes that there is something new of this kind. */
  announce(what: Announcement): void {
    if (this.client === null) return;
    this.pending.add(what);
    if (!this.sending) void this.send(this.client);
  }

  /** Calls `listener` with what other processes announced; the result takes that back. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.again !== null) clearTimeout(this.again);
    await this.connecting;
    await this.drop(this.client);
  }

  private async connect(): Promise<void> {
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      query_timeout: STATEMENT_TIMEOUT,
      keepAlive: true,
      application_name: 'saludo announcements',
    });
    // Both are told of one and the same loss; without a listener the error would end the process.
    client.on('error', (error) => this.lose(client, error));
    client.on('end', () => this.lose(client, new Error('PostgreSQL ended the connection')));
    client.on('notification', (notification) => this.hear(client, notification));
    try {
      await client.connect();
      await client.query([...BY_CHANNEL.keys()].map((channel) => `listen ${channel}`).join('; '));
    } catch (error) {
      await this.drop(client);
      this.tryAgain(error as Error);
      return;
    }
    this.client = client;
    this.pause = SHORTEST_PAUSE;
    this.heartbeat = setInterval(() => void this.beat(client), HEARTBEAT).unref();
    // Whatever was announced while nobody listened.
    for (const what of ANNOUNCEMENTS) this.tell(what);
  }

  private hear(client: Client, { channel, processId }: Notification): void {
    const what = BY_CHANNEL.get(channel);
    // What this process announced it knows.
    if (what !== undefined && processId !== processIdOf(client)) this.tell(what);
  }

  private tell(what: Announcement): void {
    for (const listener of this.listeners) listener(what);
  }

  private async send(client: Client): Promise<void> {
    this.sending = true;
    try {
      while (this.pending.size > 0) {
        const channels = [...this.pending].map(channelOf);
        this.pending.clear();
        await client.query(channels.map((channel) => `notify ${channel}`).join('; '));
      }
    } catch (error) {
      this.lose(client, error as Error);
    } finally {
      this.sending = false;
    }
  }

  private async beat(client: Client): Promise<void> {
    try {
      await client.query('select 1');
    } catch (error) {
      this.lose(client, error as Error);
    }
  }

  private lose(client: Client, error: Error): void {
    if (this.client !== client) return;
    void this.drop(client);
    this.tryAgain(error);
  }

  private async drop(client: Client | null): Promise<void> {
    if (this.client === client) {
      this.client = null;
      this.pending.clear();
      if (this.heartbeat !== null) clearInterval(this.heartbeat);
    }
    if (client === null) return;
    // Of a connection that is broken there may be nothing left to end.
    const ended = client.end().catch(() => undefined);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, LONGEST_GOODBYE).unref())]);
  }

  private tryAgain(error: Error): void {
    if (this.closed) return;
    this.complain(error);
    this.again = setTimeout(() => this.start(), this.pause).unref();
    this.pause = Math.min(LONGEST_PAUSE, this.pause * 2);
  }
}

/** The number of the server's process behind a connection, which its announcements bear. */
function processIdOf(client: Client): number | null {
  return (client as Client & { processID: number | null }).processID;
}
