/** Work that never runs twice at once: whoever asks for it while it runs makes it run once more afterwards. */
export class OneAtATime {
  private running: Promise<void> | null = null;
  private again = false;

  /** @param failed told what ended a run early; the next one comes all the same. */
  constructor(
    private readonly work: () => Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {}

  run(): void {
    if (this.running !== null) {
      this.again = true;
      return;
    }
    this.running = this.work()
      .catch(this.failed)
      .finally(() => {
        this.running = null;
        if (!this.again) return;
        this.again = false;
        this.run();
      });
  }

  /** Drops what was asked for meanwhile. @returns once the run under way is over. */
  async settle(): Promise<void> {
    this.again = false;
    await this.running;
  }
}
