import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import sql from 'sql-template-tag';
import sqlite3, { type Database } from 'sqlite3';
import { DataSource } from 'typeorm';
import { ALL_ENTITIES } from '../entities/all';
import type { Connection, Done, Engine, RawRow, Statement, StatementObserver } from './connection';
import { DatabaseUnavailable } from './connection';
import { writeLog, type Recorded } from './log-writing';
import { SQLITE_MIGRATIONS } from './migrations/sqlite';
import { pendingStatements, runMigrations } from './schema-changes';
import { SqliteConnection } from './sqlite-connection';
import { planForLargeTables } from './sqlite-planning';

const READERS = 2;
/** Acts that share one commit at most: many enough to make syncing cheap, few enough to keep each one's wait short. */
const ACTS_PER_COMMIT = 64;

// With synchronous=NORMAL a power cut loses acknowledged commits; the group commit below makes FULL nearly free.
// With secure_delete what is deleted is overwritten: it does not lie about in the file until somebody has it erased.
const PRAGMAS =
  'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000; PRAGMA secure_delete=ON;';

/**
 * Kibibytes of pages that a reader keeps: a search looks thousands of rows up, and those that are found once more
 * (https://www.sqlite.org/pragma.html#pragma_cache_size).
 */
const READ_CACHE = 32_768;

interface Act {
  perform: (connection: Connection) => Promise<Performed>;
  fail: (error: unknown) => void;
}

/** What an act recorded, and what tells that it is committed. */
interface Performed {
  recorded: readonly Recorded[];
  settle: () => void;
}

function undone(cause: unknown): DatabaseUnavailable {
  return new DatabaseUnavailable('SQLite undid a whole transaction', { cause });
}

function dataSource(file: string): DataSource {
  return new DataSource({
    type: 'sqlite',
    database: file,
    // TypeORM turns on the driver's long stack traces, which take half of the time of a unit of work: not on this one.
    driver: { verbose: () => sqlite3 },
    entities: ALL_ENTITIES,
    migrations: SQLITE_MIGRATIONS,
    migrationsTransactionMode: 'each',
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
  });
}

function driverConnection(source: DataSource): Database {
  return (source.driver as unknown as { databaseConnection: Database }).databaseConnection;
}

