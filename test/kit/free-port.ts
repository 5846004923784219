import { randomInt } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';

/** Below those that systems give to outgoing connections: a client that calls while nobody listens could get it for its own. */
const [LOWEST, HIGHEST] = [10_000, 30_000];

/** A port of this machine that nobody listened on a moment ago: for processes that cannot tell which one they took. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = await new Promise<number | null>((resolve) => {
      server.once('error', () => resolve(null));
      server.listen(randomInt(LOWEST, HIGHEST), '127.0.0.1', () =>
        resolve((server.address() as AddressInfo).port),
      );
    });
    if (port === null) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
