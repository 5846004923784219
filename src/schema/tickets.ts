import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import {
  MessageDirection,
  OrderDirection,
  ReplyMatch,
  SendStatus,
  TicketOrderField,
  TicketOrigin,
  TicketStatus,
} from '../entities/enums';
import { connectionOf } from './connections';
import { Node } from './node';
import { DateTime, JSONObject, WebAddress } from './scalars';
import { Payload } from './user-error';

/**
 * The resolver adds: bot, contact, agent, reservedFor, queue, send, closedBy, lastMessage, serviceWindowClosesAt,
 * messages.
 */
@ObjectType({
  implements: Node,
  description: "A customer's conversation with the desk; a contact has at most one that is not closed.",
  simpleResolvers: true,
})
export class Ticket extends Node {
  @Field(() => Int, { description: 'Counts up per contract: what people quote to each other.' })
  number!: number;

  @Field(() => TicketStatus, { description: 'Whether it waits, is being attended or has ended.' })
  status!: TicketStatus;

  @Field(() => TicketOrigin, { description: 'What opened it.' })
  origin!: TicketOrigin;

  @Field(() => ReplyMatch, {
    nullable: true,
    description: 'How the reply was matched to the active message; null when no reply opened the ticket.',
  })
  matchedBy!: ReplyMatch | null;

  @Field(() => String, {
    nullable: true,
    description: 'Block of the flow in which the customer entered service.',
  })
  entryBlockId!: string | null;

  @Field(() => DateTime, { description: 'When it was opened.' })
  createdAt!: number;

  @Field(() => DateTime, { description: 'When anything about it last changed.' })
  updatedAt!: number;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When its present agent got it; null while it has none.',
  })
  assignedAt!: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When it ended; null while it has not.' })
  closedAt!: number | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When its latest message was written; null without one.',
  })
  lastMessageAt!: number | null;

  @Field(() => Int, { description: "Customer's messages since its agent last marked it read." })
  unreadCount!: number;
}

@ObjectType({
  description:
    "A file the customer sent: fetched from the provider on demand, with the caller's own rights, for as long as the provider keeps it (30 days).",
  simpleResolvers: true,
})
export class Media {
  @Field(() => WebAddress, {
    description: 'Where to get it from, with the same `Authorization` header as any request.',
  })
  url!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Its media type in the word of the provider; null where it says none.',
  })
  mimeType!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The name the customer gave it; null where it has none, as pictures and voices.',
  })
  filename!: string | null;
}

/** The resolver adds: ticket, media, author, failure. */
@ObjectType({
  implements: Node,
  description: 'One message of a ticket, from the customer or from the desk.',
  simpleResolvers: true,
})
export class TicketMessage extends Node {
  @Field(() => MessageDirection, { description: 'Whether the customer or the desk wrote it.' })
  direction!: MessageDirection;

  @Field(() => String, {
    description:
      'text, image, audio, video, document, sticker, location, contacts, button, interactive, reaction, order, unsupported …',
  })
  kind!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Its text or caption; null when it has neither.',
  })
  text!: string | null;

  @Field(() => JSONObject, { description: 'All of its content, in the shape the provider gave it.' })
  content!: object;

  @Field(() => SendStatus, {
    nullable: true,
    description: 'How far it has come. Of an outbound message; null of an inbound one.',
  })
  status!: SendStatus | null;

  @Field(() => DateTime, { description: 'When it was written.' })
  createdAt!: number;

  @Field(() => DateTime, {
    nullable: true,
    description: "When an outbound message reached the customer's phone; null while it did not.",
  })
  deliveredAt!: number | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the customer read an outbound message; null while not known.',
  })
  readAt!: number | null;
}

export const TicketConnection = connectionOf('Ticket', () => Ticket);
export const TicketMessageConnection = connectionOf('TicketMessage', () => TicketMessage);

@InputType({ description: 'Which tickets to list; conditions left out do not narrow the list.' })
export class TicketFilter {
  @Field(() => [ID], { nullable: true, description: 'Only tickets of these bots; at most 500.' })
  botIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only tickets attended by these agents; at most 500.' })
  agentIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only tickets reserved for these agents; at most 500.' })
  reservedForIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only tickets in these queues; at most 500.' })
  queueIds?: string[] | null;

  @Field(() => [TicketStatus], { nullable: true, description: 'Only tickets with one of these statuses.' })
  statuses?: TicketStatus[] | null;

  @Field(() => ID, { nullable: true, description: 'Only tickets of this contact.' })
  contactId?: string | null;

