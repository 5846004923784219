import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  OperationTypeNode,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import type { Chance } from './chance';

/** An operation as it is sent. */
export interface GeneratedDocument {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  /** The fields at its root. */
  readonly roots: readonly string[];
}

const DEEPEST = 7;
const MOST_FIELDS = 24;

const TEXTS = [
  '',
  ' ',
  'a',
  'Carla',
  '42',
  '%',
  '_',
  "'; drop table sends; --",
  '\\',
  '"',
  '{{1}}',
  'a\0b',
  '\ud83d',
  '😀',
  'İ',
  '\u202e',
  '\ufeff',
  'null',
  '__proto__',
  'x'.repeat(201),
  '€'.repeat(5_000),
];
const NUMBERS = [0, 1, 2, 3, 50, 100, 101, -1, 2_147_483_647, -2_147_483_648];
const INSTANTS = [
  '2026-03-02T12:00:00Z',
  '2026-03-01T00:00:00.123456789-03:00',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '1970-01-01T00:00:00+14:00',
];
const SCALARS: Readonly<Record<string, readonly unknown[]>> = {
  String: TEXTS,
  Int: NUMBERS,
  Float: [0, -0.5, 1e-300, 1e300],
  Boolean: [true, false],
  DateTime: INSTANTS,
  PhoneNumber: ['+5511970000001', '+55 11 97000-0002', '+12025550123', '+5491122334455'],
  EmailAddress: ['ana@acme.test', 'x@y', "o'neil+%@acme.test"],
  TimeZone: ['UTC', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Etc/GMT+12'],
  URL: ['https://acme.test/a?b=c#d', 'http://[::1]:1/'],
  JSONObject: [{}, { a: [1, { b: null }] }, { onboarding: {} }, { '': '', 'a\0b': '\0' }, { a: 1e300 }],
};

/** Makes operations of a schema by chance; all of them are valid, whatever their values mean. */
export class DocumentGenerator {
  private variables: { declaration: string; name: string; value: unknown }[] = [];
  private fields = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly chance: Chance,
    /** Ids of things that there are, for whatever asks for an id of anything. */
    private readonly ids: readonly string[],
    private readonly operations: readonly OperationTypeNode[] = [
      OperationTypeNode.QUERY,
      OperationTypeNode.QUERY,
      OperationTypeNode.MUTATION,
    ],
  ) {}

  next(): GeneratedDocument {
    this.variables = [];
    this.fields = 0;
    const operation = this.chance.of(this.operations);
    const root = this.schema.getRootType(operation);
    if (!root) throw new Error(`The schema has no ${operation}`);
    const all = Object.values(root.getFields());
    const chosen = Array.from({ length: this.chance.below(3) + 1 }, () => this.chance.of(all));
    const selections = chosen.map((field) => this.field(field, 1));
    const declared = this.variables.map(({ declaration }) => declaration).join(', ');
    return {
      query: `${operation}${declared && `(${declared})`} { ${selections.join(' ')} }`,
      variables: Object.fromEntries(this.variables.map(({ name, value }) => [name, value])),
      roots: chosen.map(({ name }) => name),
    };
  }

  /** Under a name of its own, since one name may not stand for two arguments or types. */
  private field(field: GraphQLField<unknown, unknown>, depth: number): string {
    this.fields += 1;
    const alias = `f${this.fields}`;
    const given = field.args.flatMap((argument) => this.argument(argument));
    const type = getNamedType(field.type);
    const below = isCompositeType(type) ? ` { ${this.selection(type, depth + 1)} }` : '';
    return `${alias}: ${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''}${below}`;
  }

  private selection(type: GraphQLCompositeType, depth: number): string {
    const selections = ['__typename'];
    if (isObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        const isDeep = isCompositeType(getNamedType(field.type));
        if (this.fields >= MOST_FIELDS || (isDeep && depth >= DEEPEST)) continue;
        if (this.chance.is(isDeep ? 0.3 : 0.5)) selections.push(this.field(field, depth));
      }
    } else {
      for (const possible of this.schema.getPossibleTypes(type)) {
        if (this.chance.is(0.2))
          selections.push(`... on ${possible.name} { ${this.selection(possible, depth)} }`);
      }
    }
    return selections.join(' ');
  }

  private argument(argument: GraphQLArgument): string[] {
    const isSize = argument.name === 'first';
    if (!isRequiredArgument(argument) && !this.chance.is(isSize ? 0.9 : 0.3)) return [];
    const value = isSize && this.chance.is(0.9) ? this.chance.below(4) : this.value(argument.type);
    // A literal has no way to write every text.
    if (this.chance.is(0.5)) return [`${argument.name}: ${literal(argument.type, value)}`];
    const name = `v${this.variables.length}`;
    this.variables.push({ declaration: `$${name}: ${String(argument.type)}`, name, value });
    return [`${argument.name}: $${name}`];
  }

  private value(type: GraphQLInputType): unknown {
    if (isNonNullType(type)) return this.value(type.ofType);
    if (isListType(type)) {
      const { ofType } = type;
      return Array.from({ length: this.chance.of([0, 1, 1, 2, 5]) }, () => this.value(ofType));
    }
    if (isInputObjectType(type)) {
      const given = Object.values(type.getFields()).filter(
        (field) => isRequiredInputField(field) || this.chance.is(0.35),
      );
      return Object.fromEntries(given.map((field) => [field.name, this.value(field.type)]));
    }
    if (isEnumType(type)) return this.chance.of(type.getValues()).name;
    if (type.name === 'ID') return this.chance.is(0.85) ? this.chance.of(this.ids) : this.chance.of(TEXTS);
    return this.chance.of(SCALARS[type.name] ?? []);
  }
}

