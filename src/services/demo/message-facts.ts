import { MARKETING_STOPPED, refusalInBody, reportedError } from '../../channels/cloud-api/errors';
import { HOUR, MINUTE, SECOND } from '../../clock';
import { SendFailureCode } from '../../entities/enums';
import { ownFact, reportedFact } from '../deliveries/deliveries';
import type { DeliveryFact } from '../deliveries/delivery-facts';
import type { SeededRandom } from './seeded-random';

/** What becomes of a message of the demo. */
export type Fate =
  | 'READ'
  /** The customer has the conversation before them. */
  | 'READ_AT_ONCE'
  | 'DELIVERED'
  | 'SENT'
  /** WhatsApp was busy at the first call, and took it at the second. */
  | 'READ_AFTER_RETRY'
  | 'UNREACHABLE'
  | 'RESTRICTED'
  | 'STOPPED_MARKETING'
  | 'TEMPLATE_PAUSED'
  | 'PROVIDER_UNAVAILABLE'
  | 'NEVER_ANSWERED'
  | 'WITHDRAWN';

/** What WhatsApp says of each failure that it reports. */
const REPORTED: Partial<Record<Fate, { code: number; title: string; details: string }>> = {
  UNREACHABLE: {
    code: 131026,
    title: 'Message undeliverable',
    details: 'Message Undeliverable.',
  },
  RESTRICTED: {
    code: 131049,
    title: 'This message was not delivered to maintain healthy ecosystem engagement.',
    details: 'In order to maintain a healthy ecosystem engagement, the message failed to be delivered.',
  },
  STOPPED_MARKETING: {
    code: MARKETING_STOPPED,
    title:
      'Unable to deliver the message. This recipient has chosen to stop receiving marketing messages on WhatsApp from your business',
    details: 'The recipient has stopped marketing messages.',
  },
};

/** WhatsApp tells time in whole seconds. */
const wholeSecond = (instant: number): number => Math.floor(instant / SECOND) * SECOND;

/** Collects what happens to one message, one thing after another. */
class Course {
  readonly facts: DeliveryFact[] = [];
  private attempt = 0;

  constructor(
    private at: number,
    private readonly random: SeededRandom,
    private readonly providerMessageId: string,
  ) {
    this.own('queued', 0);
  }

  own(kind: DeliveryFact['kind'], delay: number, more: Partial<DeliveryFact> = {}): this {
    this.at += delay;
    this.facts.push(ownFact(kind, this.at, more));
    return this;
  }

  call(delay: number): this {
    this.attempt += 1;
    return this.own('call_started', delay, { attempt: this.attempt });
  }

  accepted(): this {
    const more = { attempt: this.attempt, providerMessageId: this.providerMessageId };
    return this.own('accepted', this.random.between(120, 700), more);
  }

  refused(code: number, message: string): this {
    const refusal = refusalInBody({ error: { code, message } }, { httpStatus: 400, retryAfterMs: null });
    return this.own('refused', this.random.between(120, 700), {
      attempt: this.attempt,
      providerCode: code,
      failureCode: refusal?.failure ?? null,
      message: refusal?.message ?? message,
      transient: refusal?.retry === 'transient',
    });
  }

  reported(status: string, delay: number, error?: object): this {
    this.at += delay;
    const errors = error === undefined ? [] : [reportedError(error)];
    const report = {
      status,
      at: wholeSecond(this.at),
      errors,
      recipient: {},
      providerMessageId: this.providerMessageId,
    };
    this.facts.push(reportedFact(report, this.at + this.random.between(200, 1_500)));
    return this;
  }
}

/** A delay that is mostly near the least and seldom near the most. */
export function delay(random: SeededRandom, least: number, most: number): number {
  return Math.round(least * (most / least) ** (random.next() ** 1.6));
}

/** Everything that happens to a message that is stored at `at` and meets this fate, in the order of time. */
export function factsOfMessage(
  fate: Fate,
  at: number,
  random: SeededRandom,
  providerMessageId: string,
): DeliveryFact[] {
  const course = new Course(at, random, providerMessageId);
  const failure = REPORTED[fate];
  switch (fate) {
    case 'WITHDRAWN':
      return course.own('canceled', random.between(300, 900)).facts;
    case 'TEMPLATE_PAUSED':
      return course
        .call(random.between(60, 600))
        .refused(132015, '(#132015) Template is Paused: Template is paused due to low quality.').facts;
    case 'PROVIDER_UNAVAILABLE':
      course.call(random.between(60, 600)).refused(131016, '(#131016) Service unavailable');
      for (const pause of [2 * SECOND, 5 * SECOND, 9 * SECOND, 20 * SECOND])
        course.call(pause).refused(131016, '(#131016) Service unavailable');
      return course.own('gave_up', HOUR, {
        failureCode: SendFailureCode.PROVIDER_UNAVAILABLE,
        message:
          'WhatsApp could not take the message for so long that it would no longer make sense: send it anew.',
      }).facts;
    case 'NEVER_ANSWERED':
      return course
        .call(random.between(60, 600))
        .own('no_answer', 30 * SECOND, { attempt: 1, message: 'The provider did not answer in time.' })
        .own('gave_up', 5 * MINUTE, { failureCode: SendFailureCode.OUTCOME_UNKNOWN }).facts;
    case 'READ_AFTER_RETRY':
      course
        .call(random.between(60, 600))
        .refused(131016, '(#131016) Service unavailable')
        .call(2 * SECOND);
      break;
    default:
      course.call(random.between(60, 600));
  }
  course.accepted();
  if (failure)
    return course.reported('failed', delay(random, 2 * SECOND, MINUTE), {
      code: failure.code,
      title: failure.title,
      error_data: { details: failure.details },
    }).facts;
  course.reported('sent', random.between(600, 2_500));
  if (fate === 'SENT') return course.facts;
  if (fate === 'READ_AT_ONCE')
    return course.reported('delivered', SECOND).reported('read', random.between(5, 50) * SECOND).facts;
  course.reported('delivered', delay(random, SECOND, 3 * HOUR));
  return fate === 'DELIVERED'
    ? course.facts
    : course.reported('read', delay(random, 5 * SECOND, 5 * HOUR)).facts;
}
