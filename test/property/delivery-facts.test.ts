import fc from 'fast-check';
import type { FactKind } from '../../src/entities/delivery-fact';
import { SendFailureCode, SendStatus } from '../../src/entities/enums';
import {
  deriveDelivery,
  factKey,
  statusSpokenFor,
  type DeliveryFact,
  type DeliveryState,
} from '../../src/services/deliveries/delivery-facts';

const replyWindow = 24 * 60 * 60 * 1000;

type Derivation = (facts: readonly DeliveryFact[], replyWindow: number) => DeliveryState;

function fact(kind: FactKind, changes: Partial<DeliveryFact> = {}): DeliveryFact {
  const at = changes.at ?? 0;
  return {
    kind,
    attempt: null,
    word: kind,
    at,
    receivedAt: at,
    providerCode: null,
    failureCode: null,
    message: null,
    transient: false,
    providerMessageId: null,
    ...changes,
  };
}

const queued = fact('queued');
const started = (at: number, attempt = 1) => fact('call_started', { at, attempt });
const accepted = (at: number, attempt = 1) => fact('accepted', { at, attempt, providerMessageId: 'wamid.a' });
const notSent = (at: number, attempt = 1) => fact('not_sent', { at, attempt });
const noAnswer = (at: number, attempt = 1) => fact('no_answer', { at, attempt });
const report = (word: string, at: number, changes: Partial<DeliveryFact> = {}) =>
  fact('report', { word, at, ...changes });
const refusedForNow = (at: number, attempt = 1) =>
  fact('refused', { at, attempt, transient: true, providerCode: 131016, message: 'Service overloaded' });
const refusedForGood = (at: number, attempt = 1) =>
  fact('refused', {
    at,
    attempt,
    providerCode: 132015,
    failureCode: SendFailureCode.TEMPLATE_PAUSED,
    message: 'Template is paused',
  });
const gaveUp = (at: number, failureCode: SendFailureCode) =>
  fact('gave_up', { at, word: 'failed', failureCode, message: 'Own words' });
const canceled = (at: number) => fact('canceled', { at });

function derive(...facts: DeliveryFact[]): DeliveryState {
  return deriveDelivery([queued, ...facts], replyWindow);
}

// ---------------------------------------------------------------- arbitrary facts, far beyond what can happen

const kinds: FactKind[] = [
  'queued',
  'call_started',
  'accepted',
  'refused',
  'not_sent',
  'no_answer',
  'report',
  'gave_up',
  'canceled',
  'erased',
];
const reportWords = ['accepted', 'sent', 'delivered', 'read', 'played', 'failed', 'warehoused'];

const anyFact: fc.Arbitrary<DeliveryFact> = fc
  .record({
    kind: fc.constantFrom(...kinds),
    attempt: fc.integer({ min: 1, max: 3 }),
    word: fc.constantFrom(...reportWords),
    at: fc.integer({ min: 0, max: 12 }),
    receivedAt: fc.integer({ min: 0, max: 12 }),
    providerCode: fc.constantFrom(null, 131026, 132015),
    failureCode: fc.constantFrom(
      null,
      SendFailureCode.OUTCOME_UNKNOWN,
      SendFailureCode.CONTACT_HAS_OPEN_TICKET,
      SendFailureCode.UNDELIVERABLE,
    ),
    message: fc.constantFrom(null, 'one', 'other'),
    transient: fc.boolean(),
    providerMessageId: fc.constantFrom(null, 'wamid.a', 'wamid.b'),
  })
  .map((drawn) => ({
    ...drawn,
    attempt: ['call_started', 'accepted', 'refused', 'not_sent', 'no_answer'].includes(drawn.kind)
      ? drawn.attempt
      : null,
    word: drawn.kind === 'report' ? drawn.word : drawn.kind,
  }));

const anyFacts = fc.array(anyFact, { maxLength: 12 });

