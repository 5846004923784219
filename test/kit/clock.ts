import { systemClock, type Clock } from '../../src/clock';

interface Timer {
  due: number;
  work: () => void;
  cancelReal: () => void;
}

/**
 * A clock that tests move. It runs along with real time, so that what waits for milliseconds goes on by itself, and
 * moves on where it is told; `jump` sets it as an administrator does, with no time going by; `freeze` stops it, for
 * tests that ask for an exact millisecond.
 */
export class TestClock implements Clock {
  private offset = 0;
  /** By how much it was set forth and back in all. */
  private jumped = 0;
  private frozenAt: number | null = null;
  private held: Timer[] | null = null;
  private readonly timers = new Set<Timer>();

  constructor(start = Date.parse('2026-03-02T12:00:00.000Z')) {
    this.offset = start - Date.now();
  }

  now(): number {
    return this.frozenAt ?? Date.now() + this.offset;
  }

  elapsed(): number {
    return this.now() - this.jumped;
  }

  after(delay: number, work: () => void): () => void {
    const timer: Timer = { due: this.now() + Math.max(0, delay), work, cancelReal: () => undefined };
    timer.cancelReal = systemClock.after(delay, () => this.fire(timer));
    this.timers.add(timer);
    return () => {
      timer.cancelReal();
      this.timers.delete(timer);
    };
  }

  /** Moves on and does at once what has become due. */
  advance(milliseconds: number): void {
    this.set(this.now() + milliseconds);
  }

  /** Is set forth or back: timers wait as long as they would have. */
  jump(milliseconds: number): void {
    this.put(this.now() + milliseconds);
    this.jumped += milliseconds;
    for (const timer of this.timers) timer.due += milliseconds;
  }

  /** Moves to this instant, which is yet to come, and does at once what has become due. */
  set(instant: number): void {
    this.put(instant);
    const due = [...this.timers]
      .filter((timer) => timer.due <= instant)
      .sort((one, other) => one.due - other.due);
    for (const timer of due) this.fire(timer);
  }

  private put(instant: number): void {
    if (this.frozenAt === null) this.offset = instant - Date.now();
    else this.frozenAt = instant;
  }

  freeze(): void {
    this.frozenAt ??= this.now();
  }

  /** While `work` runs, nothing that waits for a time begins; it does afterwards. */
  async holding<Result>(work: () => Promise<Result>): Promise<Result> {
    this.held = [];
    try {
      return await work();
    } finally {
      const late = this.held;
      this.held = null;
      for (const timer of late) this.fire(timer);
    }
  }

  private fire(timer: Timer): void {
    if (this.held) {
      this.held.push(timer);
      return;
    }
    if (!this.timers.delete(timer)) return;
    timer.cancelReal();
    timer.work();
  }
}
