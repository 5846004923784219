import { Pool, types, type PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { ALL_ENTITIES } from '../entities/all';
import type {
  Announcement,
  Connection,
  Done,
  Engine,
  RawRow,
  Statement,
  StatementObserver,
} from './connection';
import { DatabaseLost, DatabaseUnavailable } from './connection';
import { POSTGRES_MIGRATIONS } from './migrations/postgres';
import { PostgresAnnouncements } from './postgres-announcements';
import { codeOf, isOutdated, isRepeatable, translated } from './postgres-errors';
import { PostgresLine } from './postgres-line';
import type { Outcome } from './postgres-message';
import { PostgresSync } from './postgres-sync';
import { PostgresTransaction } from './postgres-transaction';
import { pendingStatements, runMigrations } from './schema-changes';

// Instants and counts fit a double exactly; the driver's default is text (https://node-postgres.com/features/types).
types.setTypeParser(types.builtins.INT8, Number);

// Where PostgreSQL does not answer, a request waits for a connection and then for one statement: below 10 seconds.
const CONNECT_TIMEOUT = 3_000;
const STATEMENT_TIMEOUT = 5_500;
const ANSWER_TIMEOUT = 6_000;
const POOL_SIZE = 10;
const TRIES = 5;
/**
 * A migration waits no longer for a table than this: whoever comes after it waits behind it, and long readings, such as
 * those of a backup, would have all nodes wait for their end. It tries again until it gets its turn.
 */
const MIGRATION_PATIENCE = 500;
const MIGRATION_PAUSE = 1_000;
/** No lock in time, and deadlock. */
const MIGRATES_LATER = new Set(['55P03', '40P01']);
const MIGRATION_LOCK = 7_255_846;

/**
 * Has PostgreSQL compile no statement: that takes longer than any of these do. What the address itself asks for comes
 * behind, and wins.
 */
function withoutCompiling(url: string): string {
  const asked = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')
    .getAll('options')
    .at(-1);
  const options = `-c jit=off ${asked ?? process.env['PGOPTIONS'] ?? ''}`.trim();
  return `${url}${url.includes('?') ? '&' : '?'}options=${encodeURIComponent(options)}`;
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Whether this connection now holds the lock of who migrates. It is asked and not waited for: waiting has a time-out. */
async function isMyTurn(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [
    MIGRATION_LOCK,
  ]);
  return rows[0]?.mine === true;
}

/** Reads of one contract, or of all, each over whichever connection of the pool is free. */
class PostgresReader implements Connection {
  readonly dialect = 'postgres';

  constructor(private readonly read: (statement: Statement) => Promise<Outcome>) {}

  async all(statement: Statement): Promise<RawRow[]> {
    return (await this.read(statement)).rows;
  }

  async run(statement: Statement): Promise<number> {
    return (await this.read(statement)).count;
  }
}

/**
 * A pool of connections to PostgreSQL 15 or later; each transaction has one of its own. Every connection says of which
 * contract its work is, and row-level security keeps other contracts' rows from it, also where a statement forgot to.
 */
export class PostgresEngine implements Engine {
  readonly dialect = 'postgres';
  readonly reader: Connection;
  private readonly lines = new WeakMap<PoolClient, PostgresLine>();
  /** Of what is prepared: raised when a table was found changed, so that every connection prepares anew. */
  private generation = 0;
  private readonly announcements: PostgresAnnouncements;
  private readonly sync: PostgresSync;
  private lost = false;

  private constructor(
    private readonly url: string,
    private readonly pool: Pool,
    private readonly observe: StatementObserver,
    private readonly complain: (error: Error) => void,
  ) {
    this.announcements = new PostgresAnnouncements(url, complain);
    this.sync = new PostgresSync(url, complain);
    this.reader = this.readerOfAny(null);
  }

  /** @param complain told of errors on idle connections, which no statement would otherwise report. */
  static async open(
    url: string,
    observe: StatementObserver,
    complain: (error: Error) => void,
  ): Promise<PostgresEngine> {
    const pool = new Pool({
      connectionString: withoutCompiling(url),
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
    const engine = new PostgresEngine(url, pool, observe, complain);
    try {
      await pool.query('select 1');
      await engine.sync.line();
      return engine;
    } catch (error) {
      await engine.close();
      throw translated(error);
    }
  }

  get isLost(): boolean {
    return this.lost;
  }

  readerOf(contractId: string): Connection {
    return this.readerOfAny(contractId);
  }

  async transact<T>(
    contractId: string | null,
    work: (connection: Connection) => Promise<Done<T>>,
  ): Promise<T> {
    const attempt = (): Promise<T> => this.repeating((line) => this.attempt(line, contractId, work));
    if (contractId === null) return attempt();
    try {
      const line = await this.sync.line();
      const result = await attempt();
      await line.reach();
      return result;
    } catch (error) {
      return this.fail(error);
    }
  }

  syncing(): () => Promise<void> {
    return this.sync.syncing();
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
        while (!(await isMyTurn(client))) await pause(MIGRATION_PAUSE);
        return await this.migrateInTurn(source);
      } finally {
        // With its connection the lock ends.
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
    await this.sync.close();
  }

  private readerOfAny(contractId: string | null): Connection {
    return new PostgresReader((statement) => {
      this.observe(statement.text);
      return this.repeating((line) => line.read(contractId, statement));
    });
  }

  /** Does work again on a connection where PostgreSQL says that the same may succeed when it is repeated. */
  private async repeating<T>(work: (line: PostgresLine) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.withLine(work);
      } catch (error) {
        if (isOutdated(error)) this.generation += 1;
        else if (!isRepeatable(error)) throw error;
        if (attempt === TRIES) {
          throw new DatabaseUnavailable(`PostgreSQL undid a transaction ${TRIES} times`, { cause: error });
        }
      }
    }
  }

  /** Lends a connection for as long as `work` takes; one that is lost or hangs is not used again. */
  private async withLine<T>(work: (line: PostgresLine) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error: unknown) => this.fail(error));
    let broken = false;
    const lost = (): void => void (broken = true);
    client.on('error', lost);
    try {
      const result = await work(this.lineOf(client));
      this.lost = false;
      return result;
    } catch (error) {
      if (translated(error) instanceof DatabaseUnavailable) broken = true;
      return this.fail(error);
    } finally {
      client.removeListener('error', lost);
      client.release(broken);
    }
  }

  private lineOf(client: PoolClient): PostgresLine {
    const line = this.lines.get(client) ?? new PostgresLine(client);
    this.lines.set(client, line);
    line.isOf(this.generation);
    return line;
  }

  private fail(error: unknown): never {
    const told = translated(error);
    if (told instanceof DatabaseLost) this.lost = true;
    throw told;
  }

  private async attempt<T>(
    line: PostgresLine,
    contractId: string | null,
    work: (connection: Connection) => Promise<Done<T>>,
  ): Promise<T> {
    const transaction = new PostgresTransaction(line, contractId, this.observe);
    try {
      const { result, recorded } = await work(transaction);
      await transaction.commit(recorded);
      return result;
    } catch (error) {
      // A connection that is lost, or that hangs, is let go: with it the transaction ends.
      if (!(translated(error) instanceof DatabaseUnavailable)) await transaction.rollback();
      throw error;
    } finally {
      transaction.end();
    }
  }

  /** The names of the migrations that ran, but for those before one that had to wait. */
  private async migrateInTurn(source: DataSource): Promise<string[]> {
    for (;;) {
      try {
        return await runMigrations(source);
      } catch (error) {
        if (!MIGRATES_LATER.has(codeOf(error))) throw error;
        this.complain(new Error('A migration waits until others let go of a table', { cause: error }));
        await pause(MIGRATION_PAUSE);
      }
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
      connectTimeoutMS: CONNECT_TIMEOUT,
      extra: { lock_timeout: MIGRATION_PATIENCE },
      invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    }).initialize();
    try {
      return await work(source);
    } finally {
      await source.destroy();
    }
  }
}
