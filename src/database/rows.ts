import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { getMetadataArgsStorage } from 'typeorm';
import { columnsOf, type ColumnDescription } from '../entities/columns';
import { storable, type Connection, type Dialect, type RawRow } from './connection';
import { ReadingTogether } from './reading';

/** The class of a row. */
export type RowClass<Row extends object> = new () => Row;

/** How an entity stands in the database. */
interface Table {
  name: Sql;
  contract: Sql | null;
  all: Sql;
  /** How some of its properties are read; all where none are named. */
  shapeOf: (properties: readonly string[] | null) => Shape;
  byProperty: Map<string, ColumnDescription>;
  columns: readonly ColumnDescription[];
}

/** Ways of reading one table that are remembered. */
const MOST_SHAPES = 200;
const NUMBER = raw('one.number');

const tables = new Map<RowClass<object>, Table>();

/** The table of an entity. */
export function tableOf(entity: RowClass<object>): Table {
  const known = tables.get(entity);
  if (known) return known;
  const name = getMetadataArgsStorage().tables.find((table) => table.target === entity)?.name;
  if (name === undefined) throw new Error(`${entity.name} is no entity`);
  const columns = columnsOf(entity);
  const byProperty = new Map(columns.map((column) => [column.property, column]));
  const shapes = new Map<string, Shape>();
  const table = {
    name: raw(name),
    contract: byProperty.has('contractId')
      ? raw(`${name}.contract_id`)
      : entity.name === 'ContractRow'
        ? raw(`${name}.id`)
        : null,
    all: raw(columns.map((column) => `${name}.${column.column}`).join(', ')),
    shapeOf: (properties: readonly string[] | null) => {
      const key = properties?.join() ?? '';
      let shape = shapes.get(key);
      if (!shape) {
        // Clients choose what they ask for, and there is no end to what could be chosen.
        if (shapes.size >= MOST_SHAPES) shapes.clear();
        const some = properties?.flatMap((property) => byProperty.get(property) ?? []) ?? columns;
        shapes.set(key, (shape = shapeFor(name, columns, some)));
      }
      return shape;
    },
    byProperty,
    columns,
  };
  tables.set(entity, table);
  return table;
}

/** A row as the entity describes it, from what the driver gave. */
export function rowFrom<Row extends object>(entity: RowClass<Row>, given: RawRow): Row {
  const { columns } = tableOf(entity);
  const values = columns.map(({ column }) => given[column]);
  return rowOf({}, columns, values) as Row;
}

/** Gives a new row the values of these columns, in their order. */
function rowOf(
  row: Record<string, unknown>,
  columns: readonly ColumnDescription[],
  values: readonly unknown[],
): object {
  let place = 0;
  for (const { property, kind } of columns) {
    const value = values[place];
    place += 1;
    if (value === null || value === undefined) row[property] = null;
    else if (kind === 'flag') row[property] = value === 1;
    else if (kind === 'json') row[property] = JSON.parse(value as string) as unknown;
    else row[property] = value;
  }
  return row;
}

/** How some columns of a table are read as JSON, and become a row again. */
interface Shape {
  /** The columns as they are. */
  names: Sql;
  /** The JSON of a row of them that is called `one`. */
  json: (dialect: Dialect) => Sql;
  rowFrom: (json: unknown) => object;
}

/**
 * What rows are that were read in part: a property that was not read is no property without a value, and whoever asks
 * for it is told so.
 */
function partly(table: string, missing: readonly ColumnDescription[]): object {
  const properties = missing.map(({ property }) => [
    property,
    {
      get: () => {
        throw new Error(`${property} of ${table} was not read: name it among what is asked for`);
      },
    },
  ]);
  return Object.defineProperties({}, Object.fromEntries(properties) as PropertyDescriptorMap);
}

function shapeFor(
  name: string,
  all: readonly ColumnDescription[],
  some: readonly ColumnDescription[],
): Shape {
  const values = some.map(({ column }) => `one.${column}`).join(', ');
  const [json, jsonOnPostgres] = [raw(`json_array(${values})`), raw(`json_build_array(${values})`)];
  const missing = all.filter((column) => !some.includes(column));
  const prototype = missing.length > 0 ? partly(name, missing) : Object.prototype;
  return {
    names: raw(some.map(({ column }) => `${name}.${column}`).join(', ')),
    json: (dialect) => (dialect === 'postgres' ? jsonOnPostgres : json),
    rowFrom: (json) =>
      rowOf(Object.create(prototype) as Record<string, unknown>, some, json as readonly unknown[]),
  };
}

/** What a row's value is in the database. */
export function columnValue(description: ColumnDescription, value: unknown): string | number | null {
  if (value === null) return null;
  if (description.kind === 'flag') return value === true ? 1 : 0;
  if (description.kind === 'json') return JSON.stringify(value);
  return value as string | number;
}

/**
 * The end of a statement that gives at most so many rows. The number stands in its text: SQLite plans by it, and would
 * plan anew with every value it is given.
 */
export function limitOf(limit: number): Sql {
  if (!Number.isSafeInteger(limit)) throw new Error(`${limit} is no number of rows`);
  return raw(` limit ${limit}`);
}

