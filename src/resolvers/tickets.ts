import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { AgentRow } from '../entities/agent';
import { BotRow } from '../entities/bot';
import { ContactRow } from '../entities/contact';
import type { QueueRow } from '../entities/queue';
import type { SendRow } from '../entities/send';
import type { TicketRow } from '../entities/ticket';
import { TicketMessageRow } from '../entities/ticket-message';
import { Agent } from '../schema/agents';
import { Bot } from '../schema/bots';
import { PageArgs } from '../schema/connections';
import { Contact } from '../schema/contacts';
import { Queue } from '../schema/queues';
import { DateTime } from '../schema/scalars';
import { Send } from '../schema/sends';
import {
  AcceptTicketInput,
  AcceptTicketPayload,
  CloseTicketInput,
  CloseTicketPayload,
  MarkTicketReadInput,
  MarkTicketReadPayload,
  Ticket,
  TicketConnection,
  TicketFilter,
  TicketMessage,
  TicketMessageConnection,
  TicketOrder,
  TransferTicketInput,
  TransferTicketPayload,
} from '../schema/tickets';
import type { ServiceContext } from '../services/context';
import type { Outcome } from '../services/outcome';
import type { Page } from '../services/pages';
import { listTickets, messagesOf, serviceWindowEnd } from '../services/tickets/ticket-queries';
import { acceptTicket, closeTicket, markTicketRead, transferTicket } from '../services/tickets/tickets';
import { refer, seeAsked, type Seen } from '../services/access/seeing';

type TicketOutcome = Promise<Outcome<{ ticket: TicketRow }>>;

@Resolver(() => Ticket)
export class TicketResolver {
  @Query(() => Ticket, { nullable: true, description: 'One ticket; null where there is none to see.' })
  ticket(
    @Ctx() context: ServiceContext,
    @Arg('id', () => ID, { description: 'Id of the ticket.' }) id: string,
  ): Seen<TicketRow> {
    return seeAsked(context, 'Ticket', id);
  }

