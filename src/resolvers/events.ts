import { Arg, Ctx, FieldResolver, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import type { BotRow } from '../entities/bot';
import type { FlowRow } from '../entities/flow';
import type { Happenings } from '../entities/happening';
import type { SendRow } from '../entities/send';
import type { TemplateActivationRow } from '../entities/template-activation';
import type { TicketRow } from '../entities/ticket';
import type { TicketMessageRow } from '../entities/ticket-message';
import type { WhatsAppChannelRow } from '../entities/whatsapp-channel';
import { Agent } from '../schema/agents';
import { Bot } from '../schema/bots';
import { WhatsAppChannel } from '../schema/channels';
import {
  ChannelHealthChanged,
  FlowOutdated,
  PresenceChanged,
  ReplyRouted,
  SendConfirmed,
  SendStatusChanged,
  TicketChanged,
  TicketMessageChanged,
} from '../schema/events';
import { Flow } from '../schema/flows';
import { Send, SendEventFilter } from '../schema/sends';
import { TemplateActivation } from '../schema/templates';
import { Ticket, TicketMessage } from '../schema/tickets';
import type { ServiceContext } from '../services/context';
import * as subscriptions from '../services/subscriptions';
import { seeAsked, type Seen } from '../services/access/seeing';

const AFTER =
  'Resumes after this place: the cursor of any event of the contract, or `eventCursor`. Left out, only what happens from now on is told.';

/** What a subscription's source is given by the library. */
interface Subscribing<Arguments> {
  args: Arguments;
  context: ServiceContext;
}

@Resolver(() => ReplyRouted)
export class ReplyRoutedResolver {
  @Subscription(() => ReplyRouted, {
    subscribe: ({ args, context }: Subscribing<subscriptions.AgentsToHear>) =>
      subscriptions.followRepliesRouted(context, args),
    description:
      "Replies routed to the caller; an admin may watch every agent (`agentIds` null) or some. Another agent's: FORBIDDEN.",
  })
  replyRouted(
    @Root() event: ReplyRouted,
    @Arg('agentIds', () => [ID], {
      nullable: true,
      description: 'Only replies for these agents; at most 500.',
    })
    _agentIds?: string[],
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): ReplyRouted {
    return event;
  }

  @FieldResolver(() => Ticket, {
    nullable: true,
    description: "The ticket as it is now; null when it has since left the caller's view.",
  })
  ticket(@Root() event: Happenings['ReplyRouted'], @Ctx() context: ServiceContext): Seen<TicketRow> {
    return seeAsked(context, 'Ticket', event.ticketId);
  }

  @FieldResolver(() => Send, { description: 'The active message that was answered.' })
  send(@Root() event: Happenings['ReplyRouted'], @Ctx() context: ServiceContext): Seen<SendRow> {
    return seeAsked(context, 'Send', event.sendId);
  }

  @FieldResolver(() => TicketMessage, {
    nullable: true,
    description: "The customer's answer; null when its ticket has since left the caller's view.",
  })
  message(@Root() event: Happenings['ReplyRouted'], @Ctx() context: ServiceContext): Seen<TicketMessageRow> {
    return seeAsked(context, 'TicketMessage', event.messageId);
  }

  @FieldResolver(() => Agent, {
    description: 'The agent it was routed to, whether it is in the ongoing list or waits for them.',
  })
  agent(@Root() event: Happenings['ReplyRouted'], @Ctx() context: ServiceContext): Seen<AgentRow> {
    return seeAsked(context, 'Agent', event.agentId);
  }
}

@Resolver(() => SendConfirmed)
export class SendConfirmedResolver {
  @Subscription(() => SendConfirmed, {
    subscribe: ({ args, context }: Subscribing<subscriptions.AgentsToHear>) =>
      subscriptions.followSendsConfirmed(context, args),
    description:
      "Outcomes of the caller's own sends; an admin may watch others'. Another agent's: FORBIDDEN.",
  })
  sendConfirmed(
    @Root() event: SendConfirmed,
    @Arg('agentIds', () => [ID], { nullable: true, description: 'Only sends by these agents; at most 500.' })
    _agentIds?: string[],
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): SendConfirmed {
    return event;
  }

  @FieldResolver(() => Send, { description: 'The send as it is now.' })
  send(@Root() event: Happenings['SendConfirmed'], @Ctx() context: ServiceContext): Seen<SendRow> {
    return seeAsked(context, 'Send', event.sendId);
  }
}

@Resolver(() => SendStatusChanged)
export class SendStatusChangedResolver {
  @Subscription(() => SendStatusChanged, {
    subscribe: ({ args, context }: Subscribing<{ filter?: subscriptions.SendsToHear; after?: string }>) =>
      subscriptions.followSendStatuses(context, args.filter, args.after),
    description: 'Every step of sends that match; agents hear of their own, admins of all.',
  })
  sendStatusChanged(
    @Root() event: SendStatusChanged,
    @Arg('filter', () => SendEventFilter, {
      nullable: true,
      description: 'Which sends to hear of; left out: all that the caller may see.',
    })
    _filter?: SendEventFilter,
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): SendStatusChanged {
    return event;
  }

  @FieldResolver(() => Send, { description: 'The send as it is now.' })
  send(@Root() event: Happenings['SendChanged'], @Ctx() context: ServiceContext): Seen<SendRow> {
    return seeAsked(context, 'Send', event.sendId);
  }
}

@Resolver(() => FlowOutdated)
export class FlowOutdatedResolver {
  @Subscription(() => FlowOutdated, {
    subscribe: ({ args, context }: Subscribing<{ botIds?: string[]; after?: string }>) =>
      subscriptions.followFlowsOutdated(context, args),
    description: 'Alerts that a publication left templates without their return flow (admins).',
  })
  flowOutdated(
    @Root() event: FlowOutdated,
    @Arg('botIds', () => [ID], { nullable: true, description: 'Only flows of these bots; at most 500.' })
    _botIds?: string[],
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): FlowOutdated {
    return event;
  }

  @FieldResolver(() => Bot, { description: 'The bot whose flow was published.' })
  bot(@Root() event: Happenings['FlowOutdated'], @Ctx() context: ServiceContext): Seen<BotRow> {
    return seeAsked(context, 'Bot', event.botId);
  }

  @FieldResolver(() => Flow, { description: 'The publication that left them without their block.' })
  flow(@Root() event: Happenings['FlowOutdated'], @Ctx() context: ServiceContext): Seen<FlowRow> {
    return seeAsked(context, 'Flow', event.flowId);
  }

  @FieldResolver(() => [TemplateActivation], {
    description: 'Templates that can no longer be sent until their return flow is updated.',
  })
  async activations(
    @Root() event: Happenings['FlowOutdated'],
    @Ctx() context: ServiceContext,
  ): Promise<TemplateActivationRow[]> {
    const seen = event.activationIds.map(async (id) => seeAsked(context, 'TemplateActivation', id));
    return (await Promise.all(seen)).filter((activation) => activation !== null);
  }
}

@Resolver(() => TicketChanged)
export class TicketChangedResolver {
  @Subscription(() => TicketChanged, {
    subscribe: ({ args, context }: Subscribing<{ botIds?: string[]; after?: string }>) =>
      subscriptions.followTickets(context, args),
    description: "Tickets that enter, change in or leave the caller's view.",
  })
  ticketChanged(
    @Root() event: TicketChanged,
    @Arg('botIds', () => [ID], { nullable: true, description: 'Only tickets of these bots; at most 500.' })
    _botIds?: string[],
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): TicketChanged {
    return event;
  }

  @FieldResolver(() => Ticket, {
    nullable: true,
    description: "The ticket as it is now; null when it has left the caller's view.",
  })
  ticket(@Root() event: { ticketId: string }, @Ctx() context: ServiceContext): Seen<TicketRow> {
    return seeAsked(context, 'Ticket', event.ticketId);
  }
}

@Resolver(() => TicketMessageChanged)
export class TicketMessageChangedResolver {
  @Subscription(() => TicketMessageChanged, {
    subscribe: ({ args, context }: Subscribing<{ ticketId?: string; after?: string }>) =>
      subscriptions.followTicketMessages(context, args),
    description:
      "Messages that were not in a ticket before, or whose status changed: of one ticket, or of all in the caller's view.",
  })
  ticketMessageChanged(
    @Root() event: TicketMessageChanged,
    @Arg('ticketId', () => ID, {
      nullable: true,
      description: 'Only messages of this ticket; NOT_FOUND where the caller sees none such.',
    })
    _ticketId?: string,
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): TicketMessageChanged {
    return event;
  }

  @FieldResolver(() => TicketMessage, { description: 'The message as it is now.' })
  message(@Root() event: { messageId: string }, @Ctx() context: ServiceContext): Seen<TicketMessageRow> {
    return seeAsked(context, 'TicketMessage', event.messageId);
  }
}

@Resolver(() => PresenceChanged)
export class PresenceChangedResolver {
  @Subscription(() => PresenceChanged, {
    subscribe: ({ args, context }: Subscribing<{ after?: string }>) =>
      subscriptions.followPresence(context, args.after),
    description: "Changes of the presence of the contract's agents.",
  })
  presenceChanged(
    @Root() event: PresenceChanged,
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): PresenceChanged {
    return event;
  }

  @FieldResolver(() => Agent, { description: 'The agent as it is now.' })
  agent(@Root() event: { agentId: string }, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return seeAsked(context, 'Agent', event.agentId);
  }
}

@Resolver(() => ChannelHealthChanged)
export class ChannelHealthChangedResolver {
  @Subscription(() => ChannelHealthChanged, {
    subscribe: ({ args, context }: Subscribing<{ after?: string }>) =>
      subscriptions.followChannelHealth(context, args.after),
    description: 'Numbers that stop and start (admins).',
  })
  channelHealthChanged(
    @Root() event: ChannelHealthChanged,
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): ChannelHealthChanged {
    return event;
  }

  @FieldResolver(() => WhatsAppChannel, { description: 'The number as it is now.' })
  channel(@Root() event: { channelId: string }, @Ctx() context: ServiceContext): Seen<WhatsAppChannelRow> {
    return seeAsked(context, 'WhatsAppChannel', event.channelId);
  }
}
