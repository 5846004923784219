import { createHash } from 'node:crypto';
import sql, { type Sql } from 'sql-template-tag';
import type { Transaction } from '../database/transaction';
import { IdempotencyKeyRow } from '../entities/idempotency-key';
import { UserErrorCode } from '../entities/enums';
import { newId } from '../entities/ids';
import { made, refused, userError, type Outcome, type UserError } from './outcome';
import { callerId, type Viewer } from './access/viewer';

const LONGEST_KEY = 128;

/** What stands for an input that told of a person who was erased: it is taken for the same. */
const ERASED_INPUT = '';

/** What belongs to one caller's use of one key. */
export interface IdempotentAct {
  mutation: string;
  key: string;
  /** The input, normalised: what means the same must be equal as JSON. */
  input: unknown;
  /** What is made bears this id. */
  resultId: string;
}

/** What a key stands for: the row, where it was made just now, and in any case its id. */
export interface MadeOnce<Row> {
  id: string;
  row: Row | null;
}

function hashOf(input: unknown): string {
  return createHash('sha256').update(JSON.stringify(input)).digest('hex');
}

/**
 * Makes something once per caller, mutation and key. The key is looked up before `make` checks anything, and stored
 * only where `make` succeeds. Of two calls at the same instant the second waits for the first one's unit of work,
 * since both claim the same unique row.
 * @param make answers with what it made, or with refusals.
 * @returns what this key made, now or earlier.
 */
export async function once<Row extends { id: string }>(
  transaction: Transaction,
  viewer: Viewer,
  act: IdempotentAct,
  make: () => Promise<Row | { userErrors: UserError[] }>,
): Promise<Outcome<MadeOnce<Row>>> {
  if (act.key.length < 1 || act.key.length > LONGEST_KEY) {
    return refused(
      userError(
        UserErrorCode.INVALID,
        `An idempotency key has 1 to ${LONGEST_KEY} characters, such as a UUID.`,
        ['input', 'idempotencyKey'],
      ),
    );
  }
  const inputHash = hashOf(act.input);
  const row: IdempotencyKeyRow = {
    id: newId('IdempotencyKey'),
    contractId: viewer.contractId,
    callerId: callerId(viewer),
    mutation: act.mutation,
    key: act.key,
    inputHash,
    resultId: act.resultId,
    createdAt: transaction.now,
  };
  if (await transaction.insertUnlessPresent(IdempotencyKeyRow, row)) {
    const result = await make();
    if ('userErrors' in result) {
      await transaction.remove(IdempotencyKeyRow, sql`id = ${row.id}`);
      return result;
    }
    return made({ id: act.resultId, row: result });
  }
  const earlier = await transaction.first(
    IdempotencyKeyRow,
    sql`caller_id = ${row.callerId} and mutation = ${row.mutation} and key = ${row.key}`,
  );
  if (!earlier) throw new Error('An idempotency key was taken back while it was looked up');
  if (earlier.inputHash !== ERASED_INPUT && earlier.inputHash !== inputHash) {
    return refused(
      userError(
        UserErrorCode.IDEMPOTENCY_KEY_REUSED,
        'This idempotency key was used with another input: take a new key for each thing to be done.',
        ['input', 'idempotencyKey'],
      ),
    );
  }
  return made({ id: earlier.resultId, row: null });
}

/** Forgets what inputs were like that made these: a key goes on standing for what it made. */
export async function eraseInputs(transaction: Transaction, made: Sql): Promise<void> {
  await transaction.change(IdempotencyKeyRow, { inputHash: ERASED_INPUT }, sql`result_id in (${made})`);
}
