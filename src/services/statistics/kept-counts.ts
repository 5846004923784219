import sql, { join, raw, type Sql } from 'sql-template-tag';
import { DAY } from '../../clock';
import type { RawRow } from '../../database/connection';
import { valuesAsRows, type Rows } from '../../database/rows';
import { SendDimension } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import { SendCountRow } from '../../entities/send-count';
import { SendCountMarkRow } from '../../entities/send-count-mark';
import { seesAsAgent } from '../access/visibility';
import type { ServiceContext } from '../context';
import type { SendFilter } from '../sends/send-filter';
import { COLUMN_OF_DIMENSION, COUNTED, countsOf, type Span } from './counting';
import { unpackCounts, unpackReplies } from './packed-quarters';
import { QUARTERS_PER_DAY, spansOf } from './send-counts';
import { bucketLength } from './statistics-folding';

/** Where more changed since it was counted, all is counted from the sends. */
const MOST_CHANGES = 20_000;
/** No send is created after this; a day begins with it. */
const END_OF_TIME = Math.floor(Number.MAX_SAFE_INTEGER / DAY) * DAY;
/** Rows of counts that are unpacked before others get their turn. */
const ROWS_AT_ONCE = 4_000;

/** The counts that a request is answered from, and of which keys; null for all. */
interface Source {
  dimension: SendDimension;
  keys: readonly string[] | null;
}

/**
 * The counts that hold the answer to a request, or null. They are kept by one dimension each, so that whatever selects
 * or groups by two, or by anything else, is counted from the sends.
 */
function sourceOf(
  filter: SendFilter,
  groupBy: readonly SendDimension[],
  ownAgentId: string | null,
): Source | null {
  if (filter.statuses != null || filter.replyStates != null || filter.contactId != null) return null;
  const own = ownAgentId === null ? null : [ownAgentId];
  const agents = filter.agentIds?.filter((id) => ownAgentId === null || id === ownAgentId) ?? own;
  const selected = new Map<SendDimension, readonly string[] | null | undefined>([
    [SendDimension.BOT, filter.botIds],
    [SendDimension.TEMPLATE, filter.templateIds],
    [SendDimension.AGENT, agents],
  ]);
  const used = [...selected].filter(([dimension, keys]) => keys != null || groupBy.includes(dimension));
  if (used.length > 1) return null;
  // Every send is of one bot: the counts of all bots are those of all sends.
  const [dimension, keys] = used[0] ?? [SendDimension.BOT, null];
  return { dimension, keys: keys ?? null };
}

/** Which part of a request's sends the kept counts answer for, and which is to be counted from the sends. */
export class KeptCounts {
  private constructor(
    private readonly rows: Rows,
    private readonly source: Source,
    /** The first quarter of an hour since 1970 that the counts answer for, and the first after them. */
    private readonly first: number,
    private readonly past: number,
    /** Quarters in between that are not to be taken from the counts. */
    private readonly changed: ReadonlySet<number>,
    /** When sends were created that are to be counted from their rows. */
    readonly spans: readonly Span[],
  ) {}

  /**
   * The counts for a request, or null where there are none and all is to be counted from the sends.
   *
   * The mark is read before the changes behind it, those before any counts, and each with a statement of its own. What
   * was counted in between makes counts newer, never older: a quarter of an hour in which nothing had changed behind the
   * mark is in the counts as it was at that moment, or at a later one. So each quarter is counted once, as it was at some
   * moment while the request was answered, and exactly as it is where nothing changes meanwhile.
   */
  static async of(
    context: ServiceContext,
    filter: SendFilter,
    groupBy: readonly SendDimension[],
  ): Promise<KeptCounts | null> {
    const source = sourceOf(filter, groupBy, seesAsAgent(context.viewer, 'Send'));
    if (source === null) return null;
    const { rows } = context;
    const mark = await rows.first(SendCountMarkRow, sql`1 = 1`);
    if (mark === null) return null;
    const from = filter.createdFrom ?? 0;
    const before = filter.createdBefore ?? END_OF_TIME;
    const first = Math.ceil(from / bucketLength);
    const past = Math.floor(Math.min(before, mark.countedBefore ?? before) / bucketLength);
    if (first >= past) return null;
    const changes = await rows.select(SendRow, sql`created_at`, {
      where: sql`changed_sequence > ${mark.countedSequence}`,
      limit: MOST_CHANGES + 1,
    });
    if (changes.length > MOST_CHANGES) return null;
    const changed = new Set(
      changes
        .map((row) => Math.floor(Number(row['created_at']) / bucketLength))
        .filter((quarter) => quarter >= first && quarter < past),
    );
    const ends = [
      { from, before: first * bucketLength },
      { from: past * bucketLength, before },
    ];
    const spans = [
      ...ends.filter((end) => end.from < end.before),
      ...spansOf([...changed].sort((left, right) => left - right)),
    ];
    return new KeptCounts(rows, source, first, past, changed, spans);
  }

  /** The column of what the counts are kept by. */
  get column(): string | undefined {
    return COLUMN_OF_DIMENSION.get(this.source.dimension);
  }

