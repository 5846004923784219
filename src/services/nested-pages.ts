import sql, { raw } from 'sql-template-tag';
import { tableOf, type RowClass } from '../database/rows';
import type { ServiceContext } from './context';
import { groupedBy } from './grouping';
import { pageOf, type List, type Page, type PageRequest } from './pages';

/** A list that there is one of for each of many rows: of those whose `property` is that row's id, its `key`. */
export interface NestedList<Row> extends Omit<List<Row>, 'of'> {
  name: string;
  property: keyof Row & string;
  key: string;
}

/** One page of such a list; the first pages that are asked for in one turn are read together. */
export function nestedPageOf<Row extends { id: string }>(
  context: ServiceContext,
  entity: RowClass<Row>,
  { name, property, key, where, order }: NestedList<Row>,
  request: PageRequest,
): Promise<Page<Row>> {
  const table = tableOf(entity);
  const column = raw(`${table.name.sql}.${table.byProperty.get(property)?.column ?? property}`);
  const list = { where: sql`${column} = ${key} and (${where})`, order, of: [name, key] };
  if (request.after != null || request.before != null) return pageOf(context.rows, entity, list, request);
  return pageOf(context.rows, entity, list, request, async ({ orderBy, limit }) => {
    const batch = `${name}, ${limit} ${orderBy.sql}`;
    const found = await context.loaders.batch(batch, key, async (keys) => {
      const rows = await context.rows.firstOfEach(entity, property, keys, { where, orderBy, limit });
      return groupedBy(rows, (row) => String(row[property]));
    });
    return found ?? [];
  });
}
