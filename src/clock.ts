/** Where time comes from. Injected everywhere, so that tests move it instead of waiting. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /**
   * Calls `work` once after `delay` milliseconds; the returned function takes that back.
   * A timer never keeps the process alive by itself.
   */
  after(delay: number, work: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, work) {
    const timer = setTimeout(work, Math.max(0, delay));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
