import type { Sql } from 'sql-template-tag';
import type { Database, Statement } from 'sqlite3';
import type { Connection, RawRow, StatementObserver } from './connection';
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

function translated(error: Error & { code?: string }): Error {
  if (error.code !== undefined && UNAVAILABLE.has(error.code)) {
    return new DatabaseUnavailable(`SQLite cannot serve now: ${error.message}`, { cause: error });
  }
  return error;
}

/**
 * A connection over the `sqlite3` driver that keeps its prepared statements: preparing anew for each call
 * halves the speed of point reads.
 */
export class SqliteConnection implements Connection {
  readonly dialect = 'sqlite';
  private readonly statements = new Map<string, Statement>();
  private underWay = 0;
  /** Set once the connection is let go of: called when nothing is under way any more. */
  private ended: (() => void) | null = null;

  constructor(
    private readonly database: Database,
    private readonly observe: StatementObserver,
  ) {}

  all(statement: Sql): Promise<RawRow[]> {
    return this.perform(statement, (prepared, values, resolve, reject) => {
      prepared.all<RawRow>(values, (error, rows) => {
        if (error) reject(translated(error));
        else resolve(rows);
      });
    });
  }

  run(statement: Sql): Promise<number> {
    return this.perform(statement, (prepared, values, resolve, reject) => {
      prepared.run(values, function (error) {
        if (error) reject(translated(error));
        else resolve(this.changes);
      });
    });
  }

  /** Runs text that takes no values and is not worth keeping, such as BEGIN or a pragma. */
  execute(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.database.exec(text, (error) => {
        if (error) reject(translated(error));
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
    for (const statement of this.statements.values()) await this.finalize(statement);
    this.statements.clear();
  }

  private async perform<Result>(
    { sql, values }: Sql,
    call: (
      prepared: Statement,
      values: unknown[],
      resolve: (result: Result) => void,
      reject: (error: Error) => void,
    ) => void,
  ): Promise<Result> {
    if (this.ended) throw new DatabaseUnavailable('The database is being closed');
    this.underWay += 1;
    try {
      const prepared = await this.prepare(sql);
      return await new Promise<Result>((resolve, reject) =>
        call(prepared, storable(values), resolve, reject),
      );
    } finally {
      this.underWay -= 1;
      this.endOnceIdle();
    }
  }

  private endOnceIdle(): void {
    if (this.underWay === 0) this.ended?.();
  }

  private async prepare(text: string): Promise<Statement> {
    this.observe(text);
    const kept = this.statements.get(text);
    if (kept) {
      // Taken out and put back: the map's order is then the order of last use.
      this.statements.delete(text);
      this.statements.set(text, kept);
      return kept;
    }
    const prepared = await new Promise<Statement>((resolve, reject) => {
      const statement: Statement = this.database.prepare(text, (error: Error | null) => {
        if (error) reject(translated(error));
        else resolve(statement);
      });
    });
    const meanwhile = this.statements.get(text);
    if (meanwhile) {
      // Two calls prepared the same text at once: one that is neither kept nor let go keeps the file from being closed.
      void this.finalize(prepared);
      return meanwhile;
    }
    this.statements.set(text, prepared);
    if (this.statements.size > KEPT_STATEMENTS) {
      const [oldest] = this.statements;
      if (oldest) {
        this.statements.delete(oldest[0]);
        // The driver runs what is queued on the statement before this.
        void this.finalize(oldest[1]);
      }
    }
    return prepared;
  }

  private finalize(statement: Statement): Promise<void> {
    return new Promise((resolve) => statement.finalize(() => resolve()));
  }
}
