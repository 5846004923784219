/** What looks like chance and is the same again for the same seed (mulberry32). */
export class Chance {
  constructor(private state: number) {}

  /** A whole number from 0 to one less than `limit`. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** Whether something happens that has this probability. */
  is(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  of<Value>(values: readonly Value[]): Value {
    if (values.length === 0) throw new Error('There is nothing to choose from');
    return values[this.below(values.length)] as Value;
  }
}
