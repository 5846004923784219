/** How long all may take to hear of an event, in milliseconds. */
const PATIENCE = 30_000;

/** Something on its way to those who are to hear of it. */
export class Hearing {
  private hear: () => void = () => undefined;
  /** Settles once all have heard; rejects where that takes too long. */
  readonly all: Promise<void>;

  constructor(private missing: number) {
    this.all = new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.missing} did not hear of an event within ${PATIENCE} ms`)),
        PATIENCE,
      );
      this.hear = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** One more has heard. */
  heard(): void {
    this.missing -= 1;
    if (this.missing === 0) this.hear();
  }
}
