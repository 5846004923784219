/** Wakes whoever works on something when there is more of it; several rings before it looks are one. */
export class WakeUp {
  private readonly listeners = new Set<() => void>();

  /** @param announce tells other nodes, who share the work. */
  constructor(private readonly announce: () => void = () => undefined) {}

  ring(): void {
    this.hear();
    this.announce();
  }

  /** Somebody rang, here or on another node. */
  hear(): void {
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` at every ring; the result takes that back. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
