import { type SendStatus, TicketChange, type TicketStatus } from '../entities/enums';
import type { HappeningKind, Happenings, LoggedHappening } from '../entities/happening';
import type { Follower } from '../events/event-log';
import { badInput, forbidden, notFound } from '../problems';
import { authorize, type Action } from './access/access';
import { reviewViewer } from './access/authentication';
import { see } from './access/seeing';
import { callerId } from './access/viewer';
import type { ServiceContext } from './context';

/** What a subscription tells its caller: the frozen facts of one event, and the ids of what it is about. */
export interface Told {
  /** Name of the event's type in the API. */
  eventType: string;
  cursor: string;
  occurredAt: number;
}

/** What of a happening this caller hears, with the rights it has at this moment; null where nothing. */
type Telling<Kind extends HappeningKind, Facts extends object> = (
  data: Happenings[Kind],
  context: ServiceContext,
) => Facts | null | Promise<Facts | null>;

/** What was told of facts, while those are remembered. */
const TOLD = new WeakMap<object, Told>();

/**
 * A caller's part of the event log. An object with its own `return`, since a generator cannot be closed while it
 * waits: its follower would stay behind for ever.
 */
class Following<Kind extends HappeningKind, Facts extends object> implements AsyncIterableIterator<
  Told & Facts
