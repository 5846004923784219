import { HeaderMap, type HTTPGraphQLRequest, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import { Remembered } from './remembered';

/** The headers that Apollo looks at, and we with it. */
const LOOKED_AT = ['accept', 'content-type', 'apollo-require-preflight', 'x-apollo-operation-name'];
/** How nearly all clients write what their bodies are. */
const JSON_TYPES = new Set<unknown>([
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=utf-8',
]);

function headersOf({ headers }: FastifyRequest): HeaderMap {
  const given = new HeaderMap();
  for (const name of LOOKED_AT) {
    const value = headers[name];
    if (value) given.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  // No page of somebody else can send JSON unasked: told so, Apollo does not take the type apart once more.
  if (JSON_TYPES.has(headers['content-type']) && given.delete('content-type'))
    given.set('apollo-require-preflight', 'JSON');
  return given;
}

/** A request as Apollo takes it. */
export function apolloRequest(request: FastifyRequest): HTTPGraphQLRequest {
  const { method, body, url } = request;
  const search = method === 'GET' ? new URL(url, 'http://localhost').search : '';
  return { method, body, search, headers: headersOf(request) };
}

/** Clients accept one of a handful of things. */
const MOST_ACCEPTED = 100;

/** The media types that Apollo chose by what clients accept: choosing takes it longer than all else of a small answer. */
export class ChosenTypes {
  private readonly heads = new Remembered<HeaderMap>(MOST_ACCEPTED);

  /** The headers of an answer to a request; none where Apollo is still to choose. */
  headersFor(request: HTTPGraphQLRequest | undefined): HeaderMap {
    return this.heads.get(request?.headers.get('accept') ?? '') ?? new HeaderMap();
  }

  /** Learns from an answer. One with an error may be of a type that its client does not accept. */
  learn(request: HTTPGraphQLRequest, { status = 200, headers }: HTTPGraphQLResponse): void {
    const accepted = request.headers.get('accept') ?? '';
    const type = headers.get('content-type');
    if (status === 200 && type !== undefined && !this.heads.get(accepted))
      this.heads.set(accepted, new HeaderMap([['content-type', type]]));
  }
}
