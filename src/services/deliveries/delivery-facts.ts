import { createHash } from 'node:crypto';
import type { FactKind } from '../../entities/delivery-fact';
import { SendFailureCode, SendStatus } from '../../entities/enums';

/** One entry of an outgoing message's timeline. Instants in milliseconds. */
export interface DeliveryFact {
  kind: FactKind;
  /** Which call, counted from 1: of call_started, accepted, refused, not_sent and no_answer. */
  attempt: number | null;
  /** The timeline's word: queued, call_started, accepted, refused … or, of a report, what the provider calls it. */
  word: string;
  /** When it happened: the provider's time of a report, ours otherwise. */
  at: number;
  receivedAt: number;
  providerCode: number | null;
  failureCode: SendFailureCode | null;
  message: string | null;
  /** Of a refusal: it may be tried again. */
  transient: boolean;
  providerMessageId: string | null;
}

/** Who says that a message failed: our checks, the provider's answer, its report, or our guess after silence. */
export type FailedBy = 'own_check' | 'answer' | 'report' | 'unknown_guess';

/** Everything about an outgoing message that follows from its facts. Instants in milliseconds. */
export interface DeliveryState {
  status: SendStatus;
  /** A call got no answer, and neither a report nor we have settled it since. */
  outcomeUnknown: boolean;
  /** Why it failed; null unless the status is FAILED. */
  failure: { code: SendFailureCode; message: string; providerCode: number | null } | null;
  failedBy: FailedBy | null;
  /** How many calls were started. */
  attempts: number;
  providerMessageId: string | null;
  acceptedAt: number | null;
  /** Only where `sent` was reported: a message may be DELIVERED without it. */
  sentAt: number | null;
  deliveredAt: number | null;
  readAt: number | null;
  failedAt: number | null;
  /**
   * Start of the latest call that was not definitely refused. Where the provider shows to have a message of which no
   * such call is known (a restored backup), the latest call, else the provider's first word. Never after that word.
   * Null unless handed over.
   */
  callStartedAt: number | null;
  /** The provider has it, or may have it. */
  handedOver: boolean;
  /** The provider's answer was a permanent refusal that nothing has proved wrong. A reported failure is not one. */
  refused: boolean;
  /** Until when an answer belongs to the sender, that instant included; null where there can be no answer. */
  replyExpiresAt: number | null;
  /** Calling the provider (again) cannot make the customer get it twice, and there is still reason to. */
  mayBeCalled: boolean;
}

const statusOfReport: ReadonlyMap<string, SendStatus> = new Map([
  ['accepted', SendStatus.ACCEPTED],
  ['sent', SendStatus.SENT],
  ['delivered', SendStatus.DELIVERED],
  ['read', SendStatus.READ],
  // A voice message that was listened to.
  ['played', SendStatus.READ],
  ['failed', SendStatus.FAILED],
]);

/** The status that one fact speaks for by itself; null where it speaks for none, such as a provider's unknown word. */
export function statusSpokenFor(fact: DeliveryFact): SendStatus | null {
  switch (fact.kind) {
    case 'queued':
      return SendStatus.QUEUED;
    case 'accepted':
      return SendStatus.ACCEPTED;
    case 'refused':
      return fact.transient ? null : SendStatus.FAILED;
    case 'gave_up':
      return SendStatus.FAILED;
    case 'canceled':
      return SendStatus.CANCELED;
    case 'report':
      return statusOfReport.get(fact.word) ?? null;
    case 'call_started':
    case 'not_sent':
    case 'no_answer':
    case 'erased':
      return null;
  }
}

/**
 * The state of an outgoing message as a pure function of the set of its facts (DOMAIN.md 20-23): neither their order
 * nor repeats of them matter. `replyWindow` in milliseconds.
 */
export function deriveDelivery(facts: readonly DeliveryFact[], replyWindow: number): DeliveryState {
  const calls = callsOf(facts);
  const evidence = evidenceOf(facts);
  const { status, failedBy, failedFact } = settle(evidence, calls);

  const readAt = evidence.read?.at ?? null;
  const acceptedAt = evidence.acceptance?.at ?? null;
  const openCalls = calls.filter((call) => !isDefinitelyRefused(call));
  const handedOver = openCalls.length > 0 || evidence.providerWord !== null;
  const refused = isRefusedForGood(evidence);
  const callStartedAt = handedOver ? startOf(openCalls, calls, evidence.providerWord) : null;
  const windowStart = acceptedAt ?? callStartedAt;

  return {
    status,
    outcomeUnknown: status === SendStatus.QUEUED && openCalls.some((call) => call.unanswered),
    failure: failedBy === null || failedFact === null ? null : failureOf(failedFact, failedBy),
    failedBy,
    attempts: calls.length,
    providerMessageId: providerMessageIdOf(facts),
    acceptedAt,
    sentAt: evidence.sent?.at ?? null,
    // A customer who reads at once spares the provider the report of the delivery.
    deliveredAt: evidence.delivered?.at ?? readAt,
    readAt,
    failedAt: failedFact?.at ?? null,
    callStartedAt,
    handedOver,
    refused,
    replyExpiresAt: !handedOver || refused || windowStart === null ? null : windowStart + replyWindow,
    // A call without a definite answer may have reached the customer, so it forbids another one for ever.
    mayBeCalled: status === SendStatus.QUEUED && !handedOver,
  };
}

