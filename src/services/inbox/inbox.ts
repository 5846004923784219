import { randomUUID } from 'node:crypto';
import sql, { empty, join, raw } from 'sql-template-tag';
import { addressVariants } from '../../channels/phone-addresses';
import type { WebhookItem } from '../../channels/webhook-items';
import { MINUTE, SECOND } from '../../clock';
import { DatabaseUnavailable } from '../../database/connection';
import { limitOf, rowFrom } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { InboxBodyRow } from '../../entities/inbox-body';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { Platform } from '../context';
import { WEBHOOK_READERS, workItem } from './inbox-items';
import { putAside, PutAside } from './putting-aside';
import { Rounds } from '../rounds';

const BODIES_AT_ONCE = 8;
/** Bodies are claimed several at a time, and not only when all are done: a long one holds up none that come after. */
const ROOM_TO_CLAIM = 4;
/** A body whose worker died is taken over after this. Each settled item renews it. */
export const LEASE = MINUTE;
export const LONGEST_PAUSE = 5 * MINUTE;

/** Logs what no rule foresaw. The error's own words stay out: they may quote what a customer wrote. */
export function logUnforeseen(platform: Platform, error: unknown, kind: WebhookItem['kind']): void {
  if (error instanceof PutAside) return;
  const { name, stack, code } = error as { name?: string; stack?: string; code?: string };
  const frames = stack?.split('\n').filter((line) => line.startsWith('    at '));
  platform.log.error({ kind, error: name, code, frames }, 'an item of a webhook could not be worked');
}

/** Somebody else works the body now: whatever was done for it here is undone. */
class LeaseLost extends Error {}

/** Works what webhooks delivered, item by item; each item is settled in the unit of work that does what it asks for. */
export class InboxWorker {
  private readonly owner = randomUUID();
  private readonly rounds: Rounds;
  /** The latest body under way about each person and template. */
  private readonly latest = new Map<string, Promise<void>>();

  constructor(private readonly platform: Platform) {
    const { clock, log, wakeUps } = platform;
    this.rounds = new Rounds({
      clock,
      wakeUp: wakeUps.inbox,
      work: () => this.workAll(),
      failed: (error) => {
        const level = error instanceof DatabaseUnavailable ? 'warn' : 'error';
        log[level]({ error: (error as Error).name }, 'the inbox could not be worked');
      },
    });
  }

  start(): void {
    this.rounds.start();
  }

  /** Resolves once the items being worked are settled; what is left is for the next start, or for another node. */
  stop(): Promise<void> {
    return this.rounds.stop();
  }