/** Facts, and the same ones in another order with some of them repeated. */
const anyFactsTwice = anyFacts.chain((facts) =>
  fc.record({
    facts: fc.constant(facts),
    again: fc
      .tuple(
        facts.length === 0
          ? fc.constant<DeliveryFact[]>([])
          : fc.array(fc.constantFrom(...facts), { maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
      )
      .map(([repeats, places]) => {
        const mixed: DeliveryFact[] = [];
        for (const next of [...facts, ...repeats]) {
          mixed.splice(Number(places.next().value) % (mixed.length + 1), 0, { ...next });
        }
        return mixed;
      }),
  }),
);

// ---------------------------------------------------------------- the properties, of any derivation

function orderAndRepeatsDoNotMatter(derivation: Derivation) {
  return fc.property(anyFactsTwice, ({ facts, again }) => {
    expect(derivation(again, replyWindow)).toEqual(derivation(facts, replyWindow));
  });
}

/** What is stored: the first fact under each key. Facts that share a key are the same fact, told again. */
function oneOfEachIsEnough(keyOf: (fact: DeliveryFact) => string) {
  return fc.property(anyFactsTwice, ({ facts, again }) => {
    const byKey = new Map(facts.map((one) => [factKey(one), one]));
    const told = (some: readonly DeliveryFact[]) => some.map((one) => byKey.get(factKey(one)) ?? one);
    const stored = new Map<string, DeliveryFact>();
    for (const one of told(again)) if (!stored.has(keyOf(one))) stored.set(keyOf(one), one);
    expect(deriveDelivery([...stored.values()], replyWindow)).toEqual(
      deriveDelivery(told(facts), replyWindow),
    );
  });
}

const rank = (status: SendStatus) => [SendStatus.DELIVERED, SendStatus.READ].indexOf(status);

function whatReachedTheCustomerStays(derivation: Derivation) {
  return fc.property(anyFacts, anyFact, (facts, further) => {
    const before = derivation(facts, replyWindow);
    const after = derivation([...facts, further], replyWindow);
    expect(rank(after.status)).toBeGreaterThanOrEqual(rank(before.status));
    const reported = (...words: string[]) =>
      facts.some((one) => one.kind === 'report' && words.includes(one.word));
    if (reported('read', 'played')) expect(before.status).toBe(SendStatus.READ);
    else if (reported('delivered')) expect(before.status).toBe(SendStatus.DELIVERED);
  });
}

function stateIsConsistent(derivation: Derivation) {
  return fc.property(anyFacts, (facts) => {
    const state = derivation(facts, replyWindow);
    const isFailed = state.status === SendStatus.FAILED;
    expect([state.failure !== null, state.failedBy !== null, state.failedAt !== null]).toEqual(
      Array(3).fill(isFailed),
    );
    expect(state.readAt !== null).toBe(state.status === SendStatus.READ);
    expect(state.deliveredAt !== null).toBe(rank(state.status) >= 0);
    if (state.sentAt !== null || state.deliveredAt !== null) expect(state.acceptedAt).not.toBeNull();
    if (state.status === SendStatus.SENT) expect(state.sentAt).not.toBeNull();
    if (state.acceptedAt !== null && !isFailed) {
      expect([SendStatus.ACCEPTED, SendStatus.SENT, SendStatus.DELIVERED, SendStatus.READ]).toContain(
        state.status,
      );
    }
    if (state.acceptedAt !== null) expect(state.handedOver).toBe(true);
    expect(state.callStartedAt !== null).toBe(state.handedOver);
    expect(state.replyExpiresAt).toBe(
      state.handedOver && !state.refused ? (state.acceptedAt ?? state.callStartedAt)! + replyWindow : null,
    );
    if (state.failedBy === 'own_check') expect(state.handedOver).toBe(false);
    if (state.outcomeUnknown) expect(state).toMatchObject({ status: SendStatus.QUEUED, handedOver: true });
    if (state.mayBeCalled) {
      expect(state).toMatchObject({ status: SendStatus.QUEUED, handedOver: false, outcomeUnknown: false });
      for (const call of facts.filter((one) => one.kind === 'call_started' || one.kind === 'no_answer')) {
        const isAnswered = facts.some(
          (one) => one.attempt === call.attempt && (one.kind === 'refused' || one.kind === 'not_sent'),
        );
        expect(isAnswered).toBe(true);
      }
      expect(facts.some((one) => one.kind === 'report' || one.kind === 'accepted')).toBe(false);
    }
  });
}

const anyStep = fc.record({
  act: fc.constantFrom('call', 'hear', 'hear', 'lose patience'),
  outcome: fc.constantFrom('takes', 'refuses', 'is not reached', 'takes in silence', 'loses'),
  place: fc.nat(),
});

/** A dispatcher that obeys `mayBeCalled`, and a provider whose answers and reports come late, in any order or never. */
function noCustomerGetsItTwice(derivation: Derivation) {
  return fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
    const facts: DeliveryFact[] = [queued];
    const underway: DeliveryFact[] = [];
    let attempt = 0;
    let taken = 0;
    for (const [at, step] of steps.entries()) {
      if (step.act === 'hear' && underway.length > 0) {
        facts.push(...underway.splice(step.place % underway.length, 1));
      } else if (step.act === 'lose patience' && attempt > 0) {
        facts.push(noAnswer(at, attempt));
      } else if (step.act === 'call' && derivation(facts, replyWindow).mayBeCalled) {
        attempt += 1;
        facts.push(started(at, attempt));
        if (step.outcome === 'refuses') underway.push(refusedForNow(at, attempt));
        if (step.outcome === 'is not reached') underway.push(notSent(at, attempt));
        if (step.outcome === 'takes') underway.push(accepted(at, attempt));
        if (step.outcome === 'takes' || step.outcome === 'takes in silence') {
          taken += 1;
          underway.push(report('sent', at), report('failed', at), report('delivered', at));
        }
      }
    }
    expect(taken).toBeLessThanOrEqual(1);
  });
}

