import { once } from 'node:events';
import { WebSocket } from 'ws';
import { lookAtAnswer } from './canaries';

export interface Frame {
  type: string;
  id?: string;
  payload?: unknown;
}

interface Heard {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

const PATIENCE = 10_000;

/** A socket of graphql-transport-ws that shows every frame, as it came over the wire. */
export class Listener {
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | null = null;
  private readonly waiting = new Set<() => void>();
  private taken = 0;
  private operations = 0;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      lookAtAnswer(data.toString());
      const frame = JSON.parse(data.toString()) as Frame;
      this.frames.push(frame);
      if (frame.type === 'ping') this.send({ type: 'pong' });
      this.wake();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.wake();
    });
    socket.on('error', () => this.wake());
  }

  /** Opens a socket and waits until the server took the token. */
  static async connect(url: string, token: string | null, origin?: string): Promise<Listener> {
    const listener = await Listener.open(url, origin);
    listener.send({
      type: 'connection_init',
      payload: token === null ? {} : { authorization: `Bearer ${token}` },
    });
    await listener.until(
      () => listener.closed !== null || listener.frames.some(({ type }) => type === 'connection_ack'),
    );
    return listener;
  }

  /** Opens a socket and says nothing on it. */
  static async open(url: string, origin?: string): Promise<Listener> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws', {
      ...(origin === undefined ? {} : { origin }),
    });
    const listener = new Listener(socket);
    await once(socket, 'open');
    return listener;
  }

  send(frame: Frame | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Subscribes; @returns the operation's id. */
  subscribe(query: string, variables: Record<string, unknown> = {}): string {
    const id = String((this.operations += 1));
    this.send({ type: 'subscribe', id, payload: { query, variables } });
    return id;
  }

  /** The next event, as its data; throws what the server said instead. */
  async next(): Promise<Record<string, unknown>> {
    const isEvent = ({ type }: Frame): boolean => type === 'next' || type === 'error' || type === 'complete';
    const found = (): number =>
      this.frames.findIndex((frame, index) => index >= this.taken && isEvent(frame));
    await this.until(() => found() >= 0 || this.closed !== null);
    const index = found();
    const frame = this.frames[index];
    if (!frame) throw new Error(`The socket closed with ${JSON.stringify(this.closed)} before an event came`);
    this.taken = index + 1;
    if (frame.type !== 'next') throw new Error(`${frame.type}: ${JSON.stringify(frame.payload)}`);
    const { data, errors } = frame.payload as Heard;
    if (errors) throw new Error(`${errors[0]?.extensions?.code ?? ''}: ${errors[0]?.message ?? ''}`);
    return data ?? {};
  }

  /** How many events came and were not asked for yet. */
  get pending(): number {
    return this.frames.slice(this.taken).filter(({ type }) => type === 'next').length;
  }

  /** Waits for a condition that frames bring about. */
  async until(condition: () => boolean): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (!condition()) {
      const left = end - Date.now();
      if (left <= 0) throw new Error(`Waited ${PATIENCE} ms in vain; frames: ${JSON.stringify(this.frames)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close();
    await once(this.socket, 'close');
  }

  private wake(): void {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}
