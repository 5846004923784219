import type { Transaction } from '../../database/transaction';
import { newId } from '../../entities/ids';
import { InboxBodyRow } from '../../entities/inbox-body';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { Platform } from '../context';

/** Few enough that none waits long for the others. */
const MOST_TOGETHER = 64;

interface Arrived {
  channelId: string;
  body: string;
  stored: () => void;
  failed: (error: unknown) => void;
}

/**
 * Stores webhooks whose signatures were verified. Those of a contract that come while others are being stored are
 * stored together afterwards, so that a storm of them takes few commits.
 */
export class Intake {
  /** Those of each contract of which some are being stored. */
  private readonly waiting = new Map<string, Arrived[]>();

  constructor(private readonly platform: Platform) {}

  /** Resolves once the webhook is durably kept, and has rung for who works it: the provider can then be answered. */
  accept({ id: channelId, contractId }: WhatsAppChannelRow, body: string): Promise<void> {
    return new Promise((stored, failed) => {
      const arrived = { channelId, body, stored, failed };
      const waiting = this.waiting.get(contractId);
      if (waiting) waiting.push(arrived);
      else {
        this.waiting.set(contractId, [arrived]);
        void this.storeAll(contractId);
      }
    });
  }

  private async storeAll(contractId: string): Promise<void> {
    const waiting = this.waiting.get(contractId) ?? [];
    while (waiting.length > 0) {
      const some = waiting.splice(0, MOST_TOGETHER);
      try {
        await this.platform.store.transact(contractId, (transaction) => this.store(transaction, some));
        for (const { stored } of some) stored();
      } catch (error) {
        for (const { failed } of some) failed(error);
      }
    }
    // In the same turn as the last look at who waits: who came in between would wait for ever.
    this.waiting.delete(contractId);
  }

  private async store(transaction: Transaction, all: readonly Arrived[]): Promise<void> {
    const bodies = all.map(({ channelId, body }): InboxBodyRow => ({
      id: newId('InboxBody'),
      contractId: transaction.contractId ?? '',
      channelId,
      receivedAt: transaction.now,
      body,
      settledItems: 0,
      attempts: 0,
      dueAt: transaction.now,
      leaseOwner: null,
      leaseUntil: null,
      doneAt: null,
    }));
    await transaction.insert(InboxBodyRow, ...bodies);
    transaction.afterCommit(() => this.platform.wakeUps.inbox.ring());
  }
}
