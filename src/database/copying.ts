import { Client } from 'pg';
import sql, { join, raw, type Sql } from 'sql-template-tag';
import { ALL_ENTITIES } from '../entities/all';
import type { Connection, Engine, RawRow, Statement } from './connection';
import { limitOf, tableOf } from './rows';

const ROWS_PER_READ = 1_000;
/** PostgreSQL takes 65,535 values in a statement. */
const VALUES_PER_STATEMENT = 30_000;
const CONNECT_TIMEOUT = 10_000;

/** The target holds something already: what would be added to it could not be told apart any more. */
export class TargetNotEmpty extends Error {
  override name = 'TargetNotEmpty';
  constructor(table: string) {
    super(`The target is not empty (there are rows in ${table}): name a database that nothing is in yet`);
  }
}

/** What was written is not what was read: nothing is kept of it. */
export class CopyDiffers extends Error {
  override name = 'CopyDiffers';
}

/** Where each contract's log stands, and what it holds. */
const LOGS = sql`select contract_logs.contract_id, epoch, last_sequence, pruned_sequence, count(sequence) as events,
  min(sequence) as first, max(sequence) as last, sum(sequence) as total
  from contract_logs left join events on events.contract_id = contract_logs.contract_id
  group by contract_logs.contract_id, epoch, last_sequence, pruned_sequence order by contract_logs.contract_id`;

const TABLES = ALL_ENTITIES.map((entity) => tableOf(entity));

/**
 * Copies all rows of a SQLite database into an empty PostgreSQL database, both with this version's schema: all of them
 * or none. Nothing can be written into the source meanwhile.
 * @param targetUrl `postgres://…`.
 * @param progress told how many rows are copied, of how many.
 * @returns how many rows there are.
 * @throws TargetNotEmpty, and CopyDiffers where counts or logs are not the same afterwards.
 */
export function copyRows(
  source: Engine,
  targetUrl: string,
  progress: (done: number, of: number) => void,
): Promise<number> {
  return source.transact(null, async (from) => {
    const result = await intoPostgres(targetUrl, async (to) => {
      for (const { name } of TABLES) {
        if ((await countIn(to, name)) > 0) throw new TargetNotEmpty(name.sql);
      }
      let all = 0;
      for (const { name } of TABLES) all += await countIn(from, name);
      let done = 0;
      progress(done, all);
      for (const { name } of TABLES) {
        for await (const rows of rowsOf(from, name)) {
          await insertInto(to, name, rows);
          done += rows.length;
          progress(done, all);
        }
      }
      await compare(from, to);
      return all;
    });
    return { result, recorded: [] };
  });
}

/** One transaction in which rows may come before those they point at. */
async function intoPostgres<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  // Millions of rows take as long as they take: no limit on statements, unlike for requests.
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query("begin; set local saludo.contract = '*'");
    const ask = async ({ text, values }: Statement): Promise<{ rows: RawRow[]; rowCount: number | null }> =>
      client.query<RawRow>(text, values);
    const connection: Connection = {
      dialect: 'postgres',
      all: async (statement) => (await ask(statement)).rows,
      run: async (statement) => (await ask(statement)).rowCount ?? 0,
    };
    const references = await connection.all(
      sql`select conrelid::regclass::text as table_name, quote_ident(conname) as name from pg_constraint
          where contype = 'f' and connamespace = current_schema()::regnamespace`,
    );
    const alter = async (how: string): Promise<void> => {
      for (const { table_name: table, name } of references)
        await client.query(`alter table ${table as string} alter constraint ${name as string} ${how}`);
    };
    await alter('deferrable initially deferred');
    const result = await work(connection);
    await client.query('set constraints all immediate');
    await alter('not deferrable');
    await client.query('commit');
    return result;
  } finally {
    // Without a commit nothing stays.
    await client.end();
  }
}

async function countIn(connection: Connection, table: Sql): Promise<number> {
  const [row] = await connection.all(sql`select count(*) as number from ${table}`);
  return Number(row?.['number']);
}

async function* rowsOf(from: Connection, table: Sql): AsyncGenerator<RawRow[]> {
  let after = 0;
  for (;;) {
    const rows = await from.all(
      sql`select rowid as place, * from ${table} where rowid > ${after} order by rowid${limitOf(ROWS_PER_READ)}`,
    );
    const last = rows.at(-1);
    if (!last) return;
    after = Number(last['place']);
    yield rows.map(({ place: _place, ...row }) => row);
  }
}

async function insertInto(to: Connection, table: Sql, rows: readonly RawRow[]): Promise<void> {
  const names = Object.keys(rows[0] ?? {});
  const columns = raw(names.join(', '));
  const atOnce = Math.floor(VALUES_PER_STATEMENT / names.length);
  for (let start = 0; start < rows.length; start += atOnce) {
    const tuples = rows
      .slice(start, start + atOnce)
      .map((row) => sql`(${join(names.map((name) => row[name] as string | number | null))})`);
    await to.run(sql`insert into ${table} (${columns}) values ${join(tuples)}`);
  }
}

async function compare(from: Connection, to: Connection): Promise<void> {
  for (const { name } of TABLES) {
    const [expected, found] = [await countIn(from, name), await countIn(to, name)];
    if (expected !== found) throw new CopyDiffers(`Of ${expected} rows in ${name.sql} ${found} arrived`);
  }
  const [expected, found] = [await from.all(LOGS), await to.all(LOGS)];
  for (const [index, log] of expected.entries()) {
    const arrived = found[index] ?? {};
    const differing = Object.keys(log).find((column) => String(log[column]) !== String(arrived[column]));
    if (differing !== undefined) {
      throw new CopyDiffers(
        `The log of ${log['contract_id'] as string} differs in ${differing}: ${String(log[differing])} became ${String(arrived[differing])}`,
      );
    }
  }
}
