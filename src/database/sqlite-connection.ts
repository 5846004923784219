import type { Database, Statement as Prepared } from 'sqlite3';
import type { Connection, RawRow, Statement, StatementObserver } from './connection';
import { DatabaseUnavailable, storable } from './connection';

const KEPT_STATEMENTS = 300;

/**
 * What the disk or another process did, as opposed to a wrong statement (https://www.sqlite.org/rescode.html). What a
 * disk cannot read any more SQLite takes for corrupt, too.
 */
const UNAVAILABLE = new Set([
  'SQLITE_BUSY',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
]);

interface Kept {
  prepared: Prepared;
  /** Counts the connection's uses: those used longest ago are let go first. */
  usedAt: number;
}

/**
 * A connection over the `sqlite3` driver that keeps its prepared statements: preparing anew for each call
 * halves the speed of point reads.
 */
export class SqliteConnection implements Connection {
  readonly dialect = 'sqlite';
  private readonly statements = new Map<string, Kept>();
  private uses = 0;
  /** How often the disk or another process kept a statement from its work: SQLite may have undone a transaction then. */
  timesUnavailable = 0;
  /** How many statements wait for their end. */
  underWay = 0;
  /** Set once the connection is let go of: called when nothing is under way any more. */
  private ended: (() => void) | null = null;

  constructor(
    private readonly database: Database,
    private readonly observe: StatementObserver,
  ) {}

  all({ sql, values }: Statement): Promise<RawRow[]> {
    return new Promise((resolve, reject) => {
      this.perform(sql, reject, (prepared, done) => {
        prepared.all<RawRow>(storable(values), (error, rows) => {
          done();
          if (error) reject(this.translated(error));
          else resolve(rows);
        });
      });
    });
  }

  run({ sql, values }: Statement): Promise<number> {
    const { translated } = this;
    return new Promise((resolve, reject) => {
      this.perform(sql, reject, (prepared, done) => {
        prepared.run(storable(values), function (error) {
          done();
          if (error) reject(translated(error));
          else resolve(this.changes);
        });
      });
    });
  }

  /** Runs text that takes no values and is not worth keeping, such as BEGIN or a pragma. */
  execute(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.database.exec(text, (error) => {
        if (error) reject(this.translated(error));
        else resolve();
      });
    });
  }

  /** Waits for what is under way, takes no more, and lets go of the kept statements, so that the file can be closed. */
  async release(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.ended = resolve;
      this.endOnceIdle();
    });
    for (const { prepared } of this.statements.values()) await this.finalize(prepared);
    this.statements.clear();
  }

  /** Calls with the prepared statement: in this very turn where it is kept, since most of a statement's time is the way. */
  private perform(
    text: string,
    fail: (error: unknown) => void,
    call: (prepared: Prepared, done: () => void) => void,
  ): void {
    if (this.ended) {
      fail(new DatabaseUnavailable('The database is being closed'));
      return;
    }
    this.observe(text);
    this.underWay += 1;
    const failed = (error: unknown): void => {
      this.endOne();
      fail(error);
    };
    const callWith = (prepared: Prepared): void => {
      try {
        call(prepared, this.endOne);
      } catch (error) {
        // What the driver takes no value of.
        failed(error);
      }
    };
    const kept = this.statements.get(text);
    if (kept) {
      kept.usedAt = this.uses += 1;
      callWith(kept.prepared);
    } else {
      void this.prepare(text).then(callWith, failed);
    }
  }

  private readonly translated = (error: Error & { code?: string }): Error => {
    if (error.code === undefined || !UNAVAILABLE.has(error.code)) return error;
    this.timesUnavailable += 1;
    return new DatabaseUnavailable(`SQLite cannot serve now: ${error.message}`, { cause: error });
  };

  private readonly endOne = (): void => {
    this.underWay -= 1;
    this.endOnceIdle();
  };

  private endOnceIdle(): void {
    if (this.underWay === 0) this.ended?.();
  }

  private async prepare(text: string): Promise<Prepared> {
    const prepared = await new Promise<Prepared>((resolve, reject) => {
      const statement: Prepared = this.database.prepare(text, (error: Error | null) => {
        if (error) reject(this.translated(error));
        else resolve(statement);
      });
    });
    const meanwhile = this.statements.get(text);
    if (meanwhile) {
      // Two calls prepared the same text at once: one that is neither kept nor let go keeps the file from being closed.
      void this.finalize(prepared);
      return meanwhile.prepared;
    }
    if (this.statements.size >= KEPT_STATEMENTS) this.forgetOldest();
    this.statements.set(text, { prepared, usedAt: (this.uses += 1) });
    return prepared;
  }

  private forgetOldest(): void {
    let oldest: [string, Kept] | undefined;
    for (const one of this.statements) if (!oldest || one[1].usedAt < oldest[1].usedAt) oldest = one;
    if (!oldest) return;
    const [text, { prepared }] = oldest;
    this.statements.delete(text);
    // The driver runs what is queued on the statement before this.
    void this.finalize(prepared);
  }

  private finalize(statement: Prepared): Promise<void> {
    return new Promise((resolve) => statement.finalize(() => resolve()));
  }
}
