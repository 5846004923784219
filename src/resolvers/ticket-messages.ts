import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import { TicketRow } from '../entities/ticket';
import type { TicketMessageRow } from '../entities/ticket-message';
import { Agent } from '../schema/agents';
import { SendFailure } from '../schema/sends';
import {
  Media,
  SendTicketMessageInput,
  SendTicketMessagePayload,
  Ticket,
  TicketMessage,
} from '../schema/tickets';
import type { ServiceContext } from '../services/context';
import type { Outcome } from '../services/outcome';
import { mediaOf, type MessageMedia } from '../services/tickets/message-media';
import { sendTicketMessage } from '../services/tickets/ticket-messages';
import { refer, type Seen } from '../services/access/seeing';

@Resolver(() => TicketMessage)
export class TicketMessageResolver {
  @Mutation(() => SendTicketMessagePayload, {
    nullable: true,
    description:
      "Writes to the customer of one's ticket, within 24 hours of the customer's last message. May answer: IDEMPOTENCY_KEY_REUSED, INVALID, TICKET_NOT_FOUND, TICKET_CLOSED, TICKET_NOT_ASSIGNED_TO_AGENT, SERVICE_WINDOW_CLOSED, WHATSAPP_CHANNEL_MISSING, CHANNEL_STOPPED.",
  })
  sendTicketMessage(
    @Ctx() context: ServiceContext,
    @Arg('input', () => SendTicketMessageInput, { description: 'What to write, in which ticket.' })
    input: SendTicketMessageInput,
  ): Promise<Outcome<{ message: TicketMessageRow }>> {
    return sendTicketMessage(context, input);
  }

  @FieldResolver(() => Ticket, { description: 'The ticket that it is part of.' })
  ticket(@Root() message: TicketMessageRow, @Ctx() context: ServiceContext): Seen<TicketRow> {
    return refer(context, 'TicketMessage', message, 'ticket');
  }

  @FieldResolver(() => Media, {
    nullable: true,
    description: 'The file that came with it; null where there is none, and of an outbound one.',
  })
  media(@Root() message: TicketMessageRow, @Ctx() context: ServiceContext): MessageMedia | null {
    return mediaOf(context, message);
  }

  @FieldResolver(() => Agent, {
    nullable: true,
    description: 'The agent who wrote it; null of an inbound one.',
  })
  author(@Root() message: TicketMessageRow, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return refer(context, 'TicketMessage', message, 'author');
  }

  @FieldResolver(() => SendFailure, {
    nullable: true,
    description: 'Why an outbound message failed; null while it has not.',
  })
  failure(@Root() message: TicketMessageRow): SendFailure | null {
    const { failureCode, failureMessage, failureProviderCode } = message;
    if (failureCode === null) return null;
    return { code: failureCode, message: failureMessage ?? '', providerCode: failureProviderCode };
  }
}