  @Field(() => [TicketOrigin], { nullable: true, description: 'Only tickets opened in one of these ways.' })
  origins?: TicketOrigin[] | null;

  @Field(() => Int, { nullable: true, description: 'Only the ticket with this number.' })
  number?: number | null;

  @Field(() => DateTime, { nullable: true, description: 'Only tickets opened at this instant or later.' })
  createdFrom?: number | null;

  @Field(() => DateTime, { nullable: true, description: 'Only tickets opened before this instant.' })
  createdBefore?: number | null;

  @Field(() => String, { nullable: true, description: "Part of the contact's name or phone." })
  search?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Shorthand for the caller's own: assigned to it or reserved for it.",
  })
  mine?: boolean | null;
}

@InputType({ description: 'By what and in which direction tickets are listed.' })
export class TicketOrder {
  @Field(() => TicketOrderField, {
    defaultValue: TicketOrderField.LAST_MESSAGE_AT,
    description: 'What the place of a ticket in the list goes by.',
  })
  field!: TicketOrderField;

  @Field(() => OrderDirection, {
    defaultValue: OrderDirection.DESC,
    description: 'Whether the list begins with the earliest or with the latest.',
  })
  direction!: OrderDirection;
}

@InputType({ description: 'A waiting ticket to attend oneself.' })
export class AcceptTicketInput {
  @Field(() => ID, { description: 'The ticket to take.' })
  ticketId!: string;
}

@InputType({ description: 'A ticket to hand on. Exactly one of agentId and queueId.' })
export class TransferTicketInput {
  @Field(() => ID, { description: 'The ticket to hand on.' })
  ticketId!: string;

  @Field(() => ID, { nullable: true, description: 'The agent who gets it.' })
  agentId?: string | null;

  @Field(() => ID, { nullable: true, description: 'The queue that gets it, of a bot on the same number.' })
  queueId?: string | null;
}

@InputType({ description: "A ticket whose customer's messages were all read." })
export class MarkTicketReadInput {
  @Field(() => ID, { description: 'The ticket that was read.' })
  ticketId!: string;
}

@InputType({ description: 'A ticket to end.' })
export class CloseTicketInput {
  @Field(() => ID, { description: 'The ticket to close.' })
  ticketId!: string;
}

@InputType({ description: 'A text to write to the customer of a ticket.' })
export class SendTicketMessageInput {
  @Field(() => ID, { description: 'The ticket, which must be open with the caller.' })
  ticketId!: string;

  @Field(() => String, { description: 'What to write.' })
  text!: string;

  @Field(() => String, {
    description:
      'Chosen by the client (1 to 128 characters): repeated with the same input, it gives the same message back.',
  })
  idempotencyKey!: string;
}

@ObjectType({
  description: 'What `acceptTicket` answers: the ticket, now with the caller, or why it is not.',
  simpleResolvers: true,
})
export class AcceptTicketPayload extends Payload {
  @Field(() => Ticket, {
    nullable: true,
    description: 'The ticket as it is now; null where the request was refused.',
  })
  ticket?: object | null;
}

@ObjectType({
  description: 'What `transferTicket` answers: the ticket in its new place, or why it stays.',
  simpleResolvers: true,
})
export class TransferTicketPayload extends Payload {
  @Field(() => Ticket, {
    nullable: true,
    description: 'The ticket as it is now; null where the request was refused.',
  })
  ticket?: object | null;
}

@ObjectType({
  description: 'What `markTicketRead` answers: the ticket with nothing unread, or why it was not marked.',
  simpleResolvers: true,
})
export class MarkTicketReadPayload extends Payload {
  @Field(() => Ticket, {
    nullable: true,
    description: 'The ticket as it is now; null where the request was refused.',
  })
  ticket?: object | null;
}

@ObjectType({
  description: 'What `closeTicket` answers: the closed ticket, or why it goes on.',
  simpleResolvers: true,
})
export class CloseTicketPayload extends Payload {
  @Field(() => Ticket, {
    nullable: true,
    description: 'The closed ticket; null where the request was refused.',
  })
  ticket?: object | null;
}

@ObjectType({
  description: 'What `sendTicketMessage` answers: the stored message, or why it was refused.',
  simpleResolvers: true,
})
export class SendTicketMessagePayload extends Payload {
  @Field(() => TicketMessage, {
    nullable: true,
    description: 'The message, stored and on its way; null where the request was refused.',
  })
  message?: object | null;
}
