/** Where time comes from. Injected everywhere, so that tests move it instead of waiting. */
export interface Clock {
  /** Milliseconds since 1970, UTC, as the machine believes: it may be set forth and back at any moment. */
  now(): number;
  /** Milliseconds since some moment, for what lasts: it goes on evenly, whatever the machine's clock is set to. */
  elapsed(): number;
  /**
   * Calls `work` once after `delay` milliseconds; the returned function takes that back.
   * A timer never keeps the process alive by itself.
   */
  after(delay: number, work: () => void): () => void;
}

/** A timer of Node.js that is to wait longer goes off at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delay, work) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const step = Math.min(left, LONGEST_TIMER);
      timer = setTimeout(() => (left > step ? wait(left - step) : work()), step);
      timer.unref();
    };
    wait(Math.max(0, delay));
    return () => clearTimeout(timer);
  },
};

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Corrections of the clock below this pass for time that went by. */
const LEAST_JUMP = 5 * SECOND;

/** Since when a clock has gone on evenly: from the beginning, or from when it was last seen to have been set. */
export class EvenTime {
  private from: number;
  private lead: number;

  constructor(private readonly clock: Clock) {
    this.from = clock.now();
    this.lead = this.from - clock.elapsed();
  }

  since(): number {
    const now = this.clock.now();
    const lead = now - this.clock.elapsed();
    if (Math.abs(lead - this.lead) >= LEAST_JUMP) this.from = now;
    this.lead = lead;
    return this.from;
  }
}
