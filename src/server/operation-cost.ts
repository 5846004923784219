import {
  getArgumentValues,
  getNamedType,
  getNullableType,
  GraphQLError,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { refuseLongList } from '../services/id-lists';
import { pageSizeOf } from '../services/pages';
import { tooComplex } from './document-limits';
import { fragmentsOf } from './fragments';

const MOST_ITEMS = 20_000;
/** What a list without pages is taken to hold. */
const UNPAGED_LIST = 10;
/** What a list within the schema is taken to hold, such as the fields of a type. */
const LIST_OF_SCHEMA = 5;

/** How many items of lists an operation could give, and how many it may. */
export interface Cost {
  readonly asked: number;
  readonly most: number;
}

type Values = Record<string, unknown>;

/** Refuses lists of values that are too long, in an argument or however deep within it. */
function boundLists(type: GraphQLInputType, value: unknown, name: string): void {
  if (value === null || value === undefined) return;
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    if (!Array.isArray(value)) return;
    // How many objects a list may hold is the domain's to say, which answers with more than a sentence.
    if (isLeafType(getNamedType(nullable))) refuseLongList(value, name);
    else for (const item of value) boundLists(nullable.ofType, item, name);
  } else if (isInputObjectType(nullable)) {
    for (const field of Object.values(nullable.getFields()))
      boundLists(field.type, (value as Values)[field.name], field.name);
  }
}

/** Whether a variable stands in a value that is written out. */
function holdsVariable(value: ValueNode): boolean {
  if (value.kind === Kind.LIST) return value.values.some(holdsVariable);
  if (value.kind === Kind.OBJECT) return value.fields.some((field) => holdsVariable(field.value));
  return value.kind === Kind.VARIABLE;
}

/** Whether an argument takes a list, or an object that may hold one. */
const mayHoldList = ({ args }: GraphQLField<unknown, unknown>, name: string): boolean =>
  !args.some((argument) => argument.name === name && isLeafType(getNullableType(argument.type)));

/** Counts the items of lists that an operation could give, by the sizes of its pages. */
class Costing {
  /** Whether the variables had no part in it: then it is the same whatever they are. */
  isFixed = true;
  private readonly byFragment = new Map<string, number>();
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly variables: Values,
  ) {
    this.fragments = fragmentsOf(document);
  }

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
    const definition = this.definitionOf(field, parent);
    if (!definition || !parent) return 0;
    const type = getNamedType(definition.type);
    const isPage = type.name.endsWith('Connection');
    const given = this.argumentsOf(definition, field);
    for (const argument of definition.args) boundLists(argument.type, given[argument.name], argument.name);
    this.isFixed &&= !(field.arguments ?? []).some(
      ({ name, value }) => holdsVariable(value) && (isPage || mayHoldList(definition, name.value)),
    );
    const { size } = isPage ? pageSizeOf(given) : { size: 0 };
    if (!field.selectionSet) return 0;
    const below = this.cost(field.selectionSet, type);
    if (isPage) return size * (1 + below);
    // The items of a page are counted where the page is.
    if (!isListType(getNullableType(definition.type)) || parent.name.endsWith('Connection')) return below;
    return this.lengthOf(parent, definition, given) * (1 + below);
  }

  private definitionOf(
    field: FieldNode,
    parent: GraphQLNamedType | undefined,
  ): GraphQLField<unknown, unknown> | undefined {
    const name = field.name.value;
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  }

  private argumentsOf(definition: GraphQLField<unknown, unknown>, field: FieldNode): Values {
    try {
      return getArgumentValues(definition, field, this.variables);
    } catch (error) {
      // Values that do not fit are refused by the execution itself.
      this.isFixed = false;
      if (error instanceof GraphQLError) return {};
      throw error;
    }
  }

  private lengthOf(
    parent: GraphQLNamedType,
    { name }: GraphQLField<unknown, unknown>,
    given: Values,
  ): number {
    if (parent.name === '__Schema' && name === 'types') return Object.keys(this.schema.getTypeMap()).length;
    if (parent.name.startsWith('__')) return LIST_OF_SCHEMA;
    return Array.isArray(given['ids']) ? given['ids'].length : UNPAGED_LIST;
  }
}

/** What operations cost whatever their variables are: these are counted once. */
const fixed = new WeakMap<OperationDefinitionNode, Cost>();

/**
 * What an operation asks for. It is known once the variables are, since page sizes mostly come in them.
 * @param variables as they were coerced.
 * @throws GraphQLError QUERY_TOO_COMPLEX where it is too much, and Problem BAD_USER_INPUT for a page or a list of a size
 * that is never taken.
 */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Values,
): Cost {
  const known = fixed.get(operation);
  if (known) return known;
  const root = schema.getRootType(operation.operation) ?? undefined;
  const costing = new Costing(schema, document, variables);
  const asked = costing.cost(operation.selectionSet, root);
  if (asked > MOST_ITEMS)
    throw tooComplex(
      `The operation could give ${asked} items (pages within pages multiply): at most ${MOST_ITEMS} are served, so ask for smaller pages.`,
    );
  const cost = { asked, most: MOST_ITEMS };
  if (costing.isFixed) fixed.set(operation, cost);
  return cost;
}
