import sql, { join, raw, type Sql } from 'sql-template-tag';
import { ContractLogRow } from '../entities/contract-log';
import type { Happening, HappeningKind, Happenings } from '../entities/happening';
import type { Connection, Statement } from './connection';
import type { Recorded } from './log-writing';
import { columnValue, rowFrom, Rows, tableOf, type RowClass } from './rows';

/** PostgreSQL takes 65,535 values in a statement and SQLite 32,766: rows are written in parts well below. */
const VALUES_PER_STATEMENT = 20_000;

/**
 * Reads and writes within one unit of work of one contract. Everything it does is committed together, or not at all.
 */
export class Transaction extends Rows {
  private readonly happenings: Recorded[] = [];
  private readonly afterwards: (() => void)[] = [];
  private attempts = 0;

  constructor(
    connection: Connection,
    private readonly contract: string,
    private instant: number,
  ) {
    super(connection, contract);
  }

  /** When the unit of work began: every row it writes bears this instant. */
  get now(): number {
    return this.instant;
  }

  /**
   * What is written from here on bears this instant: for a past that is made up. The log is in the order of time, so
   * that it is told from its beginning to its end.
   */
  retell(instant: number): void {
    this.instant = instant;
  }

  async insert<Row extends object>(entity: RowClass<Row>, ...rows: Row[]): Promise<void> {
    for (const statement of this.insertions(entity, rows, '')) await this.run(statement);
  }

  /** Inserts a row unless one with the same unique values is there, where it does not matter which. */
  async ensure<Row extends object>(entity: RowClass<Row>, row: Row): Promise<void> {
    for (const statement of this.insertions(entity, [row], ' on conflict do nothing'))
      await this.run(statement);
  }

  /** Inserts a row unless one with the same unique values is there; whether it was inserted. */
  async insertUnlessPresent<Row extends object>(entity: RowClass<Row>, row: Row): Promise<boolean> {
    let written = 0;
    for (const statement of this.insertions(entity, [row], ' on conflict do nothing'))
      written += await this.connection.run(statement);
    return written > 0;
  }

  /** Changes the rows that match; how many there were. The condition guards the change: look at the number. */
  update<Row extends object>(entity: RowClass<Row>, changes: Partial<Row>, where: Sql): Promise<number> {
    return this.connection.run(this.changing(entity, changes, where));
  }

  /** Changes rows that nobody else can have changed meanwhile, or where it does not matter. */
  change<Row extends object>(entity: RowClass<Row>, changes: Partial<Row>, where: Sql): Promise<void> {
    return this.run(this.changing(entity, changes, where));
  }

  private changing<Row extends object>(entity: RowClass<Row>, changes: Partial<Row>, where: Sql): Sql {
    const { name, byProperty } = tableOf(entity);
    const settings = Object.entries(changes).map(([property, value]) => {
      const description = byProperty.get(property);
      if (!description) throw new Error(`${name.sql} has no ${property}`);
      if (value === undefined)
        throw new Error(`${property} of ${name.sql} cannot be undefined: null empties it`);
      return sql`${raw(description.column)} = ${columnValue(description, value)}`;
    });
    return sql`update ${name} set ${join(settings)} where ${this.scoped(entity, where)}`;
  }

  /** Changes the rows that match by an expression of SQL, such as a counter's next value. */
  updateBy(entity: RowClass<object>, settings: Sql, where: Sql): Promise<number> {
    return this.connection.run(
      sql`update ${tableOf(entity).name} set ${settings} where ${this.scoped(entity, where)}`,
    );
  }

  remove(entity: RowClass<object>, where: Sql): Promise<number> {
    return this.connection.run(sql`delete from ${tableOf(entity).name} where ${this.scoped(entity, where)}`);
  }

  /**
   * Reads rows and keeps others from changing them until the end of the unit of work. Locks are taken in the order
   * contact, ticket, send, delivery, agent. SQLite has one writer, so that there nothing needs locking. PostgreSQL locks
   * all but the key: who stores a row that refers to this one need not wait, and so cannot be part of a deadlock.
   */
  async lock<Row extends { id: string }>(entity: RowClass<Row>, id: string): Promise<Row | null> {
    if (this.connection.dialect !== 'postgres') return this.byId(entity, id);
    const { name, all } = tableOf(entity);
    const [row] = await this.connection.all(
      sql`select ${all} from ${name} where ${this.scoped(entity, sql`id = ${id}`)} for no key update`,
    );
    return row ? rowFrom(entity, row) : null;
  }

