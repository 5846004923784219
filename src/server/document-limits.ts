import {
  GraphQLError,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from './fragments';

/** What a document may hold at most. The same limits stand at HTTP and at the WebSocket. */
export const MOST_CHARACTERS = 65_536;
export const MOST_TOKENS = 2_000;
const DEEPEST = 12;
/** The question for the whole schema is deeper, and its answer never grows. */
const DEEPEST_IN_SCHEMA = 20;
const MOST_ROOT_FIELDS = 30;
const MOST_ALIASES = 100;
const MOST_SELECTIONS = 1_000;
const MOST_OF_ONE_FIELD = 50;

/** Refuses what would take too long, before anything of it runs. */
export function tooComplex(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COMPLEX' } });
}

/** Why a document is not even read; null where it may be. */
export function lengthError(text: string): GraphQLError | null {
  if (text.length <= MOST_CHARACTERS) return null;
  return tooComplex(
    `The document has ${text.length} characters: at most ${MOST_CHARACTERS} are read, so put what is long into variables.`,
  );
}

const isIntrospection = ({ name }: FieldNode): boolean => name.value.startsWith('__');

/**
 * Goes through selections as execution does: fields that answer under one name are one, and a fragment is there once
 * wherever it is spread. Each step counts, so that no document keeps it busy. @throws GraphQLError at the first limit.
 */
class Walk {
  readonly reached = new Set<FragmentDefinitionNode>();
  private selections = 0;
  private aliases = 0;

  constructor(private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>) {}

  /** What an operation asks for. */
  operation(selectionSet: SelectionSetNode): void {
    this.aliases = 0;
    const fields = this.fieldsOf([selectionSet]);
    if (fields.size > MOST_ROOT_FIELDS)
      throw tooComplex(
        `The operation has ${fields.size} fields at its root: at most ${MOST_ROOT_FIELDS} are served, so ask in several.`,
      );
    this.below(fields, 1, DEEPEST);
  }

  /** A fragment that no operation leads to: it is not run, but the rules compare its fields too. */
  fragment(fragment: FragmentDefinitionNode): void {
    this.aliases = 0;
    this.reached.add(fragment);
    this.below(this.fieldsOf([fragment.selectionSet]), 1, DEEPEST_IN_SCHEMA);
  }

  private below(fields: ReadonlyMap<string, FieldNode[]>, level: number, deepest: number): void {
    if (level > deepest && fields.size > 0)
      throw tooComplex(
        `The operation is more than ${deepest} levels deep: at most ${deepest} are served, so ask in several.`,
      );
    for (const same of fields.values()) {
      const selectionSets = same.flatMap(({ selectionSet }) => selectionSet ?? []);
      const [field] = same;
      const isOfSchema = field !== undefined && isIntrospection(field);
      this.below(this.fieldsOf(selectionSets), level + 1, isOfSchema ? DEEPEST_IN_SCHEMA : deepest);
    }
  }

  /** The fields that stand in one place of the answer, by the names they answer under. */
  private fieldsOf(selectionSets: readonly SelectionSetNode[]): Map<string, FieldNode[]> {
    const fields = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const selectionSet of selectionSets) this.collect(selectionSet, fields, spread);
    return fields;
  }

  private collect(
    { selections }: SelectionSetNode,
    fields: Map<string, FieldNode[]>,
    spread: Set<string>,
  ): void {
    for (const selection of selections) {
      this.count();
      if (selection.kind === Kind.FIELD) {
        if (selection.alias) this.countAlias();
        const name = (selection.alias ?? selection.name).value;
        const same = fields.get(name);
        if (!same) fields.set(name, [selection]);
        else if (same.push(selection) > MOST_OF_ONE_FIELD) this.refuseRepetition(`the field \`${name}\``);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.collect(selection.selectionSet, fields, spread);
      } else if (!spread.has(selection.name.value)) {
        if (spread.add(selection.name.value).size > MOST_OF_ONE_FIELD) this.refuseRepetition('fragments');
        const fragment = this.fragments.get(selection.name.value);
        if (!fragment) continue;
        this.reached.add(fragment);
        this.collect(fragment.selectionSet, fields, spread);
      }
    }
  }

  private count(): void {
    this.selections += 1;
    if (this.selections > MOST_SELECTIONS)
      throw tooComplex(
        `With its fragments written out the document has more than ${MOST_SELECTIONS} selections: at most ${MOST_SELECTIONS} are served, so ask in several.`,
      );
  }

  private countAlias(): void {
    this.aliases += 1;
    if (this.aliases > MOST_ALIASES)
      throw tooComplex(
        `The operation has more than ${MOST_ALIASES} aliases: at most ${MOST_ALIASES} are served, so ask in several.`,
      );
  }

  private refuseRepetition(what: string): never {
    throw tooComplex(
      `One selection holds ${what} more than ${MOST_OF_ONE_FIELD} times: at most ${MOST_OF_ONE_FIELD} are served, so ask once, or in several.`,
    );
  }
}

/**
 * The first limit that a document is beyond; null where it keeps all. It is asked before the rules of GraphQL, which
 * take longer the more there is to compare.
 */
export function limitError(document: DocumentNode): GraphQLError | null {
  const walk = new Walk(fragmentsOf(document));
  try {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) walk.operation(definition.selectionSet);
    }
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION && !walk.reached.has(definition))
        walk.fragment(definition);
    }
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
  return null;
}
