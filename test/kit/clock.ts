import type { Clock } from '../../src/clock';

interface Timer {
  due: number;
  work: () => void;
  cancelReal: () => void;
}

/**
 * A clock that tests move. It runs along with real time, so that what waits for milliseconds goes on by itself, and
 * jumps where it is told; `freeze` stops it, for tests that ask for an exact millisecond.
 */
export class TestClock implements Clock {
  private offset = 0;
  private frozenAt: number | null = null;
  private held: Timer[] | null = null;
  private readonly timers = new Set<Timer>();

  constructor(start = Date.parse('2026-03-02T12:00:00.000Z')) {
    this.offset = start - Date.now();
  }

  now(): number {
    return this.frozenAt ?? Date.now() + this.offset;
  }

  after(delay: number, work: () => void): () => void {
    const timer: Timer = { due: this.now() + Math.max(0, delay), work, cancelReal: () => undefined };
    const real = setTimeout(() => this.fire(timer), Math.max(0, delay));
    real.unref();
    timer.cancelReal = () => clearTimeout(real);
    this.timers.add(timer);
    return () => {
      timer.cancelReal();
      this.timers.delete(timer);
    };
  }

  /** Moves on (or back, where negative) and does at once what has become due. */
  advance(milliseconds: number): void {
    this.set(this.now() + milliseconds);
  }

  /** Moves to this instant and does at once what has become due. */
  set(instant: number): void {
    if (this.frozenAt === null) this.offset = instant - Date.now();
    else this.frozenAt = instant;
    const due = [...this.timers]
      .filter((timer) => timer.due <= instant)
      .sort((one, other) => one.due - other.due);
    for (const timer of due) this.fire(timer);
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
