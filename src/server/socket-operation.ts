import { MessageType, type SubscribePayload } from 'graphql-ws';
import type { RequestContext } from './request-context';
import type { SocketSession } from './socket-session';

/**
 * One operation of a client, from its `subscribe` to its end. It is known by itself and not by its id, since a client
 * may use an id again while what bore it before has not ended yet.
 */
export class SocketOperation {
  /** Who runs it; null until the caller was looked at. */
  context: RequestContext | null = null;
  private events: AsyncIterator<object> | null = null;
  private over = false;

  constructor(
    private readonly session: SocketSession,
    readonly id: string,
    readonly payload: SubscribePayload,
  ) {
    session.operations.set(id, this);
  }

  /** Tells the client a result, given as JSON; resolves once it was handed to the network. */
  next(result: string): Promise<void> {
    return this.send(`{"id":${JSON.stringify(this.id)},"type":"${MessageType.Next}","payload":${result}}`);
  }

  /** Tells the client why there is nothing, or nothing more. */
  async fail(errors: readonly object[]): Promise<void> {
    this.release();
    await this.tell({ id: this.id, type: MessageType.Error, payload: errors });
    this.over = true;
  }

  /** Tells the client that this was all. */
  async complete(): Promise<void> {
    this.release();
    await this.tell({ id: this.id, type: MessageType.Complete });
    this.over = true;
  }

  /** Tells the client the answer to each event as they come, until they end or the client wants no more. */
  async follow(source: AsyncIterable<object>, answer: (event: object) => Promise<string>): Promise<void> {
    const events = source[Symbol.asyncIterator]();
    this.events = events;
    if (this.over) await events.return?.();
    for await (const event of { [Symbol.asyncIterator]: () => events }) await this.next(await answer(event));
  }

  /** The client wants no more of it, or is gone: nothing more is told. */
  end(): void {
    this.over = true;
    this.release();
    void this.events?.return?.();
  }

  /** Before the last frame: once the client has that, the id is its to use again. */
  private release(): void {
    if (this.session.operations.get(this.id) === this) this.session.operations.delete(this.id);
  }

  private tell(frame: object): Promise<void> {
    return this.send(JSON.stringify(frame));
  }

  private send(frame: string): Promise<void> {
    return this.over ? Promise.resolve() : this.session.send(frame);
  }
}
