import type { EventRow } from '../../src/entities/event';
import { SendStatus } from '../../src/entities/enums';
import type { LoggedHappening } from '../../src/entities/happening';

/** A subscription, and which events of the log it tells whom: an agent its own, and everything to nobody's agent. */
export interface Hearing {
  document: string;
  variables?: Record<string, unknown>;
  isFor: (event: LoggedHappening, agentId: string | null) => boolean;
}

const isAmong = (agentId: string | null, ids: readonly string[]): boolean =>
  agentId === null || ids.includes(agentId);

const statusChanged = (
  { kind, data }: LoggedHappening,
  me: string | null,
  statuses?: SendStatus[],
): boolean =>
  kind === 'SendChanged' &&
  data.status !== data.previousStatus &&
  (statuses?.includes(data.status) ?? true) &&
  isAmong(me, [data.agentId]);

const SOME_STATUSES = [SendStatus.ACCEPTED, SendStatus.READ];

/** Subscriptions that agents may have as well as who hears everything. */
export const HEARINGS: readonly Hearing[] = [
  {
    document:
      'subscription ($after: String) { presenceChanged(after: $after) { cursor presence agent { id } } }',
    isFor: ({ kind }) => kind === 'PresenceChanged',
  },
  {
    document:
      'subscription ($after: String) { sendStatusChanged(after: $after) { cursor status send { id status } } }',
    isFor: (event, me) => statusChanged(event, me),
  },
  {
    document:
      'subscription ($after: String, $statuses: [SendStatus!]) { sendStatusChanged(filter: { statuses: $statuses }, after: $after) { cursor status } }',
    variables: { statuses: SOME_STATUSES },
    isFor: (event, me) => statusChanged(event, me, SOME_STATUSES),
  },
  {
    document: 'subscription ($after: String) { sendConfirmed(after: $after) { cursor outcome send { id } } }',
    isFor: ({ kind, data }, me) => kind === 'SendConfirmed' && isAmong(me, [data.agentId]),
  },
  {
    document: 'subscription ($after: String) { replyRouted(after: $after) { cursor ticketId agent { id } } }',
    isFor: ({ kind, data }, me) => kind === 'ReplyRouted' && isAmong(me, [data.agentId]),
  },
  {
    document: 'subscription ($after: String) { ticketChanged(after: $after) { cursor change ticketId } }',
    isFor: ({ kind, data }, me) =>
      kind === 'TicketChanged' && isAmong(me, [...(data.before ?? []), ...data.after]),
  },
];

/** Those of who hears everything: whether an agent hears of a message lies with its ticket as it is at the moment. */
export const HEARINGS_OF_ALL: readonly Hearing[] = [
  ...HEARINGS,
  {
    document:
      'subscription ($after: String) { ticketMessageChanged(after: $after) { cursor message { id text } } }',
    isFor: ({ kind }) => kind === 'TicketMessageChanged',
  },
];

/** Rows of the log as what they tell. */
export const asHappenings = (rows: readonly EventRow[]): LoggedHappening[] =>
  rows as unknown as LoggedHappening[];
