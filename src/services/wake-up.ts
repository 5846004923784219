/** Wakes whoever works on something when there is more of it; several rings before it looks are one. */
export class WakeUp {
  private readonly listeners = new Set<() => void>();

  ring(): void {
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` at every ring; the result takes that back. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
