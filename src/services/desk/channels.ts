import sql from 'sql-template-tag';
import type { ChannelCredentials } from '../../channels/channel';
import type { Transaction } from '../../database/transaction';
import { ChannelState } from '../../entities/enums';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { reachOf } from '../access/access';
import type { Platform, ServiceContext } from '../context';

/** What of a number's credentials is secret: kept encrypted, and given to nobody but the provider. */
export type ChannelSecrets = Pick<ChannelCredentials, 'accessToken' | 'appSecret' | 'verifyToken'>;

/** @param channelId what they belong to: in another number's row they cannot be read. */
export function sealSecrets(platform: Platform, channelId: string, secrets: ChannelSecrets): string {
  return platform.secrets.seal(secrets, channelId);
}

export function channelSecrets(platform: Platform, channel: WhatsAppChannelRow): ChannelSecrets {
  return platform.secrets.open(channel.secrets, channel.id) as ChannelSecrets;
}

/** All that the provider asks for before it acts for this number; never to be logged or shown. */
export function credentialsOf(platform: Platform, channel: WhatsAppChannelRow): ChannelCredentials {
  return {
    phoneNumberId: channel.phoneNumberId ?? '',
    businessAccountId: channel.businessAccountId ?? '',
    ...channelSecrets(platform, channel),
  };
}

/** Where the provider must deliver this number's webhooks; null for who may not know. */
export function webhookUrl(context: ServiceContext, channel: WhatsAppChannelRow): string | null {
  if (!reachOf(context.viewer, 'webhook-urls.read')) return null;
  return `${context.platform.publicUrl()}/webhooks/whatsapp/${channel.id}`;
}

/** How the mirroring of the number's templates goes. */
export function templateSyncOf(context: ServiceContext, channel: WhatsAppChannelRow) {
  return {
    running: channel.syncLeaseUntil !== null && channel.syncLeaseUntil > context.now,
    lastAttemptAt: channel.syncLastAttemptAt,
    lastSuccessAt: channel.syncLastSuccessAt,
    error: channel.syncError,
  };
}

/** Whether sends go out from a number, and what to do where they do not. */
export function healthOf(channel: WhatsAppChannelRow) {
  const advice =
    'Repair the account at the provider, then give new credentials with `updateWhatsAppChannel`.';
  const stopped = channel.state === ChannelState.STOPPED;
  return {
    state: channel.state,
    since: channel.stateSince,
    providerCode: channel.stateProviderCode,
    message: stopped ? [channel.stateMessage, advice].filter((part) => part !== null).join(' ') : null,
  };
}

/** Tells of a number that started again. */
export function recordStart(platform: Platform, transaction: Transaction, channelId: string): void {
  transaction.record('ChannelHealthChanged', { channelId, state: ChannelState.OK });
  transaction.afterCommit(() => {
    platform.log.info({ channelId }, 'A stopped number was started again');
    platform.wakeUps.deliveries.ring();
  });
}

/**
 * Stops a number because of an error of its account: nothing goes out until it is repaired, and what waits is kept.
 * @param reason the provider's code and its words.
 * @returns whether it was running.
 */
export async function stopChannel(
  platform: Platform,
  transaction: Transaction,
  channelId: string,
  reason: { providerCode: number | null; message: string },
): Promise<boolean> {
  const stopped = await transaction.update(
    WhatsAppChannelRow,
    {
      state: ChannelState.STOPPED,
      stateSince: transaction.now,
      stateProviderCode: reason.providerCode,
      stateMessage: reason.message,
    },
    sql`id = ${channelId} and state = ${ChannelState.OK}`,
  );
  if (stopped === 0) return false;
  transaction.record('ChannelHealthChanged', { channelId, state: ChannelState.STOPPED });
  transaction.afterCommit(() => {
    platform.metrics.channelsStopped.inc();
    platform.log.error({ channelId, ...reason }, 'An error of its account stopped a number');
  });
  return true;
}

/** Starts a stopped number again, so that what waited goes out. @returns whether it was stopped. */
export async function startChannel(
  platform: Platform,
  transaction: Transaction,
  channelId: string,
): Promise<boolean> {
  const started = await transaction.update(
    WhatsAppChannelRow,
    { state: ChannelState.OK, stateSince: transaction.now, stateProviderCode: null, stateMessage: null },
    sql`id = ${channelId} and state = ${ChannelState.STOPPED}`,
  );
  if (started > 0) recordStart(platform, transaction, channelId);
  return started > 0;
}
