import { SeededRandom } from '../../src/services/demo/seeded-random';

/** How the provider answers the call of a send. */
export type PlannedAnswer = 'at once' | 'after its reports' | 'never' | 'refused';

/** One report of the provider, delivered `times` times; each time it may name the send or leave that out. */
export interface PlannedReport {
  status: string;
  at: number;
  errorCode: number | null;
  /** Of each delivery: whether it bears what we gave the message on its way. */
  correlated: boolean[];
}

export interface PlannedSend {
  phone: string;
  providerMessageId: string;
  answer: PlannedAnswer;
  reports: PlannedReport[];
  /** When the customer answers, if at all: seen from the send's window. */
  reply: 'in time' | 'too late' | 'too early' | null;
}

/** One message of a customer, delivered as often as it pleases the provider. */
export interface PlannedMessage {
  id: string;
  from: string;
  at: number;
  quotes: string | null;
}

/** Somebody who writes, and the send that the writing may answer. */
export interface PlannedPerson {
  /** The number with Brazil's ninth digit; WhatsApp writes it with and without. */
  waId: string;
  send: PlannedSend | null;
  messages: PlannedMessage[];
}

export interface Body {
  text: string;
  /** 413 for one that is too large: nothing in it may leave a trace. */
  expected: 200 | 413;
}

/** Why a bad item is put aside, as admins read it. */
export const BAD_ITEMS = {
  'It has no id.': 'message without id',
  'Its timestamp is not a number of seconds.': 'message of yesterday',
  'It does not say who it is from.': 'message of nobody',
  'It has no status.': 'status without status',
  'No connected number has the phone number id that this names: connect it, then try again.':
    'message over an unknown number',
  'The body is no JSON, or has too many levels.': 'torn body',
  'The body holds no list of entries.': 'body without entries',
} as const;
export type Reason = keyof typeof BAD_ITEMS;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const LARGEST_BODY = 3 * 1_048_576;
/** No report is later than this after the call, so that every window ends before `AFTER_EVERY_WINDOW`. */
const LAST_REPORT = 2 * HOUR;
const AFTER_EVERY_WINDOW = 27 * HOUR;

interface Item {
  list: 'messages' | 'statuses';
  element: Record<string, unknown>;
  /** The entry of `contacts` that comes along. */
  contact: Record<string, unknown> | null;
  phoneNumberId: string;
}

/** A change's value, as Meta writes it. */
interface Value {
  messaging_product: 'whatsapp';
  metadata: { display_phone_number: string; phone_number_id: string };
  contacts: Record<string, unknown>[];
  messages?: Record<string, unknown>[];
  statuses?: Record<string, unknown>[];
}

export interface StormDoor {
  phoneNumberId: string;
  businessAccountId: string;
}

/**
 * A made-up season of webhooks, the same for the same seed: reports and messages repeated, shuffled, days late, with
 * bad items between good ones and bodies that are too large. Plan the sends first; once they were called, plan the rest.
 */
export class WebhookStorm {
  private readonly random: SeededRandom;
  readonly sends: PlannedSend[];
  readonly people: PlannedPerson[] = [];
  /** How many items of each sort must be put aside. */
  readonly putAside = new Map<Reason, number>();
  private numbers = 0;

  constructor(seed: number, sends: number) {
    this.random = new SeededRandom(seed);
    this.sends = Array.from({ length: sends }, () => this.plannedSend());
  }

  /** What customers write: those who were sent something, and so many strangers. @param calledBy after every call. */
  write(calledBy: number, strangers: number): void {
    for (const send of this.sends) {
      send.reports = this.reports(send, calledBy);
      if (send.reply !== null) this.people.push(this.person(send.phone.slice(1), send, calledBy));
    }
    for (let index = 0; index < strangers; index += 1)
      this.people.push(this.person(this.phone().slice(1), null, calledBy));
  }

  /** The reports that come while the call waits for its answer: every one of those sends. */
  early(door: StormDoor, idOf: (send: PlannedSend) => string): Body[] {
    const waiting = this.sends.filter(({ answer }) => answer === 'after its reports');
    return this.shuffled(this.statuses(waiting, door, idOf)).map((item) => ({
      text: JSON.stringify(this.body([item], door)),
      expected: 200,
    }));
  }

