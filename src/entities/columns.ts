import { Column, ForeignKey, PrimaryColumn } from 'typeorm';

/**
 * The few kinds of columns that mean the same on SQLite and PostgreSQL. In rows an instant is a number
 * (milliseconds since 1970, UTC), a flag a boolean and JSON a value; in the database they are integers and text.
 */
export type ColumnKind = 'text' | 'integer' | 'instant' | 'flag' | 'json';

export interface ColumnDescription {
  property: string;
  column: string;
  kind: ColumnKind;
  /** Whether it holds the id of a row that the database keeps there as long as it is referred to. */
  isReference: boolean;
}

/** An entity's class; what its constructor takes does not matter here. */
type EntityClass = abstract new (...values: never[]) => object;
const columnsByEntity = new Map<EntityClass, ColumnDescription[]>();

const TYPES = {
  text: 'text',
  integer: 'integer',
  instant: 'bigint',
  flag: 'smallint',
  json: 'text',
} as const;

interface ColumnOptions {
  nullable?: boolean;
}

function snakeCase(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function describe(target: object, property: string | symbol, kind: ColumnKind, isReference = false): string {
  const entity = target.constructor as EntityClass;
  const name = String(property);
  const column = snakeCase(name);
  const columns = columnsByEntity.get(entity) ?? [];
  columns.push({ property: name, column, kind, isReference });
  columnsByEntity.set(entity, columns);
  return column;
}

function columnOf(kind: ColumnKind, options: ColumnOptions, isReference = false): PropertyDecorator {
  return (target, property) => {
    Column({
      type: TYPES[kind],
      name: describe(target, property, kind, isReference),
      nullable: options.nullable ?? false,
    })(target, property);
  };
}

/** The primary key: a TypeID, unless the row is keyed by another row's id. */
export const IdColumn = (): PropertyDecorator => (target, property) => {
  PrimaryColumn({ type: 'text', name: describe(target, property, 'text') })(target, property);
};

/** A whole number that is part of the primary key. */
export const KeyNumberColumn = (): PropertyDecorator => (target, property) => {
  PrimaryColumn({ type: 'bigint', name: describe(target, property, 'integer') })(target, property);
};

export const TextColumn = (options: ColumnOptions = {}): PropertyDecorator => columnOf('text', options);
export const IntegerColumn = (options: ColumnOptions = {}): PropertyDecorator => columnOf('integer', options);
/** Milliseconds since 1970, UTC, or a position in the contract's log: whole numbers beyond 32 bits. */
export const InstantColumn = (options: ColumnOptions = {}): PropertyDecorator => columnOf('instant', options);
export const FlagColumn = (): PropertyDecorator => columnOf('flag', {});
export const JsonColumn = (options: ColumnOptions = {}): PropertyDecorator => columnOf('json', options);

/**
 * The id of another row, held by a foreign key.
 * @param entity the name of the other row's class: a name, so that rows may point at each other without a circle of imports.
 */
export const ReferenceColumn =
  (entity: string, options: ColumnOptions = {}): PropertyDecorator =>
  (target, property) => {
    columnOf('text', options, true)(target, property);
    ForeignKey(entity)(target, property);
  };

/** The columns of an entity in the order they are declared. */
export function columnsOf(entity: EntityClass): readonly ColumnDescription[] {
  const columns = columnsByEntity.get(entity);
  if (!columns) throw new Error(`${entity.name} declares no columns: is it an entity?`);
  return columns;
}
