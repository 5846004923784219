/**
 * Requests that cannot be taken at all. They are thrown, and reach the caller as GraphQL errors with `code` in their
 * extensions; refusals of the domain are not among them: those are data (`userErrors`).
 */
export class Problem extends Error {
  constructor(
    readonly code:
      | 'UNAUTHENTICATED'
      | 'FORBIDDEN'
      | 'BAD_USER_INPUT'
      | 'NOT_FOUND'
      | 'GONE'
      | 'QUERY_TOO_COMPLEX'
      | 'RATE_LIMITED'
      | 'CURSOR_EXPIRED',
    message: string,
  ) {
    super(message);
    this.name = 'Problem';
  }
}

export const unauthenticated = (message: string): Problem => new Problem('UNAUTHENTICATED', message);
export const forbidden = (message: string): Problem => new Problem('FORBIDDEN', message);
export const badInput = (message: string): Problem => new Problem('BAD_USER_INPUT', message);
export const notFound = (message: string): Problem => new Problem('NOT_FOUND', message);
export const gone = (message: string): Problem => new Problem('GONE', message);
export const cursorExpired = (message: string): Problem => new Problem('CURSOR_EXPIRED', message);
