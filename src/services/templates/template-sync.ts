import { HOUR, MINUTE } from '../../clock';
import { ProviderError, type ProviderTemplate } from '../../channels/channel';
import sql from 'sql-template-tag';
import { BotRow } from '../../entities/bot';
import { UserErrorCode } from '../../entities/enums';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { authorize } from '../access/access';
import { credentialsOf } from '../desk/channels';
import type { Platform, ServiceContext } from '../context';
import { sendingChannelOf } from '../desk/eligibility';
import { made, refused, userError, type Outcome } from '../outcome';
import { mirrorTemplates, templateKey, type MirrorCounts } from './template-mirror';
import {
  endLease,
  failLease,
  keepLease,
  LeaseLost,
  takeLease,
  waitForOther,
  type SyncLease,
  type SyncResult,
} from './template-sync-lease';

export type { SyncResult } from './template-sync-lease';

/** A sync of thousands of templates takes a few minutes; one that takes longer than this hangs. */
const LONGEST_SYNC = 10 * MINUTE;
/** How often a number's templates are fetched without being asked for. */
const SYNC_INTERVAL = HOUR;
const LOOK_INTERVAL = MINUTE;

interface RunningSync {
  result: Promise<SyncResult>;
  stop: () => void;
}

/** The syncs of one server, by the number's id. */
interface Syncs {
  readonly running: Map<string, RunningSync>;
  /** Set while the server stops: the database is about to be closed, so that none may begin. */
  ending: boolean;
}

const syncsByPlatform = new WeakMap<Platform, Syncs>();

function syncsOf(platform: Platform): Syncs {
  const syncs = syncsByPlatform.get(platform) ?? { running: new Map<string, RunningSync>(), ending: false };
  syncsByPlatform.set(platform, syncs);
  return syncs;
}

/** Fetches the templates of the number that a bot sends from (domain rule 7). */
export async function syncTemplates(
  context: ServiceContext,
  input: { botId: string },
): Promise<Outcome<{ channel: WhatsAppChannelRow } & MirrorCounts>> {
  authorize(context.viewer, 'templates.change');
  const field = ['input', 'botId'];
  const bot = await context.rows.byId(BotRow, input.botId);
  if (!bot) {
    return refused(
      userError(UserErrorCode.NOT_FOUND, 'There is no such bot: name one that `bots` lists.', field),
    );
  }
  const channel = await sendingChannelOf(context.rows, bot);
  if (!channel) {
    const message =
      'Neither the bot nor its router has a WhatsApp number: connect one with `connectWhatsAppChannel` first.';
    return refused(userError(UserErrorCode.WHATSAPP_CHANNEL_MISSING, message, field));
  }
  const result = await refreshTemplates(context.platform, channel.contractId, channel.id);
  context.renew();
  if (!result.succeeded) {
    const message = `The templates could not be fetched, and stay as they were: ${result.error}`;
    return refused(userError(UserErrorCode.INVALID, message, field));
  }
  const { added, updated, removed } = result;
  return made({
    channel: (await context.rows.byId(WhatsAppChannelRow, channel.id)) ?? channel,
    added,
    updated,
    removed,
  });
}

interface RefreshOptions {
  /** Syncs only where the last attempt was at this instant or before. */
  notSince?: number;
  /** The provider told of a change at this instant: the list to be fetched knows of it already. */
  knownAt?: number;
}

/**
 * Fetches the templates of a number, or joins the sync that runs. It never throws, so that nobody need wait for it;
 * but it must not be called within a unit of work: there, `afterCommit` is the place.
 */
export function refreshTemplates(
  platform: Platform,
  contractId: string,
  channelId: string,
  options: RefreshOptions = {},
): Promise<SyncResult> {
  const { running, ending } = syncsOf(platform);
  const joined = running.get(channelId);
  if (joined) return joined.result;
  if (ending)
    return Promise.resolve({ succeeded: false, error: 'The server is stopping: sync again later.' });
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const cancelLimit = platform.clock.after(LONGEST_SYNC, stop);
  const result = sync(platform, contractId, channelId, options, controller.signal)
    .catch((error: unknown): SyncResult => {
      platform.log.error({ err: error, channelId }, 'A sync of templates failed unexpectedly');
      return { succeeded: false, error: UNEXPECTED };
    })
    .finally(() => {
      cancelLimit();
      running.delete(channelId);
    });
  running.set(channelId, { result, stop });
  return result;
}

