import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Connection, RawRow } from './connection';

/** What is read: the JSON of each of some rows. */
export interface Reading {
  /** Selects the rows. */
  rows: Sql;
  /** The JSON of each of them, which is called `one` here. */
  json: Sql;
}

/** A reading, and others that go by what it finds, which the database reads in the same statement. */
export interface ReadingAlong {
  /** Selects what is found, which is called `found` in all of the readings. */
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

/** All rows come as one JSON text: each by itself, value by value, takes several times as long to get to JavaScript. */
const parsed = ({ json }: RawRow): unknown[] => JSON.parse(json as string) as unknown[];

/**
 * Reads what is asked for in one turn of the event loop with one statement: what the way to the database and back
 * costs is then paid once.
 */
export class ReadingTogether {
  private asked: Asked[] = [];

  constructor(private readonly connection: Connection) {}

  /** The JSON values of the rows, in the order in which they are selected. */
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
      const [row] = await this.connection.all(this.selected(reading));
      return [[row ? parsed(row) : []]];
    }
    let number = 0;
    const parts = asked.map(({ found, readings }, place) => {
      const selects = readings.map((one) => {
        number += 1;
        return this.selected(one, sql`${raw(String(number - 1))} as part, `);
      });
      const all = join(selects, ' union all ');
      return found
        ? sql`select * from (with found as materialized (${found}) ${all}) as along${raw(String(place))}`
        : all;
    });
    const byPart: unknown[][] = [];
    for (const row of await this.connection.all(join(parts, ' union all ')))
      byPart[row['part'] as number] = parsed(row);
    let part = 0;
    return asked.map(({ readings }) =>
      readings.map(() => {
        part += 1;
        return byPart[part - 1] ?? [];
      }),
    );
  }

  private selected({ rows, json }: Reading, before: Sql = empty): Sql {
    return this.connection.dialect === 'postgres'
      ? sql`select ${before}coalesce(json_agg(${json}), '[]')::text as json from (${rows}) as one`
      : sql`select ${before}json_group_array(${json}) as json from (${rows}) as one`;
  }
}

function settle(asked: readonly Asked[], outcome: PromiseSettledResult<unknown[][][]> | undefined): void {
  for (const [place, { resolve, reject }] of asked.entries()) {
    if (outcome?.status === 'fulfilled') resolve(outcome.value[place] ?? []);
    else reject(outcome?.reason);
  }
}
