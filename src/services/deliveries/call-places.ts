/** So many calls of one server may be on their way at once. */
const MOST_CALLS = 256;

/** What of the places for calls is left. */
export interface PlacesLeft {
  readonly free: number;
  /** Numbers that may begin no call now. */
  readonly full: readonly string[];
  /** How many calls this number may begin now. */
  roomOf(channelId: string): number;
}

/**
 * The places for calls that are on their way at once, shared so that a number whose calls hang does not take those of
 * the others: it gets no more of them than it leaves free, which is half of them where it is alone. That is enough for
 * 80 calls a second that take a second and a half each.
 */
export class CallPlaces implements PlacesLeft {
  private readonly taken = new Map<string, number>();
  free = MOST_CALLS;

  get full(): string[] {
    return [...this.taken.keys()].filter((channelId) => this.roomOf(channelId) === 0);
  }

  roomOf(channelId: string): number {
    // Each call makes the number's own part one larger, and what is left free one smaller.
    return Math.max(0, Math.ceil((this.free - (this.taken.get(channelId) ?? 0)) / 2));
  }

  take(channelId: string): void {
    this.free -= 1;
    this.taken.set(channelId, (this.taken.get(channelId) ?? 0) + 1);
  }

  giveBack(channelId: string): void {
    this.free += 1;
    const left = (this.taken.get(channelId) ?? 0) - 1;
    if (left > 0) this.taken.set(channelId, left);
    else this.taken.delete(channelId);
  }
}