/**
 * The condition that a column's value is one of these. Its text does not depend on how many there are, so that
 * statements stay prepared.
 */
export function among({ dialect }: Connection, column: Sql, values: readonly string[]): Sql {
  const [first, second] = values;
  if (first !== undefined && second === undefined) return sql`${column} = ${first}`;
  const list = JSON.stringify(storable(values));
  return dialect === 'postgres'
    ? sql`${column} = any(array(select json_array_elements_text(${list}::json)))`
    : sql`${column} in (select value from json_each(${list}))`;
}

/**
 * A column for a condition that is tried with row after row, in an order that has an index of its own: SQLite would look
 * all of them up by the condition's index, and sort them.
 */
export function unindexed({ dialect }: Connection, column: Sql): Sql {
  return dialect === 'sqlite' ? sql`+${column}` : column;
}

/** The condition that a column's value is one of those that a statement selects, which are looked up through its index. */
export function amongSelected({ dialect }: Connection, column: Sql, select: Sql): Sql {
  // PostgreSQL takes `in` behind an `or` as something to try each row with.
  return dialect === 'postgres' ? sql`${column} = any(array(${select}))` : sql`${column} in (${select})`;
}

/**
 * Rows of values that a statement reads as if they were a table's, in one parameter: its text is the same however many
 * there are.
 * @param columns what each value is called there, and whether it is text or a whole number.
 */
export function valuesAsRows(
  { dialect }: Connection,
  columns: Readonly<Record<string, 'text' | 'integer'>>,
  rows: readonly (readonly (string | number)[])[],
): Sql {
  const list = JSON.stringify(rows);
  const named = Object.entries(columns).map(([name, kind], place) => {
    const value = raw(`value ->> ${place}`);
    const typed = dialect === 'postgres' && kind === 'integer' ? sql`(${value})::bigint` : value;
    return sql`${typed} as ${raw(name)}`;
  });
  // `offset 0` keeps the extraction apart from what the rows are joined by: it is not leakproof, and row-level security
  // would have PostgreSQL read a whole table before it compares anything with that.
  return dialect === 'postgres'
    ? sql`select ${join(named)} from json_array_elements(${list}::json) offset 0`
    : sql`select ${join(named)} from json_each(${list})`;
}

export interface Selection {
  where?: Sql;
  orderBy?: Sql;
  limit?: number;
}

/** Rows that are read along with those that refer to them. */
export interface Along {
  /** Where the id of such a row stands in what refers to it. */
  property: string;
  entity: RowClass<{ id: string }>;
  /** What of it is read; all where null. */
  properties: readonly string[] | null;
  where: Sql;
}

/** What is selected beside or instead of whole rows. */
interface WideSelection extends Selection {
  groupBy?: Sql;
  /** A few rows of another table, and which of the entity's belong to each: these are looked up, row by row. */
  beside?: { rows: Sql; on: Sql };
}

/**
 * Reads rows. Bound to a contract, it adds that contract to every statement, so that no condition its callers write
 * or forget can reach another contract's rows.
 */
export class Rows {
  private readonly reading: ReadingTogether;

  /** @param contractId null reads across contracts: for the server's own work alone, never for a caller's. */
  constructor(
    readonly connection: Connection,
    readonly contractId: string | null,
  ) {
    this.reading = new ReadingTogether(connection);
  }

  /** The rows that match, in the order asked for. */
  find<Row extends object>(entity: RowClass<Row>, selection: Selection = {}): Promise<Row[]> {
    return this.findOnly<Row, never>(entity, null, selection) as Promise<Row[]>;
  }

  /** The same, with some of their columns alone; all where none are named. */
  async findOnly<Row extends object, Property extends keyof Row & string>(
    entity: RowClass<Row>,
    properties: readonly Property[] | null,
    selection: Selection = {},
  ): Promise<Pick<Row, Property>[]> {
    const { names, json, rowFrom: rowOf } = tableOf(entity).shapeOf(properties);
    const found = await this.reading.rows({
      rows: sql`select ${names} ${this.from(entity, selection)}`,
      json: json(this.connection.dialect),
    });
    return found.map((one) => rowOf(one) as Pick<Row, Property>);
  }

