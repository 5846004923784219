import { DatabaseError, Pool, types, type PoolClient } from 'pg';
import sql, { type Sql } from 'sql-template-tag';
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
import { logStatements, type Recorded } from './log-writing';
import { POSTGRES_MIGRATIONS } from './migrations/postgres';
import { PostgresAnnouncements } from './postgres-announcements';
import { PostgresMessage, type Outcome, type Step } from './postgres-message';
import { PostgresSync } from './postgres-sync';
import { PreparedStatements } from './prepared-statements';
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
/**
 * A migration waits no longer for a table than this: whoever comes after it waits behind it, and long readings, such as
 * those of a backup, would have all nodes wait for their end. It tries again until it gets its turn.
 */
const MIGRATION_PATIENCE = 500;
const MIGRATION_PAUSE = 1_000;
/** No lock in time, and deadlock. */
const MIGRATES_LATER = new Set(['55P03', '40P01']);
/** Serialization failure and deadlock: the same transaction may succeed when repeated. */
const REPEATABLE = new Set(['40001', '40P01']);
/** What finds that a migration changed a table under a prepared statement: its code says no more than "not supported". */
const FINDS_OUTDATED = 'RevalidateCachedQuery';
/** Too many connections, disk full or failing, a standby that only reads, time-out of a statement. */
const UNAVAILABLE = /^(53|57014|55P03|25P03|25006|58)/;
/**
 * Connection lost, refused or cut off, server starting or stopping; and from the network: nobody there, no way there, no
 * name for now.
 */
const GONE = /^(08|57P0)|^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/;
/** No such column or table: a later version has taken away what this one needs. Another node may have what it takes. */
const LEFT_BEHIND = /^(42703|42P01)$/;
/** What the driver itself says of a connection that was lost, without a code. */
const LOST = /Connection terminated|not queryable|Query read timeout|timeout exceeded when trying to connect/;
const MIGRATION_LOCK = 7_255_846;

function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DatabaseUnavailable) return error;
  const code = codeOf(error);
  const message = `PostgreSQL cannot serve now: ${error.message}`;
  if (GONE.test(code) || LOST.test(error.message)) return new DatabaseLost(message, { cause: error });
  if (UNAVAILABLE.test(code)) return new DatabaseUnavailable(message, { cause: error });
  if (LEFT_BEHIND.test(code)) {
    const lacking = `PostgreSQL has not the schema of this version: ${error.message}`;
    return new DatabaseUnavailable(lacking, { cause: error });
  }
  return error;
}

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

const codeOf = (error: unknown): string =>
  error instanceof Error ? ((error as { code?: string }).code ?? '') : '';

const isOutdated = (error: unknown): boolean =>
  error instanceof DatabaseError && error.routine === FINDS_OUTDATED;

const BEGIN = sql`begin`;
const COMMIT = sql`commit`;

/**
 * Says of which contract the statements behind it are, until the transaction ends: it is a part of the message that they
 * are in, which is a transaction where none was begun, so that no connection remembers a contract.
 */
const scopeOf = (contractId: string): Sql =>
  sql`select where set_config('saludo.contract', ${contractId}, true) is null`;

/**
 * The same of one contract's transaction, whose commit waits for no disk: until then it would keep the counter's row,
 * for which all others of the contract wait. Who asked for it waits instead, together with others.
 */
const actScopeOf = (contractId: string): Sql =>
  sql`select where set_config('saludo.contract', ${contractId}, true) is null
    or set_config('synchronous_commit', 'off', true) is null`;

/** A connection of the pool, and what it has prepared. */
class Line {
  private readonly prepared = new PreparedStatements();
  private generation = 0;

  constructor(readonly client: PoolClient) {}