interface Runs {
  numRuns: number;
  seed?: number;
}

/** Each property as a check that says how it failed, with the smallest counterexample; undefined where it holds. */
const checks = {
  orderAndRepeatsDoNotMatter: (derivation: Derivation, runs: Runs) =>
    fc.defaultReportMessage(fc.check(orderAndRepeatsDoNotMatter(derivation), runs)),
  whatReachedTheCustomerStays: (derivation: Derivation, runs: Runs) =>
    fc.defaultReportMessage(fc.check(whatReachedTheCustomerStays(derivation), runs)),
  stateIsConsistent: (derivation: Derivation, runs: Runs) =>
    fc.defaultReportMessage(fc.check(stateIsConsistent(derivation), runs)),
  noCustomerGetsItTwice: (derivation: Derivation, runs: Runs) =>
    fc.defaultReportMessage(fc.check(noCustomerGetsItTwice(derivation), runs)),
};

// ---------------------------------------------------------------- wrong derivations, which the properties must catch

const lastOneWins: Derivation = (facts, window) => ({
  ...deriveDelivery(facts, window),
  status: facts.map(statusSpokenFor).findLast((status) => status !== null) ?? SendStatus.QUEUED,
});

const failedClearsDelivered: Derivation = (facts, window) => {
  const reachedNobody = facts.some((one) => one.kind === 'report' && one.word === 'failed');
  const kept = reachedNobody
    ? facts.filter((one) => !['delivered', 'read', 'played'].includes(one.word))
    : facts;
  return deriveDelivery(kept, window);
};

const retriesWhatIsUnknown: Derivation = (facts, window) => {
  const state = deriveDelivery(facts, window);
  return { ...state, mayBeCalled: state.mayBeCalled || state.outcomeUnknown };
};

