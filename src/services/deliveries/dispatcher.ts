import { randomUUID } from 'node:crypto';
import type { SendAnswer } from '../../channels/channel';
import { SECOND } from '../../clock';
import { DatabaseUnavailable } from '../../database/connection';
import { SendFailureCode } from '../../entities/enums';
import { recordAnswer, recordLostCall } from './answers';
import { prepareCall, type PreparedCall } from './calls';
import {
  claimDue,
  FURTHEST_SLOT,
  isAnyBookedOut,
  isAnythingDue,
  lostCalls,
  releaseClaims,
  releaseForgotten,
  type Claim,
} from './claiming';
import { CallPlaces } from './call-places';
import type { Platform } from '../context';
import { POLL_INTERVAL, Rounds } from '../rounds';

/** An answer is waited for so long: well below the claim's time, so that nobody else takes the call for lost. */
const CALL_TIMEOUT = 30 * SECOND;
/** A stop waits so long for running calls before it gives up on their answers. */
const STOP_PATIENCE = 6 * SECOND;
const TRIES_TO_RECORD = 20;

/**
 * Hands stored messages over to WhatsApp: claims what is due, looks at everything once more, calls, and writes down
 * what was answered. Any number of nodes work the same database; a message is called by one of them at a time.
 */
export class Dispatcher {
  private readonly owner = randomUUID();
  private readonly calls = new Map<string, Promise<void>>();
  private readonly places = new CallPlaces();
  private readonly controllers = new Set<AbortController>();
  /** Ends the waits of calls whose turn has not come. */
  private readonly waits = new Set<() => void>();
  private readonly rounds: Rounds;
  /** Whether claims may stand under this node's name of which it knows nothing: a word of the database was lost. */
  private mayHaveForgotten = false;
  /** Whether it will look between the calls of others: once is enough, however many of its own rounds found nothing. */
  private willLookBetween = false;

  constructor(private readonly platform: Platform) {
    const { clock, log, wakeUps } = platform;
    this.rounds = new Rounds({
      clock,
      wakeUp: wakeUps.deliveries,
      work: () => this.work(),
      failed: (error) => log.error({ err: error }, 'due messages could not be claimed'),
    });
  }

  start(): void {
    this.rounds.start();
  }

  /** Claims no more, gives back what has not begun, and waits for the calls that have. */
  async stop(): Promise<void> {
    const ended = this.rounds.stop();
    for (const end of [...this.waits]) end();
    const cancel = this.platform.clock.after(STOP_PATIENCE, () => {
      for (const controller of this.controllers) controller.abort();
    });
    await ended;
    while (this.calls.size > 0) await Promise.allSettled(this.calls.values());
    cancel();
  }

  private async work(): Promise<void> {
    const { store, clock } = this.platform;
    await this.settleLostCalls();
    await this.remember();
    while (this.rounds.running && this.places.free > 0 && (await isAnythingDue(store, clock.now()))) {
      const claims = await this.claim();
      if (claims.length === 0) {
        if (!this.willLookBetween && (await isAnyBookedOut(store, clock.now(), this.places)))
          this.lookBetween();
        return;
      }
      for (const claim of claims) this.deliver(claim);
    }
  }

  /** Whoever called last is there first: others come between its calls. */
  private lookBetween(): void {
    this.willLookBetween = true;
    this.platform.clock.after(FURTHEST_SLOT / 2, () => {
      this.willLookBetween = false;
      this.rounds.look();
    });
  }

  private async claim(): Promise<Claim[]> {
    try {
      return await claimDue(this.platform, this.owner, this.places);
    } catch (error) {
      this.mayHaveForgotten = true;
      throw error;
    }
  }

  /** What stands claimed in vain would wait for the end of its claim. */
  private async remember(): Promise<void> {
    if (!this.mayHaveForgotten) return;
    await releaseForgotten(this.platform.store, this.owner, [...this.calls.keys()]);
    this.mayHaveForgotten = false;
  }

