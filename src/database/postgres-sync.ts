import { Client } from 'pg';
import { DatabaseLost } from './connection';

const CONNECT_TIMEOUT = 3_000;
const ANSWER_TIMEOUT = 6_000;
/** How long a goodbye may take: where the network was cut nothing answers it. */
const LONGEST_GOODBYE = 1_000;

/**
 * A commit of no meaning, with which PostgreSQL puts everything on the disk that was committed before it
 * (https://www.postgresql.org/docs/15/wal-async-commit.html).
 */
const SYNC = `select pg_logical_emit_message(true, 'saludo', '')`;
/** Not where all of it is there. */
const SYNC_WHAT_IS_NEW = `${SYNC} where pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()`;

/** One connection, and those who wait for what is done over it. */
class SyncLine {
  isLost = false;
  private current: Promise<unknown> = Promise.resolve();
  private next: Promise<unknown> | null = null;

  constructor(
    readonly client: Client,
    private readonly lose: (line: SyncLine) => void,
  ) {}

  /**
   * Resolves once everything that was committed before this call is on the disk. Whoever comes while PostgreSQL is at it
   * waits for the next time, which is all of theirs.
   * @throws DatabaseLost where nobody can tell, since the connection was lost.
   */
  async reach(): Promise<void> {
    this.next ??= this.current
      .catch(() => undefined)
      .then(() => {
        this.current = this.next as Promise<unknown>;
        this.next = null;
        if (this.isLost) throw new Error('the connection was lost');
        return this.client.query(SYNC_WHAT_IS_NEW);
      });
    try {
      await this.next;
    } catch (error) {
      this.lose(this);
      throw lost(error);
    }
  }
}

/**
 * Puts on the disk what acts committed without waiting for that, for many at once. It does so over one connection that
 * is kept: PostgreSQL forgets what is not on the disk only where it ends every connection, so that nothing was forgotten
 * where an act finds the one that there was before its commit.
 */
export class PostgresSync {
  private present: SyncLine | null = null;
  private connecting: Promise<SyncLine> | null = null;
  private closed = false;

  constructor(private readonly url: string) {}

  /**
   * The connection that syncs what is committed from now on; one is made where there is none.
   * @throws DatabaseLost where PostgreSQL does not answer.
   */
  line(): Promise<SyncLine> {
    if (this.present !== null) return Promise.resolve(this.present);
    return (this.connecting ??= this.connect().finally(() => (this.connecting = null)));
  }

  /**
   * Resolves once everything that was read before this call is on the disk.
   * @throws DatabaseLost where nobody can tell, since the connection is being made anew.
   */
  async reach(): Promise<void> {
    if (this.present === null) {
      this.again();
      throw lost(new Error('the connection was lost'));
    }
    await this.present.reach();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.connecting?.catch(() => undefined);
    if (this.present !== null) await this.drop(this.present);
  }

  private async connect(): Promise<SyncLine> {
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      query_timeout: ANSWER_TIMEOUT,
      keepAlive: true,
      application_name: 'saludo sync',
    });
    const line = new SyncLine(client, (gone) => this.lose(gone));
    // Both are told of one and the same loss; without a listener the error would end the process.
    client.on('error', () => this.lose(line));
    client.on('end', () => this.lose(line));
    try {
      await client.connect();
      await client.query(SYNC);
      if (line.isLost) throw new Error('the connection was lost');
    } catch (error) {
      await end(client);
      throw lost(error);
    }
    this.present = line;
    return line;
  }

  private lose(line: SyncLine): void {
    if (line.isLost) return;
    void this.drop(line);
    this.again();
  }

  /** For those who read, and make no connection first. */
  private again(): void {
    if (!this.closed) this.line().catch(() => undefined);
  }

  private async drop(line: SyncLine): Promise<void> {
    line.isLost = true;
    if (this.present === line) this.present = null;
    await end(line.client);
  }
}

function lost(cause: unknown): DatabaseLost {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DatabaseLost(`PostgreSQL does not say what it has on the disk: ${reason}`, { cause });
}

/** Of a connection that is broken there may be nothing left to end. */
async function end(client: Client): Promise<void> {
  const ended = client.end().catch(() => undefined);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, LONGEST_GOODBYE).unref())]);
}
