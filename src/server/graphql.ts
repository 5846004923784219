import { Readable } from 'node:stream';
import {
  ApolloServer,
  HeaderMap,
  type GraphQLResponse,
  type GraphQLRequestContextWillSendResponse,
  type GraphQLRequestListener,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { DatabaseUnavailable } from '../database/connection';
import { badInput } from '../problems';
import type { Platform } from '../services/context';
import { askedIn } from './asked-fields';
import { apolloRequest, ChosenTypes } from './apollo-request';
import { lengthError, MOST_TOKENS } from './document-limits';
import { noteEventCursor } from './event-cursor';
import { run } from './execution';
import { prefersPage, sendExplorer } from './explorer';
import { RETRY_AFTER, rootOf, type Masking } from './masking';
import { presumedContextOf, type RequestContext, type Seen } from './request-context';
import { apiSchema } from './schema';
import { admit } from './validation';

export const GRAPHQL_PATH = '/graphql';
const LARGEST_BODY = 1_048_576;

/** An error found before anything of the operation ran, with the HTTP status it is answered with. */
function refusal(code: string, message: string, status: number): GraphQLError {
  const headers = new HeaderMap(status === 503 ? [['retry-after', String(RETRY_AFTER)]] : []);
  return new GraphQLError(message, { extensions: { code, http: { status, headers } } });
}

/** Whether the client asked for the older media type, under which a well-formed request is answered with 200. */
function isLegacy(accept: string | undefined): boolean {
  if (accept === undefined) return true;
  const modern = accept.indexOf('application/graphql-response+json');
  const legacy = accept.search(/application\/json|\*\/\*/);
  return modern === -1 || (legacy !== -1 && legacy < modern);
}

const WELL_FORMED = new Set<unknown>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'QUERY_TOO_COMPLEX',
]);

/** Which errors are the request's and which the server's, as HTTP statuses (GraphQL over HTTP, sections 6.4.1 and 6.4.2). */
function setStatus(
  { request, response, errors = [] }: GraphQLRequestContextWillSendResponse<RequestContext>,
  failed: readonly Error[],
): void {
  const isFine = errors.length === 0 && failed.length === 0 && response.http.status !== 400;
  if (isFine || response.body.kind !== 'single') return;
  const { data, errors: told } = response.body.singleResult;
  const gaveNothing = !data || Object.values(data).every((value) => value === null);
  if (gaveNothing && [...errors, ...failed].some((error) => rootOf(error) instanceof DatabaseUnavailable)) {
    response.http.status = 503;
    response.http.headers.set('retry-after', String(RETRY_AFTER));
  } else if (response.http.status === 400 && request.query && isLegacy(request.http?.headers.get('accept'))) {
    if (told?.every((error) => WELL_FORMED.has(error.extensions?.['code']))) response.http.status = 200;
  }
}

const SUBSCRIPTION_HERE = badInput(
  'Subscriptions are served over a WebSocket at this address, with the protocol graphql-transport-ws.',
);

/** Makes sure of the caller. What was read for whom it was taken for is forgotten where it is somebody else by now. */
async function confirmCaller(
  context: RequestContext,
  masking: Masking,
): Promise<{ hasChanged: boolean } | GraphQLError> {
  try {
    return { hasChanged: !(await context.confirmCaller()) };
  } catch (error) {
    const { code, message, status } = masking.present(error, context.requestId);
    return refusal(code, message, status);
  }
}

/** The answer to a request that is refused as a whole. */
function answeredWith({ message, extensions }: GraphQLError, headers: HeaderMap): GraphQLResponse {
  const { code, http } = extensions as { code: string; http: { status: number; headers: HeaderMap } };
  const singleResult = { errors: [{ message, extensions: { code } }] };
  const all = new HeaderMap([...headers, ...http.headers]);
  return { http: { status: http.status, headers: all }, body: { kind: 'single', singleResult } };
}

