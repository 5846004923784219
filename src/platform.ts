import 'reflect-metadata';
import pino, { type Logger } from 'pino';
import { createCloudApiChannel } from './channels/cloud-api/client';
import { SANDBOX_GRAPH_PATH } from './channels/sandbox';
import { EvenTime, systemClock, type Clock } from './clock';
import { unusableDatabase, type Config } from './config';
import type { Announcement, StatementObserver } from './database/connection';
import { Store } from './database/store';
import { EventLog } from './events/event-log';
import type { Platform } from './services/context';
import type { SeedingProgress } from './services/demo/demo-contract';
import { countHeld } from './services/deliveries/hold';
import { Metrics } from './services/metrics';
import { beginAsCopy } from './services/restoring';
import { SecretBox } from './services/secret-box';
import { WakeUp } from './services/wake-up';

/** What may be put in the place of what a server otherwise has: by tests, and by the command line. */
export interface Overrides {
  clock?: Clock;
  observe?: StatementObserver;
  log?: Logger;
  /** Told how far the making of the demo contract is. */
  seeding?: SeedingProgress;
}

export interface OpenPlatform {
  readonly platform: Platform;
  /** Tells the platform that a server listens, and where: `http://127.0.0.1:4000`. It hears other nodes from then on. */
  listensAt(url: string): void;
  close(): Promise<void>;
}

/** What the log says of an error. Drivers hang values of rows on theirs, which are nobody's business here. */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: name,
    message,
    ...(typeof code === 'string' && { code }),
    stack,
    ...(cause instanceof Error && { cause: describeError(cause) }),
  };
}

/** The log: JSON lines, on the standard output unless told. */
export function createLog(level: Config['logLevel'], destination: 1 | 2 = 1): Logger {
  const options = { level, base: null, serializers: { err: describeError } };
  return pino(options, pino.destination({ dest: destination, sync: true }));
}

/** Wakes this node's workers, and those of the nodes beside it. */
function wakeUpOfAllNodes(store: Store, what: Announcement): WakeUp {
  const wakeUp = new WakeUp(() => store.announce(what));
  store.onAnnounced(what, () => wakeUp.hear());
  return wakeUp;
}

/** Opens the database, brings it to this version's schema, and builds what every contract is served with. */
export async function openPlatform(config: Config, overrides: Overrides = {}): Promise<OpenPlatform> {
  const { clock = systemClock, log = createLog(config.logLevel), observe } = overrides;
  const complain = (error: unknown): void =>
    log.error({ err: error }, 'The database reported an error of its own');
  const opening = { url: config.databaseUrl, clock, complain, ...(observe && { observe }) };
  const store = await Store.open(opening).catch((error: unknown) => {
    throw unusableDatabase(error);
  });
  try {
    const migrations = await store.engine.migrate();
    if (migrations.length > 0)
      log.info({ migrations }, 'The database was brought to the schema of this version');
    if (!(await store.engine.isFenced()))
      log.warn(
        'Row-level security does not hold for the role that DATABASE_URL names: connect as one without SUPERUSER and BYPASSRLS',
      );
    if (await beginAsCopy(store))
      log.warn(
        { held: await countHeld(store.acrossContracts()) },
        'The database is a restored copy: what it had not sent is held, and former cursors have expired',
      );
  } catch (error) {
    await store.close();
    throw error;
  }
  const eventLog = new EventLog(store, clock, (error) =>
    log.error({ err: error }, 'The event log could not be read'),
  );
  // Until a server listens, as for the command line beside one, it is where the configuration says.
  let ownUrl = `http://localhost:${config.port}`;
  const evenTime = new EvenTime(clock);
  const now = (): number => clock.now();
  const cloudApi = createCloudApiChannel({ baseUrl: () => config.whatsAppApiUrl, now });
  const sandbox = createCloudApiChannel({ baseUrl: () => `${ownUrl}${SANDBOX_GRAPH_PATH}`, now });
  const platform: Platform = {
    config,
    clock,
    store,
    eventLog,
    log,
    metrics: new Metrics(),
    secrets: new SecretBox(config.secretsKey),
    channels: { CLOUD_API: cloudApi, SANDBOX: sandbox },
    wakeUps: {
      deliveries: wakeUpOfAllNodes(store, 'deliveries'),
      inbox: wakeUpOfAllNodes(store, 'inbox'),
      sandboxWebhooks: wakeUpOfAllNodes(store, 'sandbox_webhooks'),
    },
    listeningSince: () => evenTime.since(),
    ownUrl: () => ownUrl,
    // URLs leave out the port that goes without saying.
    publicUrl: () => config.publicUrl ?? `http://localhost:${new URL(ownUrl).port || '80'}`,
  };
  platform.metrics.measureFollowers(() => eventLog.followers);
  return {
    platform,
    listensAt(url) {
      ownUrl = url;
      store.hearOthers();
    },
    async close() {
      await eventLog.close();
      await cloudApi.close();
      await sandbox.close();
      await store.close();
    },
  };
}
