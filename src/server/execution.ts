import {
  execute,
  getOperationAST,
  GraphQLError,
  GraphQLScalarType,
  Kind,
  print,
  visit,
  type DefinitionNode,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';

/** Compiling costs as much as running a good many times: what is asked only once or twice is not worth it. */
const USES_BEFORE_COMPILING = 2;

/** An operation that was admitted, with what it is to be run with. */
export interface Execution extends ExecutionArgs {
  /** The variables as `admit` coerced them. */
  coerced: Record<string, unknown>;
}

type Compiled = CompiledQuery['query'];
/** How often an operation was run so far; then what runs it from there on, and null where only GraphQL's interpreter can. */
type Plan = number | Compiled | null;

const plans = new WeakMap<DocumentNode, Map<string, Plan>>();

function compiledFor({ schema, document, operationName }: ExecutionArgs): Compiled | null {
  const ofDocument = plans.get(document) ?? new Map<string, Plan>();
  plans.set(document, ofDocument);
  const name = operationName ?? '';
  const plan = ofDocument.get(name) ?? 0;
  if (typeof plan !== 'number') return plan;
  const next = plan < USES_BEFORE_COMPILING ? plan + 1 : compile(schema, document, name);
  ofDocument.set(name, next);
  return typeof next === 'number' ? null : next;
}

/** Whether an operation has come often enough to be run compiled, and can be. */
export function isCompiled(document: DocumentNode, operationName = ''): boolean {
  return typeof plans.get(document)?.get(operationName) === 'function';
}

/** The type of variables for the compiler, whose own coercion is not whole: they come to it coerced. */
const COERCED = new GraphQLScalarType({ name: '_Coerced' });

function compile(schema: GraphQLSchema, document: DocumentNode, operationName: string): Compiled | null {
  if (isBeyondCompiler(document)) return null;
  const operation = getOperationAST(document, operationName || undefined);
  const definitions = document.definitions.map((definition): DefinitionNode =>
    definition === operation
      ? { ...operation, variableDefinitions: (operation.variableDefinitions ?? []).map(asCoerced) }
      : definition,
  );
  const withCoerced = Object.create(schema, {
    getType: { value: (name: string) => (name === COERCED.name ? COERCED : schema.getType(name)) },
  }) as GraphQLSchema;
  const made = compileQuery(withCoerced, { ...document, definitions }, operationName || undefined);
  return isCompiledQuery(made) ? made.query : null;
}

/** A variable as it is declared to the compiler: flags as they are, since directives ask for them. */
function asCoerced(definition: VariableDefinitionNode): VariableDefinitionNode {
  const { kind, variable, type } = definition;
  if (print(type) === 'Boolean!') return { kind, variable, type };
  return { kind, variable, type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: COERCED.name } } };
}

/** The compiler forgets the defaults of fields that variables within literals leave out. */
function isBeyondCompiler(document: DocumentNode): boolean {
  let literals = 0;
  let isBeyond = false;
  const literal = {
    enter: (): void => void (literals += 1),
    leave: (): void => void (literals -= 1),
  };
  visit(document, {
    ObjectValue: literal,
    ListValue: literal,
    Variable: () => void (isBeyond ||= literals > 0),
  });
  return isBeyond;
}

/**
 * Runs a query or a mutation that was admitted, or answers an event of a subscription. Operations that come again and
 * again are compiled into functions of their own, which give what GraphQL's interpreter gives at a fraction of its cost.
 */
export async function run({ coerced, ...args }: Execution): Promise<ExecutionResult> {
  const compiled = compiledFor(args);
  if (!compiled) return execute(args);
  const { data, errors } = await compiled(args.rootValue, args.contextValue, coerced);
  return {
    ...(errors && { errors: errors.map(interpreted) }),
    ...(data !== undefined && { data }),
  };
}

/** An error as the interpreter would have made it: the compiler's own are not whole. */
function interpreted({ message, path, locations, originalError }: GraphQLError): GraphQLError {
  return Object.assign(new GraphQLError(message, { path, originalError }), { locations });
}