  /** So many bodies with everything else, in any order and over and over. */
  late(door: StormDoor, idOf: (send: PlannedSend) => string, bodies: number): Body[] {
    const others = this.sends.filter(({ answer }) => answer !== 'after its reports');
    const messages = this.people.flatMap((person) => person.messages.map((one) => this.message(one, door)));
    const again = messages.filter(() => this.random.happens(0.5));
    const items = this.shuffled([...this.statuses(others, door, idOf), ...messages, ...again]);
    const result: Body[] = [];
    while (result.length < bodies || items.length > 0) {
      const rest = Math.max(1, bodies - result.length);
      const count = items.length > rest ? this.random.between(1, Math.ceil((2 * items.length) / rest)) : 1;
      const some = items.splice(0, count);
      // Once everything was told, messages are told again.
      if (some.length === 0) some.push(this.random.pick(messages));
      if (this.random.happens(0.05)) some.splice(this.random.between(0, some.length), 0, this.badItem(door));
      result.push({ text: JSON.stringify(this.body(some, door)), expected: 200 });
      if (this.random.happens(0.005)) result.push(this.badBody());
      if (this.random.happens(0.001) || result.length === bodies - 1) result.push(this.tooLarge(door));
    }
    return this.shuffled(result);
  }

  private plannedSend(): PlannedSend {
    const { random } = this;
    const { answer } = random.weighted([
      { answer: 'at once', weight: 6 },
      { answer: 'after its reports', weight: 1 },
      { answer: 'never', weight: 2 },
      { answer: 'refused', weight: 1 },
    ] as const);
    const reply = random.pick(['in time', 'in time', 'too late', 'too early', null, null] as const);
    const phone = this.phone();
    return { phone, providerMessageId: `wamid.storm.${phone}`, answer, reports: [], reply };
  }

  /** Brazilian mobiles: the eight digits behind the ninth begin with 6 to 9. */
  private phone(): string {
    return `+55119${String(70_000_000 + (this.numbers += 1))}`;
  }

  private reports({ answer }: PlannedSend, calledBy: number): PlannedReport[] {
    if (answer === 'refused') return [];
    const statuses = ['sent', 'delivered', 'read', 'failed', 'played', 'held_for_inspection'];
    const count = this.random.between(answer === 'after its reports' ? 1 : 0, 5);
    return Array.from({ length: count }, (_, index) => {
      const status = this.random.pick(statuses);
      // A time of its own: the same word at the same second would be the same report.
      const at = calledBy + (this.random.between(0, LAST_REPORT / SECOND / 10 - 1) * 10 + index) * SECOND;
      const isSureToBeFound = answer === 'after its reports' && index === 0;
      return {
        status,
        at,
        errorCode: status === 'failed' ? this.random.pick([131026, 131049]) : null,
        correlated: Array.from(
          { length: this.random.between(1, 3) },
          () => isSureToBeFound || this.random.happens(0.4),
        ),
      };
    });
  }

  private person(waId: string, send: PlannedSend | null, calledBy: number): PlannedPerson {
    const count = this.random.happens(0.3) ? this.random.between(4, 10) : this.random.between(1, 2);
    const messages = Array.from({ length: count }, (_, index) => ({
      id: `wamid.storm.${waId}.${index}`,
      from: this.random.happens(0.5) ? waId : waId.replace(/^55119/, '5511'),
      at: this.writtenAt(send, calledBy),
      quotes: send !== null && this.random.happens(0.5) ? send.providerMessageId : null,
    }));
    return { waId, send, messages };
  }

  private writtenAt(send: PlannedSend | null, calledBy: number): number {
    switch (send?.reply) {
      case 'in time':
        return calledBy + this.random.between(0, 20 * 3_600) * SECOND;
      case 'too late':
        return calledBy + AFTER_EVERY_WINDOW + this.random.between(0, 40 * 3_600) * SECOND;
      case 'too early':
        return calledBy - HOUR - this.random.between(0, 3_600) * SECOND;
      default:
        return calledBy + this.random.between(-3_600, 60 * 3_600) * SECOND;
    }
  }

