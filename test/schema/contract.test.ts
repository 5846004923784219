import { describe, expect, test } from '@jest/globals';
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLNamedType,
} from 'graphql';
import { ALL_RESOLVERS } from '../../src/resolvers/all';
import { buildApiSchema } from '../../src/schema/build';

const schema = buildApiSchema(ALL_RESOLVERS);
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
);

interface Element {
  path: string;
  description: string | null | undefined;
}

function elementsOf(type: GraphQLNamedType): Element[] {
  const own = { path: type.name, description: type.description };
  if (isEnumType(type))
    return [
      own,
      ...type.getValues().map(({ name, description }) => ({ path: `${type.name}.${name}`, description })),
    ];
  if (isInputObjectType(type)) {
    return [
      own,
      ...Object.values(type.getFields()).map(({ name, description }) => ({
        path: `${type.name}.${name}`,
        description,
      })),
    ];
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return [own];
  return [
    own,
    ...Object.values(type.getFields()).flatMap((field) => [
      { path: `${type.name}.${field.name}`, description: field.description },
      ...field.args.map(({ name, description }) => ({
        path: `${type.name}.${field.name}(${name})`,
        description,
      })),
    ]),
  ];
}

describe('the schema that is served', () => {
  const elements = types.flatMap(elementsOf);

  test('every type, field, argument and enum value says what it is', () => {
    const silent = elements
      .filter(({ description }) => (description?.trim().length ?? 0) < 10)
      .map(({ path }) => path);
    expect(silent).toEqual([]);
    expect(elements.length).toBeGreaterThan(500);
  });

  test('every mutation takes one input, answers with its own payload, and names the codes it may answer', () => {
    for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
      expect(field.args.map(({ name }) => name)).toEqual(['input']);
      expect(String(field.type)).toBe(`${field.name.charAt(0).toUpperCase()}${field.name.slice(1)}Payload`);
      expect(field.description).toMatch(/May answer/);
    }
  });

  test('every subscription resumes by cursor, and every one tells its own', () => {
    for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
      expect(field.args.map(({ name }) => name)).toContain('after');
    }
  });

  test('every root field but viewer can fail alone', () => {
    const strict = Object.values(schema.getQueryType()?.getFields() ?? {}).filter(({ type }) =>
      String(type).endsWith('!'),
    );
    expect(strict.map(({ name }) => name)).toEqual(['viewer']);
  });
});
