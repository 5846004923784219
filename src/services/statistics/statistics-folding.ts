/** The span over which sends are counted together: a quarter of an hour, in milliseconds. */
export const bucketLength = 900_000;

/** The periods of a time zone that statistics are grouped by. */
export type PeriodUnit = 'DAY' | 'HOUR';

const dayLength = 86_400_000;
const hourLength = 3_600_000;
// No local day is longer than 25 hours today; one more hour costs nothing.
const longestDay = 26 * hourLength;

// Zone names come from callers, who may spell one in many ways; a cache that grows with their spellings is a leak.
const rememberedZones = 500;
const rememberedOffsets = 100_000;

interface ZoneClock {
  format: Intl.DateTimeFormat;
  /** Instant → what local clocks are ahead of UTC by, both in milliseconds. */
  offsets: Map<number, number>;
}

const zoneClocks = new Map<string, ZoneClock>();

/**
 * The instant at which the day or hour of an IANA time zone began that a quarter-hour bucket lies in; both in
 * milliseconds, UTC. Zones are ahead of UTC by whole quarters of an hour, so a bucket never lies in two periods. Where
 * clocks are set back, the hour that comes twice is two periods. A zone that is not known throws a RangeError.
 */
export function periodStart(bucketStart: number, unit: PeriodUnit, timeZone: string): number {
  return unit === 'DAY' ? dayStart(bucketStart, timeZone) : hourStart(bucketStart, timeZone);
}

function hourStart(instant: number, timeZone: string): number {
  const offset = offsetAt(instant, timeZone);
  let start = floorTo(instant + offset, hourLength) - offset;
  // Clocks that were moved by half an hour within it (Lord Howe Island) begin a new period where they were moved.
  while (start < instant && offsetAt(start, timeZone) !== offset) start += bucketLength;
  return Math.min(start, instant);
}

function dayStart(instant: number, timeZone: string): number {
  const offset = offsetAt(instant, timeZone);
  const midnight = floorTo(instant + offset, dayLength);
  const likely = midnight - offset;
  const localDay = (at: number) => floorTo(at + offsetAt(at, timeZone), dayLength);
  if (localDay(likely) === midnight && localDay(likely - bucketLength) !== midnight) return likely;
  // Clocks were moved that day: its midnight has another offset, comes twice or does not come at all.
  let start = floorTo(instant - longestDay, bucketLength);
  while (start < instant && localDay(start) !== midnight) start += bucketLength;
  return start;
}

function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

function offsetAt(instant: number, timeZone: string): number {
  const clock = zoneClock(timeZone);
  const remembered = clock.offsets.get(instant);
  if (remembered !== undefined) return remembered;
  const fields: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const part of clock.format.formatToParts(instant)) fields[part.type] = Number(part.value);
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  const offset = local - floorTo(instant, 1000);
  if (clock.offsets.size >= rememberedOffsets) clock.offsets.clear();
  clock.offsets.set(instant, offset);
  return offset;
}

function zoneClock(timeZone: string): ZoneClock {
  let clock = zoneClocks.get(timeZone);
  if (clock === undefined) {
    // Making a formatter takes a hundred times as long as using one.
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (zoneClocks.size >= rememberedZones) zoneClocks.clear();
    clock = { format, offsets: new Map() };
    zoneClocks.set(timeZone, clock);
  }
  return clock;
}

// Each bucket is five per cent wider than the one before: its middle is less than 2.5 % from anything inside.
const bucketRatio = 1.05;
const shortestReply = 0.001;

/**
 * The histogram's bucket of a time to reply, in seconds. Bucket 0 is for a millisecond and less (clocks that disagree
 * give negative times); the others grow by 5 %, and 24 hours are bucket 375.
 */
export function replyBucket(seconds: number): number {
  if (!(seconds > shortestReply)) return 0;
  return 1 + Math.floor(Math.log(seconds / shortestReply) / Math.log(bucketRatio));
}

/** Buckets of 24 hours, after which no answer counts; the next round number of them. */
const usualBuckets = 384;

/** How long the answers to some sends took, counted by bucket. A list: maps of millions of answers take several times as long. */
export class ReplyTimes {
  private counts = new Uint32Array(usualBuckets);
  private total = 0;

  /** Adds so many answers of a bucket. */
  add(bucket: number, count: number): void {
    if (bucket >= this.counts.length) {
      const wider = new Uint32Array(bucket + 1);
      wider.set(this.counts);
      this.counts = wider;
    }
    this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
    this.total += count;
  }

  /**
   * The median in seconds, off by 2.5 % at most. The mean of the two middle ones where the count is even; null where
   * nothing was counted.
   */
  get median(): number | null {
    if (this.total === 0) return null;
    const lower = this.valueAt(Math.floor((this.total - 1) / 2));
    return (lower + this.valueAt(Math.floor(this.total / 2))) / 2;
  }

  private valueAt(rank: number): number {
    let passed = 0;
    const bucket = this.counts.findIndex((count) => (passed += count) > rank);
    return middleOfBucket(bucket);
  }
}

function middleOfBucket(bucket: number): number {
  return bucket <= 0 ? 0 : shortestReply * bucketRatio ** (bucket - 0.5);
}
