import sql, { empty, raw, type Sql } from 'sql-template-tag';
import type { RawRow } from '../../database/connection';
import { valuesAsRows, type Rows } from '../../database/rows';
import { ReplyState, SendDimension, SendStatus } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import { badInput } from '../../problems';
import { bucketLength } from './statistics-folding';

export const MOST_GROUPS = 10_000;
const ROWS_AT_ONCE = 20_000;
const MOST_REPLY_ROWS = 500_000;

/** What sends are counted by, and the column that says it. */
export const COLUMN_OF_DIMENSION: ReadonlyMap<SendDimension, string> = new Map([
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

/** What is counted, as columns of a result. The place of each is its place wherever counts are a list. */
export const COUNTED = [
  'total',
  'accepted',
  'sent',
  'delivered',
  'read_count',
  'failed',
  'canceled',
  'replied',
  'expired',
] as const;

/** The counts of a row, in the order of `COUNTED`. */
export function countsOf(row: RawRow): number[] {
  return COUNTED.map((name) => Number(row[name] ?? 0));
}

/** Milliseconds since 1970: the first that belongs to it, and the first that does not any more. */
export interface Span {
  from: number;
  before: number;
}

/** Which sends are counted, and what makes a group. */
export interface Counting {
  /** Says nothing of when sends were created where there are spans: SQLite would look up by that, and read all of it. */
  where: Sql;
  /** Of the sends that match only those created within one of these, which do not overlap; null for all. */
  spans: readonly Span[] | null;
  columns: readonly string[];
  /** Whether each quarter of an hour is a group: `quarter`, counted since 1970. */
  byQuarter: boolean;
}

/**
 * Counts sends, from their rows, in parts that each hold whole groups.
 * @throws Problem BAD_USER_INPUT where there are more than 10,000 groups in one part.
 */
export async function* countSends(rows: Rows, counting: Counting): AsyncGenerator<RawRow[]> {
  if (counting.byQuarter) {
    yield* countByQuarters(rows, counting);
    return;
  }
  const { columns } = counting;
  const select = columns.length === 0 ? empty : sql`${named(columns)}, `;
  yield await rows.select(SendRow, sql`${select}${COUNTS}`, {
    ...chosen(rows, counting),
    limit: MOST_GROUPS + 1,
    ...(columns.length > 0 && { groupBy: raw(columns.join(', ')) }),
  });
}

/** The quarters of an hour in their order, in parts: what belongs to one quarter is never cut in two. */
async function* countByQuarters(rows: Rows, counting: Counting): AsyncGenerator<RawRow[]> {
  const parts = partsOf(counting);
  let rest = counting;
  for (;;) {
    const found = await rows.select(SendRow, sql`${named(parts)}, ${COUNTS}`, {
      ...chosen(rows, rest),
      groupBy: raw(parts.join(', ')),
      orderBy: raw(QUARTER),
      limit: ROWS_AT_ONCE,
    });
    const last = Number(found.at(-1)?.['quarter']);
    if (found.length < ROWS_AT_ONCE) {
      yield found;
      return;
    }
    const whole = found.filter((row) => Number(row['quarter']) < last);
    // Within one quarter each row is a group of its own.
    if (whole.length === 0) throw tooManyGroups();
    yield whole;
    rest = countingFrom(counting, last * bucketLength);
  }
}

/** The same counting, of sends created at this instant or later. */
function countingFrom(counting: Counting, instant: number): Counting {
  const { where, spans } = counting;
  if (spans === null) return { ...counting, where: sql`(${where}) and created_at >= ${instant}` };
  const left = spans.filter(({ before }) => before > instant);
  return { ...counting, spans: left.map(({ from, before }) => ({ from: Math.max(from, instant), before })) };
}

/**
 * How many answers took how long: `total` of each `reply_bucket` in each group.
 * @throws Problem BAD_USER_INPUT where there are too many groups for that.
 */
export async function countReplies(rows: Rows, counting: Counting): Promise<RawRow[]> {
  const parts = [...partsOf(counting), 'reply_bucket'];
  const { where, ...chosenSends } = chosen(rows, counting);
  const found = await rows.select(SendRow, sql`${named(parts)}, count(*) as total`, {
    ...chosenSends,
    where: sql`(${where}) and reply_state = ${ReplyState.REPLIED} and reply_bucket is not null`,
    groupBy: raw(parts.join(', ')),
    limit: MOST_REPLY_ROWS + 1,
  });
  if (found.length > MOST_REPLY_ROWS) throw tooManyGroups();
  return found;
}

function partsOf({ columns, byQuarter }: Counting): string[] {
  return byQuarter ? [...columns, QUARTER] : [...columns];
}

/** What is grouped by, as columns of the result. */
function named(parts: readonly string[]): Sql {
  return raw(parts.map((part) => (part === QUARTER ? `${part} as quarter` : part)).join(', '));
}

function chosen(
  { connection }: Rows,
  { where, spans }: Counting,
): { where: Sql; beside?: { rows: Sql; on: Sql } } {
  if (spans === null) return { where };
  const listed = valuesAsRows(
    connection,
    { span_from: 'integer', span_before: 'integer' },
    spans.map(({ from, before }) => [from, before]),
  );
  const on = sql`created_at >= spans.span_from and created_at < spans.span_before`;
  return { where, beside: { rows: sql`(${listed}) as spans`, on } };
}

export function tooManyGroups(): Error {
  return badInput(`These are more than ${MOST_GROUPS} groups: filter more narrowly, or group by less.`);
}