describe('deriveDelivery, of any facts', () => {
  it.each(Object.entries(checks))('%s', (_name, check) => {
    expect(check(deriveDelivery, { numRuns: 3_000 })).toBeUndefined();
  });

  it.each<[string, keyof typeof checks, Derivation]>([
    ['the last one wins', 'orderAndRepeatsDoNotMatter', lastOneWins],
    ['the last one wins', 'whatReachedTheCustomerStays', lastOneWins],
    ['a failure clears a delivery', 'whatReachedTheCustomerStays', failedClearsDelivered],
    ['an unknown outcome is tried again', 'stateIsConsistent', retriesWhatIsUnknown],
    ['an unknown outcome is tried again', 'noCustomerGetsItTwice', retriesWhatIsUnknown],
  ])('where %s, %s does not hold', (_name, property, mutant) => {
    expect(checks[property](mutant, { numRuns: 5_000, seed: 20_260_504 })).toContain('Counterexample');
  });
});

describe('deriveDelivery, of a history', () => {
  const { ACCEPTED, CANCELED, DELIVERED, FAILED, QUEUED, READ, SENT } = SendStatus;

  it('is queued and may be called at first', () => {
    expect(derive()).toEqual({
      status: QUEUED,
      outcomeUnknown: false,
      failure: null,
      failedBy: null,
      attempts: 0,
      providerMessageId: null,
      acceptedAt: null,
      sentAt: null,
      deliveredAt: null,
      readAt: null,
      failedAt: null,
      callStartedAt: null,
      handedOver: false,
      refused: false,
      replyExpiresAt: null,
      mayBeCalled: true,
    });
  });

  it('goes its ordinary way', () => {
    const all = [started(1), accepted(2), report('sent', 3), report('delivered', 4), report('read', 5)];
    expect(all.map((_fact, index) => derive(...all.slice(0, index + 1)).status)).toEqual([
      QUEUED,
      ACCEPTED,
      SENT,
      DELIVERED,
      READ,
    ]);
    expect(derive(...all)).toMatchObject({
      providerMessageId: 'wamid.a',
      acceptedAt: 2,
      sentAt: 3,
      deliveredAt: 4,
      readAt: 5,
      attempts: 1,
      callStartedAt: 1,
      replyExpiresAt: 2 + replyWindow,
      mayBeCalled: false,
    });
  });

  it('is handed over, and not to be called, once a call started', () => {
    expect(derive(started(1))).toMatchObject({
      status: QUEUED,
      handedOver: true,
      mayBeCalled: false,
      outcomeUnknown: false,
      replyExpiresAt: 1 + replyWindow,
    });
  });

  it('is unknown while a call stays unanswered', () => {
    expect(derive(started(1), noAnswer(5))).toMatchObject({ outcomeUnknown: true, mayBeCalled: false });
    expect(derive(started(1), noAnswer(5), accepted(6))).toMatchObject({
      outcomeUnknown: false,
      status: ACCEPTED,
    });
    expect(derive(started(1), noAnswer(5), notSent(6))).toMatchObject({
      outcomeUnknown: false,
      mayBeCalled: true,
    });
    expect(derive(started(1), noAnswer(5), report('sent', 4))).toMatchObject({
      outcomeUnknown: false,
      status: SENT,
    });
    expect(derive(started(1), refusedForNow(2), started(3, 2), noAnswer(4, 2))).toMatchObject({
      outcomeUnknown: true,
      attempts: 2,
      callStartedAt: 3,
    });
  });

  it('may be called again after a refusal for now and after a request that never left', () => {
    const state = derive(started(1), refusedForNow(2), started(3, 2), notSent(4, 2));
    expect(state).toMatchObject({ status: QUEUED, mayBeCalled: true, handedOver: false, attempts: 2 });
    expect(state.callStartedAt).toBeNull();
    expect(derive(started(1), refusedForNow(2), started(3, 2), accepted(4, 2))).toMatchObject({
      status: ACCEPTED,
      callStartedAt: 3,
      acceptedAt: 4,
    });
  });

  it('fails by a refusal for good, which `sent` does not clear and a delivery does', () => {
    const refusal = [started(1), refusedForGood(2)];
    expect(derive(...refusal)).toMatchObject({
      status: FAILED,
      failedBy: 'answer',
      failedAt: 2,
      failure: { code: SendFailureCode.TEMPLATE_PAUSED, message: 'Template is paused', providerCode: 132015 },
      refused: true,
      handedOver: false,
      replyExpiresAt: null,
    });
    expect(derive(...refusal, report('sent', 3))).toMatchObject({ status: FAILED, sentAt: 3, refused: true });
    expect(derive(...refusal, report('delivered', 3))).toMatchObject({
      status: DELIVERED,
      refused: false,
      failure: null,
      callStartedAt: 1,
    });
  });

  it('fails by a report until a delivery is reported, in any order', () => {
    const failure = report('failed', 4, { failureCode: SendFailureCode.UNDELIVERABLE, providerCode: 131026 });
    const all = [started(1), accepted(2), failure];
    expect(derive(...all)).toMatchObject({
      status: FAILED,
      failedBy: 'report',
      failedAt: 4,
      failure: { code: SendFailureCode.UNDELIVERABLE, providerCode: 131026 },
      acceptedAt: 2,
      refused: false,
    });
    expect(derive(...all, report('sent', 9))).toMatchObject({ status: FAILED, sentAt: 9 });
    expect(derive(...all, report('delivered', 3))).toMatchObject({
      status: DELIVERED,
      failedAt: null,
      failedBy: null,
    });
    expect(derive(...all, report('read', 3)).status).toBe(READ);
  });

  it('fails by a report, not by a guess, where a call was unanswered', () => {
    const all = [started(1), noAnswer(2), gaveUp(300, SendFailureCode.OUTCOME_UNKNOWN)];
    expect(derive(...all, report('failed', 4))).toMatchObject({
      status: FAILED,
      failedBy: 'report',
      failure: { code: SendFailureCode.OTHER },
      acceptedAt: null,
      replyExpiresAt: 1 + replyWindow,
    });
  });

  it('fails by our guess until the provider says something definite', () => {
    const guess = [started(1), noAnswer(2), gaveUp(300, SendFailureCode.OUTCOME_UNKNOWN)];
    expect(derive(...guess)).toMatchObject({
      status: FAILED,
      failedBy: 'unknown_guess',
      failedAt: 300,
      outcomeUnknown: false,
      handedOver: true,
      refused: false,
      replyExpiresAt: 1 + replyWindow,
    });
    expect(derive(...guess, accepted(301)).status).toBe(ACCEPTED);
    expect(derive(...guess, report('sent', 301)).status).toBe(SENT);
    expect(derive(...guess, report('warehoused', 301)).status).toBe(ACCEPTED);
    expect(derive(...guess, refusedForGood(301))).toMatchObject({
      status: FAILED,
      failedBy: 'answer',
      refused: true,
    });
    expect(derive(...guess, refusedForNow(301))).toMatchObject({
      status: FAILED,
      failedBy: 'answer',
      failure: { code: SendFailureCode.PROVIDER_UNAVAILABLE, message: 'Service overloaded' },
      mayBeCalled: false,
    });
  });

  it.each([
    SendFailureCode.CONTACT_HAS_OPEN_TICKET,
    SendFailureCode.NO_LONGER_ALLOWED,
    SendFailureCode.EXPIRED_IN_QUEUE,
    SendFailureCode.PROVIDER_UNAVAILABLE,
  ])('fails by our own check: %s', (code) => {
    const all = [started(1), refusedForNow(2), gaveUp(3, code)];
    expect(derive(...all)).toMatchObject({
      status: FAILED,
      failedBy: 'own_check',
      failure: { code, message: 'Own words' },
      failedAt: 3,
      handedOver: false,
      mayBeCalled: false,
    });
    expect(derive(...all, report('delivered', 2)).status).toBe(DELIVERED);
  });

  it('does not trust an own check beside a call that is not answered', () => {
    const all = [started(1), gaveUp(3, SendFailureCode.EXPIRED_IN_QUEUE)];
    expect(derive(...all)).toMatchObject({ status: FAILED, failedBy: 'unknown_guess', handedOver: true });
  });

  it('is canceled unless the provider shows to have it', () => {
    expect(derive(canceled(1))).toMatchObject({ status: CANCELED, mayBeCalled: false, replyExpiresAt: null });
    expect(derive(canceled(3), started(1), accepted(2)).status).toBe(ACCEPTED);
    expect(derive(canceled(3), report('read', 2)).status).toBe(READ);
  });

  it('has the times of the provider, the earliest where they repeat', () => {
    const all = [
      started(10),
      accepted(20),
      report('delivered', 15),
      report('delivered', 17),
      report('read', 30),
    ];
    expect(derive(...all)).toMatchObject({ acceptedAt: 15, deliveredAt: 15, readAt: 30, sentAt: null });
    expect(derive(started(10), report('read', 30))).toMatchObject({
      acceptedAt: 30,
      deliveredAt: 30,
      readAt: 30,
    });
    expect(derive(started(10), report('played', 30))).toMatchObject({ status: READ, readAt: 30 });
  });

  it('began no later than the provider spoke of it, were our clock ahead', () => {
    expect(derive(started(3_600), report('sent', 7))).toMatchObject({ callStartedAt: 7, acceptedAt: 7 });
    expect(derive(started(3_600), accepted(20))).toMatchObject({ callStartedAt: 20, acceptedAt: 20 });
    expect(derive(started(3), report('sent', 7))).toMatchObject({ callStartedAt: 3, acceptedAt: 7 });
  });

  it('knows of a message that only the provider remembers', () => {
    expect(derive(report('sent', 7))).toMatchObject({
      status: SENT,
      attempts: 0,
      handedOver: true,
      callStartedAt: 7,
      replyExpiresAt: 7 + replyWindow,
      mayBeCalled: false,
    });
  });
});

