import { ReplyMatch, ReplyState } from '../../entities/enums';

/** A send as far as its answerability looks at it; instants in milliseconds. */
export interface AnswerableSend {
  /** A call to the provider was made that was not definitely refused. */
  handedOver: boolean;
  /** The provider's answer was a definite, permanent refusal. */
  refused: boolean;
  replyState: ReplyState;
  callStartedAt: number | null;
  replyExpiresAt: number | null;
}

/** A send that a message of its contact may answer. */
export interface ReplyCandidate extends AnswerableSend {
  providerMessageId: string | null;
}

/**
 * Whether a message may answer a send (DOMAIN.md 28). `messageAt` is the message's own time in milliseconds, which
 * WhatsApp tells in whole seconds. Both ends of the window belong to it.
 */
export function answerableBy(send: AnswerableSend, messageAt: number): boolean {
  if (!send.handedOver || send.refused) return false;
  // EXPIRED is for display: a message that was written inside the window may well arrive after it was stored.
  if (send.replyState === ReplyState.REPLIED || send.replyState === ReplyState.RELEASED) return false;
  if (send.callStartedAt === null || send.replyExpiresAt === null) return false;
  // The message's second is cut off, so the call's must be too: else an answer within the same second is missed.
  const firstSecond = Math.floor(send.callStartedAt / 1000) * 1000;
  return firstSecond <= messageAt && messageAt <= send.replyExpiresAt;
}

/**
 * The send that a message answers, out of the sends on its number to any of the addresses it came from: first the one
 * it quotes or whose button it taps, else the latest answerable one (DOMAIN.md 28). Of two calls that started at the
 * same millisecond the one that comes first in `candidates` counts as the later.
 */
export function matchReply<Candidate extends ReplyCandidate>(
  candidates: readonly Candidate[],
  quotedMessageId: string | null,
  messageAt: number,
): { send: Candidate; matchedBy: ReplyMatch } | null {
  let latest: Candidate | null = null;
  for (const send of candidates) {
    if (!answerableBy(send, messageAt)) continue;
    if (quotedMessageId !== null && send.providerMessageId === quotedMessageId) {
      return { send, matchedBy: ReplyMatch.QUOTED };
    }
    if (latest === null || (send.callStartedAt ?? 0) > (latest.callStartedAt ?? 0)) latest = send;
  }
  return latest === null ? null : { send: latest, matchedBy: ReplyMatch.LATEST };
}
