import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Connection, RawRow } from './connection';

/** What is read of which rows: `from` holds everything after the columns. */
export interface Reading {
  columns: Sql;
  from: Sql;
}

/** A reading, and others that go by what it finds, which the database reads in the same statement. */
export interface ReadingAlong {
  /** What is found, under the name `found`. */
  found: Sql;
  readings: readonly [Reading, ...Reading[]];
}

interface Asked {
  found: Sql | null;
  readings: readonly Reading[];
  resolve: (rows: unknown[][]) => void;
  reject: (error: unknown) => void;
}

/** SQLite joins at most 500 selects in one statement; long before that, it is as well asked twice. */
const MOST_TOGETHER = 50;

/** Rows come as JSON, which costs a third of handing each value over by itself. */
const parsed = ({ json }: RawRow): unknown => JSON.parse(json as string);

/**
 * Reads what is asked for in one turn of the event loop with one statement: what the way to the database and back
 * costs is then paid once.
 */
export class ReadingTogether {
  private asked: Asked[] = [];

  constructor(private readonly connection: Connection) {}

  /** The rows, each as its columns are given: a JSON value. */
  async rows(reading: Reading): Promise<unknown[]> {
    const [rows = []] = await this.ask(null, [reading]);
    return rows;
  }

  /** The rows of each of the readings. */
  along({ found, readings }: ReadingAlong): Promise<unknown[][]> {
    return this.ask(found, readings);
  }

  private ask(found: Sql | null, readings: readonly Reading[]): Promise<unknown[][]> {
    return new Promise((resolve, reject) => {
      this.asked.push({ found, readings, resolve, reject });
      if (this.asked.length === 1) void this.readAfterThisTurn();
    });
  }

  /** After all that is asked in this turn, also by loaders, which themselves wait for all that they are asked. */
  private async readAfterThisTurn(): Promise<void> {
    for (let wait = 0; wait < 2; wait += 1) await new Promise<void>((resolve) => process.nextTick(resolve));
    this.read();
  }

  private read(): void {
    const all = this.asked;
    this.asked = [];
    const parts: Asked[][] = [];
    for (let start = 0; start < all.length; start += MOST_TOGETHER)
      parts.push(all.slice(start, start + MOST_TOGETHER));
    // Those who asked in one turn go on in one turn, so that what they ask next is read together again.
    void Promise.allSettled(parts.map((part) => this.readTogether(part))).then((outcomes) => {
      for (const [place, part] of parts.entries()) settle(part, outcomes[place]);
    });
  }

  /** The rows of each reading, of each of those who asked. */
  private async readTogether(asked: readonly Asked[]): Promise<unknown[][][]> {
    const [first] = asked;
    const [reading] = first?.readings ?? [];
    if (reading && asked.length === 1 && !first?.found) {
      const rows = await this.connection.all(sql`select ${reading.columns} as json ${reading.from}`);
      return [[rows.map(parsed)]];
    }
    const byPart: unknown[][] = [];
    const parts = asked.map(({ found, readings }, place) => {
      const selects = readings.map(({ columns, from }) => {
        const part = raw(String(byPart.push([]) - 1));
        return sql`select * from (select ${part} as part, ${columns} as json ${from}) as part${part}`;
      });
      const all = join(selects, ' union all ');
      return found
        ? sql`select * from (with found as materialized (${found}) ${all}) as along${raw(String(place))}`
        : all;
    });
    const rows = await this.connection.all(join(parts, ' union all '));
    for (const row of rows) byPart[row['part'] as number]?.push(parsed(row));
    return asked.map(({ readings }) => byPart.splice(0, readings.length));
  }
}

function settle(asked: readonly Asked[], outcome: PromiseSettledResult<unknown[][][]> | undefined): void {
  for (const [place, { resolve, reject }] of asked.entries()) {
    if (outcome?.status === 'fulfilled') resolve(outcome.value[place] ?? []);
    else reject(outcome?.reason);
  }
}
