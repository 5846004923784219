/** So many calls of one server may be on their way at once. */
const MOST_CALLS = 256;

/**
 * So many calls of one number may wait on one server for their turn in its pace, a quarter of a second's; it claims more
 * once few are left. What it does not claim, other servers may: one of them would otherwise call nearly all of a burst.
 */
const MOST_WAITING = 20;
const FEW_WAITING = 5;

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
  private readonly waiting = new Map<string, number>();
  free = MOST_CALLS;

  get full(): string[] {
    return [...this.taken.keys()].filter((channelId) => this.roomOf(channelId) === 0);
  }

  roomOf(channelId: string): number {
    const waiting = this.waiting.get(channelId) ?? 0;
    if (waiting > FEW_WAITING) return 0;
    // Each call makes the number's own part one larger, and what is left free one smaller.
    const room = Math.ceil((this.free - (this.taken.get(channelId) ?? 0)) / 2);
    return Math.max(0, Math.min(room, MOST_WAITING - waiting));
  }

  /** For a call that waits for its turn. */
  take(channelId: string): void {
    this.free -= 1;
    add(this.taken, channelId, 1);
    add(this.waiting, channelId, 1);
  }

  /** Its turn has come. @returns whether its number has room for calls again, and had none before. */
  begin(channelId: string): boolean {
    const before = this.roomOf(channelId);
    add(this.waiting, channelId, -1);
    return before === 0 && this.roomOf(channelId) > 0;
  }

  /** After its call, which had begun. */
  giveBack(channelId: string): void {
    this.free += 1;
    add(this.taken, channelId, -1);
  }
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
