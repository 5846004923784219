import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLInputType,
} from 'graphql';
import { newId } from '../../src/entities/ids';
import { apiSchema } from '../../src/server/schema';

export type Root = 'Query' | 'Mutation' | 'Subscription';

const schema = apiSchema();

const SCALARS: Record<string, unknown> = {
  ID: newId('Bot'),
  String: 'x',
  Int: 1,
  Boolean: true,
  JSONObject: {},
  EmailAddress: 'x@x.test',
  TimeZone: 'UTC',
};

/** Something that the type takes; of an input what must be given. */
function valueOf(type: GraphQLInputType): unknown {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return [valueOf(nullable.ofType)];
  const named = getNamedType(type);
  if (isEnumType(named)) return named.getValues()[0]?.name;
  if (!isInputObjectType(named)) return SCALARS[named.name];
  const required = Object.values(named.getFields()).filter(({ type: of }) => isNonNullType(of));
  return Object.fromEntries(required.map((field) => [field.name, valueOf(field.type)]));
}

/** An operation of this field alone, with no more than it must be given, and its variables. */
export function operationOf(root: Root, field: string): [string, Record<string, unknown>] {
  const type = schema.getType(root);
  const definition = isObjectType(type) ? type.getFields()[field] : undefined;
  if (!definition) throw new Error(`There is no ${root}.${field}`);
  const required = definition.args.filter(
    ({ type: of, defaultValue }) => isNonNullType(of) && defaultValue === undefined,
  );
  const declared = required.map(({ name, type: of }) => `$${name}: ${String(of)}`).join(', ');
  const passed = required.map(({ name }) => `${name}: $${name}`).join(', ');
  const selection = isLeafType(getNamedType(definition.type)) ? '' : '{ __typename }';
  return [
    `${root.toLowerCase()}${declared && `(${declared})`} { ${field}${passed && `(${passed})`} ${selection} }`,
    Object.fromEntries(required.map(({ name, type: of }) => [name, valueOf(of)])),
  ];
}

/** The fields of a root. */
export function fieldsOf(root: Root): string[] {
  const type = schema.getType(root);
  return isObjectType(type) ? Object.keys(type.getFields()) : [];
}
