import { randomUUID } from 'node:crypto';
import sql, { empty, join, raw } from 'sql-template-tag';
import { openWebhookPosts } from '../../channels/webhook-posts';
import { DAY, MINUTE, SECOND } from '../../clock';
import { limitOf, rowFrom } from '../../database/rows';
import { ChannelProvider } from '../../entities/enums';
import { SandboxWebhookRow } from '../../entities/sandbox-webhook';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { Platform } from '../context';
import { channelSecrets } from '../desk/channels';
import { groupedBy } from '../grouping';
import { Rounds } from '../rounds';

const WEBHOOKS_AT_ONCE = 50;
const ANSWER_TIMEOUT = 10 * SECOND;
/** Longer than a number's share of what was claimed takes, where each is answered. */
export const LEASE = MINUTE;
const FIRST_PAUSE = SECOND;
export const LONGEST_PAUSE = 5 * MINUTE;
/** Meta repeats a webhook for so long. */
const REPEATED_FOR = 7 * DAY;

/** Delivers the sandbox's webhooks, each until it was answered with 200, those of one number in their order. */
export class SandboxWebhooks {
  private readonly owner = randomUUID();
  private readonly posts = openWebhookPosts();
  private readonly rounds: Rounds;

  constructor(private readonly platform: Platform) {
    const { clock, log, wakeUps } = platform;
    this.rounds = new Rounds({
      clock,
      wakeUp: wakeUps.sandboxWebhooks,
      work: () => this.work(),
      failed: (error) => log.error({ err: error }, 'webhooks of the sandbox could not be delivered'),
    });
  }

  start(): void {
    this.rounds.start();
  }

  /** Delivers no more, gives back what it has not delivered, and lets go of its connections. */
  async stop(): Promise<void> {
    await this.rounds.stop();
    await this.posts.close();
  }

  private async work(): Promise<void> {
    while (this.rounds.running && (await this.isAnythingDue())) {
      const webhooks = await this.claim();
      if (webhooks.length === 0) return;
      const byChannel = groupedBy(webhooks, ({ channelId }) => channelId);
      const results = await Promise.allSettled([...byChannel.values()].map((some) => this.deliverAll(some)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    }
  }

  /** Asked of a reader, so that an idle server writes nothing. */
  private async isAnythingDue(): Promise<boolean> {
    const now = this.platform.clock.now();
    return this.platform.store
      .acrossContracts()
      .exists(SandboxWebhookRow, sql`due_at <= ${now} and (lease_until is null or lease_until <= ${now})`);
  }

  private claim(): Promise<SandboxWebhookRow[]> {
    const now = this.platform.clock.now();
    return this.platform.store.transactAcrossContracts(async (connection) => {
      const skipping = connection.dialect === 'postgres' ? raw(' for update skip locked') : empty;
      const found = await connection.all(
        sql`select * from sandbox_webhooks where due_at <= ${now} and (lease_until is null or lease_until <= ${now})
            order by due_at, id${limitOf(WEBHOOKS_AT_ONCE)}${skipping}`,
      );
      const webhooks = found.map((row) => rowFrom(SandboxWebhookRow, row));
      if (webhooks.length > 0) {
        await connection.run(
          sql`update sandbox_webhooks set lease_owner = ${this.owner}, lease_until = ${now + LEASE}
              where id in (${join(webhooks.map(({ id }) => id))})`,
        );
      }
      return webhooks;
    });
  }

  /** One number's webhooks, one after the other. */
  private async deliverAll(webhooks: readonly SandboxWebhookRow[]): Promise<void> {
    for (const webhook of webhooks) {
      const isLeased = this.platform.clock.now() < (webhook.leaseUntil ?? Infinity);
      if (this.rounds.running && isLeased) await this.deliver(webhook);
      else await this.giveBack(webhook, webhook);
    }
  }

  private async deliver(webhook: SandboxWebhookRow): Promise<void> {
    const { store, log, clock } = this.platform;
    const channel = await store.rowsOf(webhook.contractId).byId(WhatsAppChannelRow, webhook.channelId);
    const isThere = channel?.provider === ChannelProvider.SANDBOX && channel.disconnectedAt === null;
    if (!isThere) return this.forget(webhook);
    const status = await this.post(webhook, channel);
    if (status === 200) return this.forget(webhook);
    const now = clock.now();
    log.warn({ status, channelId: channel.id }, 'a webhook of the sandbox was not taken');
    if (now - webhook.createdAt >= REPEATED_FOR) return this.forget(webhook);
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(webhook.attempts, 20));
    await this.giveBack(webhook, { dueAt: now + pause, attempts: webhook.attempts + 1 });
  }

  private async post(webhook: SandboxWebhookRow, channel: WhatsAppChannelRow): Promise<number | null> {
    const { clock } = this.platform;
    const controller = new AbortController();
    const cancel = clock.after(ANSWER_TIMEOUT, () => controller.abort());
    try {
      const { appSecret } = channelSecrets(this.platform, channel);
      const url = `${this.platform.ownUrl()}/webhooks/whatsapp/${channel.id}`;
      return await this.posts.post(url, webhook.body, appSecret, controller.signal);
    } finally {
      cancel();
    }
  }

  private async forget({ id, contractId }: SandboxWebhookRow): Promise<void> {
    await this.platform.store.transact(contractId, (transaction) =>
      transaction.remove(SandboxWebhookRow, sql`id = ${id} and lease_owner = ${this.owner}`),
    );
  }

  private async giveBack(
    { id, contractId }: SandboxWebhookRow,
    { dueAt, attempts }: Pick<SandboxWebhookRow, 'dueAt' | 'attempts'>,
  ): Promise<void> {
    await this.platform.store.transact(contractId, (transaction) =>
      transaction.update(
        SandboxWebhookRow,
        { dueAt, attempts, leaseOwner: null, leaseUntil: null },
        sql`id = ${id} and lease_owner = ${this.owner}`,
      ),
    );
  }
}
