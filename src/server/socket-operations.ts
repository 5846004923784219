import { randomUUID } from 'node:crypto';
import {
  createSourceEventStream,
  GraphQLError,
  OperationTypeNode,
  type ExecutionResult,
  type GraphQLFormattedError,
} from 'graphql';
import { Problem } from '../problems';
import { reviewViewer } from '../services/access/authentication';
import type { Platform } from '../services/context';
import { askedIn } from './asked-fields';
import { noteEventCursor } from './event-cursor';
import { run, type Execution } from './execution';
import { rootOf, type Masking } from './masking';
import { RequestContext } from './request-context';
import type { RequestRate } from './request-rate';
import { apiSchema } from './schema';
import { questionOf, SharedAnswers } from './shared-answers';
import type { SocketOperation } from './socket-operation';
import { CLOSE, type SocketSession } from './socket-session';
import { admit, readDocument } from './validation';

/** A problem as an error of the operation, which leaves the socket's other operations alone. */
const asError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError
    ? error
    : new GraphQLError(error instanceof Error ? error.message : String(error), {
        originalError: error instanceof Error ? error : null,
      });

/** What every operation on a socket goes through: the steps that `graphql.ts` has for HTTP, in the same order. */
export class SocketOperations {
  private readonly shared: SharedAnswers;

  constructor(
    private readonly platform: Platform,
    private readonly masking: Masking,
    private readonly rate: RequestRate,
  ) {
    this.shared = new SharedAnswers(platform.clock);
  }

  /** Runs it to its end. What befalls it is told to its client, and leaves the socket's other operations alone. */
  async run(session: SocketSession, operation: SocketOperation): Promise<void> {
    try {
      this.keepRate(session);
      const prepared = await this.prepare(session, operation);
      if ('errors' in prepared) {
        await operation.fail(this.format(operation, prepared.errors));
        return;
      }
      const { args, context, type } = prepared;
      const format = (result: ExecutionResult): string =>
        JSON.stringify(this.formatResult(operation, result));
      if (type === OperationTypeNode.SUBSCRIPTION) {
        const source = await createSourceEventStream(args);
        if (Symbol.asyncIterator in source)
          await operation.follow(source as AsyncIterable<object>, this.answering(operation, context, args));
        else await operation.next(format(source));
      } else await operation.next(format(await run(args)));
      await operation.complete();
    } catch (error) {
      const root = rootOf(error);
      if (root instanceof Problem && root.code === 'UNAUTHENTICATED')
        session.close(CLOSE.forbidden, 'The token is accepted no more: connect again with a fresh one.');
      await this.refuse(operation, error);
    }
  }

  /** What answers the events of a subscription, once for all who ask the same with the same rights. */
  private answering(
    operation: SocketOperation,
    context: RequestContext,
    args: Execution,
  ): (event: object) => Promise<string> {
    const { query, operationName = null, variables } = operation.payload;
    const question = questionOf({ document: query, operationName, variables });
    return (event) =>
      this.shared.to(event, question, context.viewer, async (viewer) => {
        const contextValue = new RequestContext(this.platform, viewer, context.requestId);
        contextValue.asked = context.asked;
        const result = await run({ ...args, contextValue, rootValue: event });
        const text = JSON.stringify(this.formatResult(operation, result));
        return { text, isForAll: result.errors === undefined };
      });
  }

  /** Ends it with this error. */
  refuse(operation: SocketOperation, error: unknown): Promise<void> {
    return operation.fail(this.format(operation, [asError(error)]));
  }

  private format({ context }: SocketOperation, errors: readonly GraphQLError[]): GraphQLFormattedError[] {
    const requestId = context?.requestId ?? randomUUID();
    return errors.map((error) => this.masking.format(error, requestId));
  }

  /** A result with its errors masked, and what is told beside the data. */
  private formatResult(operation: SocketOperation, { data, errors }: ExecutionResult): object {
    const extensions = operation.context?.extensions;
    return {
      ...(errors && { errors: this.format(operation, errors) }),
      ...(data !== undefined && { data }),
      ...(extensions && { extensions }),
    };
  }

  private async prepare(
    session: SocketSession,
    started: SocketOperation,
  ): Promise<
    | { args: Execution; context: RequestContext; type: OperationTypeNode }
    | { errors: readonly GraphQLError[] }
  > {
    const { payload } = started;
    const schema = apiSchema();
    const read = readDocument(payload.query);
    if ('errors' in read) return read;
    const { document } = read;
    const admitted = admit(schema, document, payload, this.platform.config.production);
    if ('errors' in admitted) return admitted;
    if (!session.viewer) throw new Problem('UNAUTHENTICATED', 'This socket belongs to nobody.');
    session.viewer = await reviewViewer(this.platform, session.viewer);
    const context = new RequestContext(this.platform, session.viewer, randomUUID());
    context.cost = admitted.cost;
    context.asked = askedIn(schema, document);
    started.context = context;
    const { operation, coerced } = admitted;
    await noteEventCursor(context, document, operation);
    const [variableValues, operationName] = [payload.variables ?? null, payload.operationName ?? null];
    return {
      args: { schema, document, contextValue: context, variableValues, operationName, coerced },
      context,
      type: operation.operation,
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