  private async workAll(): Promise<void> {
    const failures: unknown[] = [];
    const fail = (error: unknown): void => void failures.push(error);
    const underWay = new Map<string, Promise<void>>();
    for (;;) {
      const room = BODIES_AT_ONCE - underWay.size;
      const mayClaim = this.rounds.running && failures.length === 0 && room >= ROOM_TO_CLAIM;
      // Listened for from before the look on, so that what comes meanwhile is not overlooked.
      const rung = this.rounds.untilRung();
      const bodies = mayClaim ? await this.claim(room, [...underWay.keys()]).catch(fail) : [];
      for (const body of bodies ?? []) {
        const work = this.inTurn(body)
          .catch(fail)
          .finally(() => underWay.delete(body.id));
        underWay.set(body.id, work);
      }
      if (underWay.size === 0) break;
      await Promise.race(mayClaim ? [...underWay.values(), rung] : underWay.values());
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Works a body once those before it about the same person or template are worked. */
  private inTurn(body: InboxBodyRow): Promise<void> {
    const subjects = subjectsOf(body.body);
    const before = subjects.flatMap((subject) => this.latest.get(subject) ?? []);
    const work = Promise.allSettled(before).then(() => this.work(body));
    for (const subject of subjects) this.latest.set(subject, work);
    return work.finally(() => {
      for (const subject of subjects) if (this.latest.get(subject) === work) this.latest.delete(subject);
    });
  }

  /** @param except what is worked here already, be its lease over. */
  private claim(limit: number, except: readonly string[]): Promise<InboxBodyRow[]> {
    const now = this.platform.clock.now();
    const others = except.length === 0 ? empty : sql` and id not in (${join([...except])})`;
    return this.platform.store.transactAcrossContracts(async (connection) => {
      const skipping = connection.dialect === 'postgres' ? raw(' for update skip locked') : empty;
      // What this worker still has and does not work is nobody's: the database went away before it could be given back.
      const found = await connection.all(
        sql`select * from inbox_bodies where done_at is null and due_at <= ${now}
            and (lease_until is null or lease_until <= ${now} or lease_owner = ${this.owner})${others}
            order by due_at, id${limitOf(limit)}${skipping}`,
      );
      const bodies = found.map((row) => rowFrom(InboxBodyRow, row));
      if (bodies.length > 0) {
        await connection.run(
          sql`update inbox_bodies set lease_owner = ${this.owner}, lease_until = ${now + LEASE}, attempts = attempts + 1
              where id in (${join(bodies.map(({ id }) => id))})`,
        );
      }
      return bodies;
    });
  }

  private async work(body: InboxBodyRow): Promise<void> {
    try {
      const channel = await this.platform.store
        .rowsOf(body.contractId)
        .byId(WhatsAppChannelRow, body.channelId);
      if (!channel) throw new Error('A webhook belongs to a number');
      const items = WEBHOOK_READERS[channel.provider].readBody(body.body);
      if (items.length === 0)
        await this.transact(body, (transaction) => this.settle(transaction, body, 0, true));
      for (let index = body.settledItems; index < items.length; index += 1) {
        if (!this.rounds.running) {
          await this.giveBack(body, this.platform.clock.now());
          return;
        }
        const isLast = index === items.length - 1;
        await this.workOne(body, items[index] as WebhookItem, index, isLast);
      }
    } catch (error) {
      if (error instanceof LeaseLost) return;
      await this.giveBack(body, this.platform.clock.now() + pauseAfter(body.attempts));
      throw error;
    }
  }

  private async workOne(
    body: InboxBodyRow,
    item: WebhookItem,
    index: number,
    isLast: boolean,
  ): Promise<void> {
    let result = 'settled';
    try {
      await this.transact(body, async (transaction) => {
        await workItem(this.platform, transaction, item);
        await this.settle(transaction, body, index, isLast);
      });
    } catch (error) {
      if (error instanceof DatabaseUnavailable || error instanceof LeaseLost) throw error;
      logUnforeseen(this.platform, error, item.kind);
      result = 'put_aside';
      await this.transact(body, async (transaction) => {
        await putAside(this.platform, transaction, body, { payload: item.payload, error });
        await this.settle(transaction, body, index, isLast);
      });
    }
    this.platform.metrics.webhookItems.inc({ kind: item.kind, result });
  }

  private transact(body: InboxBodyRow, work: (transaction: Transaction) => Promise<void>): Promise<void> {
    return this.platform.store.transact(body.contractId, work);
  }

  /** Counts an item as settled, in the unit of work that settled it: after a crash none is worked twice. */
  private async settle(
    transaction: Transaction,
    body: InboxBodyRow,
    index: number,
    isLast: boolean,
  ): Promise<void> {
    const changes = isLast
      ? // Nothing is needed of it any more, and it holds what a customer wrote.
        { settledItems: index + 1, doneAt: transaction.now, body: '', leaseOwner: null, leaseUntil: null }
      : { settledItems: index + 1, leaseUntil: transaction.now + LEASE };
    const settled = await transaction.update(
      InboxBodyRow,
      changes,
      sql`id = ${body.id} and lease_owner = ${this.owner} and settled_items = ${index}`,
    );
    if (settled === 0) throw new LeaseLost('Another worker has the body');
  }

  private async giveBack(body: InboxBodyRow, dueAt: number): Promise<void> {
    await this.transact(body, async (transaction) => {
      await transaction.change(
        InboxBodyRow,
        { dueAt, leaseOwner: null, leaseUntil: null },
        sql`id = ${body.id} and lease_owner = ${this.owner}`,
      );
    });
  }
}

/** Leaves out whom a quoted message was from: that is mostly us. */
const SUBJECT =
  /(?<!"context"\s*:\s*\{\s*)"(?:wa_id|user_id|from_user_id|from)"\s*:\s*"([^"]+)"|"message_template_id"\s*:\s*"?(\d+)/g;

/**
 * Whom and which templates a body is about, told without taking it apart, a number in whichever form alike: what is
 * overlooked costs an order, nothing else.
 */
function subjectsOf(text: string): string[] {
  const found = [...text.matchAll(SUBJECT)].map(([, person, template]) =>
    person === undefined ? `template ${template ?? ''}` : (addressVariants(person).sort()[0] ?? person),
  );
  return [...new Set(found)];
}

/** Longer each time: a second, two, four … five minutes at most. */
function pauseAfter(attempts: number): number {
  return Math.min(LONGEST_PAUSE, SECOND * 2 ** Math.min(attempts, 20));
}