  private statuses(
    sends: readonly PlannedSend[],
    door: StormDoor,
    idOf: (send: PlannedSend) => string,
  ): Item[] {
    return sends.flatMap((send) =>
      send.reports.flatMap(({ status, at, errorCode, correlated }) =>
        correlated.map((isCorrelated) => ({
          list: 'statuses' as const,
          contact: null,
          phoneNumberId: door.phoneNumberId,
          element: {
            id: send.providerMessageId,
            status,
            timestamp: String(at / SECOND),
            recipient_id: send.phone.slice(1),
            ...(isCorrelated && { biz_opaque_callback_data: idOf(send) }),
            ...(errorCode !== null && { errors: [{ code: errorCode, title: 'Storm' }] }),
          },
        })),
      ),
    );
  }

  private message({ id, from, at, quotes }: PlannedMessage, { phoneNumberId }: StormDoor): Item {
    return {
      list: 'messages',
      contact: { profile: { name: 'Carla' }, wa_id: from },
      phoneNumberId,
      element: {
        from,
        id,
        timestamp: String(at / SECOND),
        ...(quotes !== null && { context: { id: quotes } }),
        type: 'image',
        image: { id: `file of ${id}`, mime_type: 'image/jpeg', caption: id },
      },
    };
  }

  private badItem({ phoneNumberId }: StormDoor): Item {
    const from = this.phone().slice(1);
    const good = { from, id: `wamid.storm.bad.${from}`, timestamp: '1772000000', type: 'text', text: {} };
    const { id, timestamp, ...rest } = good;
    const bad: [Reason, Partial<Item>][] = [
      ['It has no id.', { element: { timestamp, ...rest } }],
      ['Its timestamp is not a number of seconds.', { element: { id, ...rest, timestamp: 'yesterday' } }],
      ['It does not say who it is from.', { element: { id, timestamp, type: 'text', text: {} } }],
      ['It has no status.', { list: 'statuses', element: { id, timestamp, recipient_id: from } }],
      [
        'No connected number has the phone number id that this names: connect it, then try again.',
        { element: good, phoneNumberId: '99999' },
      ],
    ];
    const [reason, item] = this.random.pick(bad);
    this.expectAside(reason);
    return { list: 'messages', element: good, contact: null, phoneNumberId, ...item };
  }

  private badBody(): Body {
    const isTorn = this.random.happens(0.5);
    this.expectAside(
      isTorn ? 'The body is no JSON, or has too many levels.' : 'The body holds no list of entries.',
    );
    return { text: isTorn ? '{"object":"whatsapp_business_account","entry":[{' : '{}', expected: 200 };
  }

  private tooLarge(door: StormDoor): Body {
    const waId = this.phone().slice(1);
    const item = this.message({ id: `wamid.storm.large.${waId}`, from: waId, at: 0, quotes: null }, door);
    const body = { ...this.body([item], door), padding: 'x'.repeat(LARGEST_BODY) };
    return { text: JSON.stringify(body), expected: 413 };
  }

  private expectAside(reason: Reason): void {
    this.putAside.set(reason, (this.putAside.get(reason) ?? 0) + 1);
  }

  /** Items in their order: some together in the lists of one change, others in changes and entries of their own. */
  private body(items: readonly Item[], { businessAccountId }: StormDoor): Record<string, unknown> {
    const entries: { id: string; changes: { field: string; value: Value }[] }[] = [];
    let value: Value | undefined;
    for (const { list, element, contact, phoneNumberId } of items) {
      if (value?.metadata.phone_number_id !== phoneNumberId || this.random.happens(0.3)) {
        const metadata = { display_phone_number: '551130000000', phone_number_id: phoneNumberId };
        value = { messaging_product: 'whatsapp', metadata, contacts: [] };
        const entry = entries.at(-1);
        const change = { field: 'messages', value };
        if (entry && this.random.happens(0.5)) entry.changes.push(change);
        else entries.push({ id: businessAccountId, changes: [change] });
      }
      (value[list] ??= []).push(element);
      if (contact) value.contacts.push(contact);
    }
    return { object: 'whatsapp_business_account', entry: entries };
  }

  private shuffled<Some>(items: readonly Some[]): Some[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last -= 1) {
      const other = this.random.between(0, last);
      [result[last], result[other]] = [result[other] as Some, result[last] as Some];
    }
    return result;
  }
}
