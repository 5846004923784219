import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { SECOND } from '../clock';
import { Problem } from '../problems';
import { authenticate, reviewViewer } from '../services/access/authentication';
import type { Platform } from '../services/context';
import { callerId } from '../services/access/viewer';
import { callerAddress, type CallerAddress } from './caller-address';
import { CallerWatch } from './caller-watch';
import { GRAPHQL_PATH } from './graphql';
import type { Masking } from './masking';
import { bearerToken, noteSeen, type Seen } from './request-context';
import type { RequestRate } from './request-rate';
import { SocketOperations } from './socket-operations';
import { SocketProtocol } from './socket-protocol';
import { CLOSE, SocketSession } from './socket-session';

const LARGEST_MESSAGE = 65_536;
const MOST_SOCKETS = 20;
/** How long clients have to answer a close at shutdown before they are cut off. */
const FAREWELL = 3 * SECOND;

/** The origin of a page that may open a socket: this server's own, or one that is allowed. Programs send none. */
function isAllowedOrigin(platform: Platform, request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (platform.config.allowedOrigins.includes(origin)) return true;
  try {
    return new URL(origin).host === host || new URL(platform.publicUrl()).origin === origin;
  } catch {
    return false;
  }
}

function refuseUpgrade(socket: Duplex, status: number, headers = ''): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

/** GraphQL over WebSocket (graphql-transport-ws), at the same port and path as over HTTP. */
export class Sockets {
  private readonly sessions = new Set<SocketSession>();
  private readonly server = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_MESSAGE,
    perMessageDeflate: false,
    handleProtocols,
  });
  private readonly addressOf: CallerAddress;
  private readonly operations: SocketOperations;
  private readonly watch: CallerWatch;
  private draining = false;

  constructor(
    private readonly platform: Platform,
    private readonly masking: Masking,
    private readonly seen: Seen,
    private readonly rate: RequestRate,
  ) {
    this.addressOf = callerAddress(platform.config.trustedProxies);
    this.operations = new SocketOperations(platform, masking, rate);
    platform.metrics.measureSocketBacklog(() =>
      [...this.server.clients].reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0),
    );
    this.watch = new CallerWatch(platform, (sessions) => this.review(sessions));
  }

  /** Takes the upgrades of an HTTP server. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Until it is a WebSocket, nobody else listens for what befalls the connection.
      socket.on('error', () => socket.destroy());
      const path = (request.url ?? '').split('?')[0];
      const address = this.addressOf(request);
      const count = this.rate.count(address);
      if (path !== GRAPHQL_PATH) refuseUpgrade(socket, 404);
      else if (this.draining) refuseUpgrade(socket, 503);
      else if (!isAllowedOrigin(this.platform, request)) refuseUpgrade(socket, 403);
      else if (count.isExceeded) refuseUpgrade(socket, 429, `Retry-After: ${count.seconds}\r\n`);
      else if (this.isCrowded(address)) refuseUpgrade(socket, 429);
      else this.server.handleUpgrade(request, socket, head, (opened) => this.open(opened, request));
    });
  }

  /** Closes every socket with 1001 after what it is being sent; whoever does not answer is cut off. */
  async close(): Promise<void> {
    this.draining = true;
    for (const session of this.sessions)
      session.close(CLOSE.goingAway, 'The server is shutting down: connect again.');
    const { clients } = this.server;
    if (clients.size === 0) return;
    await new Promise<void>((resolve) => {
      // Real time, not the injected clock's: a shutdown must end even where that one stands still.
      const farewell = setTimeout(() => {
        for (const client of clients) client.terminate();
        resolve();
      }, FAREWELL);
      for (const client of clients) {
        client.once('close', () => {
          if (clients.size > 0) return;
          clearTimeout(farewell);
          resolve();
        });
      }
    });
  }

  /** Whether too many sockets of this address are open whose callers are not known yet. */
  private isCrowded(address: string): boolean {
    const unknown = [...this.sessions].filter((one) => one.viewer === null && one.address === address);
    return unknown.length >= this.platform.config.unauthenticatedSockets;
  }

  private open(socket: WebSocket, request: IncomingMessage): void {
    const { clock, config, log, metrics } = this.platform;
    const session = new SocketSession(socket, this.addressOf(request), clock, ({ viewer }) => {
      if (viewer) noteSeen(this.seen, viewer);
    });
    const contract = request.headers['x-contract'];
    const protocol = new SocketProtocol(session, {
      clock,
      operations: this.operations,
      requestsPerMinute: config.requestsPerMinute,
      connect: (parameters) => this.connect(session, { 'x-contract': contract, ...parameters }),
    });
    this.sessions.add(session);
    metrics.sockets.inc();
    // A frame too large or malformed: the socket closes itself, with the protocol's own code.
    socket.on('error', (error) => log.debug({ err: error }, 'A socket failed'));
    socket.on('message', (data, isBinary) => {
      // Every message arrives as one Buffer, which is what the server's binary type makes of it.
      protocol.receive(data as Buffer, isBinary).catch((error: unknown) => this.fail(session, error));
    });
    socket.once('close', () => {
      this.sessions.delete(session);
      metrics.sockets.dec();
      if (session.viewer) this.watch.remove(session.viewer.contractId, session);
      protocol.forget();
      session.forget();
    });
    if (socket.protocol === '')
      session.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
    if (this.draining) session.close(CLOSE.goingAway, 'The server is shutting down: connect again.');
  }

  private async connect(session: SocketSession, parameters: Record<string, unknown>): Promise<boolean> {
    try {
      const hint = parameters['contract'] ?? parameters['X-Contract'] ?? parameters['x-contract'];
      const token = bearerToken(parameters['authorization'] ?? parameters['Authorization']);
      const { viewer, expiresAt } = await authenticate(
        this.platform,
        token,
        typeof hint === 'string' ? hint : null,
      );
      const caller = callerId(viewer);
      if ([...this.sessions].filter((other) => other.belongsTo(caller)).length >= MOST_SOCKETS) {
        session.close(CLOSE.tooMany, `A caller has at most ${MOST_SOCKETS} sockets: close one of them.`);
        return false;
      }
      session.viewer = viewer;
      await this.watch.add(viewer.contractId, session);
      // Between the first look and the beginning of the watch it may have been revoked.
      session.viewer = await reviewViewer(this.platform, viewer);
      if (!session.isOpen) {
        this.watch.remove(viewer.contractId, session);
        return false;
      }
      if (expiresAt !== null) session.expireAt(expiresAt);
      noteSeen(this.seen, viewer);
      return true;
    } catch (error) {
      if (session.viewer) this.watch.remove(session.viewer.contractId, session);
      const refused = error instanceof Problem;
      const { message } = this.masking.present(error, 'socket');
      session.close(refused ? CLOSE.forbidden : CLOSE.tryAgainLater, message);
      return false;
    }
  }

  /** Closes the sessions whose callers may sign in no more. */
  private async review(sessions: Iterable<SocketSession>): Promise<void> {
    for (const session of sessions) {
      if (!session.viewer) continue;
      try {
        session.viewer = await reviewViewer(this.platform, session.viewer);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        session.close(CLOSE.forbidden, error.message);
      }
    }
  }

  private fail(session: SocketSession, error: unknown): void {
    this.platform.log.error({ err: error }, 'A message on a socket could not be worked');
    session.close(CloseCode.InternalServerError, 'Internal server error');
  }
}
