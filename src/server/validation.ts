import {
  getNamedType,
  getNullableType,
  getVariableValues,
  GraphQLError,
  isListType,
  isLeafType,
  isObjectType,
  isInterfaceType,
  Kind,
  parse,
  specifiedRules,
  validate,
  valueFromASTUntyped,
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/** What a document may hold at most. The same limits stand at HTTP and at the WebSocket. */
export const MOST_TOKENS = 2_000;
const DEEPEST = 12;
const MOST_ROOT_FIELDS = 30;
const MOST_ALIASES = 100;
const MOST_ITEMS = 20_000;

/** As `pages.ts` has them: where no size is given, and the largest that is served. */
const STANDARD_PAGE = 50;
const LARGEST_PAGE = 100;
/** What a list without pages is taken to hold. */
const UNPAGED_LIST = 10;

const tooComplex = (message: string, node: OperationDefinitionNode): GraphQLError =>
  new GraphQLError(message, { nodes: node, extensions: { code: 'QUERY_TOO_COMPLEX' } });

const isIntrospection = (field: FieldNode): boolean => field.name.value.startsWith('__');

interface Measures {
  depth: number;
  fields: number;
  aliases: number;
}

const NOTHING: Measures = { depth: 0, fields: 0, aliases: 0 };

/** Measures selections; each fragment once, however often it is spread, and none that spreads itself. */
class Measuring {
  private readonly byFragment = new Map<string, Measures>();

  constructor(private readonly fragmentOf: (name: string) => FragmentDefinitionNode | null | undefined) {}

  /** `fields` counts the fields at the top of the selection, `aliases` those at any depth. */
  measure(selectionSet: SelectionSetNode): Measures {
    const measures = { ...NOTHING };
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) {
        const below =
          selection.selectionSet && !isIntrospection(selection)
            ? this.measure(selection.selectionSet)
            : NOTHING;
        measures.fields += 1;
        measures.aliases += below.aliases + (selection.alias ? 1 : 0);
        measures.depth = Math.max(measures.depth, below.depth + 1);
      } else {
        const spread =
          selection.kind === Kind.INLINE_FRAGMENT
            ? this.measure(selection.selectionSet)
            : this.fragment(selection.name.value);
        measures.fields += spread.fields;
        measures.aliases += spread.aliases;
        measures.depth = Math.max(measures.depth, spread.depth);
      }
    }
    return measures;
  }

  private fragment(name: string): Measures {
    const known = this.byFragment.get(name);
    if (known) return known;
    // Standing here while it is measured ends a circle; another rule refuses such a document.
    this.byFragment.set(name, NOTHING);
    const fragment = this.fragmentOf(name);
    const measures = fragment ? this.measure(fragment.selectionSet) : NOTHING;
    this.byFragment.set(name, measures);
    return measures;
  }
}

/** Depth, fields at the root and aliases: what a document is refused for before anything of it runs. */
export function limitRule(context: ValidationContext): ASTVisitor {
  const measuring = new Measuring((name) => context.getFragment(name));
  return {
    OperationDefinition(operation) {
      const { depth, fields, aliases } = measuring.measure(operation.selectionSet);
      const refuse = (message: string) => context.reportError(tooComplex(message, operation));
      if (depth > DEEPEST)
        refuse(`The operation is ${depth} levels deep: at most ${DEEPEST} are served, so ask in several.`);
      if (fields > MOST_ROOT_FIELDS) {
        refuse(
          `The operation has ${fields} fields at its root: at most ${MOST_ROOT_FIELDS} are served, so ask in several.`,
        );
      }
      if (aliases > MOST_ALIASES) {
        refuse(
          `The operation has ${aliases} aliases: at most ${MOST_ALIASES} are served, so ask in several.`,
        );
      }
    },
  };
}

export const LIMIT_RULES: readonly ValidationRule[] = [limitRule];

type Values = Record<string, unknown>;

