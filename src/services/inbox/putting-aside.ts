import sql, { raw } from 'sql-template-tag';
import { limitOf } from '../../database/rows';
import { maskPhoneNumbers } from '../../channels/phone-masking';
import type { Transaction } from '../../database/transaction';
import { DeadLetterRow } from '../../entities/dead-letter';
import { newId } from '../../entities/ids';
import type { InboxBodyRow } from '../../entities/inbox-body';
import type { Platform } from '../context';

/** What is stored of something that was put aside: a body with this element alone, or the text that was no JSON. */
export const UNREADABLE_TEXT = 'unreadable';

const LONGEST_REASON = 500;
/** Nothing that WhatsApp has customers write is larger, so that what is larger is kept in part only. */
const LARGEST_PAYLOAD = 65_536;
/** What is put aside must not fill the disk: of a contract so many dead letters are kept, the newest, and some more for a while. */
export const MOST_DEAD_LETTERS = 10_000;
/** To look for too many takes a while: a server does it with its first letter of a contract, and then after so many. */
const LETTERS_BETWEEN_LOOKS = 100;
const DROPPED_AT_ONCE = 1_000;

/** How many letters of each contract a server has put aside since it last looked for too many. */
const lettersSinceLook = new WeakMap<Platform, Map<string, number>>();

/** An item that cannot be understood or placed; its message says why, for admins. */
export class PutAside extends Error {
  override name = 'PutAside';
}

/** Why something was put aside, for admins: without anybody's number, and without anything that somebody wrote. */
export function reasonOf(error: unknown): string {
  // The words of an error that no rule foresaw may quote what a customer wrote.
  if (!(error instanceof PutAside))
    return "Something unforeseen happened to it: the server's log says what. Try again when that is repaired.";
  return maskPhoneNumbers(error.message).slice(0, LONGEST_REASON);
}

/** Keeps an item of a webhook as a dead letter; of too many the oldest go. */
export async function putAside(
  platform: Platform,
  transaction: Transaction,
  body: InboxBodyRow,
  { payload, error }: { payload: unknown; error: unknown },
): Promise<void> {
  await transaction.insert(DeadLetterRow, {
    id: newId('DeadLetter'),
    contractId: body.contractId,
    channelId: body.channelId,
    receivedAt: body.receivedAt,
    reason: reasonOf(error),
    payload: storable(payload),
    attempts: 1,
  });
  if (isTimeToLook(platform, body.contractId)) await dropOldest(platform, transaction);
}

function isTimeToLook(platform: Platform, contractId: string): boolean {
  const counts = lettersSinceLook.get(platform) ?? new Map<string, number>();
  lettersSinceLook.set(platform, counts);
  const count = (counts.get(contractId) ?? LETTERS_BETWEEN_LOOKS - 1) + 1;
  counts.set(contractId, count % LETTERS_BETWEEN_LOOKS);
  return count === LETTERS_BETWEEN_LOOKS;
}

async function dropOldest(platform: Platform, transaction: Transaction): Promise<void> {
  const dropped = await transaction.remove(
    DeadLetterRow,
    sql`id in (select id from dead_letters where contract_id = ${transaction.contractId}
      order by received_at desc, id desc${limitOf(DROPPED_AT_ONCE)} offset ${raw(String(MOST_DEAD_LETTERS))})`,
  );
  transaction.afterCommit(() => platform.metrics.deadLettersDropped.inc(dropped));
}

function storable(payload: unknown): Record<string, unknown> {
  const isObject = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
  const stored = isObject ? (payload as Record<string, unknown>) : { [UNREADABLE_TEXT]: payload };
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return text.length <= LARGEST_PAYLOAD ? stored : { [UNREADABLE_TEXT]: text.slice(0, LARGEST_PAYLOAD) };
}
