import { Client } from 'pg';

const CONNECT_TIMEOUT = 3_000;
const ANSWER_TIMEOUT = 5_000;
/** How often the connection is asked whether it still is one: a network that was cut says nothing by itself. */
const HEARTBEAT = 10_000;
/** How long a goodbye may take: where the network was cut nothing answers it. */
const LONGEST_GOODBYE = 1_000;
const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/** What a connection is kept for. */
export interface Keeping {
  /** What PostgreSQL shows of it. */
  name: string;
  /** What it begins with, before it is used. */
  begin: (client: Client) => Promise<unknown>;
  /** Told of each connection that is there from now on. */
  opened?: (client: Client) => void;
  /** Told that one is there no more. */
  dropped?: () => void;
  /** Told why one was lost, or could not be made; the next try comes by itself. */
  complain: (error: Error) => void;
}

/** A connection to PostgreSQL beside those of the pool, which is made anew wherever it is lost. */
export class KeptConnection {
  private client: Client | null = null;
  private connecting: Promise<Client> | null = null;
  private asking: Promise<unknown> = Promise.resolve();
  private pause = SHORTEST_PAUSE;
  private again: NodeJS.Timeout | null = null;
  private heartbeat: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly keeping: Keeping,
  ) {}

  /** The connection that is there; null where none is. */
  get present(): Client | null {
    return this.client;
  }

  /**
   * The connection that is there, or one that is made now.
   * @throws Error where PostgreSQL does not answer.
   */
  async open(): Promise<Client> {
    if (this.closed) throw new Error('The database is being closed');
    return (
      this.client ?? (await (this.connecting ??= this.connect().finally(() => (this.connecting = null))))
    );
  }

  /** Asks over a connection, once it has answered what was asked before. */
  ask(client: Client, text: string): Promise<unknown> {
    return (this.asking = this.asking.catch(() => undefined).then(() => client.query(text)));
  }

  /** Lets go of a connection that does not do what it is for, and makes another one. */
  lose(client: Client, error: Error): void {
    if (this.client !== client) return;
    void this.drop(client);
    this.tryAgain(error);
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.again !== null) clearTimeout(this.again);
    await this.connecting?.catch(() => undefined);
    if (this.client !== null) await this.drop(this.client);
  }

  private async connect(): Promise<Client> {
    const { name, begin, opened } = this.keeping;
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      query_timeout: ANSWER_TIMEOUT,
      keepAlive: true,
      application_name: name,
    });
    // Both are told of one and the same loss; without a listener the error would end the process.
    client.on('error', (error) => this.lose(client, error));
    client.on('end', () => this.lose(client, new Error('PostgreSQL ended the connection')));
    try {
      await client.connect();
      await begin(client);
    } catch (error) {
      await this.drop(client);
      this.tryAgain(error as Error);
      throw error;
    }
    this.client = client;
    this.asking = Promise.resolve();
    this.pause = SHORTEST_PAUSE;
    this.heartbeat = setInterval(() => {
      this.ask(client, 'select 1').catch((error: unknown) => this.lose(client, error as Error));
    }, HEARTBEAT).unref();
    opened?.(client);
    return client;
  }

  private async drop(client: Client): Promise<void> {
    if (this.client === client) {
      this.client = null;
      if (this.heartbeat !== null) clearInterval(this.heartbeat);
      this.keeping.dropped?.();
    }
    // Of a connection that is broken there may be nothing left to end.
    const ended = client.end().catch(() => undefined);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, LONGEST_GOODBYE).unref())]);
  }

  private tryAgain(error: Error): void {
    if (this.closed) return;
    if (this.again !== null) clearTimeout(this.again);
    this.again = setTimeout(() => {
      // It says itself what keeps it from opening.
      this.open().catch(() => undefined);
    }, this.pause).unref();
    this.pause = Math.min(LONGEST_PAUSE, this.pause * 2);
    this.keeping.complain(error);
  }
}
