import { once } from 'node:events';
import WebSocket from 'ws';
import type { Contender } from './contender';

const AT_ONCE = 50;

/** Waits. */
export const settle = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Who hears. */
export interface Audience {
  /** How many subscriptions there are on each socket. */
  each: number;
  /** Of the agents whose the sockets are, one after another. */
  tokens: readonly string[];
  /** Milliseconds after something was opened, until what is left of opening it is gone. */
  settling: number;
}

/** The subscribers of one document at a time at one server. */
export class Hearers {
  private readonly sockets: WebSocket[] = [];
  private document = '';
  private heard: (frame: Buffer) => void = () => undefined;
  private round = 0;

  constructor(
    private readonly contender: Contender,
    private readonly audience: Audience,
  ) {}

  /**
   * From here on all hear this, and nothing else any more.
   * @param heard is given each frame that tells of an event.
   */
  async listen(document: string, heard: (frame: Buffer) => void): Promise<void> {
    const former = this.ids();
    this.round += 1;
    this.document = document;
    this.heard = heard;
    for (let start = 0; start < this.sockets.length; start += AT_ONCE) {
      for (const socket of this.sockets.slice(start, start + AT_ONCE)) {
        for (const id of former) socket.send(JSON.stringify({ id, type: 'complete' }));
        this.subscribe(socket);
      }
      // Whatever it answers: by then it has read what came before.
      await fetch(this.contender.url);
    }
    if (this.sockets.length > 0) await settle(this.audience.settling);
  }

  /** Opens sockets until there are so many. */
  async open(count: number): Promise<void> {
    while (this.sockets.length < count) {
      const opened = this.sockets.length;
      const some = Array.from({ length: Math.min(AT_ONCE, count - opened) }, (_, index) =>
        this.connect(opened + index),
      );
      await Promise.all(some);
    }
    await settle(this.audience.settling);
  }

  /** How many subscriptions are of the agent whose token is in this place. */
  subscriptionsOf(place: number): number {
    const { tokens, each } = this.audience;
    const { length } = this.sockets;
    return each * (Math.floor(length / tokens.length) + (place < length % tokens.length ? 1 : 0));
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  private ids(): string[] {
    return Array.from({ length: this.audience.each }, (_, index) => `${this.round}-${index}`);
  }

  private subscribe(socket: WebSocket): void {
    for (const id of this.ids())
      socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query: this.document } }));
  }

  private async connect(number: number): Promise<void> {
    const { tokens } = this.audience;
    const token = tokens[number % tokens.length] ?? '';
    const socket = new WebSocket(
      `${this.contender.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
      { skipUTF8Validation: true, perMessageDeflate: false },
    );
    this.sockets.push(socket);
    await once(socket, 'open');
    const payload = { Authorization: `Bearer ${token}` };
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    // A server that does not want it closes it, and says why.
    const refused = once(socket, 'close').then((why): never => {
      throw new Error(`A socket was closed: ${why.map(String).join(' ')}`);
    });
    const [acknowledgement] = (await Promise.race([once(socket, 'message'), refused])) as [Buffer];
    if (!acknowledgement.includes('connection_ack')) throw new Error(acknowledgement.toString());
    this.subscribe(socket);
    socket.on('message', (data: Buffer) => {
      if (data.includes('"type":"next"')) this.heard(data);
      else if (data.includes('"ping"')) socket.send('{"type":"pong"}');
      else if (!data.includes('"complete"')) throw new Error(`A subscriber got ${data.toString()}`);
    });
  }
}

/** What a frame tells its subscriber. */
export const toldIn = (frame: Buffer): unknown =>
  (JSON.parse(frame.toString()) as { payload: unknown }).payload;
