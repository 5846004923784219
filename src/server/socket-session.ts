import type { WebSocket } from 'ws';
import { SECOND, type Clock } from '../clock';
import { callerId, type Viewer } from '../services/access/viewer';
import type { SocketOperation } from './socket-operation';

/** Why this server closes sockets, besides what the protocol graphql-transport-ws says itself. */
export const CLOSE = {
  /** The server is shutting down: connect again. */
  goingAway: 1001,
  /** The database cannot be reached: connect again later. */
  tryAgainLater: 1013,
  /** The client takes what it is sent too slowly: connect again, and resume by cursor. */
  tooSlow: 4008,
  /** No token, one that is not accepted, has expired or was revoked. */
  forbidden: 4403,
  /** The caller has too many sockets, or says far too much on one. */
  tooMany: 4429,
} as const;

const PING_EVERY = 20 * SECOND;
/** Beyond this nothing more is taken from a client that does not take what it is sent: neither is held without bound. */
const LARGEST_BACKLOG = 1_048_576;
const LONGEST_UNSENT = 30 * SECOND;
/** How long a client has to answer a close before its connection is cut. */
const CLOSING_TIME = 5 * SECOND;
/** The protocol allows 123 bytes. */
const LONGEST_REASON = 120;

/** One WebSocket: who holds it, where its subscriptions stand, and whether it still takes what it is sent. */
export class SocketSession {
  viewer: Viewer | null = null;
  /** What runs on it, by the client's ids. */
  readonly operations = new Map<string, SocketOperation>();
  private readonly unsentSince: number[] = [];
  private expiresAt = Number.POSITIVE_INFINITY;
  private awaitingPong = false;
  private closing = false;
  private readonly timers = new Map<'beat' | 'unsent' | 'expiry' | 'closing', () => void>();

  constructor(
    private readonly socket: WebSocket,
    /** Where it comes from, as the network tells. */
    readonly address: string | undefined,
    private readonly clock: Clock,
    /** Called at each ping of an open socket. */
    private readonly alive: (session: SocketSession) => void,
  ) {
    this.beatLater();
  }

  get protocol(): string {
    return this.socket.protocol;
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN && !this.closing;
  }

  belongsTo(caller: string): boolean {
    return this.viewer !== null && callerId(this.viewer) === caller;
  }

  /** Resolves once the frame was handed to the network, so that whoever sends goes no faster than the client takes. */
  send(data: string): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    this.unsentSince.push(this.clock.elapsed());
    this.watchUnsent();
    return new Promise((resolve) => {
      // An error here means that the socket is gone, which its `close` event tells.
      this.socket.send(data, () => {
        this.unsentSince.shift();
        if (this.socket.isPaused && this.socket.bufferedAmount <= LARGEST_BACKLOG) this.socket.resume();
        resolve();
      });
      if (this.socket.bufferedAmount > LARGEST_BACKLOG) this.socket.pause();
    });
  }

  close(code: number, reason: string): void {
    if (this.closing) return;
    this.closing = true;
    this.endOperations();
    this.socket.close(code, reason.slice(0, LONGEST_REASON));
    this.timers.set(
      'closing',
      this.clock.after(CLOSING_TIME, () => this.socket.terminate()),
    );
  }

  terminate(): void {
    this.closing = true;
    this.endOperations();
    this.socket.terminate();
  }

  answered(): void {
    this.awaitingPong = false;
  }

  /** Closes the socket when its token has run out. */
  expireAt(instant: number): void {
    this.expiresAt = instant;
    if (this.closeOnceExpired()) return;
    this.timers.set(
      'expiry',
      this.clock.after(instant - this.clock.now(), () => this.expireAt(instant)),
    );
  }

  /** Once the socket is closed. */
  forget(): void {
    this.closing = true;
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
    this.endOperations();
  }

  /** Nothing more can be told: what runs must not go through the log in vain. */
  private endOperations(): void {
    for (const operation of this.operations.values()) operation.end();
  }

  private beatLater(): void {
    this.timers.set(
      'beat',
      this.clock.after(PING_EVERY, () => this.beat()),
    );
  }

  private closeOnceExpired(): boolean {
    const isExpired = this.expiresAt <= this.clock.now();
    if (isExpired) this.close(CLOSE.forbidden, 'The token has expired: connect again with a fresh one.');
    return isExpired;
  }

  private beat(): void {
    // The timer does not hear of a clock that is set forth.
    if (!this.isOpen || this.closeOnceExpired()) return;
    const stands = this.unsentSince.length > 0;
    if (this.awaitingPong && !stands) {
      this.terminate();
      return;
    }
    // A client that takes nothing cannot answer a ping either: it is told why, should it wake up.
    if (this.awaitingPong || this.socket.bufferedAmount > LARGEST_BACKLOG) {
      this.closeAsTooSlow();
      return;
    }
    this.beatLater();
    // Before `connection_init` the protocol lets a ping pass as well, but there is nobody yet to answer for.
    if (this.viewer === null) return;
    this.awaitingPong = true;
    void this.send(JSON.stringify({ type: 'ping', payload: { positions: this.positions() } }));
    this.alive(this);
  }

  /** Where each subscription stands in the log, so that a quiet one does not grow old. */
  private positions(): Record<string, string> {
    const positions: Record<string, string> = {};
    for (const [id, { context }] of this.operations) {
      const place = context?.position?.();
      if (place != null) positions[id] = place;
    }
    return positions;
  }

  private watchUnsent(): void {
    if (this.timers.has('unsent')) return;
    const [oldest] = this.unsentSince;
    if (oldest === undefined) return;
    const due = oldest + LONGEST_UNSENT - this.clock.elapsed();
    if (due <= 0) {
      this.closeAsTooSlow();
      return;
    }
    const cancel = this.clock.after(due, () => {
      this.timers.delete('unsent');
      this.watchUnsent();
    });
    this.timers.set('unsent', cancel);
  }

  private closeAsTooSlow(): void {
    this.close(CLOSE.tooSlow, 'Too slow: connect again, and resume after the last cursor you have.');
  }
}
