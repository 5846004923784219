import type { Clock } from '../clock';
import type { Announcement, Connection, Dialect, Engine, StatementObserver } from './connection';
import { PostgresEngine } from './postgres';
import { Rows } from './rows';
import { SqliteEngine } from './sqlite';
import { Transaction } from './transaction';

export interface StoreOptions {
  /** `sqlite:./file.db` or `postgres://…`. */
  url: string;
  clock: Clock;
  /** Told of errors that belong to no statement. */
  complain: (error: Error) => void;
  /** Told of each statement's text before it runs. */
  observe?: StatementObserver;
}

/** The path of the file that a `sqlite:` URL names, or null for another URL. */
export function sqliteFile(url: string): string | null {
  return url.startsWith('sqlite:') ? url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '') : null;
}

/** The way to the database for everything above: reading, and the unit of work. */
export class Store {
  private readonly committed = new Set<(contractId: string) => void>();
  private readonly hearing = new Set<{ what: Announcement; listener: () => void }>();

  private constructor(
    readonly engine: Engine,
    private readonly clock: Clock,
    /** The unit of work that all others of this store are a part of. */
    private readonly outer: Transaction | null = null,
  ) {}

  static async open({ url, clock, complain, observe = () => undefined }: StoreOptions): Promise<Store> {
    const file = sqliteFile(url);
    const engine =
      file === null
        ? await PostgresEngine.open(url, observe, complain)
        : await SqliteEngine.open(file, observe);
    return new Store(engine, clock);
  }

  get dialect(): Dialect {
    return this.engine.dialect;
  }

  /** Rows of one contract, as last committed. */
  rowsOf(contractId: string): Rows {
    return new Rows(this.engine.readerOf(contractId), contractId);
  }

  /** Rows of all contracts: for authentication and for the server's own work, never for a caller's query. */
  acrossContracts(): Rows {
    return new Rows(this.engine.reader, null);
  }

  /**
   * The unit of work: runs `work` in one transaction of one contract, gives its happenings their places in the log,
   * commits, and only then does what was asked for with `afterCommit` and wakes the log's readers. What `work` throws
   * undoes everything and is thrown on. Within `work` no other may begin, but on what `within` gives.
   */
  async transact<T>(contractId: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    if (this.outer) {
      if (this.outer.contractId !== contractId) throw new Error('A unit of work belongs to one contract');
      return work(this.outer);
    }
    const { result, afterwards, recorded } = await this.engine.transact(contractId, async (connection) => {
      const transaction = new Transaction(connection, contractId, this.clock.now());
      const made = { result: await work(transaction), ...transaction.outcome };
      return { result: made, recorded: made.recorded };
    });
    for (const after of afterwards) after();
    if (recorded.length > 0) this.wake(contractId);
    return result;
  }

  /**
   * To be called before something is read that has places in a log. They are told only once what is returned has
   * resolved, and so is on the disk: a crash of the database would give what it forgot to others.
   */
  syncing(): () => Promise<void> {
    return this.engine.syncing();
  }

  /** This store, so that each unit of work is a part of the one that is under way, and succeeds or fails with it. */
  within(transaction: Transaction): Store {
    return new Store(this.engine, this.clock, transaction);
  }

  /** Runs statements that belong to no single contract, such as claims of work and removal of what is out of date. */
  transactAcrossContracts<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.outer) throw new Error('Work across contracts cannot be part of a unit of work');
    return this.engine.transact(null, async (connection) => ({
      result: await work(connection),
      recorded: [],
    }));
  }

  /** Calls `listener` whenever this process committed happenings of a contract; the result takes that back. */
  onCommitted(listener: (contractId: string) => void): () => void {
    this.committed.add(listener);
    return () => this.committed.delete(listener);
  }

  /** Tells other processes over the same database that there is something new; what cannot be told they look for. */
  announce(what: Announcement): void {
    this.engine.announce(what);
  }

  /** Calls `listener` when another process announced something new of this kind; the result takes that back. */
  onAnnounced(what: Announcement, listener: () => void): () => void {
    const entry = { what, listener };
    this.hearing.add(entry);
    return () => this.hearing.delete(entry);
  }

  /** From here on what other processes announce is heard; for servers, not for commands that end at once. */
  hearOthers(): void {
    this.engine.hearOthers((announced) => {
      for (const { what, listener } of this.hearing) if (what === announced) listener();
    });
  }

  async close(): Promise<void> {
    await this.engine.close();
  }

  private wake(contractId: string): void {
    for (const listener of this.committed) listener(contractId);
    this.announce('events');
  }
}