> {
  /**
   * Up to this place the caller was told everything; null while an event is on its way to it, whose cursor it may have
   * already: a place before that one would lead back.
   */
  private settled: number | null;
  /** How far the log reached when the caller's rights were last looked at; null where they were not yet. */
  private reviewed: number | null = null;

  constructor(
    private readonly context: ServiceContext,
    private readonly follower: Follower,
    private readonly eventType: string,
    private readonly kind: Kind,
    private readonly action: Action,
    private readonly tell: Telling<Kind, Facts>,
  ) {
    this.settled = follower.place;
  }

  /** The cursor up to which the caller was told everything; null while an event is on its way to it. */
  get position(): string | null {
    return this.settled === null ? null : this.follower.cursorAt(this.settled);
  }

  async next(): Promise<IteratorResult<Told & Facts, undefined>> {
    try {
      for (;;) {
        // The next one is asked for once the last one was sent.
        this.settled = this.follower.place;
        const happening = await this.follower.next();
        if (!happening) return { done: true, value: undefined };
        if (happening.kind !== this.kind) continue;
        const facts = await this.judge(happening);
        if (!facts) continue;
        this.settled = null;
        return { done: false, value: this.told(facts, happening) };
      }
    } catch (error) {
      this.follower.close();
      throw error;
    }
  }

  return(): Promise<IteratorResult<Told & Facts, undefined>> {
    this.follower.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Who hears the same facts hears the same object, by which others know that. */
  private told(facts: Facts, { sequence, occurredAt }: LoggedHappening): Told & Facts {
    const { eventType } = this;
    const known = TOLD.get(facts);
    if (known?.eventType === eventType) return known as Told & Facts;
    const told = { ...facts, eventType, cursor: this.follower.cursorAt(sequence), occurredAt };
    TOLD.set(facts, told);
    return told;
  }

  private async judge(happening: LoggedHappening): Promise<Facts | null> {
    this.context.renew();
    await this.review();
    authorize(this.context.viewer, this.action);
    return this.tell(happening.data as Happenings[Kind], this.context);
  }

  /**
   * Looks at the caller's rights anew, where the log tells that they changed since the last look. What changes them is
   * in the log before any event of later, so that no event waits for the database to tell that nothing changed.
   */
  private async review(): Promise<void> {
    const { platform, viewer } = this.context;
    if (this.reviewed !== null && !this.follower.changedSince(callerId(viewer), this.reviewed)) return;
    const { reach } = this.follower;
    this.context.viewer = await reviewViewer(platform, viewer);
    this.reviewed = reach;
  }
}

async function follow<Kind extends HappeningKind, Facts extends object>(
  context: ServiceContext,
  after: string | null | undefined,
  what: { eventType: string; kind: Kind; action: Action; tell: Telling<Kind, Facts> },
): Promise<AsyncIterable<Told & Facts>> {
  authorize(context.viewer, what.action);
  const follower = await context.platform.eventLog.follow(context.contractId, after ?? null);
  const following = new Following(context, follower, what.eventType, what.kind, what.action, what.tell);
  context.position = () => following.position;
  return following;
}

const LONGEST_LIST = 500;

function among(ids: string[] | null | undefined, id: string): boolean {
  return ids == null || ids.includes(id);
}

function bounded(...lists: (string[] | null | undefined)[]): void {
  if (lists.some((list) => (list?.length ?? 0) > LONGEST_LIST)) {
    throw badInput(`A list of ids holds at most ${LONGEST_LIST}: subscribe without it, or with fewer.`);
  }
}

/** Whether what concerns this agent is the caller's to hear: an agent's own, and everything for who reads everything. */
function concerns(context: ServiceContext, action: Action, agentId: string): boolean {
  return authorize(context.viewer, action) === 'all' || context.viewer.agent?.id === agentId;
}

function requireOwn(context: ServiceContext, action: Action, agentIds: string[] | null | undefined): void {
  bounded(agentIds);
  if (agentIds?.some((agentId) => !concerns(context, action, agentId))) {
    throw forbidden('The role AGENT hears of its own alone: leave `agentIds` out, or name only yourself.');
  }
}

export interface AgentsToHear {
  agentIds?: string[] | null;
  after?: string | null;
}

/** Replies routed to the caller; for who reads every ticket, to anyone or some. @throws Problem FORBIDDEN */
export function followRepliesRouted(context: ServiceContext, { agentIds, after }: AgentsToHear) {
  requireOwn(context, 'tickets.read', agentIds);
  return follow(context, after, {
    eventType: 'ReplyRouted',
    kind: 'ReplyRouted',
    action: 'tickets.read',
    tell: (data, now) =>
      among(agentIds, data.agentId) && concerns(now, 'tickets.read', data.agentId) ? data : null,
  });
}

/** Outcomes of the caller's sends; for who reads every send, of anyone's or some. @throws Problem FORBIDDEN */
export function followSendsConfirmed(context: ServiceContext, { agentIds, after }: AgentsToHear) {
  requireOwn(context, 'sends.read', agentIds);
  return follow(context, after, {
    eventType: 'SendConfirmed',
    kind: 'SendConfirmed',
    action: 'sends.read',
    tell: (data, now) =>
      among(agentIds, data.agentId) && concerns(now, 'sends.read', data.agentId) ? data : null,
  });
}

export interface SendsToHear {
  sendIds?: string[] | null;
  botIds?: string[] | null;
  agentIds?: string[] | null;
  templateIds?: string[] | null;
  contactId?: string | null;
  statuses?: SendStatus[] | null;
}

/** Every step of the sends that match and are the caller's to see. */
export function followSendStatuses(
  context: ServiceContext,
  filter: SendsToHear | null | undefined,
  after: string | null | undefined,
) {
  const wanted = filter ?? {};
  bounded(wanted.sendIds, wanted.botIds, wanted.agentIds, wanted.templateIds);
  return follow(context, after, {
    eventType: 'SendStatusChanged',
    kind: 'SendChanged',
    action: 'sends.read',
    tell: (data, now) => {
      const matches =
        data.status !== data.previousStatus &&
        among(wanted.sendIds, data.sendId) &&
        among(wanted.botIds, data.botId) &&
        among(wanted.agentIds, data.agentId) &&
        among(wanted.templateIds, data.templateId) &&
        (wanted.contactId == null || wanted.contactId === data.contactId) &&
        (wanted.statuses == null || wanted.statuses.includes(data.status));
      return matches && concerns(now, 'sends.read', data.agentId) ? data : null;
    },
  });
}

/** Alerts that a publication left templates without their return flow. @throws Problem FORBIDDEN */
export function followFlowsOutdated(
  context: ServiceContext,
  { botIds, after }: { botIds?: string[] | null; after?: string | null },
) {
  bounded(botIds);
  return follow(context, after, {
    eventType: 'FlowOutdated',
    kind: 'FlowOutdated',
    action: 'flow-alerts.hear',
    tell: (data) => (among(botIds, data.botId) ? data : null),
  });
}

/**
 * Tickets that enter, change in or leave the caller's view. Whose view a ticket was and is in is frozen in the event,
 * so that leaving is told even to who may not see it any more.
 */
export function followTickets(
  context: ServiceContext,
  { botIds, after }: { botIds?: string[] | null; after?: string | null },
) {
  bounded(botIds);
  return follow(context, after, {
    eventType: 'TicketChanged',
    kind: 'TicketChanged',
    action: 'tickets.read',
    tell: (data, now): { ticketId: string; status: TicketStatus; change: TicketChange } | null => {
      if (!among(botIds, data.botId)) return null;
      const { ticketId, status } = data;
      const all = authorize(now.viewer, 'tickets.read') === 'all';
      const me = now.viewer.agent?.id ?? '';
      const was = data.before !== null && (all || data.before.includes(me));
      const is = all || data.after.includes(me);
      if (!was && !is) return null;
      return {
        ticketId,
        status,
        change: !is ? TicketChange.LEFT : was ? TicketChange.UPDATED : TicketChange.ENTERED,
      };
    },
  });
}

/**
 * Messages of one ticket, or of all that the caller may see at the moment.
 * @throws Problem NOT_FOUND where there is no such ticket for the caller.
 */
export async function followTicketMessages(
  context: ServiceContext,
  { ticketId, after }: { ticketId?: string | null; after?: string | null },
) {
  if (ticketId != null && !(await see(context, 'Ticket', ticketId))) {
    throw notFound('There is no such ticket: pass the id of a ticket that you can see.');
  }
  return follow(context, after, {
    eventType: 'TicketMessageChanged',
    kind: 'TicketMessageChanged',
    action: 'tickets.read',
    tell: async (data, now) => {
      if (ticketId != null && data.ticketId !== ticketId) return null;
      return (await see(now, 'TicketMessage', data.messageId)) ? data : null;
    },
  });
}

/** Changes of the presence of the contract's agents. */
export function followPresence(context: ServiceContext, after: string | null | undefined) {
  return follow(context, after, {
    eventType: 'PresenceChanged',
    kind: 'PresenceChanged',
    action: 'agents.read',
    tell: (data) => data,
  });
}

/** Numbers that stop and start. @throws Problem FORBIDDEN */
export function followChannelHealth(context: ServiceContext, after: string | null | undefined) {
  return follow(context, after, {
    eventType: 'ChannelHealthChanged',
    kind: 'ChannelHealthChanged',
    action: 'channel-alerts.hear',
    tell: (data) => data,
  });
}
