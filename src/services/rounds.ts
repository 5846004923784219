import { SECOND, type Clock } from '../clock';
import { OneAtATime } from '../events/one-at-a-time';
import type { WakeUp } from './wake-up';

/** What became due by time, and what other nodes stored, is found at the latest after this. */
export const POLL_INTERVAL = SECOND;

interface Round {
  clock: Clock;
  /** Rung when there may be something to do, where somebody can tell. */
  wakeUp?: WakeUp;
  /** Milliseconds between looks, for what need not be found within a second. */
  interval?: number;
  /** Does all that is to be done at the moment; asks `running` between its steps. */
  work: () => Promise<void>;
  /** Told what ended a round early: the next one comes all the same. */
  failed: (error: unknown) => void;
}

/** Background work in rounds: one at every ring and every second, or as often as asked, never two at a time. */
export class Rounds {
  private readonly round: OneAtATime;
  private rung = (): void => undefined;
  private isRunning = false;
  private unlisten: () => void = () => undefined;
  private cancelPoll: () => void = () => undefined;

  constructor(private readonly of: Round) {
    this.round = new OneAtATime(of.work, of.failed);
  }

  /** False from the beginning of a stop on: what is under way ends as soon as it may. */
  get running(): boolean {
    return this.isRunning;
  }

  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.unlisten = this.of.wakeUp?.listen(() => this.look()) ?? this.unlisten;
    this.poll();
    this.look();
  }

  /** Begins no further round. @returns once the one under way is over. */
  async stop(): Promise<void> {
    this.isRunning = false;
    this.unlisten();
    this.cancelPoll();
    await this.round.settle();
  }

  /** For a round that lasts: resolves when there may be more to do. */
  untilRung(): Promise<void> {
    return new Promise((resolve) => (this.rung = resolve));
  }

  /** Begins a round, or another one after that which is under way. */
  look(): void {
    if (!this.isRunning) return;
    this.rung();
    this.round.run();
  }

  private poll(): void {
    this.cancelPoll = this.of.clock.after(this.of.interval ?? POLL_INTERVAL, () => {
      this.poll();
      this.look();
    });
  }
}
