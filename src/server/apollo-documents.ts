import type { ApolloServerOptions, GraphQLRequest } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { knownDocument, rememberDocument } from './validation';

type Options = ApolloServerOptions<object>;

const DONE = Promise.resolve();
const NO_DOCUMENT = '';

/** Apollo puts what a key is for before a colon. */
const textOf = (key: string): string => key.slice(key.indexOf(':') + 1);

/**
 * Has Apollo know documents by their texts, as `readDocument` does, and with it. By itself it makes a hash of each text that
 * comes, which takes longer than a small answer; it makes none of a persisted query, whose name it is told. So to Apollo
 * every document is a persisted query that is named by its own text.
 */
export const DOCUMENTS_BY_TEXT = {
  persistedQueries: {
    cache: {
      get: (key) => Promise.resolve(textOf(key) || undefined),
      set: () => DONE,
      delete: () => DONE,
    },
  },
  documentStore: {
    get: (key) => Promise.resolve(knownDocument(textOf(key))),
    set: (key, document) => {
      rememberDocument(textOf(key), document);
      return DONE;
    },
    delete: () => DONE,
  },
} satisfies Pick<Options, 'persistedQueries' | 'documentStore'>;

/** Names a request's document by its text. What a client itself says of persisted queries leads to no document. */
export function nameDocument(request: GraphQLRequest): void {
  const { query, extensions } = request;
  const isNamed = Boolean(extensions?.['persistedQuery']);
  // Apollo says itself what it thinks of a request without a document.
  if (!query && !isNamed) return;
  const sha256Hash = isNamed ? NO_DOCUMENT : query;
  Object.assign(request, { query: undefined, extensions: { persistedQuery: { version: 1, sha256Hash } } });
}

/** What clients are told that name documents themselves: they write them out then. */
const NOT_SUPPORTED = new GraphQLError('PersistedQueryNotSupported', {
  extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
});

/** An error as a client may know it: Apollo looked for what is not kept here. */
export function withoutNames(error: unknown): unknown {
  const isOfNames = error instanceof GraphQLError && error.extensions['code'] === 'PERSISTED_QUERY_NOT_FOUND';
  return isOfNames ? NOT_SUPPORTED : error;
}