  @Query(() => TicketConnection, {
    nullable: true,
    description:
      'Tickets that the caller sees: an agent those with it, reserved for it or waiting in its queues.',
  })
  tickets(
    @Ctx() context: ServiceContext,
    @Arg('filter', () => TicketFilter, { nullable: true, description: 'Which ones; all when left out.' })
    filter: TicketFilter | null,
    @Arg('orderBy', () => TicketOrder, {
      nullable: true,
      description: 'In what order; left out, those with the latest message come first.',
    })
    orderBy: TicketOrder | null,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<Page<TicketRow>> {
    return listTickets(context, filter, orderBy, page);
  }

  @Mutation(() => AcceptTicketPayload, {
    nullable: true,
    description:
      'Takes a waiting ticket into the ongoing list of the caller, whatever its slots. May answer: TICKET_NOT_FOUND, TICKET_CLOSED, TICKET_ALREADY_ACCEPTED, TICKET_RESERVED_FOR_ANOTHER_AGENT, AGENT_NOT_ONLINE.',
  })
  acceptTicket(
    @Ctx() context: ServiceContext,
    @Arg('input', () => AcceptTicketInput, { description: 'Which ticket to take.' }) input: AcceptTicketInput,
  ): TicketOutcome {
    return acceptTicket(context, input);
  }

  @Mutation(() => TransferTicketPayload, {
    nullable: true,
    description:
      'Hands a ticket on to an agent or to a queue of a bot on the same number. May answer: TICKET_NOT_FOUND, TICKET_CLOSED, TICKET_NOT_ASSIGNED_TO_AGENT, TRANSFER_TARGET_REQUIRED, TRANSFER_TARGET_AMBIGUOUS, NOT_FOUND.',
  })
  transferTicket(
    @Ctx() context: ServiceContext,
    @Arg('input', () => TransferTicketInput, { description: 'Which ticket goes where.' })
    input: TransferTicketInput,
  ): TicketOutcome {
    return transferTicket(context, input);
  }

  @Mutation(() => MarkTicketReadPayload, {
    nullable: true,
    description:
      "Notes that the customer's messages were read. May answer: TICKET_NOT_FOUND, TICKET_NOT_ASSIGNED_TO_AGENT.",
  })
  markTicketRead(
    @Ctx() context: ServiceContext,
    @Arg('input', () => MarkTicketReadInput, { description: 'Which ticket was read.' })
    input: MarkTicketReadInput,
  ): TicketOutcome {
    return markTicketRead(context, input);
  }

  @Mutation(() => CloseTicketPayload, {
    nullable: true,
    description:
      "Ends a ticket; the customer's next message starts anew. May answer: TICKET_NOT_FOUND, TICKET_CLOSED, TICKET_NOT_ASSIGNED_TO_AGENT.",
  })
  closeTicket(
    @Ctx() context: ServiceContext,
    @Arg('input', () => CloseTicketInput, { description: 'Which ticket to end.' }) input: CloseTicketInput,
  ): TicketOutcome {
    return closeTicket(context, input);
  }

  @FieldResolver(() => Bot, { description: 'The bot that the customer is served by.' })
  bot(@Root() ticket: TicketRow, @Ctx() context: ServiceContext): Seen<BotRow> {
    return refer(context, 'Ticket', ticket, 'bot');
  }

  // Whoever sees the ticket sees whose it is, even where its other contacts are none of the caller's.
  @FieldResolver(() => Contact, { description: 'The customer.' })
  contact(@Root() ticket: TicketRow, @Ctx() context: ServiceContext): Seen<ContactRow> {
    return refer(context, 'Ticket', ticket, 'contact');
  }

  @FieldResolver(() => Agent, {
    nullable: true,
    description: 'The agent in whose ongoing list it is, or was when it was closed.',
  })
  agent(@Root() ticket: TicketRow, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return refer(context, 'Ticket', ticket, 'agent');
  }

  @FieldResolver(() => Agent, { nullable: true, description: 'Waiting exclusively for this agent.' })
  reservedFor(@Root() ticket: TicketRow, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return refer(context, 'Ticket', ticket, 'reservedFor');
  }

  @FieldResolver(() => Queue, {
    nullable: true,
    description: 'The queue in which it waits, or that it came through.',
  })
  queue(@Root() ticket: TicketRow, @Ctx() context: ServiceContext): Seen<QueueRow> {
    return refer(context, 'Ticket', ticket, 'queue');
  }

  @FieldResolver(() => Send, {
    nullable: true,
    description: "The active message whose reply opened it; null when it is not the caller's to see.",
  })
  send(@Root() ticket: TicketRow, @Ctx() context: ServiceContext): Seen<SendRow> {
    return refer(context, 'Ticket', ticket, 'send');
  }

  @FieldResolver(() => Agent, { nullable: true, description: 'Who closed it.' })
  closedBy(@Root() ticket: TicketRow, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return refer(context, 'Ticket', ticket, 'closedBy');
  }

  @FieldResolver(() => TicketMessage, {
    nullable: true,
    description: 'The latest message, from either side.',
  })
  lastMessage(@Root() ticket: TicketRow, @Ctx() context: ServiceContext): Seen<TicketMessageRow> {
    return refer(context, 'Ticket', ticket, 'lastMessage');
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: "Until when free text may be sent to the customer (24 h from the customer's last message).",
  })
  serviceWindowClosesAt(@Root() ticket: TicketRow): number | null {
    return serviceWindowEnd(ticket);
  }

  @FieldResolver(() => TicketMessageConnection, { description: 'Its messages, the oldest first.' })
  messages(
    @Root() ticket: TicketRow,
    @Ctx() context: ServiceContext,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<Page<TicketMessageRow>> {
    return messagesOf(context, ticket.id, page);
  }
}