/** Runs one statement on a file over a connection of its own. */
async function runAlone(file: string, text: string, values: string[] = []): Promise<void> {
  const source = await dataSource(file).initialize();
  try {
    await new Promise<void>((resolve, reject) => {
      driverConnection(source).run(text, values, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  } finally {
    await source.destroy();
  }
}

/**
 * Spreads reads over several connections, each of which can read while the writer writes. One goes to whichever has the
 * least to do, so that nobody waits behind a long one while another is free.
 */
class Readers implements Connection {
  readonly dialect = 'sqlite';

  constructor(private readonly connections: SqliteConnection[]) {}

  all(statement: Statement): Promise<RawRow[]> {
    return this.next().all(statement);
  }

  run(statement: Statement): Promise<number> {
    return this.next().run(statement);
  }

  private next(): SqliteConnection {
    return this.connections.reduce((idlest, one) => (one.underWay < idlest.underWay ? one : idlest));
  }
}

/**
 * One connection that writes, behind a queue, and several that read. A SQLite connection has one transaction at a
 * time, so acts never share it at once; those that wait share a commit instead, in which each still fails by itself.
 */
export class SqliteEngine implements Engine {
  /** A file is there or is not, and says so at once. */
  readonly isLost = false;
  readonly dialect = 'sqlite';
  readonly reader: Connection;
  private readonly queue: Act[] = [];
  /** What the writer does while no transaction is open. */
  private readonly betweenActs: (() => Promise<void>)[] = [];
  private forgetting: Promise<boolean> | null = null;
  private working: Promise<void> | null = null;

  private constructor(
    private readonly file: string,
    private readonly writerSource: DataSource,
    private readonly writer: SqliteConnection,
    private readonly readerSources: DataSource[],
    private readonly readers: SqliteConnection[],
  ) {
    this.reader = new Readers(readers);
  }

  /** Opens the database file, making it and its folder where they are missing. */
  static async open(file: string, observe: StatementObserver): Promise<SqliteEngine> {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    const writerSource = await dataSource(file).initialize();
    const writer = new SqliteConnection(driverConnection(writerSource), observe);
    await writer.execute(PRAGMAS);
    const readerSources: DataSource[] = [];
    const readers: SqliteConnection[] = [];
    for (let index = 0; index < READERS; index += 1) {
      const source = await dataSource(file).initialize();
      const reader = new SqliteConnection(driverConnection(source), observe);
      await reader.execute(`${PRAGMAS} PRAGMA query_only=ON; PRAGMA cache_size=-${READ_CACHE};`);
      readerSources.push(source);
      readers.push(reader);
    }
    return new SqliteEngine(file, writerSource, writer, readerSources, readers);
  }

  readerOf(): Connection {
    return this.reader;
  }

  transact<T>(_contractId: string | null, work: (connection: Connection) => Promise<Done<T>>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.push({
        perform: async (connection) => {
          const { result, recorded } = await work(connection);
          return { recorded, settle: () => resolve(result) };
        },
        fail: reject,
      });
      this.working ??= this.drain();
    });
  }

  /** Nobody reads what is not on the disk yet. */
  syncing(): () => Promise<void> {
    return () => Promise.resolve();
  }

  async migrate(): Promise<string[]> {
    const done = await runMigrations(this.writerSource);
    await planForLargeTables(this.writer);
    return done;
  }

  drift(): Promise<string[]> {
    return pendingStatements(this.writerSource);
  }

  /**
   * A consistent copy of the database in a new file, made while others read and write. The copy is marked as one, so
   * that who opens it holds back what it has not sent.
   * @throws Error where the file is there already, or its folder is not.
   */
  async backup(file: string): Promise<void> {
    const folder = path.dirname(path.resolve(file));
    if (!existsSync(folder)) throw new Error(`There is no folder ${folder}: make it first, or name another`);
    if (existsSync(file)) throw new Error(`There is a file ${file} already: name one that is not there yet`);
    // Under its name it is there only as a whole, and with its mark.
    const unfinished = `${file}.unfinished`;
    rmSync(unfinished, { force: true });
    try {
      // On a connection of its own: the readers may not write, and the writer cannot copy within a transaction.
      await runAlone(this.file, 'VACUUM INTO ?', [unfinished]);
      await runAlone(unfinished, 'UPDATE contract_logs SET copied = 1');
      renameSync(unfinished, file);
    } finally {
      rmSync(unfinished, { force: true });
    }
  }

  /** Those who ask while others wait for it share one rewriting of the file; acts wait for its end. */
  forgetDeleted(): Promise<boolean> {
    const forgetting = (this.forgetting ??= new Promise<boolean>((resolve, reject) => {
      this.betweenActs.push(async () => {
        this.forgetting = null;
        await this.rewrite().then(resolve, reject);
      });
    }));
    // Not before the promise is kept: work that begins in this very turn would take it for the next one's as well.
    this.working ??= this.drain();
    return forgetting;
  }

  /** It has no means to: nothing is left undone. */
  isFenced(): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** There are no others but commands that end at once: what they write is found by looking. */
  announce(): void {
    return;
  }

  hearOthers(): void {
    return;
  }

  async close(): Promise<void> {
    while (this.working) await this.working;
    for (const connection of [this.writer, ...this.readers]) await connection.release();
    for (const source of [this.writerSource, ...this.readerSources]) await source.destroy();
  }

  private async drain(): Promise<void> {
    while (this.queue.length + this.betweenActs.length > 0) {
      const work = this.betweenActs.shift();
      if (work) await work();
      else await this.commitTogether(this.queue.splice(0, ACTS_PER_COMMIT));
    }
    // In the same turn as the last look at the queue: an act that came in between would wait for ever.
    this.working = null;
  }

  /** Pages keep copies of rows that were moved, and the log beside the file the pages as they were: neither stays. */
  private async rewrite(): Promise<boolean> {
    await this.writer.execute('VACUUM');
    const [result] = await this.writer.all(sql`PRAGMA wal_checkpoint(TRUNCATE)`);
    return result?.['busy'] === 0;
  }

  /**
   * Savepoints cost as much as a statement of every act and a copy of every page, and mostly nothing fails: acts that
   * share a commit are first performed without any. Where one fails, what all of them did is undone, and they are
   * performed once more, each in a savepoint of its own.
   */
  private async commitTogether(acts: Act[]): Promise<void> {
    try {
      const atOnce = acts.length > 1 ? await this.commit(() => this.performAll(acts)) : null;
      const performed = atOnce ?? (await this.commit(() => this.performEach(acts))) ?? [];
      for (const { settle } of performed) settle();
    } catch (error) {
      for (const act of acts) act.fail(error);
    }
  }

  /** A transaction of the acts that are performed; null where it was undone, so that nothing of them stands. */
  private async commit(perform: () => Promise<Performed[] | null>): Promise<Performed[] | null> {
    await this.writer.execute('BEGIN IMMEDIATE');
    try {
      const performed = await perform();
      if (performed) {
        // The log tells of all of them at once.
        await writeLog(
          this.writer,
          performed.flatMap(({ recorded }) => recorded),
        );
      }
      await this.writer.execute(performed ? 'COMMIT' : 'ROLLBACK');
      return performed;
    } catch (error) {
      // A full disk may have ended the transaction already: then there is nothing left to roll back.
      await this.writer.execute('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /** Null where one of them fails. */
  private async performAll(acts: readonly Act[]): Promise<Performed[] | null> {
    const performed: Performed[] = [];
    const { timesUnavailable } = this.writer;
    for (const act of acts) {
      let failure: unknown = null;
      try {
        performed.push(await act.perform(this.writer));
      } catch (error) {
        failure = error;
      }
      // Whatever the act made of it: what it and the next one write may be in no transaction any more.
      if (this.writer.timesUnavailable > timesUnavailable) throw undone(failure);
      if (failure !== null) return null;
    }
    return performed;
  }

  /** Those that fail are told so, and leave nothing behind. */
  private async performEach(acts: readonly Act[]): Promise<Performed[]> {
    const performed: Performed[] = [];
    for (const act of acts) {
      await this.within('SAVEPOINT act');
      try {
        performed.push(await act.perform(this.writer));
      } catch (error) {
        await this.within('ROLLBACK TO act', error);
        act.fail(error);
      }
      await this.within('RELEASE act');
    }
    return performed;
  }

  /**
   * Ends a savepoint. Where a disk is full or fails SQLite undoes the whole transaction by itself, with what every act
   * of it has done: then the savepoint is gone.
   * @param reason what made this necessary.
   */
  private async within(text: string, reason?: unknown): Promise<void> {
    await this.writer.execute(text).catch((error: unknown) => {
      throw undone(reason ?? error);
    });
  }
}
