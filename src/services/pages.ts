import { createHash } from 'node:crypto';
import sql, { raw, type Sql } from 'sql-template-tag';
import { tableOf, type RowClass, type Rows, type Selection } from '../database/rows';
import { badInput } from '../problems';

const STANDARD_PAGE = 50;
const LARGEST_PAGE = 100;
/** Counting more than this takes longer than anybody reads. */
const LARGEST_COUNT = 100_000;

/** Which part of a list a caller wants, after the Relay cursor connections specification. */
export interface PageRequest {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/** Where rows stand in a list: by this column, and by their ids where it does not decide. */
export interface PageOrder<Row> {
  property: keyof Row & string;
  direction: 'ASC' | 'DESC';
}

export interface Page<Row> {
  edges: { cursor: string; node: Row }[];
  nodes: Row[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
  /** Counts all rows of the list; null beyond 100,000. */
  totalCount: () => Promise<number | null>;
}

export interface List<Row> {
  where: Sql;
  order: PageOrder<Row>;
  /** What the list is of, such as its name and filter: cursors of another list are refused. */
  of: unknown;
}

/**
 * How much of a list is asked for, and from which end.
 * @throws Problem BAD_USER_INPUT for a size that is not allowed.
 */
export function pageSizeOf({ first, last }: PageRequest): { size: number; backwards: boolean } {
  if (first != null && last != null) throw badInput('Ask for `first` or for `last`, not for both.');
  const size = first ?? last ?? STANDARD_PAGE;
  if (size < 0 || size > LARGEST_PAGE) {
    throw badInput(
      `A page holds 0 to ${LARGEST_PAGE} (${STANDARD_PAGE} where neither \`first\` nor \`last\` is given), not ${size}.`,
    );
  }
  return { size, backwards: last != null };
}

function fingerprint(list: List<never>): string {
  return createHash('sha256')
    .update(JSON.stringify([list.of, list.order]))
    .digest('base64url')
    .slice(0, 16);
}

type Place = [value: string | number, id: string];

const isText = (value: unknown): boolean => typeof value === 'string';

function placeOf(cursor: string, mark: string, name: string, isValue: (value: unknown) => boolean): Place {
  try {
    const [ofList, value, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (ofList === mark && typeof id === 'string' && isValue(value)) return [value as Place[0], id];
  } catch {
    // Not one of ours: refused below like a cursor of another list.
  }
  throw badInput(
    `\`${name}\` is no cursor of this list: pass one that the same field gave with the same filter and order.`,
  );
}

/**
 * One page of a list by keyset: its cost does not grow with how far one has paged.
 * @param find reads the rows of the page, and one more, where that is not done by itself.
 * @throws Problem BAD_USER_INPUT for a size that is not allowed and a cursor of another list.
 */
export async function pageOf<Row extends { id: string }>(
  rows: Rows,
  entity: RowClass<Row>,
  list: List<Row>,
  request: PageRequest,
  find: (selection: Required<Selection>) => Promise<Row[]> = (selection) => rows.find(entity, selection),
): Promise<Page<Row>> {
  const { size, backwards } = pageSizeOf(request);
  const mark = fingerprint(list);
  const { property, direction } = list.order;
  const { name, byProperty } = tableOf(entity);
  const described = byProperty.get(property);
  const column = raw(`${name.sql}.${described?.column ?? property}`);
  // A cursor is the caller's to change: what the column cannot hold never reaches the database.
  const isValue = described?.kind === 'text' ? isText : Number.isSafeInteger;
  const id = raw(`${name.sql}.id`);
  const beyond = (place: Place, after: boolean): Sql =>
    (direction === 'ASC') === after
      ? sql`(${column}, ${id}) > (${place[0]}, ${place[1]})`
      : sql`(${column}, ${id}) < (${place[0]}, ${place[1]})`;
  let where = sql`(${list.where})`;
  if (request.after != null)
    where = sql`${where} and ${beyond(placeOf(request.after, mark, 'after', isValue), true)}`;
  if (request.before != null)
    where = sql`${where} and ${beyond(placeOf(request.before, mark, 'before', isValue), false)}`;
  const way = raw((direction === 'ASC') === backwards ? 'desc' : 'asc');
  const found = await find({
    where,
    orderBy: sql`${column} ${way}, ${id} ${way}`,
    limit: size + 1,
  });
  const more = found.length > size;
  const nodes = found.slice(0, size);
  if (backwards) nodes.reverse();
  const edges = nodes.map((node) => ({
    cursor: Buffer.from(JSON.stringify([mark, node[property], node.id])).toString('base64url'),
    node,
  }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: backwards ? request.before != null : more,
      hasPreviousPage: backwards ? more : request.after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: async () => {
      const count = await rows.count(entity, list.where, LARGEST_COUNT + 1);
      return count > LARGEST_COUNT ? null : count;
    },
  };
}
