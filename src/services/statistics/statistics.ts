import sql, { empty, raw, type Sql } from 'sql-template-tag';
import type { RawRow } from '../../database/connection';
import { ReplyState, SendDimension, SendStatus } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import { badInput } from '../../problems';
import type { ServiceContext } from '../context';
import { matchingSends, type SendFilter } from '../sends/send-filter';
import { bucketLength, medianOfBuckets, periodStart } from './statistics-folding';

const MOST_GROUPS = 10_000;
const ROWS_AT_ONCE = 20_000;
const MOST_REPLY_ROWS = 500_000;

const COLUMN_OF_DIMENSION = new Map<SendDimension, string>([
  [SendDimension.BOT, 'bot_id'],
  [SendDimension.TEMPLATE, 'template_id'],
  [SendDimension.AGENT, 'agent_id'],
]);

/** Sends are counted by quarters of an hour, which are then laid together to days and hours of the time zone. */
const QUARTER = `created_at / ${bucketLength}`;

/** Each count is of sends that reached at least that stage: a message may be delivered without a report of `sent`. */
const COUNTS = sql`count(*) as total,
  sum(case when accepted_at is not null then 1 else 0 end) as accepted,
  sum(case when sent_at is not null or delivered_at is not null or read_at is not null then 1 else 0 end) as sent,
  sum(case when delivered_at is not null or read_at is not null then 1 else 0 end) as delivered,
  sum(case when read_at is not null then 1 else 0 end) as read_count,
  sum(case when status = ${SendStatus.FAILED} then 1 else 0 end) as failed,
  sum(case when status = ${SendStatus.CANCELED} then 1 else 0 end) as canceled,
  sum(case when reply_state = ${ReplyState.REPLIED} then 1 else 0 end) as replied,
  sum(case when reply_state = ${ReplyState.EXPIRED} then 1 else 0 end) as expired`;

const COUNTED = [
  'total',
  'accepted',
  'sent',
  'delivered',
  'read',
  'failed',
  'canceled',
  'replied',
  'expired',
] as const;
type Counts = Record<(typeof COUNTED)[number], number>;

/** One group of sends, counted. */
export interface SendStatistics extends Counts {
  botId: string | null;
  templateId: string | null;
  agentId: string | null;
  periodStart: number | null;
  deliveryRate: number | null;
  readRate: number | null;
  replyRate: number | null;
  /** Reads the times to reply of all groups when the first is asked for. */
  medianSecondsToReply: () => Promise<number | null>;
}

interface Group extends Counts {
  key: string;
  botId: string | null;
  templateId: string | null;
  agentId: string | null;
  periodStart: number | null;
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
  const counting = new Counting(context, await matchingSends(context, filter), request);
  const groups = await counting.groups();
  let replies: Promise<Map<string, Map<number, number>>> | null = null;
  return groups.map(({ key, ...group }) => ({
    ...group,
    deliveryRate: rate(group.delivered, group.accepted),
    readRate: rate(group.read, group.delivered),
    replyRate: rate(group.replied, group.delivered),
    medianSecondsToReply: async () =>
      medianOfBuckets((await (replies ??= counting.replies())).get(key) ?? new Map()),
  }));
}

