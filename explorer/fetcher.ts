import type { Fetcher } from '@graphiql/toolkit';
import {
  getOperationAST,
  OperationTypeNode,
  parse,
  type ExecutionResult,
  type OperationDefinitionNode,
} from 'graphql';
import eventCursor from './operations/choices/event-cursor.graphql';
import { canResume, type LiveConnection, type Receiver } from './live-connection';
import type { SignIn } from './sign-in';

/**
 * The operation to run. Right after a tab was opened GraphiQL still gives the name of the former tab's, so a document's
 * only operation is meant whatever it is called; null where the server has to say what is wrong.
 */
function operationIn(query: string, name: string | null | undefined): OperationDefinitionNode | null {
  try {
    const document = parse(query);
    return getOperationAST(document) ?? getOperationAST(document, name) ?? null;
  } catch {
    return null;
  }
}

const refusalIn = ({ errors }: ExecutionResult): string | null =>
  errors?.find(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED')?.message ?? null;

/** What GraphiQL runs operations with: subscriptions over the WebSocket, everything else by POST. */
export function createFetcher(signIn: SignIn, live: LiveConnection): Fetcher {
  const post = async (body: object, headers?: Record<string, string>): Promise<ExecutionResult> => {
    const result = (await signIn.post(body, headers)) as ExecutionResult;
    const refusal = refusalIn(result);
    if (refusal !== null && signIn.current().token !== null) signIn.refused(refusal);
    return result;
  };
  return async ({ query, variables, operationName }, options) => {
    const operation = operationIn(query, operationName);
    const body = {
      query,
      variables: variables as Record<string, unknown> | undefined,
      operationName: operation?.name?.value ?? operationName,
    };
    if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return post(body, options?.headers);
    // One that can be resumed begins where the log stands, so that it has a place even before its first event.
    if (canResume(query) && body.variables?.['after'] == null) {
      const { data } = await post({ query: eventCursor });
      body.variables = { ...body.variables, after: data?.['eventCursor'] ?? null };
    }
    return {
      // GraphiQL passes an object; the type allows what older libraries did as well.
      subscribe: (receiver) => live.subscribe(body, receiver as Receiver),
    };
  };
}
