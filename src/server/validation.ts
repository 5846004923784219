import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { badInput, Problem } from '../problems';
import { lengthError, limitError, MOST_TOKENS } from './document-limits';
import { costOf, type Cost } from './operation-cost';

/** Who makes more mistakes in one document learns of the first. */
const MOST_ERRORS = 20;

export interface Refused {
  readonly errors: readonly GraphQLError[];
}

/** An operation that may run. */
export interface Admitted {
  readonly operation: OperationDefinitionNode;
  /** The variables as their types have them, with what is left out filled in. */
  readonly coerced: Record<string, unknown>;
  readonly cost: Cost;
}

const withCode = (error: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    originalError: error,
    extensions: { code },
  });

/** What is wrong with documents that were checked before: those that come again and again are checked once. */
const checked = new WeakMap<DocumentNode, readonly GraphQLError[]>();

function errorsIn(
  schema: GraphQLSchema,
  document: DocumentNode,
  options: { maxErrors: number; hideSuggestions: boolean },
): readonly GraphQLError[] {
  const known = checked.get(document);
  if (known) return known;
  const beyond = limitError(document);
  const errors = beyond
    ? [beyond]
    : validate(schema, document, specifiedRules, options).map((error) =>
        withCode(error, 'GRAPHQL_VALIDATION_FAILED'),
      );
  checked.set(document, errors);
  return errors;
}

/**
 * What every operation must pass before anything of it runs, at both doors: the limits of documents, the rules of
 * GraphQL, values that fit, and the limits of what it asks for.
 * @param hideSuggestions of names, where a schema's details are not for everybody.
 */
export function admit(
  schema: GraphQLSchema,
  document: DocumentNode,
  given: {
    operationName?: string | null | undefined;
    variables?: Record<string, unknown> | null | undefined;
  },
  hideSuggestions: boolean,
): Admitted | Refused {
  const options = { maxErrors: MOST_ERRORS, hideSuggestions };
  const errors = errorsIn(schema, document, options);
  if (errors.length > 0) return { errors };
  try {
    const operation = getOperationAST(document, given.operationName);
    if (!operation)
      throw badInput('Which operation to run is not clear: name one of the document in `operationName`.');
    const { variableDefinitions: definitions = [] } = operation;
    const { coerced = {}, errors: unfitting } =
      definitions.length > 0 ? getVariableValues(schema, definitions, given.variables ?? {}, options) : {};
    if (unfitting) return { errors: unfitting.map((error) => withCode(error, 'BAD_USER_INPUT')) };
    return { operation, coerced, cost: costOf(schema, document, operation, coerced) };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    if (error instanceof Problem)
      return { errors: [new GraphQLError(error.message, { originalError: error })] };
    throw error;
  }
}

/** Documents that came lately, by their text: subscribers by the thousand ask the same, and share what was made of it. */
const known = new Map<string, DocumentNode>();
const MOST_KNOWN = 500;
/** Longer ones are rare, and take memory. */
const LONGEST_KNOWN = 4_000;

function remember(text: string, document: DocumentNode): void {
  if (text.length > LONGEST_KNOWN) return;
  known.delete(text);
  known.set(text, document);
  const [oldest] = known.keys();
  if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
}

/** Reads a document. @returns the document, or why it cannot be read. */
export function readDocument(text: string): { document: DocumentNode } | Refused {
  const tooLong = lengthError(text);
  if (tooLong) return { errors: [tooLong] };
  try {
    const document = known.get(text) ?? parse(text, { maxTokens: MOST_TOKENS });
    remember(text, document);
    return { document };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [withCode(error, 'GRAPHQL_PARSE_FAILED')] };
    throw error;
  }
}
