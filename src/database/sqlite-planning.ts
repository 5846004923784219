import sql, { join, type Sql } from 'sql-template-tag';
import type { SqliteConnection } from './sqlite-connection';

/** As large as tables get where it matters how they are read. */
const ROWS = 1_000_000;

/**
 * What part of a large table one value of these columns selects. Every other column is taken to select a few rows.
 * `due_at` and those below it are empty for most rows.
 */
const SHARES: Readonly<Record<string, number>> = {
  contract_id: 1 / 2,
  channel_id: 1 / 5,
  bot_id: 1 / 10,
  queue_id: 1 / 20,
  agent_id: 1 / 200,
  reserved_for_id: 1 / 200,
  reply_state: 1 / 3,
  status: 1 / 3,
  erasure: 1 / 2,
  due_at: 1 / 2,
  lease_until: 1 / 2,
  held_since: 1 / 2,
  unknown_since: 1 / 2,
};
const FEW_ROWS = 10;

interface Index {
  table: string;
  name: string;
  columns: readonly string[];
  isUnique: boolean;
}

/**
 * Tells SQLite how selective each index is. By itself it takes every value for as rare as any other, and so reads a
 * whole contract where it could look a few ids up; measuring (ANALYZE) would make plans depend on when it was done.
 * https://www.sqlite.org/optoverview.html#manual_control_of_query_plans_using_sqlite_stat_tables
 */
export async function planForLargeTables(connection: SqliteConnection): Promise<void> {
  const wanted = (await indexesOf(connection)).map((index): Statistic => [
    index.table,
    index.name,
    statisticsOf(index),
  ]);
  if (JSON.stringify(await statisticsIn(connection)) === JSON.stringify(wanted)) return;
  // Made anew, so that other connections notice: they read the statistics along with the schema, when that changes.
  await connection.execute('BEGIN IMMEDIATE; DROP TABLE IF EXISTS sqlite_stat1');
  // It cannot be made by hand.
  await connection.execute('ANALYZE migrations; DELETE FROM sqlite_stat1');
  const values = wanted.map((row): Sql => sql`(${join(row)})`);
  await connection.run(sql`insert into sqlite_stat1 (tbl, idx, stat) values ${join(values)}`);
  await connection.execute('COMMIT; ANALYZE sqlite_schema');
}

type Statistic = [table: string, index: string, counts: string];

async function statisticsIn(connection: SqliteConnection): Promise<Statistic[]> {
  const [found] = await connection.all(sql`select 1 from sqlite_schema where name = 'sqlite_stat1'`);
  if (!found) return [];
  const rows = await connection.all(sql`select tbl, idx, stat from sqlite_stat1 order by tbl, idx`);
  return rows.map((row) => [row['tbl'] as string, row['idx'] as string, row['stat'] as string]);
}

async function indexesOf(connection: SqliteConnection): Promise<Index[]> {
  const rows = await connection.all(sql`
    select list.name, tables.name as tbl, list."unique" as is_unique,
      (select group_concat(name) from (select name from pragma_index_info(list.name) order by seqno)) as columns
    from sqlite_schema as tables, pragma_index_list(tables.name) as list
    where tables.type = 'table' and tables.name not like 'sqlite_%'
    order by tables.name, list.name`);
  return rows.map((row) => ({
    table: row['tbl'] as string,
    name: row['name'] as string,
    columns: (row['columns'] as string).split(','),
    isUnique: row['is_unique'] === 1,
  }));
}

/** How many rows there are, and then how many for a value of the first column, of the first two, and so on. */
function statisticsOf({ columns, isUnique }: Index): string {
  let rows = ROWS;
  const counts = columns.map((column, place) => {
    if (isUnique && place === columns.length - 1) return 1;
    const share = SHARES[column];
    rows = share === undefined ? Math.min(rows, FEW_ROWS) : Math.ceil(rows * share);
    return rows;
  });
  return [ROWS, ...counts].join(' ');
}
