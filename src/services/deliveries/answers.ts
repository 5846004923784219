import sql from 'sql-template-tag';
import type { Refusal, SendAnswer } from '../../channels/channel';
import { MINUTE, SECOND } from '../../clock';
import type { Transaction } from '../../database/transaction';
import { ContactRow } from '../../entities/contact';
import { DeliveryRow } from '../../entities/delivery';
import { SendFailureCode } from '../../entities/enums';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { PreparedCall } from './calls';
import { learnAbout } from '../contacts/contacts';
import { stopChannel } from '../desk/channels';
import { RECIPIENT_PAUSE } from './claiming';
import type { Platform } from '../context';
import {
  addFactsTo,
  knownUnderLock,
  noteMarketingOptOut,
  ownFact,
  refreshTemplatesAfter,
} from './deliveries';
import type { DeliveryFact } from './delivery-facts';

const FIRST_PAUSE = 2 * SECOND;
export const LONGEST_PAUSE = 5 * MINUTE;

/** How long to wait before the next call of a message that was refused for now; random, lest all come back at once. */
export function pauseAfter(attempt: number, leastPause: number | null, random = Math.random()): number {
  const longest = Math.min(FIRST_PAUSE * 2 ** Math.min(attempt - 1, 20), LONGEST_PAUSE);
  return Math.max(Math.round(longest * (0.5 + random / 2)), leastPause ?? 0);
}

/** Writes down what a call was answered, and ends this node's claim. @returns when it is due again, where it is. */
export function recordAnswer(
  platform: Platform,
  call: PreparedCall,
  answer: SendAnswer,
): Promise<number | null> {
  return platform.store.transact(call.delivery.contractId, async (transaction) => {
    const known = await knownUnderLock(transaction, call.delivery);
    if (!known) throw new Error(`There is no delivery ${call.delivery.id}`);
    // The addresses come before what was parked for this message, which may tell of the same ones.
    if (answer.kind === 'accepted' && known.contact) await learnAbout(transaction, known.contact, answer);
    const { fact, pause } = understood(known.facts, transaction.now, call, answer);
    // The last try is at the very end of the message's time; then it is given up instead of called.
    const end = call.delivery.queuedAt + platform.config.sendMaxAge;
    const dueAt = Math.max(transaction.now, Math.min(transaction.now + pause, end));
    // Where this is stored once more, another node may have begun the next call.
    const release = { owner: call.delivery.leaseOwner };
    const state = await addFactsTo(platform, transaction, known, [fact], { dueAt, release });
    if (answer.kind === 'refused') await heedRefusal(platform, transaction, call, answer);
    if (answer.kind === 'paused') refreshTemplatesAfter(platform, transaction, call.delivery);
    return state.mayBeCalled ? dueAt : null;
  });
}

interface Understood {
  fact: DeliveryFact;
  /** How long to wait before another call, where there may be one. */
  pause: number;
}

function understood(
  before: readonly DeliveryFact[],
  now: number,
  { attempt }: PreparedCall,
  answer: SendAnswer,
): Understood {
  const fact = (kind: DeliveryFact['kind'], more: Partial<DeliveryFact>) =>
    ownFact(kind, now, { attempt, ...more });
  switch (answer.kind) {
    case 'accepted':
      return { fact: fact('accepted', { providerMessageId: answer.providerMessageId }), pause: 0 };
    case 'paused':
      return { fact: fact('refused', pausedTemplate(answer.providerMessageId)), pause: 0 };
    case 'unknown':
      return { fact: fact('no_answer', { message: answer.reason }), pause: 0 };
    case 'not-sent': {
      const more = { message: answer.message, failureCode: SendFailureCode.PROVIDER_UNAVAILABLE };
      return { fact: fact('not_sent', more), pause: pauseAfter(attempt, null) };
    }
    case 'refused': {
      const transient = mayTryAgain(before, answer);
      const { providerCode, message } = answer;
      // What the whole number suffers from is no failure of this message.
      const failureCode = answer.retry === 'account' ? null : answer.failure;
      return {
        fact: fact('refused', { failureCode, providerCode, message, transient }),
        pause: pauseOf(attempt, answer),
      };
    }
  }
}

function pausedTemplate(providerMessageId: string | undefined): Partial<DeliveryFact> {
  return {
    failureCode: SendFailureCode.TEMPLATE_PAUSED,
    message: 'WhatsApp has paused this template and did not take the message: choose another template.',
    providerMessageId: providerMessageId ?? null,
  };
}

function mayTryAgain(before: readonly DeliveryFact[], refusal: Refusal): boolean {
  if (refusal.retry !== 'once') return refusal.retry !== 'never';
  return !before.some(
    ({ kind, providerCode }) => kind === 'refused' && providerCode === refusal.providerCode,
  );
}

function pauseOf(attempt: number, { retry, retryAfterMs }: Refusal): number {
  if (retry === 'recipient') return Math.max(retryAfterMs ?? 0, RECIPIENT_PAUSE);
  // A stopped number holds its messages back by itself: they go out as soon as it is repaired.
  return retry === 'account' ? 0 : pauseAfter(attempt, retryAfterMs);
}

async function heedRefusal(
  platform: Platform,
  transaction: Transaction,
  { delivery, channel }: PreparedCall,
  refusal: Refusal,
): Promise<void> {
  if (refusal.retry === 'recipient') {
    // Further than this no pause reaches, so that one beyond it is known to come of a clock that was set back.
    const nextCallAt = transaction.now + Math.min(pauseOf(1, refusal), LONGEST_PAUSE);
    await transaction.change(
      ContactRow,
      { nextCallAt },
      sql`id = ${delivery.contactId} and next_call_at < ${nextCallAt}`,
    );
  }
  if (refusal.optOut === 'MARKETING')
    await noteMarketingOptOut(transaction, delivery.contactId, transaction.now);
  if (refusal.refreshTemplate) refreshTemplatesAfter(platform, transaction, delivery);
  if (refusal.retry === 'account') {
    const { providerCode, message } = refusal;
    // An answer to credentials that were replaced meanwhile says nothing of the new ones.
    const current = await transaction.byId(WhatsAppChannelRow, channel.id);
    if (current?.secrets === channel.secrets)
      await stopChannel(platform, transaction, channel.id, { providerCode, message });
  }
}

/** A node began a call and did not come back: nobody knows what became of it, so that it is not made again. */
export function recordLostCall(
  platform: Platform,
  { id, contractId }: { id: string; contractId: string },
): Promise<void> {
  return platform.store.transact(contractId, async (transaction) => {
    const named = await transaction.byId(DeliveryRow, id);
    if (!named) return;
    const known = await knownUnderLock(transaction, named);
    if (known?.delivery.leaseUntil == null || known.delivery.leaseUntil > transaction.now) return;
    const { facts } = known;
    const ended = new Set(facts.filter(({ kind }) => ENDS.has(kind)).map(({ attempt }) => attempt));
    const open = facts.filter(({ kind, attempt }) => kind === 'call_started' && !ended.has(attempt));
    const message = 'The server stopped while it was waiting for the answer.';
    const lost = open.map(({ attempt }) => ownFact('no_answer', transaction.now, { attempt, message }));
    await addFactsTo(platform, transaction, known, lost, { release: true });
  });
}

const ENDS: ReadonlySet<DeliveryFact['kind']> = new Set<DeliveryFact['kind']>([
  'accepted',
  'refused',
  'not_sent',
  'no_answer',
]);
