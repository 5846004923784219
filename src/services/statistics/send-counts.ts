import sql, { join } from 'sql-template-tag';
import { DAY, SECOND } from '../../clock';
import type { Rows } from '../../database/rows';
import { ContractLogRow } from '../../entities/contract-log';
import type { SendDimension } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import { SendCountRow } from '../../entities/send-count';
import { SendCountMarkRow } from '../../entities/send-count-mark';
import type { Platform } from '../context';
import { groupedBy } from '../grouping';
import { Rounds } from '../rounds';
import { COLUMN_OF_DIMENSION, COUNTED, countReplies, countSends, countsOf, type Span } from './counting';
import { packCounts, packReplies, unpackCounts, unpackReplies } from './packed-quarters';
import { bucketLength } from './statistics-folding';

/** What changed since is counted live by whoever asks, so that nobody waits for this. */
const INTERVAL = 10 * SECOND;
const CHANGES_AT_ONCE = 2_000;
/** Three hours: each statement is short, so that others get their turn at the database in between. */
const QUARTERS_AT_ONCE = 12;
export const QUARTERS_PER_DAY = DAY / bucketLength;

/** Keeps the counts of sends that statistics are answered from, behind the changes of the sends. */
export class SendCounting {
  private readonly rounds: Rounds;

  constructor(platform: Platform) {
    this.rounds = new Rounds({
      clock: platform.clock,
      interval: INTERVAL,
      work: () => countChangedSends(platform, () => this.rounds.running),
      failed: (error) => platform.log.error({ err: error }, 'changed sends could not be counted'),
    });
  }

  start(): void {
    this.rounds.start();
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }
}

/**
 * Counts what changed since it was counted last, of every contract. Nodes may do it at once: of two that count the same,
 * one writes it.
 * @param running asked between parts; false ends it early.
 */
export async function countChangedSends(platform: Platform, running: () => boolean): Promise<void> {
  const waiting = await platform.store.engine.reader.all(sql`
    select logs.contract_id from contract_logs as logs
    left join send_count_marks as marks on marks.contract_id = logs.contract_id
    where marks.counted_before is not null or exists (
      select 1 from sends where sends.contract_id = logs.contract_id
        and sends.changed_sequence > coalesce(marks.counted_sequence, -1))`);
  for (const row of waiting) {
    const counter = new ContractCounter(platform, row['contract_id'] as string);
    while (running() && (await counter.part()));
  }
}

/** The counts of one bot, template or agent on one day, unpacked: by quarters of the day. */
interface DayCounts {
  dimension: SendDimension;
  key: string;
  counts: Map<number, readonly number[]>;
  replies: Map<number, Map<number, number>>;
}

class ContractCounter {
  private readonly rows: Rows;

  constructor(
    private readonly platform: Platform,
    private readonly contractId: string,
  ) {
    this.rows = platform.store.rowsOf(contractId);
  }

  /** Counts a bounded part of what is to be counted; whether there may be more, and it is this node's to do. */
  async part(): Promise<boolean> {
    const mark = await this.rows.first(SendCountMarkRow, sql`1 = 1`);
    if (mark === null) return this.begin();
    return mark.countedBefore === null
      ? this.countChanged(mark)
      : this.countNextDay(mark, mark.countedBefore);
  }

  /** From here on whatever changes has a place in the log behind the mark, however long the first counting takes. */
  private async begin(): Promise<boolean> {
    const log = await this.rows.first(ContractLogRow, sql`1 = 1`);
    const mark: SendCountMarkRow = {
      contractId: this.contractId,
      countedSequence: log?.lastSequence ?? 0,
      countedBefore: 0,
      revision: 0,
    };
    return this.platform.store.transact(this.contractId, (transaction) =>
      transaction.insertUnlessPresent(SendCountMarkRow, mark),
    );
  }

  /** The first counting goes by days: by changes it would count most quarters many times. */
  private async countNextDay(mark: SendCountMarkRow, from: number): Promise<boolean> {
    const [next] = await this.rows.select(SendRow, sql`created_at`, {
      where: sql`created_at >= ${from}`,
      orderBy: sql`created_at`,
      limit: 1,
    });
    if (!next) return this.write(mark, { countedBefore: null });
    const day = Math.floor(Number(next['created_at']) / DAY);
    const quarters = Array.from({ length: QUARTERS_PER_DAY }, (_, place) => day * QUARTERS_PER_DAY + place);
    return this.countQuarters(mark, quarters, { countedBefore: (day + 1) * DAY });
  }

  private async countChanged(mark: SendCountMarkRow): Promise<boolean> {
    const changed = await this.rows.select(SendRow, sql`created_at, changed_sequence`, {
      where: sql`changed_sequence > ${mark.countedSequence}`,
      orderBy: sql`changed_sequence`,
      limit: CHANGES_AT_ONCE,
    });
    const last = changed.at(-1);
    if (!last) return false;
    // Read before anything is counted: what changes meanwhile has a place behind it, and is counted again.
    const countedSequence = Number(last['changed_sequence']);
    const quarters = new Set(changed.map((row) => Math.floor(Number(row['created_at']) / bucketLength)));
    const isDone = await this.countQuarters(mark, [...quarters], { countedSequence });
    return isDone && changed.length === CHANGES_AT_ONCE;
  }