function rate(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function periodOf(groupBy: readonly SendDimension[]): 'DAY' | 'HOUR' | null {
  if (groupBy.includes(SendDimension.HOUR)) return 'HOUR';
  return groupBy.includes(SendDimension.DAY) ? 'DAY' : null;
}

/** The statements of one counting: all of the same sends, grouped in the same way. */
class Counting {
  private readonly columns: string[];
  private readonly period: 'DAY' | 'HOUR' | null;

  constructor(
    private readonly context: ServiceContext,
    private readonly matching: Sql,
    private readonly request: StatisticsRequest,
  ) {
    this.period = periodOf(request.groupBy);
    this.columns = [...COLUMN_OF_DIMENSION].flatMap(([dimension, column]) =>
      request.groupBy.includes(dimension) ? [column] : [],
    );
  }

  async groups(): Promise<Group[]> {
    const groups = new Map<string, Group>();
    for await (const rows of this.period === null ? this.atOnce() : this.byQuarters()) {
      for (const row of rows) this.count(groups, row);
      if (groups.size > MOST_GROUPS) throw tooManyGroups();
    }
    return [...groups.values()].sort(byPlace);
  }

  /** How many answers took how long, by the group's key. */
  async replies(): Promise<Map<string, Map<number, number>>> {
    const parts = [...this.groupParts(), 'reply_bucket'];
    const rows = await this.context.rows.select(SendRow, sql`${this.named(parts)}, count(*) as total`, {
      where: sql`(${this.matching}) and reply_state = ${ReplyState.REPLIED} and reply_bucket is not null`,
      groupBy: raw(parts.join(', ')),
      limit: MOST_REPLY_ROWS + 1,
    });
    if (rows.length > MOST_REPLY_ROWS) throw tooManyGroups();
    const histograms = new Map<string, Map<number, number>>();
    for (const row of rows) {
      const key = this.keyOf(row);
      const histogram = histograms.get(key) ?? new Map<number, number>();
      histograms.set(key, histogram);
      const bucket = Number(row['reply_bucket']);
      histogram.set(bucket, (histogram.get(bucket) ?? 0) + Number(row['total']));
    }
    return histograms;
  }

  private groupParts(): string[] {
    return this.period === null ? this.columns : [...this.columns, QUARTER];
  }

  /** What is grouped by, as columns of the result. */
  private named(parts: readonly string[]): Sql {
    return raw(parts.map((part) => (part === QUARTER ? `${part} as quarter` : part)).join(', '));
  }

  private async *atOnce(): AsyncGenerator<RawRow[]> {
    const select = this.columns.length === 0 ? empty : sql`${this.named(this.columns)}, `;
    yield await this.context.rows.select(SendRow, sql`${select}${COUNTS}`, {
      where: this.matching,
      limit: MOST_GROUPS + 1,
      ...(this.columns.length > 0 && { groupBy: raw(this.columns.join(', ')) }),
    });
  }

  /** The quarters of an hour in their order, in parts: what belongs to one quarter is never cut in two. */
  private async *byQuarters(): AsyncGenerator<RawRow[]> {
    const parts = this.groupParts();
    let from = 0;
    for (;;) {
      const rows = await this.context.rows.select(SendRow, sql`${this.named(parts)}, ${COUNTS}`, {
        where: sql`(${this.matching}) and created_at >= ${from}`,
        groupBy: raw(parts.join(', ')),
        orderBy: raw(QUARTER),
        limit: ROWS_AT_ONCE,
      });
      const last = Number(rows.at(-1)?.['quarter']);
      if (rows.length < ROWS_AT_ONCE) {
        yield rows;
        return;
      }
      const whole = rows.filter((row) => Number(row['quarter']) < last);
      // Within one quarter each row is a group of its own.
      if (whole.length === 0) throw tooManyGroups();
      yield whole;
      from = last * bucketLength;
    }
  }

  private count(groups: Map<string, Group>, row: RawRow): void {
    const key = this.keyOf(row);
    let group = groups.get(key);
    if (!group) {
      group = { key, ...this.placeOf(row), ...NOTHING };
      groups.set(key, group);
    }
    for (const name of COUNTED) group[name] += Number(row[name === 'read' ? 'read_count' : name] ?? 0);
  }

  private keyOf(row: RawRow): string {
    return JSON.stringify(Object.values(this.placeOf(row)));
  }

  private placeOf(row: RawRow): Pick<Group, 'botId' | 'templateId' | 'agentId' | 'periodStart'> {
    const id = (column: string) => (row[column] as string | undefined) ?? null;
    const quarter = Number(row['quarter']) * bucketLength;
    return {
      botId: id('bot_id'),
      templateId: id('template_id'),
      agentId: id('agent_id'),
      periodStart: this.period === null ? null : periodStart(quarter, this.period, this.request.timeZone),
    };
  }
}

const NOTHING: Counts = {
  total: 0,
  accepted: 0,
  sent: 0,
  delivered: 0,
  read: 0,
  failed: 0,
  canceled: 0,
  replied: 0,
  expired: 0,
};

function byPlace(left: Group, right: Group): number {
  if (left.periodStart !== right.periodStart) return (left.periodStart ?? 0) - (right.periodStart ?? 0);
  return left.key < right.key ? -1 : 1;
}

function tooManyGroups(): Error {
  return badInput(`These are more than ${MOST_GROUPS} groups: filter more narrowly, or group by less.`);
}
