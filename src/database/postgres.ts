import { Pool, types, type PoolClient } from 'pg';
import type { Sql } from 'sql-template-tag';
import { DataSource } from 'typeorm';
import { ALL_ENTITIES } from '../entities/all';
import type { Announcement, Connection, Engine, RawRow, StatementObserver } from './connection';
import { DatabaseUnavailable, storable } from './connection';
import { POSTGRES_MIGRATIONS } from './migrations/postgres';
import { PostgresAnnouncements } from './postgres-announcements';
import { pendingStatements, runMigrations } from './schema-changes';

// Instants and counts fit a double exactly; the driver's default is text (https://node-postgres.com/features/types).
types.setTypeParser(types.builtins.INT8, Number);

// Where PostgreSQL does not answer, a request waits for a connection and then for one statement: below 10 seconds.
const CONNECT_TIMEOUT = 3_000;
const STATEMENT_TIMEOUT = 5_500;
const ANSWER_TIMEOUT = 6_000;
const POOL_SIZE = 10;
const TRIES = 5;
/** What row-level security lets the server's own work see, which belongs to no contract. */
const EVERY_CONTRACT = '*';
/** Serialization failure and deadlock: the same transaction may succeed when repeated. */
const REPEATABLE = new Set(['40001', '40P01']);
/**
 * Connection lost, refused or cut off, server starting or stopping, disk full or failing, a standby that only reads,
 * time-out of a statement; and from the network: nobody there, no way there, no name for now.
 */
const UNAVAILABLE =
  /^(08|53|57P0|57014|55P03|25P03|25006|58)|^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/;
/** What the driver itself says of a connection that was lost, without a code. */
const LOST = /Connection terminated|not queryable|Query read timeout|timeout exceeded when trying to connect/;
const MIGRATION_LOCK = 7_255_846;

function translated(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = (error as { code?: string }).code ?? '';
  if (UNAVAILABLE.test(code) || LOST.test(error.message)) {
    return new DatabaseUnavailable(`PostgreSQL cannot serve now: ${error.message}`, { cause: error });
  }
  return error;
}

class PostgresConnection implements Connection {
  readonly dialect = 'postgres';

  constructor(
    private readonly client: Pool | PoolClient,
    private readonly observe: StatementObserver,
  ) {}

  async all(statement: Sql): Promise<RawRow[]> {
    return (await this.query(statement)).rows;
  }

  async run(statement: Sql): Promise<number> {
    return (await this.query(statement)).rowCount ?? 0;
  }

  private async query(statement: Sql): Promise<{ rows: RawRow[]; rowCount: number | null }> {
    this.observe(statement.text);
    try {
      return await this.client.query<RawRow>(statement.text, storable(statement.values));
    } catch (error) {
      throw translated(error);
    }
  }
}

/** Reads of one contract, or of all, each over whichever connection of the pool is free. */
class PostgresReader implements Connection {
  readonly dialect = 'postgres';

  constructor(private readonly read: <T>(work: (connection: Connection) => Promise<T>) => Promise<T>) {}

  all(statement: Sql): Promise<RawRow[]> {
    return this.read((connection) => connection.all(statement));
  }

  run(statement: Sql): Promise<number> {
    return this.read((connection) => connection.run(statement));
  }
}

/**
 * A pool of connections to PostgreSQL 15 or later; each transaction has one of its own. Every connection says of which
 * contract its work is, and row-level security keeps other contracts' rows from it, also where a statement forgot to.
 */
export class PostgresEngine implements Engine {
  readonly dialect = 'postgres';
  readonly reader: Connection;
  /** What each connection last said that its reads are of. */
  private readonly scopes = new WeakMap<PoolClient, string>();
  private readonly announcements: PostgresAnnouncements;

  private constructor(
    private readonly url: string,
    private readonly pool: Pool,
    private readonly observe: StatementObserver,
    complain: (error: Error) => void,
  ) {
    this.announcements = new PostgresAnnouncements(url, complain);
    this.reader = this.readerOf(EVERY_CONTRACT);
  }

