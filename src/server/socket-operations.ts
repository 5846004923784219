import { randomUUID } from 'node:crypto';
import {
  getOperationAST,
  GraphQLError,
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLFormattedError,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { MINUTE } from '../clock';
import { Problem } from '../problems';
import { reviewViewer } from '../services/access/authentication';
import type { Platform } from '../services/context';
import { noteEventCursor } from './event-cursor';
import { rootOf, type Masking } from './masking';
import { RequestContext } from './request-context';
import { apiSchema } from './schema';
import { CLOSE, type SocketSession } from './socket-session';
import { costError, readDocument } from './validation';

const MOST_OPERATIONS = 20;

/** A problem as an error of the operation, which leaves the socket's other operations alone. */
const asError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError
    ? error
    : new GraphQLError(error instanceof Error ? error.message : String(error), {
        originalError: error instanceof Error ? error : null,
      });

/** What every operation on a socket goes through: the steps that `graphql.ts` has for HTTP, in the same order. */
export class SocketOperations {
  constructor(
    private readonly platform: Platform,
    private readonly masking: Masking,
  ) {}

  /** What to execute, or why not. Never throws: that would close the socket with all that runs on it. */
  async begin(
    session: SocketSession,
    id: string,
    payload: SubscribePayload,
    running: number,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    try {
      if (running > MOST_OPERATIONS) {
        throw new Problem(
          'RATE_LIMITED',
          `A socket runs at most ${MOST_OPERATIONS} operations at once: complete one of them, or open another socket.`,
        );
      }
      this.keepPace(session);
      return await this.prepare(session, id, payload);
    } catch (error) {
      if (rootOf(error) instanceof Problem && (rootOf(error) as Problem).code === 'UNAUTHENTICATED') {
        session.close(CLOSE.forbidden, 'The token is accepted no more: connect again with a fresh one.');
      }
      session.operations.delete(id);
      return [asError(error)];
    }
  }

  format(session: SocketSession, id: string, errors: readonly GraphQLError[]): GraphQLFormattedError[] {
    const context = session.operations.get(id);
    const requestId = context instanceof RequestContext ? context.requestId : randomUUID();
    return errors.map((error) => this.masking.format(error, requestId));
  }

  /** A result with its errors masked. */
  formatResult(
    session: SocketSession,
    id: string,
    result: ExecutionResult,
  ): FormattedExecutionResult | undefined {
    return result.errors && { ...result, errors: this.format(session, id, result.errors) };
  }

  private async prepare(
    session: SocketSession,
    id: string,
    payload: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const schema = apiSchema();
    const read = readDocument(schema, payload.query, this.platform.config.production);
    if ('errors' in read) return read.errors;
    const { document } = read;
    const operation = getOperationAST(document, payload.operationName);
    if (!operation) {
      throw new Problem(
        'BAD_USER_INPUT',
        'Which operation to run is not clear: name one of the document in `operationName`.',
      );
    }
    const variables = payload.variables ?? {};
    const tooComplex = costError(schema, document, operation, variables);
    if (tooComplex) return [tooComplex];
    if (!session.viewer) throw new Problem('UNAUTHENTICATED', 'This socket belongs to nobody.');
    session.viewer = await reviewViewer(this.platform, session.viewer);
    const context = new RequestContext(this.platform, session.viewer, randomUUID());
    session.operations.set(id, context);
    await noteEventCursor(context, document, operation);
    return {
      schema,
      document,
      contextValue: context,
      variableValues: variables,
      operationName: payload.operationName ?? null,
    };
  }

  /** Operations count against a rate here as requests do at HTTP. */
  private keepPace({ pace }: SocketSession): void {
    const now = this.platform.clock.now();
    if (now - pace.since >= MINUTE) Object.assign(pace, { since: now, count: 0 });
    pace.count += 1;
    if (pace.count > this.platform.config.requestsPerMinute) {
      throw new Problem('RATE_LIMITED', 'Too many operations on this socket: wait a minute and try again.');
    }
  }
}