/** What every operation goes through besides Apollo's own steps; `socket-operations.ts` has the same for the WebSocket. */
function stepsOf(
  { config: { production } }: Platform,
  masking: Masking,
  requestIdOf: WeakMap<object, string>,
  types: ChosenTypes,
): GraphQLRequestListener<RequestContext> {
  let refused: readonly Error[] = [];
  let coerced: Record<string, unknown> = {};
  /** What went wrong while it ran. */
  let failed: readonly Error[] = [];
  return {
    async didResolveOperation({ schema, document, request, contextValue }) {
      const admitted = admit(schema, document, request, production);
      if ('errors' in admitted) refused = admitted.errors;
      else if (admitted.operation.operation === OperationTypeNode.SUBSCRIPTION) refused = [SUBSCRIPTION_HERE];
      if ('errors' in admitted || refused.length > 0) return;
      contextValue.cost = admitted.cost;
      contextValue.asked = askedIn(schema, document);
      ({ coerced } = admitted);
      await noteEventCursor(contextValue, document, admitted.operation);
    },
    async responseForOperation({ schema, document, request, contextValue, operation }) {
      const headers = types.headersFor(request.http);
      const formatted = (all: readonly Error[]) =>
        all.map((error) => masking.format(error, contextValue.requestId));
      const confirmed = confirmCaller(contextValue, masking);
      // Who is no caller any more learns nothing else, and acts are begun by nobody who is only taken for somebody.
      const isAtOnce = refused.length === 0 && operation.operation === OperationTypeNode.QUERY;
      const before = isAtOnce ? null : await confirmed;
      if (before instanceof GraphQLError) return answeredWith(before, headers);
      if (refused.length > 0) {
        const singleResult = { errors: formatted(refused) };
        return { http: { status: 400, headers }, body: { kind: 'single', singleResult } };
      }
      const { variables: variableValues, operationName } = request;
      const args = { schema, document, contextValue, variableValues, operationName, coerced };
      const [result, caller] = await Promise.all([run(args), confirmed]);
      if (caller instanceof GraphQLError) return answeredWith(caller, headers);
      const isForAnother = isAtOnce && caller.hasChanged;
      if (isForAnother) contextValue.renew();
      const { data, errors } = isForAnother ? await run(args) : result;
      failed = errors ?? [];
      const singleResult = {
        ...(errors && { errors: formatted(errors) }),
        ...(data !== undefined && { data }),
      };
      return { http: { headers }, body: { kind: 'single', singleResult } };
    },
    didEncounterErrors({ errors, contextValue }) {
      for (const error of errors) requestIdOf.set(error, contextValue.requestId);
      return Promise.resolve();
    },
    willSendResponse(sent) {
      setStatus(sent, failed);
      const { response, contextValue } = sent;
      const { extensions } = contextValue;
      if (extensions && response.body.kind === 'single') response.body.singleResult.extensions = extensions;
      return Promise.resolve();
    },
  };
}

function createApollo(
  platform: Platform,
  masking: Masking,
  types: ChosenTypes,
): ApolloServer<RequestContext> {
  const requestIdOf = new WeakMap<object, string>();
  return new ApolloServer<RequestContext>({
    schema: apiSchema(),
    parseOptions: { maxTokens: MOST_TOKENS },
    // `admit` does it instead: limits first, at both doors alike, and without hints at names where they are to be hidden.
    dangerouslyDisableValidation: true,
    introspection: true,
    csrfPrevention: true,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    logger: platform.log,
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      { requestDidStart: () => Promise.resolve(stepsOf(platform, masking, requestIdOf, types)) },
    ],
    formatError: (formatted, error) => {
      const requestId = typeof error === 'object' && error !== null ? requestIdOf.get(error) : undefined;
      if (requestId !== undefined) return masking.format(error, requestId);
      // Found before there was a context: what could not be read at all, or what `contextOf` has already masked.
      const code = formatted.extensions?.['code'];
      return code === 'UNAUTHENTICATED' || code === 'INTERNAL_SERVER_ERROR'
        ? formatted
        : masking.format(error, 'none');
    },
  });
}

/** Serves GraphQL over HTTP. */
export async function serveGraphQl(
  app: FastifyInstance,
  platform: Platform,
  masking: Masking,
  seen: Seen,
): Promise<void> {
  const types = new ChosenTypes();
  const apollo = createApollo(platform, masking, types);
  await apollo.start();
  app.addHook('onClose', () => apollo.stop());

  const contextOf = async (
    request: Pick<FastifyRequest, 'headers' | 'id' | 'body'>,
  ): Promise<RequestContext> => {
    try {
      const context = await presumedContextOf(platform, seen, request);
      const { query } = (request.body ?? {}) as { query?: unknown };
      const tooLong = typeof query === 'string' ? lengthError(query) : null;
      if (tooLong) throw tooLong;
      return context;
    } catch (error) {
      const { code, message, status } = masking.present(error, request.id);
      throw refusal(code, message, status);
    }
  };

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (prefersPage(request)) return sendExplorer(reply);
    const httpGraphQLRequest = apolloRequest(request);
    const context = () => contextOf(request);
    const answered = await apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context });
    types.learn(httpGraphQLRequest, answered);
    const { status = 200, headers, body } = answered;
    void reply.code(status);
    for (const [name, value] of headers) void reply.header(name, value);
    return body.kind === 'complete' ? body.string : Readable.from(body.asyncIterator);
  };

  app.route({ method: ['GET', 'POST'], url: GRAPHQL_PATH, bodyLimit: LARGEST_BODY, handler: answer });
}
