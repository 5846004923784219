import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { SECOND } from './clock';
import { unusableDatabase, type Config } from './config';
import { lockForServer, ServerRunning } from './database/server-lock';
import { sqliteFile } from './database/store';
import { openPlatform, type OpenPlatform, type Overrides } from './platform';
import { createHttpServer } from './server/http';
import { Masking } from './server/masking';
import { Readiness } from './server/readiness';
import { RequestRate } from './server/request-rate';
import { Sockets } from './server/sockets';
import type { Platform } from './services/context';
import { Dispatcher } from './services/deliveries/dispatcher';
import { endFormerClaims } from './services/former-claims';
import { Housekeeping } from './services/housekeeping';
import { seedDemo } from './services/demo/demo-contract';
import { InboxWorker } from './services/inbox/inbox';
import { PresenceWatch } from './services/agents/presence';
import { SandboxWebhooks } from './services/sandbox/webhook-delivery';
import { SendCounting } from './services/statistics/send-counts';
import { TemplateSyncSchedule } from './services/templates/template-sync';

/** A running server. */
export interface App {
  /** Where it listens: `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly platform: Platform;
  /** Ends what is under way and lets go of everything; within 10 seconds. */
  stop(): Promise<void>;
}

interface Worker {
  start(): void;
  stop(): void | Promise<void>;
}

/** How long the server may take for what is under way when it stops: requests, then background work. */
const REQUESTS_END = 3 * SECOND;
const WORK_ENDS = 8 * SECOND;

/** Waits for `work`, but no longer than this; real time, since a shutdown must end even where the clock stands still. */
async function atMost(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

function urlOf(http: FastifyInstance): string {
  const { address, family, port } = http.server.address() as AddressInfo;
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : address;
  return `http://${family === 'IPv6' && host !== 'localhost' ? `[${host}]` : host}:${port}`;
}

async function serve(config: Config, opened: OpenPlatform): Promise<Pick<App, 'url' | 'stop'>> {
  const { platform } = opened;
  const presence = new PresenceWatch(platform);
  const workers: Worker[] = [
    new Dispatcher(platform),
    new InboxWorker(platform),
    presence,
    new Housekeeping(platform),
    new TemplateSyncSchedule(platform),
    new SandboxWebhooks(platform),
    new SendCounting(platform),
  ];
  const masking = new Masking(platform.log);
  const readiness = new Readiness(platform);
  const rate = new RequestRate(platform.clock, config.requestsPerMinute);
  const http = await createHttpServer(platform, { masking, seen: presence, readiness, rate });
  const sockets = new Sockets(platform, masking, presence, rate);
  sockets.attach(http.server);
  await http.listen({ port: config.port, host: config.host });
  opened.listensAt(urlOf(http));
  for (const worker of workers) worker.start();
  // Once only: it may be told to stop after its database has left it behind.
  let workEnds: Promise<unknown> | null = null;
  const endWork = (): Promise<unknown> =>
    (workEnds ??= Promise.all(workers.map(async (worker) => worker.stop())));
  readiness.watch(() => {
    void Promise.all([sockets.close(), endWork()]);
  });

  const closeDoors = async (): Promise<void> => {
    await sockets.close();
    const closed = http.close();
    if (await atMost(REQUESTS_END, closed)) return;
    http.server.closeAllConnections();
    await closed;
  };
  return {
    url: urlOf(http),
    async stop() {
      readiness.drain();
      const ended = Promise.all([closeDoors(), endWork()]);
      if (!(await atMost(WORK_ENDS, ended))) {
        platform.log.warn(
          'What was under way did not end in time: it is left for the next start, or another node',
        );
      }
    },
  };
}

async function locked(file: string): Promise<() => Promise<void>> {
  try {
    return await lockForServer(file);
  } catch (error) {
    throw error instanceof ServerRunning ? error : unusableDatabase(error);
  }
}

/**
 * Starts a server: database, background work, then the doors.
 * @param overrides what tests put in the place of the machine's clock and log.
 */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const file = sqliteFile(config.databaseUrl);
  const unlock = file === null ? () => Promise.resolve() : await locked(file);
  let opened: OpenPlatform | null = null;
  const letGo = async (): Promise<void> => {
    await opened?.close();
    await unlock();
  };
  try {
    opened = await openPlatform(config, overrides);
    // The lock says that nobody else serves this file: whoever held a claim on it is gone.
    if (file !== null) await endFormerClaims(opened.platform.store);
    if (await seedDemo(opened.platform, overrides.seeding))
      opened.platform.log.info('The demo contract was made');
    const { url, stop } = await serve(config, opened);
    let stopping: Promise<void> | null = null;
    return {
      url,
      platform: opened.platform,
      stop: () => (stopping ??= stop().finally(letGo)),
    };
  } catch (error) {
    await letGo();
    throw error;
  }
}
