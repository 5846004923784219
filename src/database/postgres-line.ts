import type { PoolClient } from 'pg';
import sql, { type Sql } from 'sql-template-tag';
import type { Statement } from './connection';
import { PostgresMessage, type Outcome, type Step } from './postgres-message';
import { PreparedStatements } from './prepared-statements';

/** What row-level security lets the server's own work see, which belongs to no contract. */
const EVERY_CONTRACT = '*';

/**
 * Says of which contract the statements behind it are, until the transaction ends: it is a part of the message that they
 * are in, which is a transaction where none was begun, so that no connection remembers a contract.
 */
export const scopeOf = (contractId: string | null): Sql =>
  sql`select where set_config('saludo.contract', ${contractId ?? EVERY_CONTRACT}, true) is null`;

/** A statement that nobody hears of, or whose rows are wanted. */
export const stepOf = (statement: Statement, isAsked = false): Step => ({
  statement,
  isAsked,
  isForAnyValues: false,
});

/** A connection of the pool, and what it has prepared. */
export class PostgresLine {
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

  /** Reads rows of one contract, or (null) of all, in a transaction of its own. */
  async read(contractId: string | null, statement: Statement): Promise<Outcome> {
    const [, read] = await this.send([stepOf(scopeOf(contractId)), stepOf(statement, true)]);
    return read as Outcome;
  }

  /** What was prepared in an earlier generation is forgotten. */
  isOf(generation: number): void {
    if (this.generation !== generation) this.prepared.forgetAll();
    this.generation = generation;
  }
}