  /**
   * Goes through the counts, in parts.
   * @param periodOf the period that a quarter of an hour lies in; null where all are one group.
   * @param daysAreUtc whether each day of UTC lies in one period as a whole.
   * @param add told what was counted of a key in a period, several times of the same. Its list is used again.
   */
  async *counts(
    periodOf: ((quarter: number) => number) | null,
    daysAreUtc: boolean,
    add: (key: string, period: number | null, counts: readonly number[]) => void,
  ): AsyncGenerator<void> {
    const cut = this.cutDays();
    const isWhole = periodOf === null || daysAreUtc;
    if (isWhole) {
      const days = periodOf === null ? raw('key') : raw('day, key');
      const sums = raw(COUNTED.map((name) => `sum(${name}) as ${name}`).join(', '));
      const rows = await this.rows.select(SendCountRow, sql`${days}, ${sums}`, {
        where: sql`${this.chosen()} and day not in (${cut})`,
        groupBy: days,
      });
      for (const row of rows) {
        const period = periodOf && periodOf(Number(row['day']) * QUARTERS_PER_DAY);
        add(row['key'] as string, period, countsOf(row));
      }
      yield;
    }
    const sum = COUNTED.map(() => 0);
    const periodsOf = this.periodsOf(periodOf);
    for await (const rows of this.pages('quarters', isWhole ? sql`day in (${cut})` : sql`1 = 1`)) {
      for (const row of rows) {
        const key = row['key'] as string;
        let current: number | null = null;
        const tell = (): void => {
          if (sum[0] !== 0) add(key, current, sum);
          sum.fill(0);
        };
        const periods = periodsOf(Number(row['day']));
        unpackCounts(row['quarters'] as string, (place, counts) => {
          const period = periods[place];
          if (period === undefined) return;
          if (period !== current) tell();
          current = period;
          for (let index = 0; index < sum.length; index += 1)
            sum[index] = (sum[index] as number) + (counts[index] as number);
        });
        tell();
      }
      yield;
    }
  }

  /** Goes through the times to reply, in parts; like `counts`. */
  async *replies(
    periodOf: ((quarter: number) => number) | null,
    add: (key: string, period: number | null, bucket: number, count: number) => void,
  ): AsyncGenerator<void> {
    const periodsOf = this.periodsOf(periodOf);
    for await (const rows of this.pages('replies', sql`replied > 0`)) {
      for (const row of rows) {
        const key = row['key'] as string;
        const periods = periodsOf(Number(row['day']));
        unpackReplies(row['replies'] as string, (place, bucket, count) => {
          const period = periods[place];
          if (period !== undefined) add(key, period, bucket, count);
        });
      }
      yield;
    }
  }

  /** Finds, for a day, the period of each of its quarters; undefined for one that the counts do not answer for. */
  private periodsOf(
    periodOf: ((quarter: number) => number) | null,
  ): (day: number) => readonly (number | null | undefined)[] {
    let latest: { day: number; periods: readonly (number | null | undefined)[] } | null = null;
    return (day) => {
      // They come day by day: what is found once holds for every bot, template or agent of that day.
      if (latest?.day === day) return latest.periods;
      const periods = Array.from({ length: QUARTERS_PER_DAY }, (_, place) => {
        const quarter = day * QUARTERS_PER_DAY + place;
        if (!this.answersFor(quarter)) return undefined;
        return periodOf && periodOf(quarter);
      });
      latest = { day, periods };
      return periods;
    };
  }

  private answersFor(quarter: number): boolean {
    return quarter >= this.first && quarter < this.past && !this.changed.has(quarter);
  }

  /** Days of which some quarters, and not all, are taken from the counts. */
  private cutDays(): Sql {
    const quarters = [...this.changed];
    if (this.first % QUARTERS_PER_DAY !== 0) quarters.push(this.first);
    if (this.past % QUARTERS_PER_DAY !== 0) quarters.push(this.past);
    const days = new Set(quarters.map((quarter) => Math.floor(quarter / QUARTERS_PER_DAY)));
    return valuesAsRows(
      this.rows.connection,
      { day: 'integer' },
      [...days].map((day) => [day]),
    );
  }

  private chosen(): Sql {
    const { dimension, keys } = this.source;
    const conditions = [
      sql`dimension = ${dimension}`,
      sql`day >= ${Math.floor(this.first / QUARTERS_PER_DAY)}`,
      sql`day < ${Math.ceil(this.past / QUARTERS_PER_DAY)}`,
    ];
    if (keys !== null) conditions.push(keys.length === 0 ? sql`1 = 0` : sql`key in (${join([...keys])})`);
    return join(conditions, ' and ');
  }

  /** The packed column of the days that match, day by day. */
  private async *pages(column: 'quarters' | 'replies', where: Sql): AsyncGenerator<RawRow[]> {
    let behind = sql`1 = 1`;
    for (;;) {
      const rows = await this.rows.select(SendCountRow, raw(`day, key, ${column}`), {
        where: sql`${this.chosen()} and ${where} and ${behind}`,
        orderBy: raw('day, key'),
        limit: ROWS_AT_ONCE,
      });
      yield rows;
      const last = rows.at(-1);
      if (!last || rows.length < ROWS_AT_ONCE) return;
      behind = sql`(day, key) > (${Number(last['day'])}, ${last['key'] as string})`;
    }
  }
}
