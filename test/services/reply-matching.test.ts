import { ReplyMatch, ReplyState } from '../../src/entities/enums';
import { answerableBy, matchReply, type ReplyCandidate } from '../../src/services/tickets/reply-matching';

const noon = Date.UTC(2026, 4, 4, 12);
const window = 24 * 60 * 60 * 1000;

function send(changes: Partial<ReplyCandidate> = {}): ReplyCandidate {
  return {
    handedOver: true,
    refused: false,
    replyState: ReplyState.AWAITING,
    callStartedAt: noon + 250,
    replyExpiresAt: noon + 400 + window,
    providerMessageId: 'wamid.a',
    ...changes,
  };
}

describe('answerableBy', () => {
  it.each([
    ['a millisecond before the second of the call', noon - 1, false],
    ['at the second of the call, though the call began later in it', noon, true],
    ['at the call itself', noon + 250, true],
    ['a millisecond before the end', noon + 400 + window - 1, true],
    ['at the end', noon + 400 + window, true],
    ['a millisecond after the end', noon + 400 + window + 1, false],
  ])('%s', (_name, messageAt, expected) => {
    expect(answerableBy(send(), messageAt)).toBe(expected);
  });

  it('begins at the call where it began on a full second', () => {
    expect(answerableBy(send({ callStartedAt: noon }), noon)).toBe(true);
    expect(answerableBy(send({ callStartedAt: noon }), noon - 1)).toBe(false);
    expect(answerableBy(send({ callStartedAt: noon + 999 }), noon)).toBe(true);
    expect(answerableBy(send({ callStartedAt: noon + 1000 }), noon)).toBe(false);
  });

  it.each([
    [ReplyState.AWAITING, true],
    [ReplyState.EXPIRED, true],
    [ReplyState.REPLIED, false],
    [ReplyState.RELEASED, false],
    // A failure of which nobody knows whether it was one: OUTCOME_UNKNOWN, or a report that a delivery may still follow.
    [ReplyState.NONE, true],
  ])('in the state %s: %s', (replyState, expected) => {
    expect(answerableBy(send({ replyState }), noon + 60_000)).toBe(expected);
  });

  it.each<[string, Partial<ReplyCandidate>]>([
    ['not handed over', { handedOver: false }],
    ['refused', { refused: true }],
    ['without a call', { callStartedAt: null }],
    ['without a window', { replyExpiresAt: null }],
  ])('never when %s', (_name, changes) => {
    expect(answerableBy(send(changes), noon + 60_000)).toBe(false);
  });
});

describe('matchReply', () => {
  const older = send({ providerMessageId: 'wamid.older' });
  const newer = send({ providerMessageId: 'wamid.newer', callStartedAt: noon + 30_000 });
  const at = noon + 60_000;

  it('takes the send that is quoted, though another is later', () => {
    expect(matchReply([newer, older], 'wamid.older', at)).toEqual({
      send: older,
      matchedBy: ReplyMatch.QUOTED,
    });
    expect(matchReply([older, newer], 'wamid.older', at)).toEqual({
      send: older,
      matchedBy: ReplyMatch.QUOTED,
    });
  });

  it('takes the latest where nothing, or something else, is quoted', () => {
    const expected = { send: newer, matchedBy: ReplyMatch.LATEST };
    expect(matchReply([older, newer], null, at)).toEqual(expected);
    expect(matchReply([newer, older], null, at)).toEqual(expected);
    expect(matchReply([older, newer], 'wamid.of-the-bot', at)).toEqual(expected);
  });

  it('takes the latest where the quoted one is not answerable', () => {
    const released = send({ providerMessageId: 'wamid.gone', replyState: ReplyState.RELEASED });
    expect(matchReply([older, released], 'wamid.gone', at)).toEqual({
      send: older,
      matchedBy: ReplyMatch.LATEST,
    });
  });

  it('passes over a later send that began after the message was written', () => {
    expect(matchReply([older, newer], null, noon + 29_999)?.send).toBe(older);
    expect(matchReply([older, newer], null, noon + 30_000)?.send).toBe(newer);
  });

  it('takes nothing for a quote where ids are not known yet', () => {
    const unnamed = send({ providerMessageId: null });
    expect(matchReply([unnamed], null, at)).toEqual({ send: unnamed, matchedBy: ReplyMatch.LATEST });
  });

  it('takes the first given of two that began together', () => {
    const twin = send({ providerMessageId: 'wamid.twin' });
    expect(matchReply([twin, older], null, at)?.send).toBe(twin);
  });

  it('finds nothing where nothing is answerable', () => {
    expect(matchReply([], 'wamid.a', at)).toBeNull();
    expect(matchReply([send({ refused: true })], 'wamid.a', at)).toBeNull();
  });
});
