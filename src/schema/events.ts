import { Field, ID, InterfaceType, ObjectType } from 'type-graphql';
import {
  ChannelState,
  Presence,
  ReplyMatch,
  SendOutcome,
  SendStatus,
  TicketChange,
  TicketStatus,
} from '../entities/enums';
import { DateTime } from './scalars';

export function typeOfEvent({ eventType }: { eventType: string }): string {
  return eventType;
}

@InterfaceType({
  description:
    'One thing that happened, kept in the event log. `cursor` resumes a subscription after it with nothing lost.',
  resolveType: typeOfEvent,
})
export abstract class Event {
  /** Name of the GraphQL type of this event; no field of the schema. */
  eventType!: string;

  @Field(() => String, { description: "Place in the contract's log: pass it as `after` to go on behind it." })
  cursor!: string;

  @Field(() => DateTime, { description: 'When it happened.' })
  occurredAt!: number;
}

/** The resolver adds: ticket, send, message, agent. */
@ObjectType({
  implements: Event,
  description: 'An answer to an active message found its ticket.',
  simpleResolvers: true,
})
export class ReplyRouted extends Event {
  @Field(() => ID, { description: 'The ticket, even when it has since left the view of the caller.' })
  ticketId!: string;

  @Field(() => ReplyMatch, { description: 'How the answer was matched to the active message.' })
  matchedBy!: ReplyMatch;
}

/** The resolver adds: send. */
@ObjectType({
  implements: Event,
  description:
    'WhatsApp took the message, or it failed for good; fires again only where a failure for want of an answer proves wrong.',
  simpleResolvers: true,
})
export class SendConfirmed extends Event {
  @Field(() => SendOutcome, { description: 'What this event said, whatever became of the send since.' })
  outcome!: SendOutcome;
}

/** The resolver adds: send. */
@ObjectType({
  implements: Event,
  description: 'A send came a step further, failed or was withdrawn.',
  simpleResolvers: true,
})
export class SendStatusChanged extends Event {
  @Field(() => SendStatus, { description: 'The status that the send got by this step.' })
  status!: SendStatus;

  @Field(() => SendStatus, { description: 'The status that the send had before this step.' })
  previousStatus!: SendStatus;
}

/** The resolver adds: bot, flow, activations. */
@ObjectType({
  implements: Event,
  description: 'A publication left enabled templates without their return flow.',
  simpleResolvers: true,
})
export class FlowOutdated extends Event {}

/** The resolver adds: ticket. */
@ObjectType({
  implements: Event,
  description: "A ticket entered, changed in or left the caller's view.",
  simpleResolvers: true,
})
export class TicketChanged extends Event {
  @Field(() => TicketChange, { description: "What happened to it in the caller's view." })
  change!: TicketChange;

  @Field(() => ID, { description: 'The ticket, even when it has left the view of the caller.' })
  ticketId!: string;

  @Field(() => TicketStatus, { description: 'The status that the ticket had by this change.' })
  status!: TicketStatus;
}

/** The resolver adds: agent. */
@ObjectType({
  implements: Event,
  description: 'An agent came to the desk, paused, hid or left.',
  simpleResolvers: true,
})
export class PresenceChanged extends Event {
  @Field(() => Presence, { description: 'The presence that the agent got by this change.' })
  presence!: Presence;
}

/** The resolver adds: channel. */
@ObjectType({
  implements: Event,
  description: 'A number stopped sending, or started again.',
  simpleResolvers: true,
})
export class ChannelHealthChanged extends Event {
  @Field(() => ChannelState, { description: 'The state that the number got by this change.' })
  state!: ChannelState;
}

/** The resolver adds: message. */
@ObjectType({
  implements: Event,
  description: 'A message that was not in the ticket before, or whose status changed.',
  simpleResolvers: true,
})
export class TicketMessageChanged extends Event {}
