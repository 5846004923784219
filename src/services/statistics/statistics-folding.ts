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

/**
 * The median time to reply, in seconds, out of bucket → count; off by 2.5 % at most. The mean of the two middle ones
 * where the count is even; null where nothing was counted.
 */
export function medianOfBuckets(counts: ReadonlyMap<number, number>): number | null {
  const filled = [...counts].filter(([, count]) => count > 0).sort(([left], [right]) => left - right);
  const total = filled.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  const valueAt = (rank: number): number => {
    let passed = 0;
    for (const [bucket, count] of filled) {
      passed += count;
      if (rank < passed) return middleOfBucket(bucket);
    }
    return 0;
  };
  return (valueAt(Math.floor((total - 1) / 2)) + valueAt(Math.floor(total / 2))) / 2;
}

function middleOfBucket(bucket: number): number {
  return bucket <= 0 ? 0 : shortestReply * bucketRatio ** (bucket - 0.5);
}
