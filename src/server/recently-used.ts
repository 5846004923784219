/** Remembers what was made of something, and forgets first what was not asked for the longest. */
export class RecentlyUsed<Value> {
  private readonly values = new Map<string, Value>();
  private size = 0;

  /**
   * @param most it may hold: as many as that, or as much.
   * @param sizeOf one, by what it was made of.
   */
  constructor(
    private readonly most: number,
    private readonly sizeOf: (key: string) => number = () => 1,
  ) {}

  get(key: string): Value | undefined {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    this.values.delete(key);
    this.values.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.forget(key);
    this.values.set(key, value);
    this.size += this.sizeOf(key);
    for (const oldest of this.values.keys()) {
      if (this.size <= this.most) break;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    if (this.values.delete(key)) this.size -= this.sizeOf(key);
  }
}
