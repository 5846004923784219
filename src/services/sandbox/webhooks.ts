import type { JsonObject } from '../../channels/channel';
import { SECOND } from '../../clock';
import type { Transaction } from '../../database/transaction';
import { newId } from '../../entities/ids';
import type { SandboxControlsRow } from '../../entities/sandbox-controls';
import { SandboxWebhookRow } from '../../entities/sandbox-webhook';
import type { Platform } from '../context';

/** Puts a webhook where it is delivered from: late and repeated as the number's controls say. */
export async function enqueueWebhook(
  platform: Platform,
  transaction: Transaction,
  controls: SandboxControlsRow,
  body: JsonObject,
): Promise<void> {
  const text = JSON.stringify(body);
  const copies = Array.from({ length: controls.copies }, (): SandboxWebhookRow => ({
    id: newId('SandboxWebhook'),
    contractId: controls.contractId,
    channelId: controls.channelId,
    body: text,
    createdAt: transaction.now,
    dueAt: transaction.now + controls.delaySeconds * SECOND,
    attempts: 0,
    leaseOwner: null,
    leaseUntil: null,
  }));
  await transaction.insert(SandboxWebhookRow, ...copies);
  transaction.afterCommit(() => platform.wakeUps.sandboxWebhooks.ring());
}
