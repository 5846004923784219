import type { Sql } from 'sql-template-tag';
import type { Recorded } from './log-writing';

export type Dialect = 'sqlite' | 'postgres';

/** A row as the driver gives it: by column name. */
export type RawRow = Record<string, unknown>;

/** A statement as the drivers take it: its text in SQLite's way and in PostgreSQL's, and its values. */
export type Statement = Pick<Sql, 'sql' | 'text' | 'values'>;

/** One connection to the database, or a pool that behaves like one. */
export interface Connection {
  readonly dialect: Dialect;
  /** The rows that a statement returns. */
  all(statement: Statement): Promise<RawRow[]>;
  /** Runs a statement; the number of rows it changed. */
  run(statement: Statement): Promise<number>;
  /**
   * Runs a statement before the next one, or before the commit, and in the same message: for what nobody has to hear of.
   * Where it fails, the next one fails. Left out where the way to the database is short.
   * @returns at once, but where so much waits already that it goes before there is more.
   */
  later?(statement: Statement): Promise<void>;
  /** Forgets what was to run later and has not been sent. */
  forgetLater?(): void;
}

/** A statement's values as every database takes them: the text of PostgreSQL cannot hold the character NUL. */
export function storable(values: readonly unknown[]): unknown[] {
  return values.map((value) =>
    typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value,
  );
}

/** Told of each statement before it runs: tests count them, traces time them. */
export type StatementObserver = (text: string) => void;

/** What processes over one database tell each other: that there is something new of this kind. */
export const ANNOUNCEMENTS = ['events', 'deliveries', 'inbox', 'sandbox_webhooks'] as const;
export type Announcement = (typeof ANNOUNCEMENTS)[number];

/** What work in a transaction came to, and what of it goes into the log before the commit. */
export interface Done<T> {
  result: T;
  recorded: readonly Recorded[];
}

/** The engine behind the store: where to read, and how to write in a transaction. */
export interface Engine {
  readonly dialect: Dialect;
  /** Sees committed rows of all contracts, and cannot write. */
  readonly reader: Connection;
  /** Sees committed rows of one contract; on PostgreSQL no others, whatever is asked. */
  readerOf(contractId: string): Connection;
  /**
   * Runs `work` in a transaction of its own, of one contract or (null) across contracts, writes what it recorded into
   * the log, and resolves once all is durably committed. What `work` throws rolls everything back and is thrown on. It
   * may run more than once where the engine asks for the transaction to be repeated, so it has no effects but on the
   * connection.
   */
  transact<T>(contractId: string | null, work: (connection: Connection) => Promise<Done<T>>): Promise<T>;
  /**
   * Readers may be a few milliseconds ahead of the disk.
   * @returns what resolves once everything is on the disk that was read after this call and before that one, whoever
   * wrote it, and rejects with DatabaseLost where nobody can tell.
   */
  syncing(): () => Promise<void>;
  /** Brings the schema to this version's; safe where several processes start at once. */
  migrate(): Promise<string[]>;
  /** Statements that would bring the schema to what the entities say: none unless a migration is missing. */
  drift(): Promise<string[]>;
  /**
   * Removes from the files what was deleted or overwritten, as far as that is this process's to do; whether it is gone.
   * Where it is not, because somebody reads just then, it can be tried again.
   */
  forgetDeleted(): Promise<boolean>;
  /** Whether the last that was heard of the database is that no word comes from it any more. */
  readonly isLost: boolean;
  /** Whether the database itself keeps contracts apart, as far as it can. */
  isFenced(): Promise<boolean>;
  /** Tells other processes over the same database of something new; what cannot be told they find by themselves. */
  announce(what: Announcement): void;
  /** Begins to call `listener` with what other processes announce. */
  hearOthers(listener: (what: Announcement) => void): void;
  close(): Promise<void>;
}

/** The database cannot be reached or cannot write now; the same request may succeed later. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
}

/** No word comes from the database any more: who asks it again may wait as long once more. */
export class DatabaseLost extends DatabaseUnavailable {
  override name = 'DatabaseLost';
}
