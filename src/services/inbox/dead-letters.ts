import sql from 'sql-template-tag';
import { DatabaseUnavailable } from '../../database/connection';
import { DeadLetterRow } from '../../entities/dead-letter';
import { UserErrorCode } from '../../entities/enums';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { authorize } from '../access/access';
import type { ServiceContext } from '../context';
import { idsOf } from '../id-lists';
import { logUnforeseen } from './inbox';
import { WEBHOOK_READERS, workItem } from './inbox-items';
import { reasonOf, UNREADABLE_TEXT } from './putting-aside';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import type { Page, PageRequest } from '../pages';
import { listOf } from '../access/seeing';
import { visible } from '../access/visibility';

/** What was put aside, the newest first. */
export function listDeadLetters(context: ServiceContext, request: PageRequest): Promise<Page<DeadLetterRow>> {
  const where = visible(context.viewer, 'DeadLetter');
  const order = { property: 'receivedAt', direction: 'DESC' } as const;
  return listOf(context, 'DeadLetter', { where, order, of: 'deadLetters' }, request);
}

/** The dead letters with these ids, or a refusal for each that there is not. */
async function lettersOf(
  context: ServiceContext,
  given: readonly string[],
): Promise<DeadLetterRow[] | UserError[]> {
  const letters = await context.rows.byIds(DeadLetterRow, idsOf(given, 'ids'));
  const known = new Map(letters.map((letter) => [letter.id, letter]));
  const errors = given.flatMap((id, index) =>
    known.has(id)
      ? []
      : userError(
          UserErrorCode.NOT_FOUND,
          'There is no such dead letter: it was settled or thrown away, or never was. Take ids that `deadLetters` lists.',
          ['input', 'ids', String(index)],
        ),
  );
  return errors.length > 0 ? errors : letters;
}

function areErrors(found: DeadLetterRow[] | UserError[]): found is UserError[] {
  const [first] = found;
  return first !== undefined && 'code' in first;
}

/**
 * Works dead letters again, each by itself: what succeeds is one no more, what fails stays with its new reason.
 * @returns how many are dead letters no more.
 */
export async function retryDeadLetters(
  context: ServiceContext,
  input: { ids: readonly string[] },
): Promise<Outcome<{ retried: number }>> {
  authorize(context.viewer, 'dead-letters.change');
  const letters = await lettersOf(context, input.ids);
  if (areErrors(letters)) return refused(...letters);
  const inOrder = [...letters].sort(
    (left, right) => left.receivedAt - right.receivedAt || (left.id < right.id ? -1 : 1),
  );
  let retried = 0;
  for (const letter of inOrder) if (await isSettled(context, letter)) retried += 1;
  return made({ retried });
}

/** Works a dead letter once more; whether that went well, and it was not somebody else who did it. */
async function isSettled(context: ServiceContext, letter: DeadLetterRow): Promise<boolean> {
  const { platform } = context;
  const channel =
    letter.channelId === null ? null : await context.rows.byId(WhatsAppChannelRow, letter.channelId);
  if (!channel) throw new Error('A dead letter came over a number');
  const isText = Object.keys(letter.payload).join() === UNREADABLE_TEXT;
  const stored = isText ? letter.payload[UNREADABLE_TEXT] : letter.payload;
  const item = WEBHOOK_READERS[channel.provider].readElement(stored);
  try {
    const isMine = await context.transact(async (transaction) => {
      // Of two who retry it at once only one gets to work it.
      const taken = await transaction.remove(DeadLetterRow, sql`id = ${letter.id}`);
      if (taken > 0) await workItem(platform, transaction, item);
      return taken > 0;
    });
    if (isMine) platform.metrics.webhookItems.inc({ kind: item.kind, result: 'settled' });
    return isMine;
  } catch (error) {
    if (error instanceof DatabaseUnavailable) throw error;
    logUnforeseen(platform, error, item.kind);
    await context.transact(async (transaction) => {
      const settings = sql`reason = ${reasonOf(error)}, attempts = attempts + 1`;
      await transaction.updateBy(DeadLetterRow, settings, sql`id = ${letter.id}`);
    });
    platform.metrics.webhookItems.inc({ kind: item.kind, result: 'put_aside' });
    return false;
  }
}

/** Throws dead letters away for good. */
export async function discardDeadLetters(
  context: ServiceContext,
  input: { ids: readonly string[] },
): Promise<Outcome<{ discarded: number }>> {
  authorize(context.viewer, 'dead-letters.change');
  const letters = await lettersOf(context, input.ids);
  if (areErrors(letters)) return refused(...letters);
  return context.transact(async (transaction) => {
    let discarded = 0;
    for (const { id } of letters) discarded += await transaction.remove(DeadLetterRow, sql`id = ${id}`);
    return made({ discarded });
  });
}
