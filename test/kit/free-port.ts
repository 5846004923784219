import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below those that systems give to outgoing connections: a client that calls while nobody listens could get it for its own. */
const LOWEST = 10_000;
/** Each of Jest's workers has ports of its own: a server takes seconds to listen, and nobody else is to get its port meanwhile. */
const OF_A_WORKER = 1_000;
const WORKERS = 20;
const first = LOWEST + (Number(process.env['JEST_WORKER_ID'] ?? 0) % WORKERS) * OF_A_WORKER;
const given = new Set<number>();

/** A port of this machine that nobody listened on a moment ago: for processes that cannot tell which one they took. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, first + OF_A_WORKER);
    if (given.has(port)) continue;
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    given.add(port);
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