describe('factKey', () => {
  it('keeps apart all that the state depends on, whatever is told first', () => {
    fc.assert(oneOfEachIsEnough(factKey), { numRuns: 3_000 });
    const byWordAlone = (one: DeliveryFact) => (one.kind === 'report' ? one.word : factKey(one));
    const found = fc.check(oneOfEachIsEnough(byWordAlone), { numRuns: 5_000, seed: 20_260_504 });
    expect(found.failed).toBe(true);
  });

  it.each<[string, DeliveryFact]>([
    ['queued', queued],
    ['canceled', canceled(5)],
    ['call_started:1', started(5)],
    ['accepted:2', accepted(5, 2)],
    ['refused:1', refusedForNow(5)],
    ['not_sent:3', notSent(5, 3)],
    ['no_answer:1', noAnswer(5)],
    ['gave_up:OUTCOME_UNKNOWN', gaveUp(5, SendFailureCode.OUTCOME_UNKNOWN)],
    ['report:delivered:1700000000000', report('delivered', 1_700_000_000_000)],
    ['report:failed:1700000000000:131026', report('failed', 1_700_000_000_000, { providerCode: 131026 })],
  ])('%s', (key, one) => {
    expect(factKey(one)).toBe(key);
  });

  it('is the same for a repeat that arrives later', () => {
    const first = report('read', 9, { receivedAt: 10 });
    expect(factKey({ ...first, receivedAt: 99 })).toBe(factKey(first));
  });

  it('is short, and different for different words, times and codes', () => {
    const code = fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.constantFrom('sent', 'sent:1', 'x'.repeat(65)),
    );
    const anyReport = fc
      .tuple(word, fc.integer({ min: 0, max: 8_640_000_000_000_000 }), code)
      .map(([drawn, at, providerCode]) => report(drawn, at, { providerCode }));
    fc.assert(
      fc.property(anyReport, anyReport, (left, right) => {
        expect(factKey(left).length).toBeLessThanOrEqual(190);
        const isSame =
          left.word === right.word && left.at === right.at && left.providerCode === right.providerCode;
        expect(factKey(left) === factKey(right)).toBe(isSame);
      }),
      { numRuns: 1_000 },
    );
    expect(factKey(report('sent:1', 2))).not.toBe(factKey(report('sent', 1, { providerCode: 2 })));
  });
});
