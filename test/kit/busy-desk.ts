import sql from 'sql-template-tag';
import { DeliveryRow } from '../../src/entities/delivery';
import { InboxBodyRow } from '../../src/entities/inbox-body';
import { TestApp } from './app';
import { Caller } from './caller';
import { TestClock } from './clock';
import { deliver, freshMessageId, messagesBody, type WebhookDoor } from './customer';
import { Desk } from './desk';
import { eventually } from './eventually';
import { answers, type RecordedCall, type Step } from './provider-double';

/** Something that a client asks for, again until it is answered. */
export interface Asked {
  mutation: keyof typeof MUTATIONS;
  caller: Caller;
  input: Record<string, unknown>;
  /** The id of what was made, once a server has said so. */
  id: string | null;
}

/** Something that the provider delivers, again until it is answered 200. */
export interface Delivered {
  /** The provider's id of a customer's message; of a report, the id of what it is about. */
  about: string;
  body: object;
  attempts: number;
  /** How many of the attempts were answered 200. */
  taken: number;
}

interface Ticket {
  id: string;
}

const CUSTOMERS = 12;
const SENDERS = 3;
/** Milliseconds that the provider takes at most: long enough for a server to end meanwhile. */
const LONGEST_CALL = 25;
/** Of so many calls one is never answered, so that its server ends in the middle of it. */
const CALLS_PER_SILENCE = 8;
const RECIPIENT_PAUSE = 7_000;
const LEASE = 61_000;
const UNKNOWN_AFTER = 6 * 60_000;
const PATIENCE = 60_000;

const MUTATIONS = {
  sendActiveMessage: `mutation ($input: SendActiveMessageInput!) {
    made: sendActiveMessage(input: $input) { thing: send { id } userErrors { code } } }`,
  sendTicketMessage: `mutation ($input: SendTicketMessageInput!) {
    made: sendTicketMessage(input: $input) { thing: message { id } userErrors { code } } }`,
  setPresence: `mutation ($input: SetPresenceInput!) {
    made: setPresence(input: $input) { thing: agent { id } userErrors { code } } }`,
};

const UNLIMITED = { SENDS_PER_MINUTE: '1000000', REQUESTS_PER_MINUTE: '10000000' };

/** What its servers have besides the desk's own environment: nothing is given up before it has been looked at. */
export const PATIENT = { OUTCOME_UNKNOWN_AFTER: 'PT1H' };

/** What a message carries for its reports: the id of the send, or of the ticket's message. */
export const correlationOf = ({ body }: RecordedCall): string =>
  (body as { biz_opaque_callback_data: string }).biz_opaque_callback_data;

/** The provider takes every message, each after a moment. */
export const slowly = (call: RecordedCall): Step =>
  answers.delay(Math.random() * LONGEST_CALL, answers.accept({ messageId: `wamid.${correlationOf(call)}` }));

const waIdOf = (customer: number): string => `55119${10_000_000 + customer}`;
const inSeconds = (): string => String(Math.floor(Date.now() / 1_000));

/**
 * A desk where everybody works at once: agents send, write, come and go; customers write; the provider reports. All note
 * what they were answered, and ask again for what they were not. Servers may end meanwhile; the provider goes on.
 */
export class BusyDesk {
  /** What servers answered and never may. */
  readonly surprises: string[] = [];
  readonly asked: Asked[] = [];
  readonly messages: Delivered[] = [];
  readonly reports: Delivered[] = [];
  /** How many answers said that something is kept. */
  acknowledged = 0;
  /** How many said that nothing can be kept now. */
  turnedAway = 0;
  /** How many requests got no answer at all. */
  unanswered = 0;
  /** Of how many messages no server knew what became of them. */
  unknown = 0;
  private servers: readonly string[] = [];
  private resting = true;
  private isCutOff = false;
  private recipients = 0;
  private reported = 0;
  private presence = { known: 'ONLINE', tried: 'ONLINE' };

  private constructor(
    readonly app: TestApp,
    private readonly desk: Desk,
    readonly senders: readonly Caller[],
    private readonly restless: Caller,
    private readonly tickets: readonly Ticket[],
  ) {}

  /**
   * A server of its own, in this process until it is restarted, and a desk where nobody works yet.
   * @param environment variables that differ from the kit's.
   */
  static async open(environment: Record<string, string> = {}): Promise<BusyDesk> {
    // Processes have the machine's time.
    const clock = new TestClock(Date.now());
    const app = await TestApp.start({ clock, environment: { ...UNLIMITED, ...environment } });
    try {
      return await BusyDesk.furnish(app);
    } catch (error) {
      await app.stop();
      throw error;
    }
  }

