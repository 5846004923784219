import type { RawRow } from '../../database/connection';
import { SendDimension } from '../../entities/enums';
import { badInput } from '../../problems';
import type { ServiceContext } from '../context';
import { matchingSends, type SendFilter } from '../sends/send-filter';
import {
  COLUMN_OF_DIMENSION,
  COUNTED,
  countReplies,
  countSends,
  countsOf,
  MOST_GROUPS,
  tooManyGroups,
  type Counting,
} from './counting';
import { KeptCounts } from './kept-counts';
import { bucketLength, periodStart, ReplyTimes } from './statistics-folding';

/** How many sends of a group got how far. */
interface Counts {
  total: number;
  accepted: number;
  sent: number;
  delivered: number;
  read: number;
  failed: number;
  canceled: number;
  replied: number;
  expired: number;
}

/** What makes a group; null for what is not grouped by. */
interface Place {
  botId: string | null;
  templateId: string | null;
  agentId: string | null;
  periodStart: number | null;
}

/** One group of sends, counted. */
export interface SendStatistics extends Counts, Place {
  deliveryRate: number | null;
  readRate: number | null;
  replyRate: number | null;
  /** Reads the times to reply of all groups when the first is asked for. */
  medianSecondsToReply: () => Promise<number | null>;
}

interface Group {
  key: string;
  place: Place;
  /** In the order of `COUNTED`. */
  counts: number[];
}

export interface StatisticsRequest {
  filter: SendFilter;
  groupBy: readonly SendDimension[];
  timeZone: string;
}

/**
 * Counts the sends that match, of those that the caller may see, group by group.
 * @throws Problem BAD_USER_INPUT for filters that cannot be counted by, and more than 10,000 groups.
 */
export async function sendStatistics(
  context: ServiceContext,
  request: StatisticsRequest,
): Promise<SendStatistics[]> {
  const { filter, groupBy } = request;
  if (filter.search != null || filter.changedAfter != null || filter.held != null) {
    throw badInput('Statistics are not filtered by `search`, `changedAfter` or `held`: leave them out.');
  }
  if (periodOf(groupBy) !== null && filter.createdFrom == null) {
    throw badInput('Grouping by DAY or HOUR takes `createdFrom` in the filter.');
  }
  const kept = await KeptCounts.of(context, filter, groupBy);
  const matching = await matchingSends(
    context,
    kept ? { ...filter, createdFrom: null, createdBefore: null } : filter,
  );
  const answering = new Answering(context, request, kept, {
    where: matching,
    spans: kept?.spans ?? null,
    columns: [...COLUMN_OF_DIMENSION].flatMap(([dimension, column]) =>
      groupBy.includes(dimension) ? [column] : [],
    ),
    byQuarter: periodOf(groupBy) !== null,
  });
  const groups = await answering.groups();
  let replies: Promise<Map<string, ReplyTimes>> | null = null;
  return groups.map(({ key, place, counts }) =>
    named(place, counts, async () => (await (replies ??= answering.replies())).get(key)?.median ?? null),
  );
}

/** Written out property by property: spread together, thousands of groups take several times as long. */
function named(
  place: Place,
  counts: readonly number[],
  medianSecondsToReply: () => Promise<number | null>,
): SendStatistics {
  const count = (name: (typeof COUNTED)[number]): number => counts[COUNTED.indexOf(name)] ?? 0;
  const [accepted, delivered, read, replied] = [
    count('accepted'),
    count('delivered'),
    count('read_count'),
    count('replied'),
  ];
  return {
    botId: place.botId,
    templateId: place.templateId,
    agentId: place.agentId,
    periodStart: place.periodStart,
    total: count('total'),
    accepted,
    sent: count('sent'),
    delivered,
    read,
    failed: count('failed'),
    canceled: count('canceled'),
    replied,
    expired: count('expired'),
    deliveryRate: rate(delivered, accepted),
    readRate: rate(read, delivered),
    replyRate: rate(replied, delivered),
    medianSecondsToReply,
  };
}

