import type { ChannelState, Presence, ReplyMatch, SendOutcome, SendStatus, TicketStatus } from './enums';

/**
 * What the log tells, by kind. It holds ids and what the event said; who may hear it is judged when it is told.
 * `SendChanged` stands for every change of a send, so that the log orders them all.
 */
export interface Happenings {
  SendChanged: {
    sendId: string;
    agentId: string;
    botId: string;
    templateId: string;
    contactId: string;
    status: SendStatus;
    previousStatus: SendStatus;
  };
  SendConfirmed: { sendId: string; agentId: string; outcome: SendOutcome };
  ReplyRouted: {
    ticketId: string;
    sendId: string;
    messageId: string;
    agentId: string;
    matchedBy: ReplyMatch;
  };
  FlowOutdated: { botId: string; flowId: string; activationIds: string[] };
  /** `before` and `after` name the agents in whose view the ticket was and is; `before` is null for a new ticket. */
  TicketChanged: {
    ticketId: string;
    botId: string;
    status: TicketStatus;
    before: string[] | null;
    after: string[];
  };
  TicketMessageChanged: { ticketId: string; messageId: string };
  PresenceChanged: { agentId: string; presence: Presence };
  ChannelHealthChanged: { channelId: string; state: ChannelState };
  /** An agent that was deactivated or a key that was revoked: its sockets close. */
  CallerRevoked: { callerId: string };
  /** An agent whose role is another one now: what goes on in its name is judged anew. */
  CallerChanged: { callerId: string };
}

export type HappeningKind = keyof Happenings;

/** One thing that happened, not yet in the log. */
export type Happening = { [Kind in HappeningKind]: { kind: Kind; data: Happenings[Kind] } }[HappeningKind];

/** One thing that happened, with its place in the contract's log. */
export type LoggedHappening = Happening & { contractId: string; sequence: number; occurredAt: number };