  private static async furnish(app: TestApp): Promise<BusyDesk> {
    app.provider.answer((call, index) => (index % CALLS_PER_SILENCE === 3 ? answers.hang() : slowly(call)));
    const desk = await Desk.open(app);
    for (let customer = 0; customer < CUSTOMERS; customer += 1)
      await desk.customer(waIdOf(customer)).write('Hello');
    const { nodes } = await eventually(
      async () =>
        (await desk.admin.ask('{ tickets(first: 100) { nodes { id } } }')).tickets as { nodes: Ticket[] },
      (tickets) => tickets.nodes.length === CUSTOMERS,
    );
    for (const { id } of nodes) await desk.admin.act('acceptTicket', { ticketId: id }, 'ticket { id }');
    const senders = [];
    for (let index = 0; index < SENDERS; index += 1) senders.push(await desk.agent(`Sender${index}`));
    return new BusyDesk(app, desk, senders, await desk.agent('Restless'), nodes);
  }

  get door(): WebhookDoor {
    return this.desk.door;
  }

  get admin(): Caller {
    return this.desk.admin;
  }

  get contractId(): string {
    return this.desk.contractId;
  }

  /** A mutation's input to send to somebody whom nothing was sent to before. */
  freshSend(): Record<string, unknown> {
    return this.desk.orderUpdate(`+55119${20_000_000 + (this.recipients += 1)}`);
  }

  /** Someone who may send, at the server with this address. */
  senderAt(url: string): Caller {
    const [sender] = this.senders;
    return new Caller(() => url, sender?.token ?? '', sender?.id ?? '');
  }

  /**
   * Everybody works, each with any of these servers, first with what was not answered before: until so many answers have
   * come, and for as long as the interruption takes. Then they end what they are at.
   */
  async work(
    servers: readonly string[],
    answersToCome: number,
    interruption: () => Promise<unknown>,
  ): Promise<void> {
    this.servers = servers;
    this.resting = false;
    this.isCutOff = false;
    const enough = this.acknowledged + answersToCome;
    const working = Promise.all([
      ...this.senders.map((sender) => this.sendOnAndOn(sender)),
      this.onAndOn(() => this.writeInTicket()),
      this.comeAndGo(),
      this.onAndOn(() => this.customerWrites(0)),
      this.onAndOn(() => this.customerWrites(1)),
      this.onAndOn(() => this.providerReports()),
    ]);
    try {
      await eventually(
        () => this.acknowledged,
        (count) => count >= enough,
        PATIENCE,
      );
      await interruption();
    } finally {
      this.resting = true;
      await working;
    }
  }

  /** From here on no answer reaches anybody, until there is a server to work with again: as if its cable were cut. */
  hangUp(): void {
    this.isCutOff = true;
  }

  /** Over the desk's own server, which nobody ends: asks for what was not answered, and waits for all that follows. */
  async settle(): Promise<void> {
    const { clock, provider, url } = this.app;
    provider.answer(slowly);
    this.servers = [url];
    this.isCutOff = false;
    for (const asked of this.asked) if (asked.id === null) await this.ask(asked);
    for (const one of [...this.messages, ...this.reports]) if (one.taken === 0) await this.deliver(one);
    await this.lookAtPresence();
    // What servers that are gone had claimed is anybody's now.
    clock.advance(LEASE);
    await this.quiet();
    await this.settleUnknown();
  }