  /**
   * The same, and in the same statement the rows that they refer to.
   * @returns what was found, and for each of `along` the rows of it, each once.
   */
  async findAlong<Row extends object>(
    entity: RowClass<Row>,
    properties: readonly string[] | null,
    selection: Selection,
    along: readonly Along[],
  ): Promise<{ found: Row[]; along: { id: string }[][] }> {
    if (along.length === 0) {
      const found = await this.findOnly<Row, never>(entity, properties as readonly never[] | null, selection);
      return { found: found as Row[], along: [] };
    }
    const { dialect } = this.connection;
    const shape = tableOf(entity).shapeOf(properties);
    const readings = along.map(({ property, entity: other, properties: some, where }) => {
      const { name, shapeOf } = tableOf(other);
      const column = tableOf(entity).byProperty.get(property)?.column ?? property;
      const isReferred = amongSelected(
        this.connection,
        sql`${name}.id`,
        sql`select found.${raw(column)} from found`,
      );
      const { names, json } = shapeOf(some);
      return {
        rows: sql`select ${names} ${this.from(other, { where: sql`${isReferred} and (${where})` })}`,
        json: json(dialect),
      };
    });
    const [found = [], ...others] = await this.reading.along({
      found: sql`select ${shape.names} ${this.from(entity, selection)}`,
      readings: [{ rows: sql`select * from found`, json: shape.json(dialect) }, ...readings],
    });
    return {
      found: found.map((one) => shape.rowFrom(one) as Row),
      along: along.map(({ entity: other, properties: some }, place) => {
        const { rowFrom: rowOf } = tableOf(other).shapeOf(some);
        return (others[place] ?? []).map((one) => rowOf(one) as { id: string });
      }),
    };
  }

  /** A row as if these of its properties were read. */
  partOf<Row extends object, Part extends Partial<Row>>(entity: RowClass<Row>, part: Part): Part {
    return tableOf(entity).shapeOf(Object.keys(part)).rowFrom(Object.values(part)) as Part;
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
  byIds<Row extends { id: string }>(
    entity: RowClass<Row>,
    ids: readonly string[],
    where: Sql = sql`1 = 1`,
  ): Promise<Row[]> {
    return this.find(entity, { where: this.amongIds(entity, ids, where) });
  }

  /** The condition for the rows with these ids that match. */
  amongIds(entity: RowClass<object>, ids: readonly string[], where: Sql): Sql {
    return sql`${among(this.connection, sql`${tableOf(entity).name}.id`, ids)} and (${where})`;
  }

  /** Of each of these values of a column, the first rows that match, in few statements. */
  async firstOfEach<Row extends object>(
    entity: RowClass<Row>,
    property: keyof Row & string,
    values: readonly string[],
    selection: Required<Selection>,
  ): Promise<Row[]> {
    const { name, byProperty } = tableOf(entity);
    const column = raw(`${name.sql}.${byProperty.get(property)?.column ?? property}`);
    const { where, ...rest } = selection;
    const parts = values.map((value) =>
      this.find(entity, { ...rest, where: sql`${column} = ${value} and (${where})` }),
    );
    return (await Promise.all(parts)).flat();
  }

  /** Selects the ids of the rows that match, for a statement around it. */
  idsOf(entity: RowClass<object>, where: Sql): Sql {
    return sql`select ${tableOf(entity).name}.id ${this.from(entity, { where })}`;
  }

  /** How many rows match; counting stops at `limit` where one is given. */
  async count(entity: RowClass<object>, where: Sql, limit?: number): Promise<number> {
    const { name } = tableOf(entity);
    const bounded = limit === undefined ? empty : limitOf(limit);
    return this.counted(
      sql`from (select 1 as one from ${name} where ${this.scoped(entity, where)}${bounded}) as matching`,
    );
  }

  /** Of the first rows of a selection, how many match. */
  async countAmongFirst(
    entity: RowClass<object>,
    selection: Required<Selection>,
    matching: Sql,
  ): Promise<number> {
    const { name, all } = tableOf(entity);
    return this.counted(
      sql`from (select ${all} ${this.from(entity, selection)}) as ${name} where ${matching}`,
    );
  }

  async exists(entity: RowClass<object>, where: Sql): Promise<boolean> {
    return (await this.count(entity, where, 1)) > 0;
  }

  /** Other columns than the entity's own: aggregates, or few of many. Names in `columns` are the database's. */
  select(entity: RowClass<object>, columns: Sql, selection: WideSelection = {}): Promise<RawRow[]> {
    return this.connection.all(sql`select ${columns} ${this.from(entity, selection)}`);
  }

  private async counted(from: Sql): Promise<number> {
    const [count] = await this.reading.rows({ rows: sql`select count(*) as number ${from}`, json: NUMBER });
    return count as number;
  }

  private from(entity: RowClass<object>, selection: WideSelection): Sql {
    const { where, groupBy, orderBy, limit, beside } = selection;
    const rows = beside ? this.lookedUp(entity, beside) : tableOf(entity).name;
    return sql`from ${rows} where ${this.scoped(entity, where)}${
      groupBy ? sql` group by ${groupBy}` : empty
    }${orderBy ? sql` order by ${orderBy}` : empty}${limit === undefined ? empty : limitOf(limit)}`;
  }

  /**
   * Both planners are kept from reading the whole table instead: SQLite reads what stands left of a cross join first
   * (https://www.sqlite.org/optoverview.html#crossjoin), and PostgreSQL leaves a query with an offset as it is.
   */
  private lookedUp(entity: RowClass<object>, { rows, on }: { rows: Sql; on: Sql }): Sql {
    const { name } = tableOf(entity);
    const belonging = this.scoped(entity, on);
    return this.connection.dialect === 'postgres'
      ? sql`${rows} cross join lateral (select * from ${name} where ${belonging} offset 0) as ${name}`
      : sql`${rows} cross join ${name} on ${belonging}`;
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
