import type { Name } from './contender';

/** The middle one of some measurements, and the smallest and the largest. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return { median, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
}

/** The value that so many of 100 stay below. */
export function percentileOf(values: readonly number[], of100: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor((sorted.length * of100) / 100)] ?? 0;
}

/** What was measured of one thing, of each server. */
export interface Result {
  /** As it stands in the JSON. */
  name: string;
  /** Which one of several figures of that name. */
  part?: 'p50' | 'p99';
  title: string;
  /** What is counted, and whether more of it is better. */
  unit: '/s' | ' kB' | ' ms';
  values: ReadonlyMap<Name, Spread>;
}
