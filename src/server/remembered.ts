/** Remembers what was made of texts, so that it is not made anew each time; what came first is forgotten first. */
export class Remembered<Made> {
  private readonly made = new Map<string, Made>();
  private size = 0;

  /**
   * @param most it may hold: so many, or so much.
   * @param sizeOf one, by its text.
   */
  constructor(
    private readonly most: number,
    private readonly sizeOf: (text: string) => number = () => 1,
  ) {}

  get(text: string): Made | undefined {
    return this.made.get(text);
  }

  set(text: string, made: Made): void {
    this.forget(text);
    this.made.set(text, made);
    this.size += this.sizeOf(text);
    for (const first of this.made.keys()) {
      if (this.size <= this.most) break;
      this.forget(first);
    }
  }

  private forget(text: string): void {
    if (this.made.delete(text)) this.size -= this.sizeOf(text);
  }
}
