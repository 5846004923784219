import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
  parse,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { admit } from '../../src/server/validation';
import type { Data } from './caller';

/** As many levels as a document may have. */
const DEEPEST = 12;
const OF_PAGES: readonly string[] = ['first', 'last', 'before', 'after'];

type Field = GraphQLField<unknown, unknown>;

/**
 * What arguments are given, by their coordinates: `Agent.permissions.botId`. Of pages it is their size alone: `first` of
 * those that there is one of, `within` of those in a list.
 */
export type ArgumentValues = Readonly<Record<string, unknown>>;

/** A field as a document asks for it. */
interface Selected {
  /** What it is counted as, where it is. */
  coordinate: string | null;
  /** What it answers under. */
  name: string;
  text: string;
  below: Place | null;
}

/** A place in a document where fields of a type are selected. */
interface Place {
  type: GraphQLNamedType;
  level: number;
  isInList: boolean;
  /** Whether it is one of an interface's kinds. */
  isKind: boolean;
  selected: Selected[];
  kinds: Place[];
}

/** A document that asks one field of the root, and once, as near to the root as it is, each field below. */
export interface WholeDocument {
  query: string;
  variables: (values: ArgumentValues) => Record<string, unknown>;
  /** Adds up how much an answer holds of each field that takes arguments or leads on. */
  count: (answer: Data, counts: Map<string, number>) => void;
}

const fieldsOf = (type: GraphQLNamedType): Field[] =>
  isObjectType(type) ? Object.values(type.getFields()) : [];

const leadsOn = ({ type }: Field): boolean => !isLeafType(getNamedType(type));

const isPage = (type: GraphQLNamedType): boolean => type.name.endsWith('Connection');

const kindsOf = (schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLObjectType[] =>
  isAbstractType(type) ? schema.getPossibleTypes(type) : [];

/** A field that takes arguments or leads on, or such a field given all of its arguments. */
export interface Coverable {
  coordinate: string;
  /** Whether there is more of it the more rows there are. */
  isMany: boolean;
}

const isManyIn = ({ type }: Field): boolean => isListType(getNullableType(type));

const withArguments = (coordinate: string, args: Field['args']): string =>
  `${coordinate}(${args.map(({ name }) => `${name}:`).join(' ')})`;

/** The arguments that say what is given, without those that say how much of it. */
const narrowingOf = ({ args }: Field): Field['args'] => args.filter(({ name }) => !OF_PAGES.includes(name));

const isNeeded = (argument: GraphQLArgument): boolean =>
  isRequiredArgument(argument) || argument.defaultValue !== undefined;

/** What is in reach of a schema's queries. */
export function coverableIn(schema: GraphQLSchema): Coverable[] {
  const isMany = new Map<GraphQLNamedType, boolean>();
  const visit = (type: GraphQLNamedType, many: boolean): void => {
    if (isMany.get(type) === true || isMany.get(type) === many) return;
    isMany.set(type, many);
    for (const kind of kindsOf(schema, type)) visit(kind, many);
    for (const field of fieldsOf(type)) visit(getNamedType(field.type), many || isManyIn(field));
  };
  visit(schema.getQueryType() as GraphQLObjectType, false);
  return [...isMany].flatMap(([type, many]) =>
    fieldsOf(type).flatMap((field) => {
      if (field.args.length === 0 && !leadsOn(field)) return [];
      const coordinate = `${type.name}.${field.name}`;
      const narrowing = narrowingOf(field);
      const ways = narrowing.every(isNeeded)
        ? [coordinate]
        : [coordinate, withArguments(coordinate, narrowing)];
      return ways.map((one) => ({ coordinate: one, isMany: many || isManyIn(field) }));
    }),
  );
}

class Writer {
  private readonly taken = new Set<string>();
  private readonly waiting: Place[] = [];
  private readonly declared = new Map<string, string>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly values: ArgumentValues,
    private readonly deepest: number,
    /** The only kind that is asked for where there are several. */
    private readonly kind: string | null,
    private readonly without: readonly string[],
  ) {}

  write(field: Field): WholeDocument {
    const root = this.place(this.schema.getQueryType() as GraphQLObjectType, 1, false);
    this.select(root, field);
    for (const place of this.waiting) this.fill(place);
    const declared = [...this.declared].map(([coordinate, type]) => `$${variableOf(coordinate)}: ${type}`);
    return {
      query: `query${declared.length > 0 ? `(${declared.join(', ')})` : ''} ${textOf(root)}`,
      variables: (values) =>
        Object.fromEntries(
          [...this.declared.keys()].map((coordinate) => [variableOf(coordinate), values[coordinate]]),
        ),
      count: (answer, counts) => countIn(root, answer, counts),
    };
  }

  private place(type: GraphQLNamedType, level: number, isInList: boolean, isKind = false): Place {
    return { type, level, isInList, isKind, selected: [], kinds: [] };
  }

  private fill(place: Place): void {
    const { type, level, isInList } = place;
    for (const kind of kindsOf(this.schema, type)) {
      if (this.kind !== null && kind.name !== this.kind) continue;
      place.kinds.push(this.place(kind, level, isInList, this.kind === null));
    }
    this.waiting.push(...place.kinds);
    for (const field of fieldsOf(type)) this.select(place, field);
  }

  private select(place: Place, field: Field): void {
    const coordinate = `${place.type.name}.${field.name}`;
    if (this.without.includes(coordinate)) return;
    const below = this.below(place, field);
    if (below) {
      if (this.taken.has(coordinate) || below.level > this.deepest) return;
      this.taken.add(coordinate);
      this.waiting.push(below);
    }
    const narrowing = narrowingOf(field);
    const needed = narrowing.filter(isNeeded);
    const counted = below || field.args.length > 0 ? coordinate : null;
    this.add(place, field, { args: needed, below, coordinate: counted, name: field.name });
    if (needed.length === narrowing.length) return;
    // What need not be given is given beside it, with no more below than what leads no further.
    const leaves = this.below(place, field);
    if (leaves) this.fillLeaves(leaves);
    const all = withArguments(coordinate, narrowing);
    this.add(place, field, {
      args: narrowing,
      below: leaves,
      coordinate: all,
      name: `${field.name}Narrowed`,
    });
  }

  private fillLeaves(place: Place): void {
    for (const field of fieldsOf(place.type)) {
      const below = this.below(place, field);
      if (below && !(isPage(place.type) && field.name === 'nodes')) continue;
      if (below) this.fillLeaves(below);
      this.add(place, field, { args: [], below, coordinate: null, name: field.name });
    }
  }

  private add(
    place: Place,
    field: Field,
    selected: { args: Field['args']; below: Place | null; coordinate: string | null; name: string },
  ): void {
    const { below, coordinate } = selected;
    const given = selected.args.map(({ name, type }) => {
      const of = `${place.type.name}.${field.name}.${name}`;
      return `${name}: ${this.variable(of, String(type))}`;
    });
    if (isPage(getNamedType(field.type)))
      given.push(`first: ${this.variable(place.isInList ? 'within' : 'first', 'Int')}`);
    const name = this.isAmbiguous(place, field) ? `${place.type.name}_${selected.name}` : selected.name;
    const alias = name === field.name ? '' : `${name}: `;
    const text = `${alias}${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''}`;
    place.selected.push({ coordinate, name, text, below });
  }

  private below(place: Place, field: Field): Place | null {
    if (!leadsOn(field)) return null;
    const type = getNamedType(field.type);
    const isMany = isListType(getNullableType(field.type)) || isPage(type);
    return this.place(type, place.level + 1, place.isInList || isMany);
  }

  private variable(coordinate: string, type: string): string {
    if (!(coordinate in this.values)) throw new Error(`Nothing is known to give ${coordinate}: ${type}`);
    this.declared.set(coordinate, type);
    return `$${variableOf(coordinate)}`;
  }

  /** Whether another kind that may be in the same place has a field of this name and another type. */
  private isAmbiguous({ isKind, type }: Place, field: Field): boolean {
    if (!isKind || !isObjectType(type)) return false;
    return type
      .getInterfaces()
      .flatMap((of) => kindsOf(this.schema, of))
      .flatMap(fieldsOf)
      .some((other) => other.name === field.name && String(other.type) !== String(field.type));
  }
}