function rate(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function periodOf(groupBy: readonly SendDimension[]): 'DAY' | 'HOUR' | null {
  if (groupBy.includes(SendDimension.HOUR)) return 'HOUR';
  return groupBy.includes(SendDimension.DAY) ? 'DAY' : null;
}

/** The groups of one answer: out of the kept counts where there are some, and out of the sends for the rest. */
class Answering {
  private readonly period: 'DAY' | 'HOUR' | null;
  private readonly periods = new Map<number, number>();

  constructor(
    private readonly context: ServiceContext,
    private readonly request: StatisticsRequest,
    private readonly kept: KeptCounts | null,
    /** What is to be counted from the sends. */
    private readonly live: Counting,
  ) {
    this.period = periodOf(request.groupBy);
  }

  async groups(): Promise<Group[]> {
    const groups = new Map<string, Group>();
    const add = (place: Place, counts: readonly number[]): void => {
      const key = keyOf(place);
      const group = groups.get(key);
      if (!group) {
        groups.set(key, { key, place, counts: [...counts] });
        return;
      }
      for (let index = 0; index < counts.length; index += 1)
        group.counts[index] = (group.counts[index] ?? 0) + (counts[index] ?? 0);
    };
    // Without groups there is one of all, also where nothing is in it.
    if (this.live.columns.length === 0 && this.period === null)
      add(
        placeIn({}, null),
        COUNTED.map(() => 0),
      );
    const check = (): void => {
      if (groups.size > MOST_GROUPS) throw tooManyGroups();
    };
    if (this.kept) {
      const daysAreUtc = this.period === 'DAY' && this.request.timeZone === 'UTC';
      const parts = this.kept.counts(this.periodOfQuarter, daysAreUtc, (key, period, counts) =>
        add(this.keptPlace(key, period), counts),
      );
      for await (const _part of parts) check();
    }
    if (this.countsLive) {
      for await (const rows of countSends(this.context.rows, this.live)) {
        for (const row of rows) add(this.placeOf(row), countsOf(row));
        check();
      }
    }
    return [...groups.values()].sort(byPlace);
  }

  /** How many answers took how long, by the group's key. */
  async replies(): Promise<Map<string, ReplyTimes>> {
    const times = new Map<string, ReplyTimes>();
    const timesOf = (place: Place): ReplyTimes => {
      const key = keyOf(place);
      const known = times.get(key) ?? new ReplyTimes();
      times.set(key, known);
      return known;
    };
    if (this.kept) {
      // Those of one group mostly come one after the other.
      let latest: { key: string; period: number | null; times: ReplyTimes } | null = null;
      const parts = this.kept.replies(this.periodOfQuarter, (key, period, bucket, count) => {
        if (latest?.key !== key || latest.period !== period)
          latest = { key, period, times: timesOf(this.keptPlace(key, period)) };
        latest.times.add(bucket, count);
      });
      for await (const _part of parts);
    }
    if (this.countsLive) {
      for (const row of await countReplies(this.context.rows, this.live))
        timesOf(this.placeOf(row)).add(Number(row['reply_bucket']), Number(row['total']));
    }
    return times;
  }

  private get countsLive(): boolean {
    return this.live.spans === null || this.live.spans.length > 0;
  }

  /** The period that a quarter of an hour lies in, found out once for each. */
  private get periodOfQuarter(): ((quarter: number) => number) | null {
    const { period, periods, request } = this;
    if (period === null) return null;
    return (quarter) => {
      let start = periods.get(quarter);
      if (start === undefined) {
        start = periodStart(quarter * bucketLength, period, request.timeZone);
        periods.set(quarter, start);
      }
      return start;
    };
  }

  private keptPlace(key: string, period: number | null): Place {
    const { column } = this.kept ?? {};
    const isGroup = column !== undefined && this.live.columns.includes(column);
    return placeIn(isGroup ? { [column]: key } : {}, period);
  }

  private placeOf(row: RawRow): Place {
    return placeIn(row, this.periodOfQuarter?.(Number(row['quarter'])) ?? null);
  }
}

function placeIn(row: RawRow, period: number | null): Place {
  const id = (column: string) => (row[column] as string | undefined) ?? null;
  return {
    botId: id('bot_id'),
    templateId: id('template_id'),
    agentId: id('agent_id'),
    periodStart: period,
  };
}

function keyOf({ botId, templateId, agentId, periodStart: period }: Place): string {
  return `${botId} ${templateId} ${agentId} ${period}`;
}

function byPlace(left: Group, right: Group): number {
  const [one, other] = [left.place.periodStart ?? 0, right.place.periodStart ?? 0];
  if (one !== other) return one - other;
  return left.key < right.key ? -1 : 1;
}
