import sql, { join, type Sql } from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { ReplyState, SendStatus } from '../../entities/enums';
import { SendRow } from '../../entities/send';

/** More sends to one person than this wait for no answer. */
const MOST_CANDIDATES = 100;

/**
 * Changes a send and puts the change into the contract's log: every change of a send goes through here, so that the
 * incremental feed misses none. The caller has read `before` in this unit of work, under the contact's lock.
 * @returns the send as it is now.
 */
export async function changeSend(
  transaction: Transaction,
  before: SendRow,
  changes: Partial<SendRow>,
): Promise<SendRow> {
  const after = { ...before, ...changes, updatedAt: transaction.now };
  await transaction.change(SendRow, { ...changes, updatedAt: transaction.now }, sql`id = ${before.id}`);
  recordSendChange(transaction, after, before.status);
  return after;
}

/** Puts into the log that a send is now as given, having had `previousStatus` before. */
export function recordSendChange(
  transaction: Transaction,
  send: SendRow,
  previousStatus: SendRow['status'],
): void {
  transaction.record('SendChanged', {
    sendId: send.id,
    agentId: send.agentId,
    botId: send.botId,
    templateId: send.templateId,
    contactId: send.contactId,
    status: send.status,
    previousStatus,
  });
}

/** What comes with a new reply state. */
export interface ReplyDetails {
  ticketId?: string;
  repliedAt?: number;
  replyBucket?: number;
}

/** Changes whether a send's reply is still awaited; the caller holds the contact's lock. The send as it is now. */
export function changeReplyState(
  transaction: Transaction,
  send: SendRow,
  replyState: ReplyState,
  more: ReplyDetails = {},
): Promise<SendRow> {
  return changeSend(transaction, send, { replyState, ...more });
}

/**
 * The sends on a number that a message may answer, the latest call first: to one contact, or to whoever holds one of
 * these addresses. Which of them it does answer is for `matchReply` to say, by the message's own time.
 * @param messageAt leaves out those whose window had passed by then.
 */
export function answerableSends(
  rows: Rows,
  channelId: string,
  to: string | readonly string[],
  messageAt?: number,
): Promise<SendRow[]> {
  if (typeof to !== 'string' && to.length === 0) return Promise.resolve([]);
  const recipient: Sql =
    typeof to === 'string'
      ? sql`contact_id = ${to}`
      : sql`contact_id in (select contact_aliases.contact_id from contact_aliases
          where contact_aliases.channel_id = ${channelId} and contact_aliases.alias in (${join([...to])}))`;
  const inTime =
    messageAt === undefined ? sql`reply_expires_at is not null` : sql`reply_expires_at >= ${messageAt}`;
  return rows.find(SendRow, {
    where: sql`channel_id = ${channelId} and ${recipient} and handed_over = 1 and refused = 0
      and reply_state not in (${ReplyState.REPLIED}, ${ReplyState.RELEASED}) and ${inTime}`,
    orderBy: sql`call_started_at desc, id desc`,
    limit: MOST_CANDIDATES,
  });
}

/** The reply state that follows from what is known of a send; an answer and a release stay whatever is reported. */
export function replyStateOf(
  current: ReplyState,
  send: { status: SendStatus; replyExpiresAt: number | null },
  now: number,
): ReplyState {
  if (current === ReplyState.REPLIED || current === ReplyState.RELEASED) return current;
  if (send.status === SendStatus.FAILED || send.status === SendStatus.CANCELED) return ReplyState.NONE;
  return send.replyExpiresAt !== null && send.replyExpiresAt < now ? ReplyState.EXPIRED : ReplyState.AWAITING;
}
