import { COUNTED } from './counting';

/** Most counts are below this, and take one byte. */
const ONE_BYTE = 0x80;

/**
 * Whole numbers from 0 on as text, most of them in a byte before it becomes base64: a month of 200 agents is unpacked in
 * tens of milliseconds, where JSON takes several times as long.
 */
class Packing {
  private readonly bytes: number[] = [];

  add(value: number): void {
    let rest = value;
    for (; rest >= ONE_BYTE; rest = Math.floor(rest / ONE_BYTE))
      this.bytes.push((rest % ONE_BYTE) + ONE_BYTE);
    this.bytes.push(rest);
  }

  get text(): string {
    return Buffer.from(this.bytes).toString('base64');
  }
}

/** Reads what `Packing` wrote, number by number. */
class Unpacking {
  private readonly bytes: Buffer;
  private place = 0;

  constructor(text: string) {
    this.bytes = Buffer.from(text, 'base64');
  }

  get isOver(): boolean {
    return this.place >= this.bytes.length;
  }

  next(): number {
    let value = 0;
    let weight = 1;
    for (;;) {
      const byte = this.bytes[this.place] as number;
      this.place += 1;
      if (byte < ONE_BYTE) return value + byte * weight;
      value += (byte - ONE_BYTE) * weight;
      weight *= ONE_BYTE;
    }
  }
}

function inOrder<Value>(entries: ReadonlyMap<number, Value>): [number, Value][] {
  return [...entries].sort(([left], [right]) => left - right);
}

/** Packs the counts of a day's quarters: quarter of the day (0 to 95) → counts in the order of `COUNTED`. */
export function packCounts(quarters: ReadonlyMap<number, readonly number[]>): string {
  const packing = new Packing();
  let before = 0;
  for (const [quarter, counts] of inOrder(quarters)) {
    packing.add(quarter - before);
    before = quarter;
    for (const count of counts) packing.add(count);
  }
  return packing.text;
}

/**
 * Reads what `packCounts` made.
 * @param visit called for each quarter in its order, with a list that the next one is put into.
 */
export function unpackCounts(
  text: string,
  visit: (quarter: number, counts: readonly number[]) => void,
): void {
  const unpacking = new Unpacking(text);
  const counts = COUNTED.map(() => 0);
  for (let quarter = 0; !unpacking.isOver;) {
    quarter += unpacking.next();
    for (let place = 0; place < counts.length; place += 1) counts[place] = unpacking.next();
    visit(quarter, counts);
  }
}

/** Packs how long answers took: quarter of the day → bucket of the time → how many. */
export function packReplies(quarters: ReadonlyMap<number, ReadonlyMap<number, number>>): string {
  const packing = new Packing();
  let before = 0;
  for (const [quarter, buckets] of inOrder(quarters)) {
    packing.add(quarter - before);
    before = quarter;
    packing.add(buckets.size);
    let lower = 0;
    for (const [bucket, count] of inOrder(buckets)) {
      packing.add(bucket - lower);
      lower = bucket;
      packing.add(count);
    }
  }
  return packing.text;
}

/** Reads what `packReplies` made. */
export function unpackReplies(
  text: string,
  visit: (quarter: number, bucket: number, count: number) => void,
): void {
  const unpacking = new Unpacking(text);
  for (let quarter = 0; !unpacking.isOver;) {
    quarter += unpacking.next();
    let bucket = 0;
    for (let left = unpacking.next(); left > 0; left -= 1) {
      bucket += unpacking.next();
      visit(quarter, bucket, unpacking.next());
    }
  }
}
