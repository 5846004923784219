import { deepStrictEqual } from 'node:assert';
import { once } from 'node:events';
import WebSocket from 'ws';
import type { Contender } from './contender';
import type { Dataset } from './dataset';
import { graphQl } from './operations';

/** Sockets, and the subscriptions on each. */
const SOCKETS = 2_500;
const EACH = 2;
export const SUBSCRIPTIONS = SOCKETS * EACH;
const OPENED_AT_ONCE = 50;
/** After what was opened, until what is left of opening it is gone. */
const SETTLING = 3_000;

const HEAR = 'subscription { presenceChanged { presence agent { id name } } }';
const SET = `mutation ($input: SetPresenceInput!) { setPresence(input: $input) { agent { id } } }`;

interface Frame {
  type: string;
  payload?: unknown;
}

/** The subscribers of one document at one server, each with a token of one of the agents. */
export class Hearers {
  private readonly sockets: WebSocket[] = [];
  private events = 0;
  private heard = 0;
  private wanted = Number.POSITIVE_INFINITY;
  private allHeard = (): void => undefined;
  /** What was heard first of the latest event. */
  private first: unknown = null;

  private constructor(
    private readonly contender: Contender,
    private readonly dataset: Dataset,
  ) {}

  /**
   * Opens all of them. @returns them, and how many kB the server got for each of the second half: what the first ones make
   * it get once, such as room for garbage, is no part of what each costs.
   */
  static async open(
    contender: Contender,
    dataset: Dataset,
  ): Promise<{ hearers: Hearers; memoryOfEach: number }> {
    const hearers = new Hearers(contender, dataset);
    await hearers.openUntil(SOCKETS / 2);
    const before = contender.memory();
    await hearers.openUntil(SOCKETS);
    return { hearers, memoryOfEach: (contender.memory() - before) / (SUBSCRIPTIONS / 2) };
  }

  /** One event that all hear. @returns what one of them was told. */
  async event(): Promise<unknown> {
    this.events += 1;
    this.heard = 0;
    this.first = null;
    const heard = new Promise<void>((resolve) => (this.allHeard = resolve));
    this.wanted = SUBSCRIPTIONS;
    const presence = this.events % 2 === 0 ? 'ONLINE' : 'PAUSED';
    await this.contender.answer(graphQl(this.dataset.agentToken, SET, { input: { presence } }));
    await heard;
    return this.first;
  }

  /** Events one after another for so many seconds. @returns how many deliveries there were in a second. */
  async pace(seconds: number): Promise<number> {
    const begun = performance.now();
    const before = this.events;
    while (performance.now() - begun < seconds * 1_000) await this.event();
    return ((this.events - before) * SUBSCRIPTIONS) / ((performance.now() - begun) / 1_000);
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  private async openUntil(count: number): Promise<void> {
    while (this.sockets.length < count) {
      const opened = this.sockets.length;
      const some = Array.from({ length: OPENED_AT_ONCE }, (_, index) => this.connect(opened + index));
      await Promise.all(some);
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLING));
  }

  private async connect(number: number): Promise<void> {
    const { hearerTokens } = this.dataset;
    const token = hearerTokens[number % hearerTokens.length] ?? '';
    const socket = new WebSocket(
      `${this.contender.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
      {
        skipUTF8Validation: true,
        perMessageDeflate: false,
      },
    );
    this.sockets.push(socket);
    await once(socket, 'open');
    const payload = { Authorization: `Bearer ${token}` };
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    const [acknowledgement] = (await once(socket, 'message')) as [Buffer];
    if (!acknowledgement.includes('connection_ack')) throw new Error(acknowledgement.toString());
    for (let id = 1; id <= EACH; id += 1)
      socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: HEAR } }));
    socket.on('message', (data: Buffer) => this.take(socket, data));
  }

  private take(socket: WebSocket, data: Buffer): void {
    if (data.includes('"ping"')) {
      socket.send('{"type":"pong"}');
      return;
    }
    if (this.first === null) {
      const { type, payload } = JSON.parse(data.toString()) as Frame;
      if (type !== 'next') return;
      this.first = payload;
    }
    this.heard += 1;
    if (this.heard === this.wanted) this.allHeard();
  }
}

/** All must tell the same, or what is compared is not the same work. */
export function checkTellTheSame(told: readonly unknown[]): void {
  for (const one of told) deepStrictEqual(one, told[0]);
}
