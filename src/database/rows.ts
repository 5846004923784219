import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { getMetadataArgsStorage } from 'typeorm';
import { columnsOf, type ColumnDescription } from '../entities/columns';
import type { Connection, RawRow } from './connection';

/** The class of a row. */
export type RowClass<Row extends object> = new () => Row;

interface Table {
  name: Sql;
  contract: Sql | null;
  all: Sql;
  byProperty: Map<string, ColumnDescription>;
  columns: readonly ColumnDescription[];
}

const tables = new Map<RowClass<object>, Table>();

/** How an entity stands in the database. */
export function tableOf(entity: RowClass<object>): Table {
  const known = tables.get(entity);
  if (known) return known;
  const name = getMetadataArgsStorage().tables.find((table) => table.target === entity)?.name;
  if (name === undefined) throw new Error(`${entity.name} is no entity`);
  const columns = columnsOf(entity);
  const byProperty = new Map(columns.map((column) => [column.property, column]));
  const table = {
    name: raw(name),
    contract: byProperty.has('contractId')
      ? raw(`${name}.contract_id`)
      : entity.name === 'ContractRow'
        ? raw(`${name}.id`)
        : null,
    all: raw(columns.map((column) => `${name}.${column.column}`).join(', ')),
    byProperty,
    columns,
  };
  tables.set(entity, table);
  return table;
}

/** A row as the entity describes it, from what the driver gave. */
export function rowFrom<Row extends object>(entity: RowClass<Row>, given: RawRow): Row {
  const row: Record<string, unknown> = {};
  for (const { property, column, kind } of tableOf(entity).columns) {
    const value = given[column];
    if (value === null || value === undefined) row[property] = null;
    else if (kind === 'flag') row[property] = value === 1;
    else if (kind === 'json') row[property] = JSON.parse(value as string) as unknown;
    else row[property] = value;
  }
  return row as Row;
}

/** What a row's value is in the database. */
export function columnValue(description: ColumnDescription, value: unknown): string | number | null {
  if (value === null) return null;
  if (description.kind === 'flag') return value === true ? 1 : 0;
  if (description.kind === 'json') return JSON.stringify(value);
  return value as string | number;
}

export interface Selection {
  where?: Sql;
  orderBy?: Sql;
  limit?: number;
}

/** Most ids one statement names: more are asked for in several. */
const IDS_PER_STATEMENT = 500;
/** SQLite joins at most 500 selects in one statement. */
const VALUES_PER_STATEMENT = 100;

/**
 * Reads rows. Bound to a contract, it adds that contract to every statement, so that no condition its callers write
 * or forget can reach another contract's rows.
 */
export class Rows {
  /** @param contractId null reads across contracts: for the server's own work alone, never for a caller's. */
  constructor(
    readonly connection: Connection,
    readonly contractId: string | null,
  ) {}

  /** The rows that match, in the order asked for. */
  async find<Row extends object>(entity: RowClass<Row>, selection: Selection = {}): Promise<Row[]> {
    const found = await this.select(entity, tableOf(entity).all, selection);
    return found.map((given) => rowFrom(entity, given));
  }

  /** The first row that matches, or null. */
  async first<Row extends object>(entity: RowClass<Row>, where: Sql, orderBy?: Sql): Promise<Row | null> {
    const rows = await this.find(entity, { where, limit: 1, ...(orderBy && { orderBy }) });
    return rows[0] ?? null;
  }

  /** The row with this id, or null. */
  byId<Row extends { id: string }>(entity: RowClass<Row>, id: string): Promise<Row | null> {
    return this.first(entity, sql`id = ${id}`);
  }

  /** The rows with these ids that match, in no particular order; ids without a row are left out. */
  async byIds<Row extends { id: string }>(
    entity: RowClass<Row>,
    ids: readonly string[],
    where: Sql = sql`1 = 1`,
  ): Promise<Row[]> {
    const rows: Row[] = [];
    for (let start = 0; start < ids.length; start += IDS_PER_STATEMENT) {
      const some = ids.slice(start, start + IDS_PER_STATEMENT);
      rows.push(...(await this.find(entity, { where: sql`id in (${join(some)}) and (${where})` })));
    }
    return rows;
  }

  /** Of each of these values of a column, the first rows that match, in one statement per hundred values. */
  async firstOfEach<Row extends object>(
    entity: RowClass<Row>,
    property: keyof Row & string,
    values: readonly string[],
    selection: Required<Selection>,
  ): Promise<Row[]> {
    const { name, all, byProperty } = tableOf(entity);
    const column = raw(`${name.sql}.${byProperty.get(property)?.column ?? property}`);
    const { where, orderBy, limit } = selection;
    const rows: Row[] = [];
    for (let start = 0; start < values.length; start += VALUES_PER_STATEMENT) {
      const parts = values
        .slice(start, start + VALUES_PER_STATEMENT)
        .map(
          (value) =>
            sql`select * from (select ${all} from ${name} where ${this.scoped(entity, sql`${column} = ${value} and (${where})`)} order by ${orderBy} limit ${limit}) as part`,
        );
      const found = await this.connection.all(join(parts, ' union all '));
      rows.push(...found.map((given) => rowFrom(entity, given)));
    }
    return rows;
  }

  /** How many rows match; counting stops at `limit` where one is given. */
  async count(entity: RowClass<object>, where: Sql, limit?: number): Promise<number> {
    const { name } = tableOf(entity);
    const bounded = limit === undefined ? empty : sql` limit ${limit}`;
    const [row] = await this.connection.all(
      sql`select count(*) as number from (select 1 as one from ${name} where ${this.scoped(entity, where)}${bounded}) as matching`,
    );
    return Number(row?.['number'] ?? 0);
  }

  async exists(entity: RowClass<object>, where: Sql): Promise<boolean> {
    return (await this.count(entity, where, 1)) > 0;
  }

  /** Other columns than the entity's own: aggregates, or few of many. Names in `columns` are the database's. */
  select(
    entity: RowClass<object>,
    columns: Sql,
    selection: Selection & { groupBy?: Sql } = {},
  ): Promise<RawRow[]> {
    const { where, groupBy, orderBy, limit } = selection;
    return this.connection.all(
      sql`select ${columns} from ${tableOf(entity).name} where ${this.scoped(entity, where)}${
        groupBy ? sql` group by ${groupBy}` : empty
      }${orderBy ? sql` order by ${orderBy}` : empty}${limit === undefined ? empty : sql` limit ${limit}`}`,
    );
  }

  protected scoped(entity: RowClass<object>, where: Sql | undefined): Sql {
    const { contract, name } = tableOf(entity);
    if (this.contractId === null) return where ?? sql`1 = 1`;
    if (contract === null) throw new Error(`${name.sql} belongs to no contract: read it across contracts`);
    return where
      ? sql`${contract} = ${this.contractId} and (${where})`
      : sql`${contract} = ${this.contractId}`;
  }
}