  private async settleLostCalls(): Promise<void> {
    for (const lost of await lostCalls(this.platform.store, this.platform.clock.now())) {
      if (this.calls.has(lost.id)) continue;
      try {
        await recordLostCall(this.platform, lost);
      } catch (error) {
        // One that cannot be settled keeps no other message from going out.
        this.platform.log.error({ err: error, deliveryId: lost.id }, 'a lost call could not be written down');
      }
    }
  }

  private deliver(claim: Claim): void {
    this.places.take(claim.channelId);
    const call = this.performAt(claim)
      .catch((error: unknown) => {
        this.platform.log.error({ err: error, deliveryId: claim.id }, 'a message could not be handed over');
      })
      .finally(() => {
        // After a long pause of the process the same message may have been claimed once more.
        if (this.calls.get(claim.id) === call) this.calls.delete(claim.id);
        this.places.giveBack(claim.channelId);
        // There is room again, and this recipient's next message may have waited for it.
        this.rounds.look();
      });
    this.calls.set(claim.id, call);
  }

  private async performAt(claim: Claim): Promise<void> {
    await this.waitUntil(claim.startsAt);
    if (this.places.begin(claim.channelId)) this.rounds.look();
    if (!this.rounds.running) return releaseClaims(this.platform.store, this.owner, [claim.id]);
    const call = await this.prepare(claim);
    if (!call) return;
    const answer = await this.call(call);
    this.platform.metrics.providerCalls.inc({ answer: answer.kind });
    this.logFault(call, answer);
    const dueAt = await this.record(call, answer);
    if (dueAt !== null) this.lookAt(dueAt);
  }

  private async prepare(claim: Claim): Promise<PreparedCall | null> {
    try {
      return await prepareCall(this.platform, this.owner, claim);
    } catch (error) {
      this.mayHaveForgotten = true;
      throw error;
    }
  }

  private async call(call: PreparedCall): Promise<SendAnswer> {
    const { clock, channels } = this.platform;
    // After a long pause of the process others have taken the call for lost: it must not be made any more.
    if (clock.now() >= call.leaseUntil)
      return { kind: 'not-sent', message: 'The server was held up before the call.' };
    const controller = new AbortController();
    this.controllers.add(controller);
    const cancel = clock.after(CALL_TIMEOUT, () => controller.abort());
    try {
      const { channel, credentials, recipient, message } = call;
      return await channels[channel.provider].send(credentials, recipient, message, controller.signal);
    } finally {
      cancel();
      this.controllers.delete(controller);
    }
  }

  /** A request that was wrong is a fault of this server's. WhatsApp's words stay out: they may quote a number. */
  private logFault({ delivery }: PreparedCall, answer: SendAnswer): void {
    if (answer.kind !== 'refused' || answer.failure !== SendFailureCode.REQUEST_REFUSED) return;
    this.platform.log.error(
      { deliveryId: delivery.id, providerCode: answer.providerCode },
      'WhatsApp took the request for a message as wrong',
    );
  }

  /** Writes an answer down, however long the database is away: only what is lost for good leaves the outcome unknown. */
  private async record(call: PreparedCall, answer: SendAnswer): Promise<number | null> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await recordAnswer(this.platform, call, answer);
      } catch (error) {
        const isHopeless = attempt >= TRIES_TO_RECORD && !(error instanceof DatabaseUnavailable);
        if (isHopeless || !this.rounds.running) throw error;
        this.platform.log.warn(
          { err: error, deliveryId: call.delivery.id },
          'an answer could not be written down yet',
        );
        await this.waitUntil(this.platform.clock.now() + SECOND);
      }
    }
  }

  private lookAt(instant: number): void {
    const { clock } = this.platform;
    const delay = instant - clock.now();
    // Later ones are found by the poll.
    if (delay < POLL_INTERVAL) clock.after(delay, () => this.rounds.look());
  }

  private waitUntil(instant: number): Promise<void> {
    const delay = instant - this.platform.clock.now();
    if (delay <= 0 || !this.rounds.running) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.waits.delete(end);
        resolve();
      };
      const cancel = this.platform.clock.after(delay, end);
      this.waits.add(end);
    });
  }
}
