import sql from 'sql-template-tag';
import { SECOND } from '../../clock';
import type { Transaction } from '../../database/transaction';
import { TemplateStatus } from '../../entities/enums';
import { TemplateRow } from '../../entities/template';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { Platform } from '../context';
import type { MirrorCounts } from './template-mirror';

/** One sync per number, over all nodes: whoever holds the lease of a number's row fetches its templates. */
export interface SyncLease {
  readonly channel: WhatsAppChannelRow;
  readonly startedAt: number;
  until: number;
}

/** How many templates a sync changed, or why it failed. */
export type SyncResult = ({ succeeded: true } & MirrorCounts) | { succeeded: false; error: string };

/** Another node took the sync over, since this one did not prolong its lease. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
  constructor() {
    super('Another node took over the sync of these templates.');
  }
}

export const LEASE = 90 * SECOND;
const POLL_INTERVAL = SECOND;

/**
 * Takes the lease of a connected number.
 * @param notSince takes it only where the last attempt was at this instant or before.
 * @returns `busy` with the number where another node holds the lease; null where there is nothing to sync.
 */
export function takeLease(
  platform: Platform,
  contractId: string,
  channelId: string,
  notSince: number | null,
): Promise<SyncLease | { busy: WhatsAppChannelRow } | null> {
  return platform.store.transact(contractId, async (transaction) => {
    const { now } = transaction;
    const until = now + LEASE;
    const due =
      notSince === null
        ? sql`1 = 1`
        : sql`(sync_last_attempt_at is null or sync_last_attempt_at <= ${notSince})`;
    const taken = await transaction.update(
      WhatsAppChannelRow,
      { syncLeaseUntil: until, syncLastAttemptAt: now },
      sql`id = ${channelId} and disconnected_at is null and ${due} and (sync_lease_until is null or sync_lease_until <= ${now})`,
    );
    const channel = await transaction.first(
      WhatsAppChannelRow,
      sql`id = ${channelId} and disconnected_at is null`,
    );
    if (!channel) return null;
    if (taken > 0) return { channel, startedAt: now, until };
    return (channel.syncLeaseUntil ?? 0) > now ? { busy: channel } : null;
  });
}

/** Prolongs the lease when half of it is over. @throws LeaseLost */
export async function keepLease(platform: Platform, lease: SyncLease): Promise<void> {
  const now = platform.clock.now();
  if (now < lease.until - LEASE / 2) return;
  const { contractId } = lease.channel;
  await platform.store.transact(contractId, (transaction) =>
    changeLeased(transaction, lease, { syncLeaseUntil: now + LEASE }),
  );
  lease.until = now + LEASE;
}

/** Ends the sync in the unit of work that mirrors what it fetched. @throws LeaseLost */
export function endLease(transaction: Transaction, lease: SyncLease): Promise<void> {
  const changes = { syncLeaseUntil: null, syncLastSuccessAt: transaction.now, syncError: null };
  return changeLeased(transaction, lease, changes);
}

/** Ends a sync that failed: nothing changes but what is said about it. */
export async function failLease(platform: Platform, lease: SyncLease, error: string): Promise<void> {
  await platform.store.transact(lease.channel.contractId, (transaction) =>
    transaction.update(
      WhatsAppChannelRow,
      { syncLeaseUntil: null, syncError: error },
      sql`id = ${lease.channel.id} and sync_lease_until = ${lease.until}`,
    ),
  );
}

async function changeLeased(
  transaction: Transaction,
  lease: SyncLease,
  changes: Partial<WhatsAppChannelRow>,
): Promise<void> {
  const condition = sql`id = ${lease.channel.id} and sync_lease_until = ${lease.until}`;
  if ((await transaction.update(WhatsAppChannelRow, changes, condition)) === 0) throw new LeaseLost();
}

/**
 * Waits until another node has finished the sync it holds the lease of.
 * @returns its result; null where its lease ran out, so that the sync is to be taken over.
 */
export async function waitForOther(
  platform: Platform,
  busy: WhatsAppChannelRow,
  signal: AbortSignal,
): Promise<SyncResult | null> {
  const rows = platform.store.rowsOf(busy.contractId);
  while (!signal.aborted) {
    await pause(platform, signal);
    const channel = await rows.byId(WhatsAppChannelRow, busy.id);
    if (!channel) break;
    if (channel.syncLeaseUntil === null || channel.syncLastAttemptAt !== busy.syncLastAttemptAt) {
      return platform.store.transact(channel.contractId, (transaction) => resultOf(transaction, channel));
    }
    if (channel.syncLeaseUntil <= platform.clock.now()) return null;
  }
  return { succeeded: false, error: 'The sync was given up before it had a result: sync again.' };
}

function pause(platform: Platform, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const goOn = (): void => {
      cancel();
      signal.removeEventListener('abort', goOn);
      resolve();
    };
    const cancel = platform.clock.after(POLL_INTERVAL, goOn);
    signal.addEventListener('abort', goOn);
  });
}

/** The result of the number's last sync: every row that a sync wrote bears the instant of its success. */
async function resultOf(transaction: Transaction, channel: WhatsAppChannelRow): Promise<SyncResult> {
  const { syncError, syncLastSuccessAt: at } = channel;
  if (syncError !== null) return { succeeded: false, error: syncError };
  const written = sql`channel_id = ${channel.id} and updated_at = ${at ?? 0}`;
  const isNew = sql`created_at = ${at ?? 0}`;
  const isGone = sql`status = ${TemplateStatus.DELETED}`;
  return {
    succeeded: true,
    added: await transaction.count(TemplateRow, sql`${written} and ${isNew}`),
    updated: await transaction.count(TemplateRow, sql`${written} and not (${isNew}) and not (${isGone})`),
    removed: await transaction.count(TemplateRow, sql`${written} and not (${isNew}) and ${isGone}`),
  };
}
