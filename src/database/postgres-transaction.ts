import sql, { type Sql } from 'sql-template-tag';
import type { Connection, RawRow, Statement, StatementObserver } from './connection';
import { logStatements, type Recorded } from './log-writing';
import { translated } from './postgres-errors';
import { scopeOf, stepOf, type PostgresLine } from './postgres-line';
import type { Outcome, Step } from './postgres-message';

const BEGIN = sql`begin`;
const COMMIT = sql`commit`;
/** So many statements go in one message at most, which has to be answered within seconds. */
const MOST_WAITING = 200;

/**
 * Says of which contract an act is, whose commit waits for no disk: until then it would keep the counter's row, for which
 * all others of the contract wait. Who asked for it waits instead, together with others.
 */
const actScopeOf = (contractId: string): Sql =>
  sql`${scopeOf(contractId)} or set_config('synchronous_commit', 'off', true) is null`;

/** A statement of a transaction, and who asked for it; nobody where nobody has to hear of it. */
interface Waiting {
  statement: Statement;
  asker: { resolve: (outcome: Outcome) => void; reject: (error: unknown) => void } | null;
}

/**
 * One transaction: it begins with its first statements, and its log is written with its commit. What is asked for in one
 * turn of the event loop goes in one message, one after the other.
 */
export class PostgresTransaction implements Connection {
  readonly dialect = 'postgres';
  private begun = false;
  private ended = false;
  private waiting: Waiting[] = [];
  private going: NodeJS.Immediate | null = null;

  constructor(
    private readonly line: PostgresLine,
    private readonly contractId: string | null,
    private readonly observe: StatementObserver,
  ) {}

  async all(statement: Statement): Promise<RawRow[]> {
    return (await this.ask(statement)).rows;
  }

  async run(statement: Statement): Promise<number> {
    return (await this.ask(statement)).count;
  }

  async later(statement: Statement): Promise<void> {
    this.add(statement);
    if (this.waiting.length < MOST_WAITING) return;
    try {
      await this.sendWaiting();
    } catch (error) {
      throw translated(error);
    }
  }

  /** Nobody waits longer for the log than PostgreSQL takes to write it. */
  async commit(recorded: readonly Recorded[]): Promise<void> {
    for (const log of logStatements(this, recorded)) this.add(log);
    if (!this.begun && this.waiting.length === 0) return;
    const outcomes = await this.sendWaiting(stepOf(COMMIT));
    // Where a statement failed and whoever ran it went on, PostgreSQL undoes everything and calls that no error.
    if (outcomes.at(-1)?.done !== 'COMMIT')
      throw new Error('A statement failed, and the transaction went on in vain');
  }

  forgetLater(): void {
    this.waiting = this.waiting.filter(({ asker }) => asker !== null);
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

  private async ask(statement: Statement): Promise<Outcome> {
    try {
      return await new Promise((resolve, reject) => {
        this.add(statement, { resolve, reject });
        // After all that is asked in this turn, also by those who wait for others that ask in it.
        this.going ??= setImmediate(() => {
          // Each of those who asked hears what fails.
          this.sendWaiting().catch(() => undefined);
        });
      });
    } catch (error) {
      // Who asked stands in its stack, and not who read the answer.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  }

  private add(statement: Statement, asker: Waiting['asker'] = null): void {
    if (this.ended) throw new Error('The transaction is over');
    this.observe(statement.text);
    this.waiting.push({ statement, asker });
  }

  private async sendWaiting(...behind: Step[]): Promise<Outcome[]> {
    const waiting = this.taken();
    try {
      const outcomes = await this.send([...waiting.map((one) => this.stepOf(one)), ...behind]);
      const first = outcomes.length - behind.length - waiting.length;
      for (const [place, { asker }] of waiting.entries()) asker?.resolve(outcomes[first + place] as Outcome);
      return outcomes;
    } catch (error) {
      for (const { asker } of waiting) asker?.reject(translated(error));
      throw error;
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
    const scope = this.contractId === null ? scopeOf(null) : actScopeOf(this.contractId);
    return this.line.send([stepOf(BEGIN), stepOf(scope), ...steps]);
  }
}
