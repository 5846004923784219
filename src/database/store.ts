import { AsyncLocalStorage } from 'node:async_hooks';
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
  private readonly current = new AsyncLocalStorage<Transaction>();
  private readonly committed = new Set<(contractId: string) => void>();
  private readonly hearing = new Set<{ what: Announcement; listener: () => void }>();

  private constructor(
    readonly engine: Engine,
    private readonly clock: Clock,
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
   * commits, and only then does what was asked for with `afterCommit` and wakes the log's readers. Within another
   * unit of work of the same contract it joins that one. What `work` throws undoes everything and is thrown on.
   */
  async transact<T>(contractId: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const outer = this.current.getStore();
    if (outer) {
      if (outer.contractId !== contractId) throw new Error('A unit of work belongs to one contract');
      return work(outer);
    }
    const { result, afterwards, recorded } = await this.engine.transact(contractId, (connection) =>
      this.perform(connection, contractId, work),
    );
    for (const after of afterwards) after();
    if (recorded) this.wake(contractId);
    return result;
  }

  /** Runs statements that belong to no single contract, such as claims of work and removal of what is out of date. */
  transactAcrossContracts<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.current.getStore()) throw new Error('Work across contracts cannot be part of a unit of work');
    return this.engine.transact(null, work);
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

  private perform<T>(
    connection: Connection,
    contractId: string,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<{ result: T; afterwards: readonly (() => void)[]; recorded: boolean }> {
    const transaction = new Transaction(connection, contractId, this.clock.now());
    return this.current.run(transaction, async () => {
      const result = await work(transaction);
      return { result, ...(await transaction.finish()) };
    });
  }

  private wake(contractId: string): void {
    for (const listener of this.committed) listener(contractId);
    this.announce('events');
  }
}