/** A value as it is written in a document. */
function literal(type: GraphQLInputType, value: unknown): string {
  if (isNonNullType(type)) return literal(type.ofType, value);
  if (value === null || value === undefined) return 'null';
  if (isListType(type))
    return `[${(value as unknown[]).map((item) => literal(type.ofType, item)).join(', ')}]`;
  if (isInputObjectType(type)) {
    const fields = type.getFields();
    const given = Object.entries(value).map(([name, one]) => {
      const field = fields[name];
      return `${name}: ${field ? literal(field.type, one) : 'null'}`;
    });
    return `{ ${given.join(', ')} }`;
  }
  if (isEnumType(type)) return value as string;
  return untyped(value);
}

function untyped(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(untyped).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const given = Object.entries(value).filter(([name]) => /^[A-Za-z_]\w*$/.test(name));
    return `{ ${given.map(([name, one]) => `${name}: ${untyped(one)}`).join(', ')} }`;
  }
  // Half a surrogate pair cannot be written out.
  return typeof value === 'string' ? JSON.stringify(value.replace(/\p{Surrogate}/gu, '')) : String(value);
}

const TOKEN = /"(?:[^"\\]|\\.)*"|\.\.\.|[A-Za-z_]\w*|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\S/g;
const OTHER_TOKENS = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ':',
  '!',
  '$',
  '@skip(if: true)',
  '...',
  '...f',
  '|',
  '&',
  '=',
  'null',
  'true',
  '0',
  '-1',
  '1e400',
  '"x"',
  '"""x"""',
  '__typename',
  '__schema',
  'fragment',
  'on',
  'id',
  'nodes',
  '$v0',
  '[]',
  '{}',
  'ON\uD83D',
  '\0',
];
const OTHER_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  '',
  'x',
  [],
  [[]],
  [null],
  {},
  { id: 1 },
  { toString: 1 },
];

/** The same with a few tokens changed, left out, doubled or in another place. */
export function withOtherTokens(document: GeneratedDocument, chance: Chance): GeneratedDocument {
  const tokens = document.query.match(TOKEN) ?? [];
  for (let times = chance.below(3) + 1; times > 0; times -= 1) {
    const place = chance.below(tokens.length);
    const change = chance.below(4);
    if (change === 0) tokens.splice(place, 1);
    else if (change === 1) tokens.splice(place, 0, chance.of(tokens));
    else if (change === 2) tokens[place] = chance.of(OTHER_TOKENS);
    else tokens.splice(place, 0, ...tokens.splice(chance.below(tokens.length), 2));
  }
  return { ...document, query: tokens.join(' ') };
}

/** The same with values that do not fit somewhere in its variables. */
export function withOtherValues(document: GeneratedDocument, chance: Chance): GeneratedDocument {
  const change = (value: unknown): unknown => {
    if (chance.is(0.2)) return chance.of(OTHER_VALUES);
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, change(one)]));
  };
  return { ...document, variables: change(document.variables) as Record<string, unknown> };
}

/** A body with a few bytes changed, or cut off somewhere. */
export function withOtherBytes(body: Buffer, chance: Chance): Buffer {
  const changed = Buffer.from(body);
  if (chance.is(0.3)) return changed.subarray(0, chance.below(body.length));
  for (let times = chance.below(4) + 1; times > 0; times -= 1)
    changed[chance.below(changed.length)] = chance.below(256);
  return changed;
}