/** Counts the items of lists that an operation could give, by the sizes of its pages. */
class Costing {
  private readonly byFragment = new Map<string, number>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    private readonly variables: Values,
  ) {}

  cost(selectionSet: SelectionSetNode, parent: GraphQLNamedType | undefined): number {
    let sum = 0;
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) sum += this.field(selection, parent);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) sum += this.fragment(selection.name.value);
      else {
        const { typeCondition } = selection;
        const type = typeCondition ? this.schema.getType(typeCondition.name.value) : parent;
        sum += this.cost(selection.selectionSet, type);
      }
    }
    return sum;
  }

  private fragment(name: string): number {
    const known = this.byFragment.get(name);
    if (known !== undefined) return known;
    const fragment = this.fragments.get(name);
    const cost = fragment
      ? this.cost(fragment.selectionSet, this.schema.getType(fragment.typeCondition.name.value))
      : 0;
    this.byFragment.set(name, cost);
    return cost;
  }

  private field(field: FieldNode, parent: GraphQLNamedType | undefined): number {
    if (!field.selectionSet || isIntrospection(field)) return 0;
    if (!isObjectType(parent) && !isInterfaceType(parent)) return 0;
    const definition = parent.getFields()[field.name.value];
    if (!definition) return 0;
    const type = getNamedType(definition.type);
    const below = this.cost(field.selectionSet, type);
    if (isLeafType(type)) return 0;
    if (type.name.endsWith('Connection')) return this.pageSize(field) * (1 + below);
    // The items of a page are counted where the page is.
    if (!isListType(getNullableType(definition.type)) || parent.name.endsWith('Connection')) return below;
    return this.listSize(field) * (1 + below);
  }

  private argument(field: FieldNode, name: string): unknown {
    const given = field.arguments?.find((argument) => argument.name.value === name);
    return given && valueFromASTUntyped(given.value, this.variables);
  }

  private pageSize(field: FieldNode): number {
    const size = this.argument(field, 'first') ?? this.argument(field, 'last');
    // What no page may have is refused where the page is read, with a sentence of its own.
    return typeof size === 'number' ? Math.min(Math.max(size, 0), LARGEST_PAGE) : STANDARD_PAGE;
  }

  private listSize(field: FieldNode): number {
    const ids = this.argument(field, 'ids');
    return Array.isArray(ids) ? ids.length : UNPAGED_LIST;
  }
}

/**
 * Refuses an operation that could give too many items. It is asked once the variables are known, since page sizes
 * mostly come in them.
 */
export function costError(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Values,
): GraphQLError | null {
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  // Variables that do not fit are refused by the execution itself.
  if (!coerced) return null;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const root = schema.getRootType(operation.operation) ?? undefined;
  const items = new Costing(schema, fragments, coerced).cost(operation.selectionSet, root);
  if (items <= MOST_ITEMS) return null;
  return tooComplex(
    `The operation could give ${items} items (pages within pages multiply): at most ${MOST_ITEMS} are served, so ask for smaller pages.`,
    operation,
  );
}

const withCode = (error: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    originalError: error,
    extensions: { code },
  });

/** Suggestions of names are left out where a schema's details are not for everybody. */
function withoutSuggestion(error: GraphQLError): GraphQLError {
  error.message = error.message.replace(/ ?Did you mean(.+?)\?$/, '');
  return error;
}

/**
 * Reads and checks a document that did not come through Apollo's pipeline: same limits, same rules, same codes.
 * @returns the document, or why it is refused.
 */
export function readDocument(
  schema: GraphQLSchema,
  text: string,
  hideSuggestions: boolean,
): { document: DocumentNode } | { errors: readonly GraphQLError[] } {
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: MOST_TOKENS });
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [withCode(error, 'GRAPHQL_PARSE_FAILED')] };
    throw error;
  }
  const errors = validate(schema, document, [...specifiedRules, ...LIMIT_RULES]);
  if (errors.length === 0) return { document };
  return {
    errors: errors.map((error) =>
      withCode(hideSuggestions ? withoutSuggestion(error) : error, 'GRAPHQL_VALIDATION_FAILED'),
    ),
  };
}