interface Call {
  startedAt: number | null;
  /** When the first of its facts happened. */
  knownAt: number;
  accepted: boolean;
  refused: boolean;
  notSent: boolean;
  unanswered: boolean;
}

const callKinds: ReadonlySet<FactKind> = new Set([
  'call_started',
  'accepted',
  'refused',
  'not_sent',
  'no_answer',
] satisfies FactKind[]);

function callsOf(facts: readonly DeliveryFact[]): Call[] {
  const calls = new Map<number | null, Call>();
  for (const fact of facts) {
    if (!callKinds.has(fact.kind)) continue;
    let call = calls.get(fact.attempt);
    if (call === undefined) {
      // An answer proves its call, even where the start of it is not among the facts.
      call = {
        startedAt: null,
        knownAt: fact.at,
        accepted: false,
        refused: false,
        notSent: false,
        unanswered: false,
      };
      calls.set(fact.attempt, call);
    }
    call.knownAt = Math.min(call.knownAt, fact.at);
    if (fact.kind === 'call_started') call.startedAt = Math.min(call.startedAt ?? fact.at, fact.at);
    call.accepted ||= fact.kind === 'accepted';
    call.refused ||= fact.kind === 'refused';
    call.notSent ||= fact.kind === 'not_sent';
    call.unanswered ||= fact.kind === 'no_answer';
  }
  return [...calls.values()];
}

function isDefinitelyRefused(call: Call): boolean {
  return !call.accepted && (call.refused || call.notSent);
}

function startOf(
  openCalls: readonly Call[],
  calls: readonly Call[],
  providerWord: DeliveryFact | null,
): number | null {
  const start = latestStart(openCalls) ?? latestStart(calls) ?? providerWord?.at ?? null;
  // Nobody speaks of a call before it was made: then our clock was ahead when it began.
  return start === null || providerWord === null ? start : Math.min(start, providerWord.at);
}

function latestStart(calls: readonly Call[]): number | null {
  return calls.length === 0 ? null : Math.max(...calls.map((call) => call.startedAt ?? call.knownAt));
}

/** The first fact of each sort that the status depends on. */
interface Evidence {
  acceptedAnswer: DeliveryFact | null;
  refusedForGood: DeliveryFact | null;
  /** A refusal that may be tried again, or a request that never left. */
  refusedForNow: DeliveryFact | null;
  /** Proof that the provider took it: its answer, or any report but a failure. */
  acceptance: DeliveryFact | null;
  /** Proof that the provider has or had it: its acceptance, or any report. */
  providerWord: DeliveryFact | null;
  sent: DeliveryFact | null;
  delivered: DeliveryFact | null;
  read: DeliveryFact | null;
  reportedFailure: DeliveryFact | null;
  ownCheck: DeliveryFact | null;
  unknownGuess: DeliveryFact | null;
  canceled: DeliveryFact | null;
}

function evidenceOf(facts: readonly DeliveryFact[]): Evidence {
  const first = (belongs: (fact: DeliveryFact) => boolean) => earliest(facts.filter(belongs));
  const reports = (status: SendStatus) =>
    first((fact) => fact.kind === 'report' && statusSpokenFor(fact) === status);
  const isFailure = (fact: DeliveryFact) => statusSpokenFor(fact) === SendStatus.FAILED;
  const isGuess = (fact: DeliveryFact) => fact.failureCode === SendFailureCode.OUTCOME_UNKNOWN;
  return {
    acceptedAnswer: first((fact) => fact.kind === 'accepted'),
    refusedForGood: first((fact) => fact.kind === 'refused' && !fact.transient),
    refusedForNow: first((fact) => (fact.kind === 'refused' && fact.transient) || fact.kind === 'not_sent'),
    // A word that is not known yet says nothing of the status, but nobody reports on a message it does not have.
    acceptance: first((fact) => fact.kind === 'accepted' || (fact.kind === 'report' && !isFailure(fact))),
    providerWord: first((fact) => fact.kind === 'accepted' || fact.kind === 'report'),
    sent: reports(SendStatus.SENT),
    delivered: reports(SendStatus.DELIVERED),
    read: reports(SendStatus.READ),
    reportedFailure: reports(SendStatus.FAILED),
    ownCheck: first((fact) => fact.kind === 'gave_up' && !isGuess(fact)),
    unknownGuess: first((fact) => fact.kind === 'gave_up' && isGuess(fact)),
    canceled: first((fact) => fact.kind === 'canceled'),
  };
}

interface Settlement {
  status: SendStatus;
  failedBy: FailedBy | null;
  failedFact: DeliveryFact | null;
}

