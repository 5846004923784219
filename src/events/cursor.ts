import { randomBytes } from 'node:crypto';
import { badInput, cursorExpired } from '../problems';

const FORM = /^v1\.([0-9a-z]+)\.(\d{1,15})$/;
const EPOCH_BYTES = 6;
/** What parts the log itself from its renewal: no digit of a hexadecimal number. */
const RENEWAL = 'r';

/** The epoch of a log that begins: nobody else's. */
export function newEpoch(): string {
  return randomBytes(EPOCH_BYTES).toString('hex');
}

/** The next epoch of the same log: cursors of those before are recognised, and have expired. */
export function renewedEpoch(epoch: string): string {
  return `${logOf(epoch)}${RENEWAL}${newEpoch()}`;
}

function logOf(epoch: string): string | undefined {
  return epoch.split(RENEWAL, 1)[0];
}

/** A place in a contract's log, as callers see it: opaque to them, and useless in another log. */
export function encodeCursor(epoch: string, sequence: number): string {
  return Buffer.from(`v1.${epoch}.${sequence}`).toString('base64url');
}

/**
 * The place that a cursor names.
 * @throws Problem BAD_USER_INPUT where it is no cursor, or one of another log; CURSOR_EXPIRED where the log has begun
 * anew since.
 */
export function decodeCursor(epoch: string, cursor: string): number {
  const match = FORM.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!match) {
    throw badInput(
      'This is no cursor of events: pass the `cursor` of an event, a `changeCursor` or the `eventCursor` as it was given.',
    );
  }
  const [, named = '', sequence] = match;
  if (logOf(named) !== logOf(epoch)) {
    throw badInput(
      'This cursor belongs to the event log of another contract: query anew and subscribe after the new `eventCursor`.',
    );
  }
  if (named !== epoch) {
    throw cursorExpired(
      'This cursor is from before the database was restored from a backup: query anew and go on from the new `eventCursor`.',
    );
  }
  return Number(sequence);
}
