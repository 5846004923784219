import {
  ApolloServer,
  HeaderMap,
  type ApolloServerPlugin,
  type GraphQLRequestListener,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { DatabaseUnavailable } from '../database/connection';
import type { Platform } from '../services/context';
import { noteEventCursor } from './event-cursor';
import { prefersPage, sendExplorer } from './explorer';
import { RETRY_AFTER, rootOf, type Masking } from './masking';
import { contextOfRequest, type RequestContext, type Seen } from './request-context';
import { apiSchema } from './schema';
import { costError, LIMIT_RULES, MOST_TOKENS } from './validation';

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
const statuses: GraphQLRequestListener<RequestContext>['willSendResponse'] = ({
  request,
  response,
  errors,
}) => {
  if (response.body.kind !== 'single') return Promise.resolve();
  const { data, errors: told } = response.body.singleResult;
  const gaveNothing = !data || Object.values(data).every((value) => value === null);
  if (gaveNothing && errors?.some((error) => rootOf(error) instanceof DatabaseUnavailable)) {
    response.http.status = 503;
    response.http.headers.set('retry-after', String(RETRY_AFTER));
  } else if (response.http.status === 400 && request.query && isLegacy(request.http?.headers.get('accept'))) {
    if (told?.every((error) => WELL_FORMED.has(error.extensions?.['code']))) response.http.status = 200;
  }
  return Promise.resolve();
};

/** What every operation goes through besides Apollo's own steps; the WebSocket does the same in `operations.ts`. */
function ourSteps(requestIdOf: WeakMap<object, string>): ApolloServerPlugin<RequestContext> {
  const listener: GraphQLRequestListener<RequestContext> = {
    async didResolveOperation({ schema, document, operation, request, contextValue }) {
      if (!operation) return;
      if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
        const message =
          'Subscriptions are served over a WebSocket at this address, with the protocol graphql-transport-ws.';
        throw refusal('BAD_USER_INPUT', message, 400);
      }
      const tooComplex = costError(schema, document, operation, request.variables ?? {});
      if (tooComplex) {
        tooComplex.extensions['http'] = { status: 400, headers: new HeaderMap() };
        throw tooComplex;
      }
      await noteEventCursor(contextValue, document, operation);
    },
    didEncounterErrors({ errors, contextValue }) {
      for (const error of errors) requestIdOf.set(error, contextValue.requestId);
      return Promise.resolve();
    },
    willSendResponse: statuses,
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

function createApollo(platform: Platform, masking: Masking): ApolloServer<RequestContext> {
  const requestIdOf = new WeakMap<object, string>();
  return new ApolloServer<RequestContext>({
    schema: apiSchema(),
    validationRules: [...LIMIT_RULES],
    parseOptions: { maxTokens: MOST_TOKENS },
    introspection: true,
    csrfPrevention: true,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: platform.config.production,
    logger: platform.log,
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ourSteps(requestIdOf),
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
  const apollo = createApollo(platform, masking);
  await apollo.start();
  app.addHook('onClose', () => apollo.stop());

  const contextOf = async (request: Pick<FastifyRequest, 'headers' | 'id'>): Promise<RequestContext> => {
    try {
      return await contextOfRequest(platform, seen, request);
    } catch (error) {
      const { code, message, status } = masking.present(error, request.id);
      throw refusal(code, message, status);
    }
  };

  app.route({
    method: ['GET', 'POST'],
    url: GRAPHQL_PATH,
    bodyLimit: LARGEST_BODY,
    preHandler(request, reply, done) {
      if (prefersPage(request)) sendExplorer(reply).catch(done);
      else done();
    },
    handler: fastifyApolloHandler<RequestContext>(apollo, { context: contextOf }),
  });
}