  /**
   * Keeps others who ask for the same name waiting until the end of the unit of work: for what has no row yet that
   * could be locked. SQLite has one writer, so that there nothing needs locking.
   */
  async lockName(name: string): Promise<void> {
    if (this.connection.dialect === 'postgres')
      await this.connection.all(sql`select 1 from pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
  }

  /**
   * Locks names in this order, and then looks anew for what others may have made who were waited for.
   * @param look reads, and begins to in this very turn; not done where nobody can have been waited for.
   */
  async lockNames<Found>(names: readonly string[], look: () => Promise<Found>): Promise<Found | null> {
    if (this.connection.dialect !== 'postgres') return null;
    const locks = names.map((name) => this.lockName(name));
    const [found] = await Promise.all([look(), ...locks]);
    return found;
  }

  /** Like `lockName`, but whoever comes second does not wait; whether it is this unit of work's. */
  async tryLockName(name: string): Promise<boolean> {
    if (this.connection.dialect !== 'postgres') return true;
    const [row] = await this.connection.all(
      sql`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0))::int as mine`,
    );
    return row?.['mine'] === 1;
  }

  /** Puts a happening into the contract's log; it is told once the unit of work is committed. */
  record<Kind extends HappeningKind>(kind: Kind, data: Happenings[Kind]): void {
    this.happenings.push({
      contractId: this.contract,
      happening: { kind, data } as Happening,
      at: this.now,
    });
  }

  /** Called once the unit of work is committed; never when it is not. */
  afterCommit(work: () => void): void {
    this.afterwards.push(work);
  }

  /**
   * Does `work` in a savepoint: what it throws undoes it and what it recorded, and comes back as `error`, with the
   * rest of the unit of work left standing.
   */
  async attempt<T>(work: () => Promise<T>): Promise<{ value: T } | { error: unknown }> {
    const savepoint = raw(`attempt_${(this.attempts += 1)}`);
    const recorded = this.happenings.length;
    const promised = this.afterwards.length;
    await this.connection.run(sql`savepoint ${savepoint}`);
    try {
      const value = await work();
      await this.connection.run(sql`release savepoint ${savepoint}`);
      return { value };
    } catch (error) {
      // One of them that failed would keep the rollback from being done.
      this.connection.forgetLater?.();
      await this.connection.run(sql`rollback to savepoint ${savepoint}`);
      await this.connection.run(sql`release savepoint ${savepoint}`);
      this.happenings.length = recorded;
      this.afterwards.length = promised;
      return { error };
    }
  }

  /** What was recorded, and what is to be done after the commit. */
  get outcome(): { recorded: readonly Recorded[]; afterwards: readonly (() => void)[] } {
    return { recorded: this.happenings, afterwards: this.afterwards };
  }

  /** Runs what nobody has to hear of. */
  private async run(statement: Statement): Promise<void> {
    if (this.connection.later) await this.connection.later(statement);
    else await this.connection.run(statement);
  }

  private insertions<Row extends object>(
    entity: RowClass<Row>,
    rows: Row[],
    ending: InsertEnding,
  ): Statement[] {
    const { name, columns, byProperty } = tableOf(entity);
    const isForeign = (row: Row): boolean => (row as { contractId?: string }).contractId !== this.contract;
    if (byProperty.has('contractId') && rows.some(isForeign))
      throw new Error(`A row for ${name.sql} belongs to another contract than the unit of work`);
    const atOnce = Math.max(1, Math.floor(VALUES_PER_STATEMENT / columns.length));
    const statements: Statement[] = [];
    for (let start = 0; start < rows.length; start += atOnce) {
      const some = rows.slice(start, start + atOnce);
      const values = some.flatMap((row) => valuesOf(entity, row));
      statements.push({ ...insertText(entity, some.length, ending), values });
    }
    return statements;
  }
}

type InsertEnding = '' | ' on conflict do nothing';
type StatementText = Omit<Statement, 'values'>;

/** The texts that insert one row: most inserts do, and building a text takes as long as SQLite takes to write the row. */
const insertTexts = {
  '': new Map<RowClass<object>, StatementText>(),
  ' on conflict do nothing': new Map<RowClass<object>, StatementText>(),
} satisfies Record<InsertEnding, unknown>;

function insertText(entity: RowClass<object>, rows: number, ending: InsertEnding): StatementText {
  const kept = rows === 1 ? insertTexts[ending].get(entity) : undefined;
  if (kept) return kept;
  const { name, columns } = tableOf(entity);
  const names = raw(columns.map(({ column }) => column).join(', '));
  const tuple = sql`(${join(columns.map(() => null))})`;
  const tuples = join(Array<Sql>(rows).fill(tuple));
  const statement = sql`insert into ${name} (${names}) values ${tuples}${raw(ending)}`;
  const text = { sql: statement.sql, text: statement.text };
  if (rows === 1) insertTexts[ending].set(entity, text);
  return text;
}

function valuesOf(entity: RowClass<object>, row: object): (string | number | null)[] {
  const { name, columns } = tableOf(entity);
  return columns.map((description) => {
    const value = (row as Record<string, unknown>)[description.property];
    if (value === undefined) throw new Error(`${description.property} of ${name.sql} is missing`);
    return columnValue(description, value);
  });
}

/** The row of a contract's log; every contract has one from its beginning. */
export function freshLog(contractId: string, epoch: string): ContractLogRow {
  return { contractId, epoch, lastSequence: 0, prunedSequence: 0, copied: false };
}
