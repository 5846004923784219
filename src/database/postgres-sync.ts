import type { Client } from 'pg';
import { DatabaseLost } from './connection';
import { KeptConnection } from './kept-connection';

/**
 * A commit of no meaning, with which PostgreSQL puts everything on the disk that was committed before it
 * (https://www.postgresql.org/docs/15/wal-async-commit.html), and on a synchronous standby's.
 */
const SYNC = `select pg_logical_emit_message(true, 'saludo', '')`;
/** Not where all of it is there; what a standby has is told by nothing but a commit. */
const SYNC_WHAT_IS_NEW = `${SYNC} where pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()
  or current_setting('synchronous_standby_names') <> ''`;

const LOST = new Error('the connection was lost');

/** One connection, and those who wait for what is done over it. */
class SyncLine {
  private current: Promise<unknown> = Promise.resolve();
  private next: Promise<unknown> | null = null;

  constructor(
    private readonly client: Client,
    private readonly kept: KeptConnection,
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
        if (this.kept.present !== this.client) throw LOST;
        return this.kept.ask(this.client, SYNC_WHAT_IS_NEW);
      });
    try {
      await this.next;
    } catch (error) {
      this.kept.lose(this.client, error as Error);
      throw lost(error);
    }
  }

  /** Resolves once nobody waits any more. */
  async idle(): Promise<void> {
    for (let waited = this.next ?? this.current; ; waited = this.next) {
      await waited.catch(() => undefined);
      if (this.next === null) return;
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
  private readonly kept: KeptConnection;

  /** @param complain told why the connection was lost; it is made anew by itself. */
  constructor(url: string, complain: (error: Error) => void) {
    this.kept = new KeptConnection(url, {
      name: 'saludo sync',
      begin: (client) => client.query(SYNC),
      opened: (client) => void (this.present = new SyncLine(client, this.kept)),
      dropped: () => void (this.present = null),
      complain,
    });
  }

  /**
   * The connection that syncs what is committed from now on; one is made where there is none.
   * @throws DatabaseLost where PostgreSQL does not answer.
   */
  async line(): Promise<SyncLine> {
    try {
      await this.kept.open();
      if (this.present === null) throw LOST;
      return this.present;
    } catch (error) {
      throw lost(error);
    }
  }

  /** What resolves once everything is on the disk that was read between this call and that one; see `Engine`. */
  syncing(): () => Promise<void> {
    const { present } = this;
    return () => (present === null ? Promise.reject(lost(LOST)) : present.reach());
  }

  /** Those who wait are told first. */
  async close(): Promise<void> {
    await this.present?.idle();
    await this.kept.close();
  }
}

function lost(cause: unknown): DatabaseLost {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DatabaseLost(`PostgreSQL does not say what it has on the disk: ${reason}`, { cause });
}
