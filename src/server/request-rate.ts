import { normalizeIP, type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import { MINUTE, SECOND, type Clock } from '../clock';
import { Remembered } from './remembered';

/** Addresses that are remembered; beyond these the one that came first is forgotten. */
const MOST_ADDRESSES = 50_000;

interface Pace {
  since: number;
  count: number;
}

/** How much an address has asked within its minute. */
export interface Counted {
  readonly count: number;
  readonly isExceeded: boolean;
  /** Milliseconds until its minute is over, and seconds, rounded up. */
  readonly left: number;
  readonly seconds: number;
}

/** Counts what comes from each address, by whichever door: requests over HTTP, and operations on sockets. */
export class RequestRate {
  private readonly paces = new Map<string, Pace>();
  /** What addresses count as: to tell takes longer than to count. */
  private readonly keys = new Remembered<string>(MOST_ADDRESSES);

  constructor(
    private readonly clock: Clock,
    private readonly most: number,
  ) {}

  /** Counts one more; networks of IPv6, which one customer has the whole of, count as one address. */
  count(address: string | undefined): Counted {
    const key = address === undefined ? '' : this.keyOf(address);
    // By the time that goes on evenly: who is at the limit would else stay so for as long as the clock is set back.
    const now = this.clock.elapsed();
    const pace = this.paceOf(key, now);
    pace.count += 1;
    const left = Math.ceil(pace.since + MINUTE - now);
    return {
      count: pace.count,
      isExceeded: pace.count > this.most,
      left,
      seconds: Math.ceil(left / SECOND),
    };
  }

  private keyOf(address: string): string {
    const known = this.keys.get(address);
    if (known !== undefined) return known;
    const key = normalizeIP(address);
    this.keys.set(address, key);
    return key;
  }

  private paceOf(key: string, now: number): Pace {
    const known = this.paces.get(key);
    if (known && now - known.since < MINUTE) return known;
    const [first] = this.paces.keys();
    if (!known && first !== undefined && this.paces.size >= MOST_ADDRESSES) this.paces.delete(first);
    const pace = { since: now, count: 0 };
    this.paces.delete(key);
    this.paces.set(key, pace);
    return pace;
  }
}

/** The same count, in the shape that the plugin for HTTP asks for. */
export function storeOf(rate: RequestRate): FastifyRateLimitStoreCtor {
  return class implements FastifyRateLimitStore {
    incr(address: string, callback: (error: null, result: { current: number; ttl: number }) => void): void {
      const { count, left } = rate.count(address);
      callback(null, { current: count, ttl: left });
    }

    child(): FastifyRateLimitStore {
      return this;
    }
  };
}
