import fc from 'fast-check';
import {
  bucketLength,
  periodStart,
  replyBucket,
  ReplyTimes,
  type PeriodUnit,
} from '../../src/services/statistics/statistics-folding';

const hour = 3_600_000;

function instant(text: string): number {
  return Date.parse(text);
}

/** How many quarter-hours of three days around an instant fall into each period, as instant → hours. */
function hoursOfPeriods(around: string, unit: PeriodUnit, timeZone: string): Map<string, number> {
  const periods = new Map<string, number>();
  const middle = Math.floor(instant(around) / bucketLength) * bucketLength;
  for (let bucket = middle - 36 * hour; bucket < middle + 36 * hour; bucket += bucketLength) {
    const start = new Date(periodStart(bucket, unit, timeZone)).toISOString();
    periods.set(start, (periods.get(start) ?? 0) + bucketLength / hour);
  }
  return periods;
}

describe('periodStart', () => {
  it.each<[string, PeriodUnit, string, string]>([
    ['2026-05-04T13:45:00Z', 'DAY', 'UTC', '2026-05-04T00:00:00Z'],
    ['2026-05-04T13:45:00Z', 'HOUR', 'UTC', '2026-05-04T13:00:00Z'],
    ['2026-05-04T02:45:00Z', 'DAY', 'America/Sao_Paulo', '2026-05-03T03:00:00Z'],
    ['2026-05-04T03:00:00Z', 'DAY', 'America/Sao_Paulo', '2026-05-04T03:00:00Z'],
    ['2026-05-04T18:00:00Z', 'DAY', 'Asia/Kathmandu', '2026-05-03T18:15:00Z'],
    ['2026-05-04T18:15:00Z', 'DAY', 'Asia/Kathmandu', '2026-05-04T18:15:00Z'],
    ['2026-05-04T18:00:00Z', 'HOUR', 'Asia/Kathmandu', '2026-05-04T17:15:00Z'],
    ['2026-05-04T18:15:00Z', 'HOUR', 'Asia/Kathmandu', '2026-05-04T18:15:00Z'],
    // Clocks went from 24:00 to 01:00: that day had no midnight.
    ['2018-11-04T12:00:00Z', 'DAY', 'America/Sao_Paulo', '2018-11-04T03:00:00Z'],
    // Clocks go from 01:00 back to 00:00: that day has two midnights, of which the first counts.
    ['2026-11-01T12:00:00Z', 'DAY', 'America/Havana', '2026-11-01T04:00:00Z'],
    ['2026-11-01T05:15:00Z', 'DAY', 'America/Havana', '2026-11-01T04:00:00Z'],
    // Clocks went from 24:00 back to 23:00: the day before has an hour more at its end.
    ['2018-02-18T02:30:00Z', 'DAY', 'America/Sao_Paulo', '2018-02-17T02:00:00Z'],
    ['2018-02-18T03:00:00Z', 'DAY', 'America/Sao_Paulo', '2018-02-18T03:00:00Z'],
  ])('%s by %s in %s began %s', (at, unit, timeZone, expected) => {
    expect(periodStart(instant(at), unit, timeZone)).toBe(instant(expected));
  });

  it.each([
    ['2026-03-29T12:00:00Z', 'Europe/Berlin', '2026-03-28T23:00:00.000Z', 23],
    ['2026-10-25T12:00:00Z', 'Europe/Berlin', '2026-10-24T22:00:00.000Z', 25],
    ['2018-11-04T12:00:00Z', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z', 23],
    ['2018-02-17T12:00:00Z', 'America/Sao_Paulo', '2018-02-17T02:00:00.000Z', 25],
    ['2026-11-01T12:00:00Z', 'America/Havana', '2026-11-01T04:00:00.000Z', 25],
    ['2026-04-05T12:00:00Z', 'Australia/Lord_Howe', '2026-04-04T13:00:00.000Z', 24.5],
    ['2026-05-04T12:00:00Z', 'Asia/Kathmandu', '2026-05-03T18:15:00.000Z', 24],
  ])('the day of %s in %s began %s and has %d hours', (around, timeZone, start, hours) => {
    expect(hoursOfPeriods(around, 'DAY', timeZone).get(start)).toBe(hours);
  });

  it('takes the hour that comes twice for two, and leaves out the one that does not come', () => {
    const autumn = hoursOfPeriods('2026-10-25T01:00:00Z', 'HOUR', 'Europe/Berlin');
    expect(autumn.get('2026-10-25T00:00:00.000Z')).toBe(1);
    expect(autumn.get('2026-10-25T01:00:00.000Z')).toBe(1);
    const spring = hoursOfPeriods('2026-03-29T01:00:00Z', 'HOUR', 'Europe/Berlin');
    expect([...spring.values()].every((hours) => hours === 1)).toBe(true);
  });

  it('cuts every stretch of time into periods without gap or overlap', () => {
    const zones = fc.constantFrom(
      'UTC',
      'America/Sao_Paulo',
      'America/Havana',
      'Europe/Berlin',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'Africa/Casablanca',
    );
    const buckets = fc.integer({
      min: instant('2011-01-01T00:00:00Z') / bucketLength,
      max: instant('2030-01-01T00:00:00Z') / bucketLength,
    });
    fc.assert(
      fc.property(buckets, zones, fc.constantFrom<PeriodUnit>('DAY', 'HOUR'), (bucket, timeZone, unit) => {
        const at = bucket * bucketLength;
        const start = periodStart(at, unit, timeZone);
        expect(start).toBeLessThanOrEqual(at);
        expect(at - start).toBeLessThan(unit === 'DAY' ? 25 * hour : hour);
        expect(start % bucketLength).toBe(0);
        expect(periodStart(start, unit, timeZone)).toBe(start);
        expect(periodStart(start - bucketLength, unit, timeZone)).toBeLessThan(start);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps periods whole on the days when clocks are moved', () => {
    for (const [around, timeZone] of [
      ['2026-04-05T00:00:00Z', 'Australia/Lord_Howe'],
      ['2026-10-04T00:00:00Z', 'Australia/Lord_Howe'],
      ['2018-02-18T00:00:00Z', 'America/Sao_Paulo'],
      ['2011-12-30T00:00:00Z', 'Pacific/Apia'],
    ] as const) {
      for (const unit of ['DAY', 'HOUR'] as const) {
        for (let at = instant(around) - 48 * hour; at < instant(around) + 48 * hour; at += bucketLength) {
          const start = periodStart(at, unit, timeZone);
          expect(periodStart(start, unit, timeZone)).toBe(start);
          expect(start === at || periodStart(at - bucketLength, unit, timeZone) === start).toBe(true);
        }
      }
    }
  });

  it('refuses a zone that does not exist', () => {
    expect(() => periodStart(0, 'DAY', 'Mars/Olympus')).toThrow(RangeError);
  });
});

describe('the histogram of times to reply', () => {
  function medianOf(counts: readonly [bucket: number, count: number][]): number | null {
    const times = new ReplyTimes();
    for (const [bucket, count] of counts) times.add(bucket, count);
    return times.median;
  }

  function estimate(times: readonly number[]): number | null {
    return medianOf(times.map((time) => [replyBucket(time), 1]));
  }

  function exactMedian(times: readonly number[]): number {
    const sorted = [...times].sort((left, right) => left - right);
    return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
  }

  it('estimates the median within 5 %', () => {
    const times = fc.array(fc.double({ min: 0.002, max: 30 * 86_400, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(times, (list) => {
        const exact = exactMedian(list);
        expect(Math.abs(estimate(list)! - exact)).toBeLessThanOrEqual(exact * 0.05);
      }),
      { numRuns: 1_000 },
    );
  });

  it('grows with the time and stays small', () => {
    expect(replyBucket(86_400)).toBe(375);
    expect(replyBucket(60)).toBeLessThan(replyBucket(64));
  });

  it('counts replies without duration, and those from before the send, as nothing', () => {
    expect(replyBucket(0)).toBe(0);
    expect(replyBucket(-3)).toBe(0);
    expect(replyBucket(Number.NaN)).toBe(0);
    expect(medianOf([[0, 5]])).toBe(0);
  });

  it('has no median where nothing was counted', () => {
    expect(medianOf([])).toBeNull();
    expect(medianOf([[12, 0]])).toBeNull();
  });

  it('takes the mean of the two in the middle', () => {
    const median = medianOf([
      [replyBucket(200), 1],
      [replyBucket(100), 1],
    ]);
    expect(Math.abs(median! - 150)).toBeLessThan(7.5);
  });
});
