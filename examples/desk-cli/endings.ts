import { SignedOut } from './sign-in';

/** What to do once a subscription, or the socket with all of them, has ended. */
export type Remedy =
  /** Go on after the last cursor, on a new socket if need be. */
  | 'RESUME'
  /** Get a fresh token, then go on after the last cursor. */
  | 'SIGN_IN'
  /** The log does not reach back to the cursor: read the lists again, and go on from the position that comes with them. */
  | 'READ_ANEW'
  /** It would end like that again. */
  | 'GIVE_UP';

const FORBIDDEN = 4403;
/** The client broke the protocol, or has too many sockets: 4429. All other codes pass with time. */
const OUR_FAULT = new Set([1002, 1003, 1007, 1009, 4400, 4401, 4406, 4409, 4429]);

/** How a subscription ended: a socket's close, the server's errors, or a failure of the network. */
interface Closed {
  code: number;
  reason: string;
}
type Errors = readonly { message: string; extensions?: { code?: string } | undefined }[];

const isClosed = (ending: unknown): ending is Closed =>
  typeof ending === 'object' && ending !== null && 'code' in ending && typeof ending.code === 'number';
const isErrors = (ending: unknown): ending is Errors => Array.isArray(ending);

function remedyOfErrors([error]: Errors): Remedy {
  switch (error?.extensions?.code) {
    // The log does not reach back so far, or is another one than before: the database was restored.
    case 'CURSOR_EXPIRED':
    case 'BAD_USER_INPUT':
      return 'READ_ANEW';
    case 'FORBIDDEN':
    case 'NOT_FOUND':
    case 'GRAPHQL_PARSE_FAILED':
    case 'GRAPHQL_VALIDATION_FAILED':
    case 'QUERY_TOO_COMPLEX':
      return 'GIVE_UP';
    // RATE_LIMITED, INTERNAL_SERVER_ERROR; after UNAUTHENTICATED the socket closes with 4403.
    default:
      return 'RESUME';
  }
}

export function remedyFor(ending: unknown): Remedy {
  if (ending instanceof SignedOut) return 'GIVE_UP';
  if (isErrors(ending)) return remedyOfErrors(ending);
  if (!isClosed(ending)) return 'RESUME';
  if (ending.code === FORBIDDEN) return 'SIGN_IN';
  return OUR_FAULT.has(ending.code) ? 'GIVE_UP' : 'RESUME';
}

/** An ending in words. */
export function describeEnding(ending: unknown): string {
  if (isErrors(ending)) return ending.map(({ message }) => message).join(' ');
  if (isClosed(ending)) return `${ending.reason || 'the connection was cut'} (${ending.code})`;
  return ending instanceof Error ? ending.message : 'the server cannot be reached';
}