function settle(evidence: Evidence, calls: readonly Call[]): Settlement {
  const reached = (status: SendStatus): Settlement => ({ status, failedBy: null, failedFact: null });
  const failed = (failedBy: FailedBy, failedFact: DeliveryFact): Settlement => ({
    status: SendStatus.FAILED,
    failedBy,
    failedFact,
  });

  // What reached the customer cannot have failed, whoever said so.
  if (evidence.read !== null) return reached(SendStatus.READ);
  if (evidence.delivered !== null) return reached(SendStatus.DELIVERED);
  // `sent` is told before a failure, so it cannot clear one, however late it arrives.
  if (evidence.reportedFailure !== null) return failed('report', evidence.reportedFailure);
  if (evidence.refusedForGood !== null && isRefusedForGood(evidence))
    return failed('answer', evidence.refusedForGood);
  if (evidence.sent !== null) return reached(SendStatus.SENT);
  if (evidence.acceptance !== null) return reached(SendStatus.ACCEPTED);
  // From here on the provider has shown no sign of having it, and our own words count.
  if (evidence.canceled !== null) return reached(SendStatus.CANCELED);
  const nothingInFlight = calls.every(isDefinitelyRefused);
  if (evidence.ownCheck !== null) {
    // Checks are made before a call. One that failed beside a call proves nothing of it, so nobody may repeat the send.
    return failed(nothingInFlight ? 'own_check' : 'unknown_guess', evidence.ownCheck);
  }
  if (evidence.unknownGuess !== null) {
    // A refusal that came after we gave up: a definite answer after all. It stays failed, since that was told already.
    if (nothingInFlight && evidence.refusedForNow !== null) return failed('answer', evidence.refusedForNow);
    return failed('unknown_guess', evidence.unknownGuess);
  }
  return reached(SendStatus.QUEUED);
}

function isRefusedForGood(evidence: Evidence): boolean {
  return (
    evidence.refusedForGood !== null &&
    evidence.acceptedAnswer === null &&
    evidence.delivered === null &&
    evidence.read === null
  );
}

const saidNothing: Record<FailedBy, string> = {
  own_check: 'The message was not handed over.',
  answer: 'WhatsApp refused the message and gave no reason.',
  report: 'WhatsApp reported that the message failed and gave no reason.',
  unknown_guess: 'The message was handed over, and WhatsApp never said what became of it.',
};

function failureOf(fact: DeliveryFact, failedBy: FailedBy): NonNullable<DeliveryState['failure']> {
  const onlyForNow = fact.kind === 'not_sent' || (fact.kind === 'refused' && fact.transient);
  return {
    code: fact.failureCode ?? (onlyForNow ? SendFailureCode.PROVIDER_UNAVAILABLE : SendFailureCode.OTHER),
    message: fact.message ?? saidNothing[failedBy],
    providerCode: fact.providerCode,
  };
}

// The answer's id is the one that quotes will name; reports repeat it; a `paused` answer has one too.
function providerMessageIdOf(facts: readonly DeliveryFact[]): string | null {
  const named = facts.filter((fact) => fact.providerMessageId !== null);
  for (const kind of ['accepted', 'report', 'refused'] as const) {
    const fact = earliest(named.filter((candidate) => candidate.kind === kind));
    if (fact !== null) return fact.providerMessageId;
  }
  return null;
}

function earliest(facts: readonly DeliveryFact[]): DeliveryFact | null {
  let first: DeliveryFact | null = null;
  for (const fact of facts) if (first === null || precedes(fact, first)) first = fact;
  return first;
}

// Facts of the same instant need an order too, or the one that arrived first would win.
function precedes(left: DeliveryFact, right: DeliveryFact): boolean {
  if (left.at !== right.at) return left.at < right.at;
  return contentOf(left) < contentOf(right);
}

function contentOf(fact: DeliveryFact): string {
  const { kind, attempt, word, providerCode, failureCode, message, transient, providerMessageId } = fact;
  return JSON.stringify([
    kind,
    attempt,
    word,
    providerCode,
    failureCode,
    message,
    transient,
    providerMessageId,
  ]);
}

/**
 * The key, unique per outgoing message, under which identical facts are one and counted; 190 characters at most.
 * Reports are identical when word, time and the provider's code are.
 */
export function factKey(fact: DeliveryFact): string {
  switch (fact.kind) {
    case 'queued':
    case 'canceled':
    case 'erased':
      return fact.kind;
    case 'gave_up':
      return `${fact.kind}:${fact.failureCode ?? SendFailureCode.OTHER}`;
    case 'report': {
      const code = fact.providerCode === null ? '' : `:${fact.providerCode}`;
      return `${fact.kind}:${wordKey(fact.word)}:${fact.at}${code}`;
    }
    case 'call_started':
    case 'accepted':
    case 'refused':
    case 'not_sent':
    case 'no_answer':
      return `${fact.kind}:${fact.attempt ?? '-'}`;
  }
}

// A provider may call a status anything: what is long, or could be mistaken for the rest of the key, is hashed.
function wordKey(word: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(word)) return word;
  const beginning = word.slice(0, 40).replace(/[^A-Za-z0-9_-]/g, '_');
  // UTF-16, because in UTF-8 all halves of a torn character become the same one.
  return `${beginning}~${createHash('sha256').update(word, 'utf16le').digest('hex')}`;
}
