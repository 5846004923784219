import { randomUUID } from 'node:crypto';
import {
  GraphQLError,
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLFormattedError,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { Problem } from '../problems';
import { reviewViewer } from '../services/access/authentication';
import type { Platform } from '../services/context';
import { noteEventCursor } from './event-cursor';
import { rootOf, type Masking } from './masking';
import { RequestContext } from './request-context';
import type { RequestRate } from './request-rate';
import { apiSchema } from './schema';
import { CLOSE, type SocketSession } from './socket-session';
import { admit, readDocument } from './validation';

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
    private readonly rate: RequestRate,
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
      this.keepRate(session);
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

  /** A result with its errors masked, and what is told beside the data. */
  formatResult(session: SocketSession, id: string, result: ExecutionResult): FormattedExecutionResult {
    const context = session.operations.get(id);
    const { data, errors } = result;
    return {
      ...(errors && { errors: this.format(session, id, errors) }),
      ...(data !== undefined && { data }),
      ...(context instanceof RequestContext && context.extensions && { extensions: context.extensions }),
    };
  }

  private async prepare(
    session: SocketSession,
    id: string,
    payload: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const schema = apiSchema();
    const read = readDocument(payload.query);
    if ('errors' in read) return read.errors;
    const { document } = read;
    const admitted = admit(schema, document, payload, this.platform.config.production);
    if ('errors' in admitted) return admitted.errors;
    if (!session.viewer) throw new Problem('UNAUTHENTICATED', 'This socket belongs to nobody.');
    session.viewer = await reviewViewer(this.platform, session.viewer);
    const context = new RequestContext(this.platform, session.viewer, randomUUID());
    context.cost = admitted.cost;
    session.operations.set(id, context);
    await noteEventCursor(context, document, admitted.operation);
    return {
      schema,
      document,
      contextValue: context,
      variableValues: payload.variables ?? null,
      operationName: payload.operationName ?? null,
    };
  }

  /** Operations count as requests of their address do at HTTP: a socket is no way around that. */
  private keepRate({ address }: SocketSession): void {
    const { isExceeded, seconds } = this.rate.count(address);
    if (isExceeded)
      throw new Problem(
        'RATE_LIMITED',
        `Too many requests from this address: wait ${seconds} s and try again.`,
      );
  }
}