/** Like `refreshTemplates`, but a sync that runs already may have fetched too early: a new one follows it. */
export async function refreshTemplatesAnew(
  platform: Platform,
  contractId: string,
  channelId: string,
  knownAt: number,
): Promise<SyncResult> {
  await syncsOf(platform).running.get(channelId)?.result;
  return refreshTemplates(platform, contractId, channelId, { knownAt });
}

const UNEXPECTED = "Something unexpected went wrong; the server's log says more. Sync again later.";

async function sync(
  platform: Platform,
  contractId: string,
  channelId: string,
  options: RefreshOptions,
  signal: AbortSignal,
): Promise<SyncResult> {
  for (;;) {
    const lease = await takeLease(platform, contractId, channelId, options.notSince ?? null);
    if (lease === null) {
      return { succeeded: false, error: 'The number is no longer connected, or was synced a moment ago.' };
    }
    if ('startedAt' in lease) return fetchAndMirror(platform, lease, options, signal);
    const result = await waitForOther(platform, lease.busy, signal);
    if (result) return result;
  }
}

async function fetchAndMirror(
  platform: Platform,
  lease: SyncLease,
  { knownAt }: RefreshOptions,
  signal: AbortSignal,
): Promise<SyncResult> {
  try {
    const listed = await fetchAll(platform, lease, signal);
    const since = Math.max(lease.startedAt, (knownAt ?? 0) + 1);
    const counts = await platform.store.transact(lease.channel.contractId, async (transaction) => {
      await endLease(transaction, lease);
      return mirrorTemplates(transaction, lease.channel, listed, since);
    });
    return { succeeded: true, ...counts };
  } catch (error) {
    if (error instanceof LeaseLost) return { succeeded: false, error: error.message };
    const reason = reasonOf(error, signal);
    if (!(error instanceof ProviderError) && !signal.aborted) {
      platform.log.error(
        { err: error, channelId: lease.channel.id },
        'A sync of templates failed unexpectedly',
      );
    }
    await failLease(platform, lease, reason);
    return { succeeded: false, error: reason };
  }
}

/** The whole list, outside any unit of work. The last one wins where a template stands in it twice. */
async function fetchAll(
  platform: Platform,
  lease: SyncLease,
  signal: AbortSignal,
): Promise<Map<string, ProviderTemplate>> {
  const { channel } = lease;
  const listed = new Map<string, ProviderTemplate>();
  const pages = platform.channels[channel.provider].templates(credentialsOf(platform, channel), signal);
  for await (const page of pages) {
    for (const template of page) listed.set(templateKey(template), template);
    await keepLease(platform, lease);
    signal.throwIfAborted();
  }
  return listed;
}

/** What people are told of a failure. */
function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'The sync was given up before it had fetched everything: sync again.';
  return error instanceof ProviderError ? error.message : UNEXPECTED;
}

/** Fetches every number's templates once an hour, one number after another, so that calls are spread. */
export class TemplateSyncSchedule {
  private cancelLook: (() => void) | null = null;
  private round: Promise<void> = Promise.resolve();
  private stopped = true;

  constructor(private readonly platform: Platform) {}

  start(): void {
    this.stopped = false;
    syncsOf(this.platform).ending = false;
    this.lookLater();
  }

  /** Gives up the syncs that run, whoever asked for them, and waits for their end. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelLook?.();
    const syncs = syncsOf(this.platform);
    syncs.ending = true;
    const running = [...syncs.running.values()];
    for (const { stop } of running) stop();
    await Promise.all([this.round, ...running.map(({ result }) => result)]);
  }

  private lookLater(): void {
    if (this.stopped) return;
    this.cancelLook = this.platform.clock.after(LOOK_INTERVAL, () => {
      this.round = this.look()
        .catch((error: unknown) => {
          this.platform.log.error({ err: error }, 'The hourly sync of templates could not look for numbers');
        })
        .finally(() => this.lookLater());
    });
  }

  private async look(): Promise<void> {
    const notSince = this.platform.clock.now() - SYNC_INTERVAL;
    const channels = await this.platform.store.acrossContracts().find(WhatsAppChannelRow, {
      where: sql`disconnected_at is null and (sync_last_attempt_at is null or sync_last_attempt_at <= ${notSince})`,
      orderBy: sql`sync_last_attempt_at, id`,
    });
    for (const { contractId, id: channelId } of channels) {
      if (this.stopped) return;
      const result = await refreshTemplates(this.platform, contractId, channelId, { notSince });
      if (result.succeeded) this.platform.log.info({ channelId, ...result }, 'Templates were synced');
      else this.platform.log.warn({ channelId, reason: result.error }, 'Templates could not be synced');
    }
  }
}
