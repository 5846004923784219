import { CloseCode, MessageType, parseMessage, type Message, type SubscribeMessage } from 'graphql-ws';
import { MINUTE, SECOND, type Clock } from '../clock';
import { Problem } from '../problems';
import { SocketOperation } from './socket-operation';
import type { SocketOperations } from './socket-operations';
import { CLOSE, type SocketSession } from './socket-session';

const INIT_TIMEOUT = 10 * SECOND;
const MOST_OPERATIONS = 20;
/** What the client completed may take a moment to end: with that, twice as many may be under way. */
const MOST_UNDER_WAY = 2 * MOST_OPERATIONS;
/** A socket that says so many times as much as an address may ask for in a minute is closed. */
const FLOOD = 2;

export interface ProtocolOptions {
  clock: Clock;
  operations: SocketOperations;
  requestsPerMinute: number;
  /** Takes the caller in by what it brought along; false where that closed the socket. */
  connect: (parameters: Record<string, unknown>) => Promise<boolean>;
}

function messageIn(frame: Buffer, isBinary: boolean): Message | null {
  if (isBinary) return null;
  try {
    return parseMessage(frame.toString('utf8'));
  } catch {
    return null;
  }
}

/**
 * What a client says on its socket, and what follows from it: the server's side of graphql-transport-ws
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md).
 */
export class SocketProtocol {
  private initialised = false;
  private acknowledged = false;
  private underWay = 0;
  private readonly pace = { since: 0, count: 0 };
  private readonly stopWaiting: () => void;

  constructor(
    private readonly session: SocketSession,
    private readonly options: ProtocolOptions,
  ) {
    this.stopWaiting = options.clock.after(INIT_TIMEOUT, () =>
      session.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
    );
  }

  /** Takes a frame; resolves once all that it asked for has ended. */
  async receive(frame: Buffer, isBinary: boolean): Promise<void> {
    const { session } = this;
    this.keepPace();
    // What still comes from a client that is being let out is not done any more.
    if (!session.isOpen) return;
    const message = messageIn(frame, isBinary);
    switch (message?.type) {
      case MessageType.ConnectionInit:
        return this.initialise(message.payload ?? {});
      case MessageType.Subscribe:
        return this.subscribe(message);
      case MessageType.Complete:
        session.operations.get(message.id)?.end();
        return;
      case MessageType.Ping:
        return session.send(
          JSON.stringify({ type: MessageType.Pong, payload: message.payload ?? undefined }),
        );
      case MessageType.Pong:
        session.answered();
        return;
      default:
        session.close(CloseCode.BadRequest, 'Invalid message received');
    }
  }

  /** Once the socket is closed. */
  forget(): void {
    this.stopWaiting();
  }

  private async initialise(parameters: Record<string, unknown>): Promise<void> {
    if (this.initialised) {
      this.session.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
      return;
    }
    this.initialised = true;
    this.stopWaiting();
    if (!(await this.options.connect(parameters))) return;
    this.acknowledged = true;
    await this.session.send(JSON.stringify({ type: MessageType.ConnectionAck }));
  }

  private async subscribe({ id, payload }: SubscribeMessage): Promise<void> {
    const { session } = this;
    if (!this.acknowledged) {
      session.close(CloseCode.Unauthorized, 'Unauthorized');
      return;
    }
    if (session.operations.has(id)) {
      session.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
      return;
    }
    const refusal = this.refusal();
    const operation = new SocketOperation(session, id, payload);
    this.underWay += 1;
    try {
      if (refusal) await this.options.operations.refuse(operation, refusal);
      else await this.options.operations.run(session, operation);
    } finally {
      this.underWay -= 1;
      operation.end();
    }
  }

  private refusal(): Problem | null {
    if (this.session.operations.size < MOST_OPERATIONS && this.underWay < MOST_UNDER_WAY) return null;
    return new Problem(
      'RATE_LIMITED',
      `A socket runs at most ${MOST_OPERATIONS} operations at once: complete one of them, or open another socket.`,
    );
  }

  /** Whatever is said counts: what asks for nothing costs something too. */
  private keepPace(): void {
    const { pace, session } = this;
    const { clock, requestsPerMinute } = this.options;
    const now = clock.now();
    if (now - pace.since >= MINUTE) Object.assign(pace, { since: now, count: 0 });
    pace.count += 1;
    if (pace.count > FLOOD * requestsPerMinute)
      session.close(CLOSE.tooMany, 'Far too many messages: connect again later, and say less.');
  }
}