  private async onAndOn(step: () => Promise<boolean>): Promise<void> {
    while (!this.resting) {
      // Who got no answer waits a moment, as clients do.
      if (!(await step())) await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** @returns null where no answer came. */
  private async heard<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
    try {
      return await answer;
    } catch {
      this.unanswered += 1;
      return null;
    }
  }

  private anyServer(): string {
    return this.servers[Math.floor(Math.random() * this.servers.length)] ?? '';
  }

  /** @returns whether it was answered, with success. */
  private async ask(asked: Asked): Promise<boolean> {
    const { caller, mutation, input } = asked;
    const somewhere = new Caller(() => this.anyServer(), caller.token, caller.id);
    // A server that ended gives no answer.
    const answer = await this.heard(somewhere.request(MUTATIONS[mutation], { input }));
    if (answer === null || this.isCutOff) return false;
    const id = answer.data?.made?.thing?.id as string | undefined;
    if (id === undefined) {
      if (answer.status === 503) this.turnedAway += 1;
      else this.surprises.push(`${mutation} was answered ${answer.status} ${JSON.stringify(answer)}`);
      return false;
    }
    if (asked.id !== null && asked.id !== id) this.surprises.push(`One key made ${asked.id} and ${id}`);
    asked.id = id;
    this.acknowledged += 1;
    return true;
  }

  private async sendOnAndOn(caller: Caller): Promise<void> {
    const latest = (): Asked | undefined => this.asked.findLast((one) => one.caller === caller);
    const begun = latest();
    // Also what was answered: a client that is not sure whether it was asks once more.
    if (begun) await this.ask(begun);
    await this.onAndOn(() => {
      const before = latest();
      return before?.id === null
        ? this.ask(before)
        : this.begin({ mutation: 'sendActiveMessage', caller, input: this.freshSend() });
    });
  }

  private begin(what: Omit<Asked, 'id'>): Promise<boolean> {
    const asked = { ...what, id: null };
    this.asked.push(asked);
    return this.ask(asked);
  }

  private writeInTicket(): Promise<boolean> {
    const texts = this.asked.filter(({ mutation }) => mutation === 'sendTicketMessage');
    const before = texts.at(-1);
    if (before?.id === null) return this.ask(before);
    const ticketId = this.tickets[texts.length % CUSTOMERS]?.id;
    const input = { ticketId, text: 'One moment, please', idempotencyKey: crypto.randomUUID() };
    return this.begin({ mutation: 'sendTicketMessage', caller: this.desk.admin, input });
  }

  /** A presence has no key: the one that was acknowledged last is shown, or one that was asked for since. */
  private async comeAndGo(): Promise<void> {
    await this.lookAtPresence();
    await this.onAndOn(async () => {
      const presence = this.presence.known === 'ONLINE' ? 'PAUSED' : 'ONLINE';
      this.presence.tried = presence;
      const caller = this.restless;
      const isDone = await this.ask({ mutation: 'setPresence', caller, input: { presence }, id: null });
      if (isDone) this.presence.known = presence;
      return isDone;
    });
  }

  private async lookAtPresence(): Promise<void> {
    const caller = new Caller(() => this.anyServer(), this.restless.token, this.restless.id);
    const answer = await this.heard(caller.request('{ viewer { agent { presence } } }'));
    const shown = answer?.data?.viewer.agent.presence as string | undefined;
    if (shown === undefined) return;
    const { known, tried } = this.presence;
    if (shown !== known && shown !== tried)
      this.surprises.push(`${known} was acknowledged, ${shown} is shown`);
    this.presence = { known: shown, tried: shown };
  }

  /** @param line which of the provider's lines: each goes on when the message before was taken. */
  private customerWrites(line: number): Promise<boolean> {
    const before = this.messages.findLast((_message, index) => index % 2 === line);
    if (before?.taken === 0) return this.deliver(before);
    const from = waIdOf(this.messages.length % CUSTOMERS);
    const about = freshMessageId();
    const body = messagesBody(this.desk, {
      contacts: [{ profile: { name: 'Carla' }, wa_id: from }],
      messages: [{ from, id: about, timestamp: inSeconds(), type: 'text', text: { body: 'And then?' } }],
    });
    const message = { about, body, attempts: 0, taken: 0 };
    this.messages.push(message);
    return this.deliver(message);
  }

  /** On every other message that was handed over: the rest it never says anything about. */
  private providerReports(): Promise<boolean> {
    const before = this.reports.at(-1);
    if (before?.taken === 0) return this.deliver(before);
    const call = this.app.provider.sends[this.reported];
    if (!call) return Promise.resolve(false);
    this.reported += 2;
    const report = this.reportOn(call, 'delivered');
    this.reports.push(report);
    return this.deliver(report);
  }

  private reportOn(call: RecordedCall, status: string): Delivered {
    const about = correlationOf(call);
    const { to } = call.body as { to: string };
    const body = messagesBody(this.desk, {
      statuses: [
        {
          id: `wamid.${about}`,
          status,
          timestamp: inSeconds(),
          recipient_id: to,
          biz_opaque_callback_data: about,
        },
      ],
    });
    return { about, body, attempts: 0, taken: 0 };
  }

  private async deliver(delivered: Delivered): Promise<boolean> {
    delivered.attempts += 1;
    const door = { app: { url: this.anyServer() }, channelId: this.desk.channelId };
    const answer = await this.heard(deliver(door, delivered.body));
    const status = this.isCutOff ? null : answer;
    if (status === 200) {
      delivered.taken += 1;
      this.acknowledged += 1;
    } else if (status === 503) this.turnedAway += 1;
    else if (status !== null) this.surprises.push(`A webhook was answered ${status}`);
    return status === 200;
  }

  /** Waits until nothing is on its way any more, however often one person's turn must come for that. */
  private async quiet(): Promise<void> {
    const rows = this.app.platform.store.rowsOf(this.contractId);
    const waiting = (): Promise<number> => rows.count(DeliveryRow, sql`due_at is not null`);
    for (;;) {
      await eventually(
        async () =>
          (await rows.count(DeliveryRow, sql`lease_until is not null`)) +
          (await rows.count(InboxBodyRow, sql`done_at is null`)),
        (underWay) => underWay === 0,
        PATIENCE,
      );
      const before = await waiting();
      if (before === 0) return;
      this.app.clock.advance(RECIPIENT_PAUSE);
      await eventually(waiting, (left) => left < before, PATIENCE);
    }
  }

  /** What no server knows is shown as unknown; a report settles it, and where none comes it counts as failed. */
  private async settleUnknown(): Promise<void> {
    const rows = this.app.platform.store.rowsOf(this.contractId);
    const unknown = await rows.find(DeliveryRow, { where: sql`unknown_since is not null` });
    this.unknown += unknown.length;
    const calls = new Map(this.app.provider.sends.map((call) => [correlationOf(call), call]));
    for (const { id } of unknown) {
      const call = calls.get(id);
      if (call) await this.deliver(this.reportOn(call, 'sent'));
    }
    await this.quiet();
    this.app.clock.advance(UNKNOWN_AFTER);
    await eventually(
      () => rows.count(DeliveryRow, sql`unknown_since is not null`),
      (count) => count === 0,
      PATIENCE,
    );
  }
}
