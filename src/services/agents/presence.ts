import sql from 'sql-template-tag';
import { MINUTE, SECOND } from '../../clock';
import { DatabaseUnavailable } from '../../database/connection';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { Presence, UserErrorCode } from '../../entities/enums';
import { QueueRow } from '../../entities/queue';
import { forbidden } from '../../problems';
import { authorize } from '../access/access';
import type { Platform, ServiceContext } from '../context';
import { agentBecamePresent, handOutToAgent, queuesOfAgent } from '../tickets/distribution';
import { made, refused, userError, type Outcome } from '../outcome';
import { isPresent } from '../tickets/placement';

/**
 * Changes an agent's presence, tells of it, and gives the agent what waited for this (rules 30 and 31).
 * @returns the agent as it is now.
 */
export async function changePresence(
  platform: Platform,
  transaction: Transaction,
  agent: AgentRow,
  presence: Presence,
): Promise<AgentRow> {
  // The queues before the agent, as everywhere: who places a ticket there then sees this presence or waits for it.
  for (const queueId of await queuesOfAgent(transaction, agent.id)) await transaction.lock(QueueRow, queueId);
  const before = await transaction.lock(AgentRow, agent.id);
  if (!before || before.presence === presence) return before ?? agent;
  // Deactivated this instant: it stays away.
  if (!before.active && presence !== Presence.OFFLINE) return before;
  const changes = { presence, presenceChangedAt: transaction.now };
  await transaction.change(AgentRow, changes, sql`id = ${agent.id}`);
  transaction.record('PresenceChanged', { agentId: agent.id, presence });
  const after = { ...before, ...changes };
  if (!after.active) return after;
  if (isPresent(presence) && !isPresent(before.presence))
    await agentBecamePresent(platform, transaction, after);
  else if (presence === Presence.ONLINE) await handOutToAgent(platform, transaction, agent.id);
  return (await transaction.byId(AgentRow, agent.id)) ?? after;
}

/** Sets one's own presence; an admin may set another's. */
export function setPresence(
  context: ServiceContext,
  input: { presence: Presence; agentId?: string | null },
): Promise<Outcome<{ agent: AgentRow }>> {
  const reach = authorize(context.viewer, 'presence.change');
  const own = context.viewer.agent?.id ?? null;
  const agentId = input.agentId ?? own;
  if (reach === 'own' && agentId !== own) {
    throw forbidden("Only an admin may set another agent's presence: leave `agentId` out to set your own.");
  }
  return context.transact(async (transaction): Promise<Outcome<{ agent: AgentRow }>> => {
    const agent = agentId === null ? null : await transaction.byId(AgentRow, agentId);
    if (!agent) {
      const message = 'There is no such agent: take an id that `agents` lists.';
      return refused(userError(UserErrorCode.NOT_FOUND, message, ['input', 'agentId']));
    }
    if (!agent.active) {
      const message = 'This agent was deactivated and is always OFFLINE: activate it first.';
      return refused(userError(UserErrorCode.INVALID, message, ['input', 'agentId']));
    }
    return made({ agent: await changePresence(context.platform, transaction, agent, input.presence) });
  });
}

/** How often at most an agent's row is written because it was seen. */
const SEEN_INTERVAL = MINUTE;
const SWEEP_INTERVAL = 30 * SECOND;

/** When this process last saw an agent, and up to when that is written, by the time that goes on evenly. */
interface Seen {
  contractId: string;
  at: number;
  writtenAt: number;
}

/** Lets agents go OFFLINE who were not heard of for PRESENCE_TIMEOUT (rule 36). */
export class PresenceWatch {
  /** The agents that this process saw, by their ids. */
  private readonly seen = new Map<string, Seen>();
  private readonly pending = new Set<Promise<void>>();
  private cancel: (() => void) | null = null;
  private running = false;

  constructor(private readonly platform: Platform) {}

  start(): void {
    if (this.platform.config.presenceTimeout === 0) return;
    this.running = true;
    this.wait();
  }

  async stop(): Promise<void> {
    this.running = false;
    this.cancel?.();
    this.cancel = null;
    await Promise.all(this.pending);
  }

  /** A request or a socket of this agent was seen. Never fails: what could not be written now is written next time. */
  touch(contractId: string, agentId: string): void {
    const now = this.platform.clock.elapsed();
    const seen = this.seen.get(agentId) ?? { contractId, at: now, writtenAt: Number.NEGATIVE_INFINITY };
    seen.at = now;
    this.seen.set(agentId, seen);
    if (this.platform.config.presenceTimeout > 0 && this.isToWrite(seen))
      this.follow(this.write(agentId, seen));
  }

  /** Lets everybody go who was not heard of for too long. */
  async sweep(): Promise<void> {
    const { clock, config, store } = this.platform;
    await this.writeSeen();
    // While no server ran nobody could be seen, and a clock that was set tells no silence: everybody gets the full time.
    if (clock.now() - this.platform.listeningSince() < config.presenceTimeout) return;
    const latest = clock.now() - config.presenceTimeout;
    const agents = await store.acrossContracts().find(AgentRow, { where: unheardOfSince(latest) });
    for (const { id, contractId } of agents) {
      const seenAt = this.seen.get(id)?.at ?? Number.NEGATIVE_INFINITY;
      if (clock.elapsed() - seenAt < config.presenceTimeout) continue;
      this.seen.delete(id);
      await store.transact(contractId, async (transaction) => {
        const agent = await transaction.first(AgentRow, sql`id = ${id} and (${unheardOfSince(latest)})`);
        if (agent) await changePresence(this.platform, transaction, agent, Presence.OFFLINE);
      });
    }
  }

  /** What was seen after it was written last: other nodes know it long before they would let somebody go. */
  private async writeSeen(): Promise<void> {
    for (const [agentId, seen] of this.seen) if (this.isToWrite(seen)) await this.write(agentId, seen);
  }

  private isToWrite({ at, writtenAt }: Seen): boolean {
    const interval = Math.min(SEEN_INTERVAL, this.platform.config.presenceTimeout / 5);
    return at > writtenAt && this.platform.clock.elapsed() - writtenAt >= interval;
  }

  private async write(agentId: string, seen: Seen): Promise<void> {
    const { clock } = this.platform;
    const at = Math.round(clock.now() - (clock.elapsed() - seen.at));
    seen.writtenAt = seen.at;
    await this.platform.store.transact(seen.contractId, async (transaction) => {
      const earlier = sql`id = ${agentId} and (last_seen_at is null or last_seen_at < ${at})`;
      await transaction.change(AgentRow, { lastSeenAt: at }, earlier);
    });
  }

  private wait(): void {
    const interval = Math.min(SWEEP_INTERVAL, Math.max(SECOND, this.platform.config.presenceTimeout / 4));
    this.cancel = this.platform.clock.after(interval, () => {
      const sweeping = this.sweep();
      this.follow(sweeping);
      void sweeping
        .catch(() => undefined)
        .then(() => {
          if (this.running) this.wait();
        });
    });
  }

  private follow(work: Promise<void>): void {
    const followed = work
      .catch((error: unknown) => {
        const level = error instanceof DatabaseUnavailable ? 'warn' : 'error';
        this.platform.log[level]({ err: error }, 'presence could not be kept');
      })
      .finally(() => this.pending.delete(followed));
    this.pending.add(followed);
  }
}

function unheardOfSince(latest: number) {
  return sql`presence <> ${Presence.OFFLINE} and (last_seen_at is null or last_seen_at <= ${latest})
    and (presence_changed_at is null or presence_changed_at <= ${latest})`;
}
