import fc from 'fast-check';
import { answers, type Step } from './provider-double';

/** One answer of the provider to a call, and whether it took the message all the same. */
export type Fault =
  | { kind: 'transient'; code: number; status: number; retryAfter: number | null }
  | { kind: 'recipient' }
  | { kind: 'account' }
  | { kind: 'permanent' }
  | { kind: 'paused' }
  | { kind: 'lost'; how: LostWay; taken: boolean }
  | { kind: 'accepted'; held: boolean };

type LostWay = 'reset' | 'reset within' | 'hang' | 'stall' | '500' | 'no JSON' | 'no id' | 'redirect';

/** What is reported of a message that the provider took: at once, so perhaps before the answer. */
export type Report = 'sent' | 'delivered' | 'failed' | null;

/** All that will happen to one send. */
export interface FaultPlan {
  /** Which of the two numbers it goes out from. */
  number: 0 | 1;
  /** Which person it goes to. */
  recipient: number;
  /** What each of its calls is answered; the last one is definite, or lost. */
  faults: Fault[];
  /** Milliseconds that each answer takes. */
  delay: number;
  report: Report;
}

const transient = fc.record<Fault & { kind: 'transient' }>({
  kind: fc.constant('transient'),
  code: fc.constantFrom(4, 130429, 131000, 131016),
  status: fc.constantFrom(400, 429, 500, 503),
  retryAfter: fc.option(fc.integer({ min: 0, max: 20 })),
});
const passing = fc.oneof(
  { weight: 4, arbitrary: transient },
  { weight: 1, arbitrary: fc.constant<Fault>({ kind: 'recipient' }) },
  { weight: 1, arbitrary: fc.constant<Fault>({ kind: 'account' }) },
);
const lost = fc.record<Fault & { kind: 'lost' }>({
  kind: fc.constant('lost'),
  how: fc.constantFrom<LostWay>(
    'reset',
    'reset within',
    'hang',
    'stall',
    '500',
    'no JSON',
    'no id',
    'redirect',
  ),
  taken: fc.boolean(),
});
const accepted = fc.record<Fault & { kind: 'accepted' }>({
  kind: fc.constant('accepted'),
  held: fc.boolean(),
});
const last = fc.oneof(
  { weight: 4, arbitrary: accepted },
  { weight: 4, arbitrary: lost },
  { weight: 1, arbitrary: fc.constantFrom<Fault>({ kind: 'permanent' }, { kind: 'paused' }) },
);

/** A storm of this many sends, each to one of half as many people; the same one for the same seed. */
export function faultStorm(sends: number, seed: number): FaultPlan[] {
  const plan = fc.record<FaultPlan>({
    number: fc.constantFrom(0 as const, 1 as const),
    recipient: fc.integer({ min: 0, max: Math.ceil(sends / 2) }),
    faults: fc
      .tuple(fc.array(passing, { maxLength: 3 }), last)
      .map(([before, end]) => [...before, end] as Fault[]),
    delay: fc.integer({ min: 0, max: 60 }),
    report: fc.constantFrom<Report>('sent', 'delivered', 'failed', null),
  });
  return fc.sample(plan, { numRuns: sends, seed });
}

/** Whether the provider takes the message with this answer. */
export function takes(fault: Fault): boolean {
  return fault.kind === 'accepted' || (fault.kind === 'lost' && fault.taken);
}

/** How the provider answers a call so. @param elsewhere an address that nobody may call. */
export function stepOf(fault: Fault, delay: number, elsewhere: string): Step {
  const step = answerOf(fault, elsewhere);
  return delay === 0 ? step : answers.delay(delay, step);
}

function answerOf(fault: Fault, elsewhere: string): Step {
  switch (fault.kind) {
    case 'transient': {
      const { code, status, retryAfter } = fault;
      const headers = { 'retry-after': String(retryAfter) };
      return answers.error(code, status, retryAfter === null ? {} : { headers });
    }
    case 'recipient':
      return answers.error(131056);
    case 'account':
      return answers.error(190, 401);
    case 'permanent':
      return answers.error(131026);
    case 'paused':
      return answers.pause();
    case 'accepted':
      return fault.held ? answers.hold() : answers.accept();
    case 'lost':
      return lostAnswer(fault.how, elsewhere);
  }
}

function lostAnswer(how: LostWay, elsewhere: string): Step {
  switch (how) {
    case 'reset':
      return answers.reset('before');
    case 'reset within':
      return answers.reset('mid-body');
    case 'hang':
      return answers.hang();
    case 'stall':
      return answers.stall();
    case '500':
      return answers.rawBody(500, '<html>');
    case 'no JSON':
      return answers.rawBody(200, '{"messages":');
    case 'no id':
      return answers.rawBody(200, '{"messages":[{}]}');
    case 'redirect':
      return answers.redirect(elsewhere);
  }
}

/** How a send must end: its status, and why it failed where it did. */
export function endingOf({ faults, report }: FaultPlan): { status: string; code: string | null } {
  const end = faults.at(-1);
  if (end === undefined) throw new Error('A plan has a last answer');
  if (end.kind === 'permanent') return { status: 'FAILED', code: 'UNDELIVERABLE' };
  if (end.kind === 'paused') return { status: 'FAILED', code: 'TEMPLATE_PAUSED' };
  if (takes(end) && report === 'failed') return { status: 'FAILED', code: 'UNDELIVERABLE' };
  if (takes(end) && report !== null) return { status: report.toUpperCase(), code: null };
  return end.kind === 'accepted'
    ? { status: 'ACCEPTED', code: null }
    : { status: 'FAILED', code: 'OUTCOME_UNKNOWN' };
}
