import { DatabaseError } from 'pg';
import { DatabaseLost, DatabaseUnavailable } from './connection';

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

/** What PostgreSQL, the driver or the network says, as what it means for who asked: to ask again, or that it is an error. */
export function translated(error: unknown): unknown {
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

/** The code of an error of PostgreSQL or of the network; empty where it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error ? ((error as { code?: string }).code ?? '') : '';

/** Whether a statement was prepared before a migration changed its table. */
export const isOutdated = (error: unknown): boolean =>
  error instanceof DatabaseError && error.routine === FINDS_OUTDATED;

/** Whether PostgreSQL says that the same may succeed when it is repeated. */
export const isRepeatable = (error: unknown): boolean => REPEATABLE.has(codeOf(error));