  /** @param isWithin whether it is for naught unless the transaction that it belongs to has begun and stands. */
  async send(steps: readonly Step[], isWithin = false): Promise<Outcome[]> {
    try {
      return await new Promise((resolve, reject) => {
        const refusal = (): Error | null =>
          isWithin && this.client.getTransactionStatus() === 'I'
            ? new Error('No transaction has begun')
            : null;
        this.client.query(new PostgresMessage(steps, this.prepared, refusal, resolve, reject));
      });
    } catch (error) {
      // Who asked stands in its stack, and not who read the answer.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  }

  /** What was prepared in an earlier generation is forgotten. */
  isOf(generation: number): void {
    if (this.generation !== generation) this.prepared.forgetAll();
    this.generation = generation;
  }
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

/** A statement of a transaction, and who asked for it; nobody where nobody has to hear of it. */
interface Waiting {
  statement: Statement;
  asker: { resolve: (outcome: Outcome) => void; reject: (error: unknown) => void } | null;
}

const stepOf = (statement: Statement, isAsked = false): Step => ({
  statement,
  isAsked,
  isForAnyValues: false,
});

/**
 * One transaction: it begins with its first statements, and its log is written with its commit. What is asked for in one
 * turn of the event loop goes in one message, one after the other.
 */
class PostgresTransaction implements Connection {
  readonly dialect = 'postgres';
  private begun = false;
  private ended = false;
  private waiting: Waiting[] = [];
  private going: NodeJS.Immediate | null = null;

  constructor(
    private readonly line: Line,
    private readonly contractId: string | null,
    private readonly observe: StatementObserver,
  ) {}

  async all(statement: Statement): Promise<RawRow[]> {
    return (await this.ask(statement)).rows;
  }

  async run(statement: Statement): Promise<number> {
    return (await this.ask(statement)).count;
  }

  later(statement: Statement): void {
    this.observe(statement.text);
    this.waiting.push({ statement, asker: null });
  }

  /** Nobody waits longer for the log than PostgreSQL takes to write it. */
  async commit(recorded: readonly Recorded[]): Promise<void> {
    const logs = logStatements(this, recorded);
    for (const log of logs) this.later(log);
    if (!this.begun && this.waiting.length === 0) return;
    const steps = this.taken().map((waiting) => this.stepOf(waiting));
    const outcomes = await this.send([...steps, stepOf(COMMIT)]);
    // Where a statement failed and whoever ran it went on, PostgreSQL undoes everything and calls that no error.
    if (outcomes.at(-1)?.done !== 'COMMIT')
      throw new Error('A statement failed, and the transaction went on in vain');
  }

  async rollback(): Promise<void> {
    if (this.begun) await this.line.client.query('rollback');
  }

  /** Its connection is another's from now on: what comes too late is not sent over it. */
  end(): void {
    this.ended = true;
    const error = new Error('The transaction is over');
    for (const { asker } of this.taken()) asker?.reject(error);
  }

  private ask(statement: Statement): Promise<Outcome> {
    if (this.ended) return Promise.reject(new Error('The transaction is over'));
    this.observe(statement.text);
    return new Promise((resolve, reject) => {
      this.waiting.push({ statement, asker: { resolve, reject } });
      // After all that is asked in this turn, also by those who wait for others that ask in it.
      this.going ??= setImmediate(() => void this.go());
    });
  }

  private async go(): Promise<void> {
    const waiting = this.taken();
    try {
      const outcomes = await this.send(waiting.map((one) => this.stepOf(one)));
      const first = outcomes.length - waiting.length;
      for (const [place, { asker }] of waiting.entries()) asker?.resolve(outcomes[first + place] as Outcome);
    } catch (error) {
      for (const { asker } of waiting) asker?.reject(translated(error));
    }
  }

  /** What an act of a contract is about it looks up, so that one plan is good for any values. */
  private stepOf({ statement, asker }: Waiting): Step {
    return { statement, isAsked: asker !== null, isForAnyValues: this.contractId !== null };
  }

  private taken(): Waiting[] {
    if (this.going !== null) clearImmediate(this.going);
    this.going = null;
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }

  private send(steps: readonly Step[]): Promise<Outcome[]> {
    if (this.begun) return this.line.send(steps, true);
    this.begun = true;
    const scope = this.contractId === null ? scopeOf(EVERY_CONTRACT) : actScopeOf(this.contractId);
    return this.line.send([stepOf(BEGIN), stepOf(scope), ...steps]);
  }
}

/**
 * A pool of connections to PostgreSQL 15 or later; each transaction has one of its own. Every connection says of which
 * contract its work is, and row-level security keeps other contracts' rows from it, also where a statement forgot to.
 */
export class PostgresEngine implements Engine {
  readonly dialect = 'postgres';
  readonly reader: Connection;
  private readonly lines = new WeakMap<PoolClient, Line>();
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
    this.sync = new PostgresSync(url);
    this.reader = this.readerOf(EVERY_CONTRACT);
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
    const scope = scopeOf(contractId);
    return new PostgresReader((statement) => {
      this.observe(statement.text);
      return this.repeating(async (line) => {
        const [, read] = await line.send([stepOf(scope), stepOf(statement, true)]);
        return read as Outcome;
      });
    });
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

  synced(): Promise<void> {
    return this.sync.reach();
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

  /** Does work again on a connection where PostgreSQL says that the same may succeed when it is repeated. */
  private async repeating<T>(work: (line: Line) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.withLine(work);
      } catch (error) {
        if (isOutdated(error)) this.generation += 1;
        else if (!REPEATABLE.has(codeOf(error))) throw error;
        if (attempt === TRIES) {
          throw new DatabaseUnavailable(`PostgreSQL undid a transaction ${TRIES} times`, { cause: error });
        }
      }
    }
  }

  /** Lends a connection for as long as `work` takes; one that is lost or hangs is not used again. */
  private async withLine<T>(work: (line: Line) => Promise<T>): Promise<T> {
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

  private lineOf(client: PoolClient): Line {
    const line = this.lines.get(client) ?? new Line(client);
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
    line: Line,
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