const variableOf = (coordinate: string): string => coordinate.replaceAll('.', '_');

function textOf({ selected, kinds }: Place): string {
  const fields = selected.map(({ text, below }) => (below ? `${text} ${textOf(below)}` : text));
  const ofKinds = kinds.map((kind) => `... on ${kind.type.name} ${textOf(kind)}`);
  return `{ ${[...(fields.length === 0 ? ['__typename'] : fields), ...ofKinds].join(' ')} }`;
}

function countIn(place: Place, answer: Data, counts: Map<string, number>): void {
  for (const one of Array.isArray(answer) ? answer : [answer]) {
    if (one === null) continue;
    for (const kind of place.kinds) if (kind.type.name === one.__typename) countIn(kind, one, counts);
    for (const { coordinate, name, below } of place.selected) {
      const value = one[name];
      if (value === null || value === undefined) continue;
      const much = Array.isArray(value) ? value.length : 1;
      if (coordinate !== null) counts.set(coordinate, (counts.get(coordinate) ?? 0) + much);
      if (below) countIn(below, value, counts);
    }
  }
}

/**
 * The document for a field of the root, as deep as the server's limits let it be with these values.
 * @param kind the kind that an interface is asked for; all of them where it is null.
 * @param without coordinates of fields that are left out.
 */
export function wholeDocument(
  schema: GraphQLSchema,
  name: string,
  kind: string | null,
  values: ArgumentValues,
  without: readonly string[] = [],
): WholeDocument {
  const field = schema.getQueryType()?.getFields()[name];
  if (!field) throw new Error(`There is no Query.${name}`);
  for (let deepest = DEEPEST; ; deepest -= 1) {
    const document = new Writer(schema, values, deepest, kind, without).write(field);
    const admitted = admit(schema, parse(document.query), { variables: document.variables(values) }, false);
    if (!('errors' in admitted)) return document;
    const isTooMuch = admitted.errors.every(({ extensions }) => extensions['code'] === 'QUERY_TOO_COMPLEX');
    if (!isTooMuch || deepest === 1) throw new Error(`${document.query}\n${admitted.errors.join('\n')}`);
  }
}