  /**
   * Counts these quarters of an hour anew, day by day, each day in a writing of its own; with the last of them come
   * `changes` of the mark. Whether all was written: somebody else may have overtaken this.
   */
  private async countQuarters(
    mark: SendCountMarkRow,
    quarters: readonly number[],
    changes: Partial<SendCountMarkRow>,
  ): Promise<boolean> {
    const days = [...groupedBy(quarters, (quarter) => Math.floor(quarter / QUARTERS_PER_DAY))];
    for (const [place, [day, some]] of days.entries()) {
      const counted = await this.countDay(
        day,
        some.sort((left, right) => left - right),
      );
      const isLast = place === days.length - 1;
      const current = { ...mark, revision: mark.revision + place };
      if (!(await this.write(current, isLast ? changes : {}, counted))) return false;
    }
    return true;
  }

  /** All counts of a day, those of these quarters counted anew. */
  private async countDay(day: number, quarters: readonly number[]): Promise<SendCountRow[]> {
    const first = day * QUARTERS_PER_DAY;
    const anew = new Set(quarters.map((quarter) => quarter - first));
    const byKey = new Map<string, DayCounts>();
    const of = (dimension: SendDimension, key: string): DayCounts => {
      const name = `${dimension} ${key}`;
      const found = byKey.get(name) ?? { dimension, key, counts: new Map(), replies: new Map() };
      byKey.set(name, found);
      return found;
    };
    const addReplies = (to: DayCounts, quarter: number, bucket: number, count: number): void => {
      const buckets = to.replies.get(quarter) ?? new Map<number, number>();
      to.replies.set(quarter, buckets.set(bucket, count));
    };
    const ofDay = sql`dimension in (${join([...COLUMN_OF_DIMENSION.keys()])}) and day = ${day}`;
    for (const row of await this.rows.find(SendCountRow, { where: ofDay })) {
      const kept = of(row.dimension, row.key);
      unpackCounts(row.quarters, (quarter, counts) => {
        if (!anew.has(quarter)) kept.counts.set(quarter, [...counts]);
      });
      unpackReplies(row.replies, (quarter, bucket, count) => {
        if (!anew.has(quarter)) addReplies(kept, quarter, bucket, count);
      });
    }
    for (let start = 0; start < quarters.length; start += QUARTERS_AT_ONCE) {
      const spans = spansOf(quarters.slice(start, start + QUARTERS_AT_ONCE));
      for (const [dimension, column] of COLUMN_OF_DIMENSION) {
        const counting = { where: sql`1 = 1`, spans, columns: [column], byQuarter: true };
        for await (const rows of countSends(this.rows, counting)) {
          for (const row of rows)
            of(dimension, row[column] as string).counts.set(Number(row['quarter']) - first, countsOf(row));
        }
        for (const row of await countReplies(this.rows, counting)) {
          const [bucket, count] = [Number(row['reply_bucket']), Number(row['total'])];
          addReplies(of(dimension, row[column] as string), Number(row['quarter']) - first, bucket, count);
        }
      }
    }
    return [...byKey.values()].map((counts) => rowOf(this.contractId, day, counts));
  }

  /** Writes whole days, and the mark, unless somebody else did since it was read; whether it was written. */
  private write(
    { revision }: SendCountMarkRow,
    changes: Partial<SendCountMarkRow>,
    counted: readonly SendCountRow[] = [],
  ): Promise<boolean> {
    return this.platform.store.transact(this.contractId, async (transaction) => {
      const marked = { ...changes, revision: revision + 1 };
      // First, so that who else writes waits here, and then finds another revision.
      const mine = await transaction.update(SendCountMarkRow, marked, sql`revision = ${revision}`);
      if (mine === 0) return false;
      for (const [dimension, rows] of groupedBy(counted, (row) => row.dimension)) {
        await transaction.remove(SendCountRow, sql`dimension = ${dimension} and day = ${rows[0]?.day}`);
        await transaction.insert(SendCountRow, ...rows);
      }
      return true;
    });
  }
}

/** Quarters of an hour, in their order, as the fewest spans. */
export function spansOf(quarters: readonly number[]): Span[] {
  const spans: Span[] = [];
  for (const quarter of quarters) {
    const from = quarter * bucketLength;
    const last = spans.at(-1);
    if (last?.before === from) last.before += bucketLength;
    else spans.push({ from, before: from + bucketLength });
  }
  return spans;
}

function rowOf(
  contractId: string,
  day: number,
  { dimension, key, counts, replies }: DayCounts,
): SendCountRow {
  const sum = (name: (typeof COUNTED)[number]): number => {
    const place = COUNTED.indexOf(name);
    return [...counts.values()].reduce((all, some) => all + (some[place] ?? 0), 0);
  };
  return {
    contractId,
    dimension,
    day,
    key,
    total: sum('total'),
    accepted: sum('accepted'),
    sent: sum('sent'),
    delivered: sum('delivered'),
    readCount: sum('read_count'),
    failed: sum('failed'),
    canceled: sum('canceled'),
    replied: sum('replied'),
    expired: sum('expired'),
    quarters: packCounts(counts),
    replies: packReplies(replies),
  };
}
