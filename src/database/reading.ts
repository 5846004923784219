import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Connection } from './connection';

/** What of which rows is read: `from` holds everything after the columns. */
export interface Reading {
  columns: Sql;
  from: Sql;
}

interface Asked extends Reading {
  resolve: (tuples: unknown[][]) => void;
  reject: (error: unknown) => void;
}

/** SQLite joins at most 500 selects in one statement; long before that, it is as well asked twice. */
const MOST_TOGETHER = 50;

/**
 * Reads what is asked for in one turn of the event loop with one statement: what the way to the database and back
 * costs is then paid once. Rows come as JSON, which costs a third of handing each value over by itself.
 */
export class ReadingTogether {
  private asked: Asked[] = [];

  constructor(private readonly connection: Connection) {}

  /** The rows, each as its values in the order of the columns. */
  tuples(reading: Reading): Promise<unknown[][]> {
    return new Promise((resolve, reject) => {
      this.asked.push({ ...reading, resolve, reject });
      // After all that is to be asked in this turn was asked.
      if (this.asked.length === 1) void Promise.resolve().then(() => process.nextTick(() => this.read()));
    });
  }

  private read(): void {
    const all = this.asked;
    this.asked = [];
    for (let start = 0; start < all.length; start += MOST_TOGETHER) {
      const some = all.slice(start, start + MOST_TOGETHER);
      this.readTogether(some).catch((error: unknown) => {
        for (const { reject } of some) reject(error);
      });
    }
  }

  private async readTogether(asked: readonly Asked[]): Promise<void> {
    const [first] = asked;
    if (first && asked.length === 1) {
      const rows = await this.connection.all(this.statement(first));
      first.resolve(rows.map(({ tuple }) => JSON.parse(tuple as string) as unknown[]));
      return;
    }
    const parts = asked.map(
      (one, part) =>
        sql`select * from (${this.statement(one, sql`${raw(String(part))} as part, `)}) as part${raw(String(part))}`,
    );
    const rows = await this.connection.all(join(parts, ' union all '));
    const tuples = asked.map((): unknown[][] => []);
    for (const { part, tuple } of rows)
      tuples[part as number]?.push(JSON.parse(tuple as string) as unknown[]);
    for (const [part, { resolve }] of asked.entries()) resolve(tuples[part] ?? []);
  }

  private statement({ columns, from }: Reading, before?: Sql): Sql {
    const tuple =
      this.connection.dialect === 'postgres'
        ? sql`json_build_array(${columns})::text`
        : sql`json_array(${columns})`;
    return before ? sql`select ${before}${tuple} as tuple ${from}` : sql`select ${tuple} as tuple ${from}`;
  }
}