  /** @param complain told of errors on idle connections, which no statement would otherwise report. */
  static async open(
    url: string,
    observe: StatementObserver,
    complain: (error: Error) => void,
  ): Promise<PostgresEngine> {
    const pool = new Pool({
      connectionString: url,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      statement_timeout: STATEMENT_TIMEOUT,
      query_timeout: ANSWER_TIMEOUT,
      idle_in_transaction_session_timeout: ANSWER_TIMEOUT + 2_000,
      keepAlive: true,
      application_name: 'saludo',
    });
    pool.on('error', complain);
    // The pool listens to idle connections alone: one that is lost in use would otherwise end the process.
    pool.on('connect', (client) => client.on('error', () => undefined));
    await pool.query('select 1').catch(async (error: unknown) => {
      await pool.end();
      throw translated(error);
    });
    return new PostgresEngine(url, pool, observe, complain);
  }

  readerOf(contractId: string): Connection {
    return new PostgresReader((work) =>
      this.withClient(async (client) => {
        if (this.scopes.get(client) !== contractId) {
          await client.query(`set saludo.contract = ${client.escapeLiteral(contractId)}`);
          this.scopes.set(client, contractId);
        }
        return work(new PostgresConnection(client, this.observe));
      }),
    );
  }

  async transact<T>(contractId: string | null, work: (connection: Connection) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.withClient((client) => this.attempt(client, contractId ?? EVERY_CONTRACT, work));
      } catch (error) {
        const code = error instanceof Error ? ((error as { code?: string }).code ?? '') : '';
        if (!REPEATABLE.has(code)) throw error;
        if (attempt === TRIES) {
          throw new DatabaseUnavailable(`PostgreSQL undid a transaction ${TRIES} times`, { cause: error });
        }
      }
    }
  }

  /** Superusers, and roles with BYPASSRLS, are above it (https://www.postgresql.org/docs/15/ddl-rowsecurity.html). */
  async isFenced(): Promise<boolean> {
    const { rows } = await this.pool.query<{ above: boolean }>(
      'select rolsuper or rolbypassrls as above from pg_roles where rolname = current_user',
    );
    return rows[0]?.above === false;
  }

  announce(what: Announcement): void {
    this.announcements.announce(what);
  }

  hearOthers(listener: (what: Announcement) => void): void {
    this.announcements.listen(listener);
    this.announcements.start();
  }

  async migrate(): Promise<string[]> {
    return this.withSource(async (source) => {
      // Held on a connection of its own, so that of two nodes that start at once one migrates and the other waits.
      const client = await this.pool.connect();
      try {
        await client.query('set statement_timeout = 0');
        await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
        return await runMigrations(source);
      } finally {
        await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
        client.release(true);
      }
    });
  }

  drift(): Promise<string[]> {
    return this.withSource(pendingStatements);
  }

  /** What was deleted goes with the database's own VACUUM. */
  forgetDeleted(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async close(): Promise<void> {
    await this.announcements.close();
    await this.pool.end();
  }

  /** Lends a connection for as long as `work` takes; one that is lost or hangs is not used again. */
  private async withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw translated(error);
    });
    let broken = false;
    const lost = (): void => void (broken = true);
    client.on('error', lost);
    try {
      return await work(client);
    } catch (error) {
      const told = translated(error);
      if (told instanceof DatabaseUnavailable) broken = true;
      throw told;
    } finally {
      client.removeListener('error', lost);
      client.release(broken);
    }
  }

  private async attempt<T>(
    client: PoolClient,
    scope: string,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    await client.query(`begin; set local saludo.contract = ${client.escapeLiteral(scope)}`);
    try {
      const result = await work(new PostgresConnection(client, this.observe));
      const { command } = await client.query('commit');
      // Where a statement failed and whoever ran it went on, PostgreSQL undoes everything and calls that no error.
      if (command !== 'COMMIT') throw new Error('A statement failed, and the transaction went on in vain');
      return result;
    } catch (error) {
      // A connection that is lost, or that hangs, is let go: with it the transaction ends.
      if (!(translated(error) instanceof DatabaseUnavailable)) await client.query('rollback');
      throw error;
    }
  }

  private async withSource<T>(work: (source: DataSource) => Promise<T>): Promise<T> {
    const source = await new DataSource({
      type: 'postgres',
      url: this.url,
      entities: ALL_ENTITIES,
      migrations: POSTGRES_MIGRATIONS,
      migrationsTransactionMode: 'each',
      poolSize: 2,
      invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    }).initialize();
    try {
      return await work(source);
    } finally {
      await source.destroy();
    }
  }
}
