import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { ProviderError, type Retry } from '../channels/channel';
import { DatabaseUnavailable } from '../database/connection';
import { Problem } from '../problems';
import { withoutQuotedValues } from './quoted-values';

/** What the API's errors bear in `extensions.code`. */
type ErrorCode =
  | Problem['code']
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'PROVIDER_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR';

/** Seconds after which a caller may try again while the database or the provider cannot be reached. */
export const RETRY_AFTER = 5;

const AS_BAD_INPUT = new Set([
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);
const AS_THEY_ARE = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'QUERY_TOO_COMPLEX',
  'RATE_LIMITED',
]);

const STATUSES: Record<ErrorCode, number> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  NOT_FOUND: 404,
  GONE: 410,
  QUERY_TOO_COMPLEX: 400,
  RATE_LIMITED: 429,
  CURSOR_EXPIRED: 410,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  PROVIDER_UNAVAILABLE: 502,
  INTERNAL_SERVER_ERROR: 500,
};

/** What to do where the provider fails. */
const ADVICE: Record<Retry, string> = {
  transient: 'Try again in a few seconds.',
  once: 'Try again in a few seconds.',
  recipient: 'Try again in a few seconds.',
  account: "An admin must repair the number's account at the provider first.",
  never: 'To try again would not help.',
};

/** What a caller is told of an error: never more than it may know. */
export interface PresentedError {
  readonly code: ErrorCode;
  readonly message: string;
  /** The HTTP status for surfaces that are not GraphQL. */
  readonly status: number;
  /** Seconds after which the same request may succeed; left out where nothing says so. */
  readonly retryAfter?: number;
}

/** What was thrown in the first place, under all that wrapped it. */
export function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof GraphQLError && root.originalError) root = root.originalError;
  return root;
}

/** The codes that an error and what it wraps were given, the innermost first. */
function codesOf(error: GraphQLError): string[] {
  const codes: string[] = [];
  for (let one: unknown = error; one instanceof GraphQLError; one = one.originalError) {
    const { code } = one.extensions;
    if (typeof code === 'string') codes.unshift(code);
  }
  return codes;
}

/** The code of an error that the caller made by what it asked; null where it is not the caller's. */
function requestErrorCode(error: unknown): ErrorCode | null {
  const root = rootOf(error);
  if (!(error instanceof GraphQLError) || !(root instanceof GraphQLError)) return null;
  const [code] = codesOf(error);
  if (code !== undefined && AS_THEY_ARE.has(code)) return code as ErrorCode;
  if (code !== undefined && AS_BAD_INPUT.has(code)) return 'BAD_USER_INPUT';
  // Values that do not fit their types: what points into the document is about the document. What a scalar says of a
  // variable points nowhere itself, but came up before anything of the operation ran.
  const beforeAnythingRan = error.nodes !== undefined && error.path === undefined;
  return code === undefined && (root.nodes || beforeAnythingRan) ? 'BAD_USER_INPUT' : null;
}

/** Decides what callers are told of errors, and writes the rest into the log, once each. */
export class Masking {
  private readonly told = new WeakSet();

  constructor(private readonly log: Logger) {}

  /** @param requestId under which the log speaks of it. */
  present(error: unknown, requestId: string): PresentedError {
    const root = rootOf(error);
    if (root instanceof Problem) return this.presented(root.code, root.message);
    const code = requestErrorCode(error);
    if (code !== null && error instanceof GraphQLError)
      return this.presented(code, withoutQuotedValues(error));
    if (root instanceof DatabaseUnavailable) {
      this.tell('warn', root, requestId, 'The database was unavailable to a request');
      const message = `The database cannot be reached at the moment (request ${requestId}): try again in a few seconds.`;
      const presented = this.presented('INTERNAL_SERVER_ERROR', message);
      return { ...presented, status: 503, retryAfter: RETRY_AFTER };
    }
    if (root instanceof ProviderError) {
      this.tell('warn', root, requestId, 'The provider did not give what a request takes');
      const message = `WhatsApp did not give it: ${root.message.replace(/\.?$/, '.')} ${ADVICE[root.retry]}`;
      const presented = this.presented('PROVIDER_UNAVAILABLE', message);
      const isLasting = root.retry === 'account' || root.retry === 'never';
      return {
        ...presented,
        ...(root.timedOut && { status: 504 }),
        ...(!isLasting && { retryAfter: RETRY_AFTER }),
      };
    }
    this.tell('error', root, requestId, 'A request failed unexpectedly');
    return this.presented(
      'INTERNAL_SERVER_ERROR',
      `An unexpected error happened (request ${requestId}). Try again; if it happens again, tell who runs this server the request's id.`,
    );
  }

  /** An error as it stands in a GraphQL response. */
  format(error: unknown, requestId: string): GraphQLFormattedError {
    const { code, message } = this.present(error, requestId);
    const { locations, path } = error instanceof GraphQLError ? error.toJSON() : {};
    return { message, ...(locations && { locations }), ...(path && { path }), extensions: { code } };
  }

  private presented(code: ErrorCode, message: string): PresentedError {
    return { code, message, status: STATUSES[code] };
  }

  private tell(level: 'warn' | 'error', root: unknown, requestId: string, message: string): void {
    if (typeof root === 'object' && root !== null) {
      if (this.told.has(root)) return;
      this.told.add(root);
    }
    this.log[level]({ err: root, requestId }, message);
  }
}
