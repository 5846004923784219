import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { OrderDirection, ReplyState, SendFailureCode, SendOrderField, SendStatus } from '../entities/enums';
import { connectionOf } from './connections';
import { Node } from './node';
import { DateTime } from './scalars';
import { TemplateParameterInput, TemplatePreview } from './templates';
import { Payload, UserError } from './user-error';

@ObjectType({ description: 'What one blank of the template was filled with.', simpleResolvers: true })
export class SendParameter {
  @Field(() => String, { description: 'Which blank it is: the `key` of a parameter of the template.' })
  key!: string;

  @Field(() => String, { description: 'What the agent put in.' })
  value!: string;
}

@ObjectType({
  description:
    'One report about the send, in order of arrival, never rewritten; identical repeats are counted.',
  simpleResolvers: true,
})
export class SendTransition {
  @Field(() => String, {
    description:
      'queued, call_started, accepted, refused, no_answer, sent, delivered, read, failed, canceled, erased, or what the provider calls it.',
  })
  kind!: string;

  @Field(() => SendStatus, {
    nullable: true,
    description: 'The status it speaks for, where it speaks for one.',
  })
  status?: SendStatus | null;

  @Field(() => DateTime, { description: 'When the provider says it happened; ours where it was us.' })
  at!: number;

  @Field(() => DateTime, { description: 'When this server first heard of it.' })
  receivedAt!: number;

  @Field(() => Int, { description: 'How often the same report came.' })
  count!: number;
}

@ObjectType({ description: 'Why a message did not reach the customer.', simpleResolvers: true })
export class SendFailure {
  @Field(() => SendFailureCode, { description: 'Which kind of failure it is, for programs to act on.' })
  code!: SendFailureCode;

  @Field(() => String, { description: 'What happened and what can be done, for a person to read.' })
  message!: string;

  @Field(() => Int, { nullable: true, description: "The provider's own code, when it gave one." })
  providerCode?: number | null;
}

/**
 * The resolver adds: bot, channel, agent, template, contact, held, failure, retryable, retryOf, changeCursor, ticket,
 * timeline.
 */
@ObjectType({
  implements: Node,
  description: 'One template message that one agent sent to one customer.',
  simpleResolvers: true,
})
export class Send extends Node {
  @Field(() => [SendParameter], { description: 'What the blanks of the template were filled with.' })
  parameters!: readonly SendParameter[];

  @Field(() => TemplatePreview, { description: 'The message as the customer sees it, frozen at send time.' })
  preview!: object;

  @Field(() => String, {
    description: "Id of the flow's block where the customer's reply goes on, frozen at send time.",
  })
  returnBlockId!: string;

  @Field(() => SendStatus, { description: 'How far the message has come by all that is known.' })
  status!: SendStatus;

  @Field(() => Boolean, {
    description:
      'Handed over, and no answer came: neither repeated nor given up until WhatsApp reports or the wait ends.',
  })
  outcomeUnknown!: boolean;

  @Field(() => ReplyState, { description: "Whether the customer's answer still belongs to the sender." })
  replyState!: ReplyState;

  @Field(() => String, {
    nullable: true,
    description: "WhatsApp's id of the message; null until WhatsApp took it.",
  })
  providerMessageId!: string | null;

  @Field(() => Int, { description: 'How often this server has tried to hand it over.' })
  attempts!: number;

  @Field(() => DateTime, { description: 'When the agent sent it.' })
  createdAt!: number;

  @Field(() => DateTime, { nullable: true, description: 'When WhatsApp took it; null while it did not.' })
  acceptedAt!: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When WhatsApp sent it on; null while it did not.' })
  sentAt!: number | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it reached the customer's phone; null while it did not.",
  })
  deliveredAt!: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When the customer read it; null while not known.' })
  readAt!: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When it failed; null unless it did.' })
  failedAt!: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When the customer answered; null while not.' })
  repliedAt!: number | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Until when an answer belongs to the sender; null until WhatsApp took the message.',
  })
  replyExpiresAt!: number | null;

  @Field(() => DateTime, { description: 'When anything about this send last changed.' })
  updatedAt!: number;
}

export const SendConnection = connectionOf('Send', () => Send);

@ObjectType({
  description: 'All the checks of a send and its preview, with nothing sent or stored.',
  simpleResolvers: true,
})
export class SendCheck {
  @Field(() => Boolean, { description: 'True when the same input would be sent.' })
  ok!: boolean;

  @Field(() => TemplatePreview, {
    nullable: true,
    description: 'The message as the customer would see it; null when there is no such template.',
  })
  preview?: object | null;

  @Field(() => [UserError], { description: 'Everything that would be refused; empty when all is well.' })
  userErrors!: readonly UserError[];
}

@InputType({
  description:
    'What live events of sends are matched by: facts that never change, and the status in the event.',
})
export class SendEventFilter {
  @Field(() => [ID], { nullable: true, description: 'Only these sends; at most 500.' })
  sendIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only sends of these bots; at most 500.' })
  botIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only sends by these agents; at most 500.' })
  agentIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only sends of these templates; at most 500.' })
  templateIds?: string[] | null;

  @Field(() => ID, { nullable: true, description: 'Only sends to this contact.' })
  contactId?: string | null;

  @Field(() => [SendStatus], {
    nullable: true,
    description: 'Only events that tell of one of these statuses.',
  })
  statuses?: SendStatus[] | null;
}

@InputType({ description: 'Which sends to list or count; conditions left out do not narrow the list.' })
export class SendFilter {
  @Field(() => [ID], { nullable: true, description: 'Only sends of these bots; at most 500.' })
  botIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only sends by these agents; at most 500.' })
  agentIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only sends of these templates; at most 500.' })
  templateIds?: string[] | null;

  @Field(() => ID, { nullable: true, description: 'Only sends to this contact.' })
  contactId?: string | null;

  @Field(() => [SendStatus], { nullable: true, description: 'Only sends with one of these statuses.' })
  statuses?: SendStatus[] | null;

  @Field(() => [ReplyState], { nullable: true, description: 'Only sends in one of these reply states.' })
  replyStates?: ReplyState[] | null;

  @Field(() => DateTime, { nullable: true, description: 'Only sends created at this instant or later.' })
  createdFrom?: number | null;

  @Field(() => DateTime, { nullable: true, description: 'Only sends created before this instant.' })
  createdBefore?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Only sends changed after this `changeCursor`. With order CHANGED ascending: an incremental feed that misses no change.',
  })
  changedAfter?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Only sends that are kept back after a restore; with false, only those that are not.',
  })
  held?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: "Part of the contact's name or phone, or the template's name.",
  })
  search?: string | null;
}

@InputType({ description: 'By what and in which direction sends are listed.' })
export class SendOrder {
  @Field(() => SendOrderField, {
    defaultValue: SendOrderField.CREATED_AT,
    description: 'What the place of a send in the list goes by.',
  })
  field!: SendOrderField;

  @Field(() => OrderDirection, {
    defaultValue: OrderDirection.DESC,
    description: 'Whether the list begins with the least or with the greatest.',
  })
  direction!: OrderDirection;
}

@InputType({
  description:
    'The one customer a message goes to. Exactly one of contactId and phone; name goes with phone.',
})
export class RecipientInput {
  @Field(() => ID, { nullable: true, description: 'A contact of the number that the bot sends from.' })
  contactId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'A phone number with its country code; it becomes a contact where it is none yet.',
  })
  phone?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What to call the contact that the phone number becomes.',
  })
  name?: string | null;
}

@InputType({ description: 'A message to check, as far as it is filled in.' })
export class CheckSendInput {
  @Field(() => ID, { description: 'The bot to send from.' })
  botId!: string;

  @Field(() => ID, { description: 'The template to send.' })
  templateId!: string;

  @Field(() => RecipientInput, { nullable: true, description: 'The customer, once chosen.' })
  recipient?: RecipientInput | null;

  @Field(() => [TemplateParameterInput], {
    nullable: true,
    description: 'The blanks of the template that are filled in so far.',
  })
  parameters?: TemplateParameterInput[] | null;
}

@InputType({ description: 'The message to send to one customer.' })
export class SendActiveMessageInput {
  @Field(() => ID, { description: 'The bot to send from.' })
  botId!: string;

  @Field(() => ID, { description: 'The template to send; it must be enabled on the bot.' })
  templateId!: string;

  @Field(() => RecipientInput, { description: 'The customer it goes to.' })
  recipient!: RecipientInput;

  @Field(() => [TemplateParameterInput], {
    nullable: true,
    description: 'A value for every blank of the template.',
  })
  parameters?: TemplateParameterInput[] | null;

  @Field(() => String, {
    description:
      "Chosen by the client, e.g. a UUID per click on 'Send' (1 to 128 characters): the same key with the same input gives the same send back, however often and however concurrently it is repeated.",
  })
  idempotencyKey!: string;
}

@InputType({ description: 'A failed send to repeat as a new one.' })
export class RetrySendInput {
  @Field(() => ID, { description: 'The send that failed.' })
  sendId!: string;

  @Field(() => String, {
    description:
      'Chosen by the client (1 to 128 characters): repeated with the same send, it gives the same new send back.',
  })
  idempotencyKey!: string;
}

@InputType({ description: 'A send to withdraw.' })
export class CancelSendInput {
  @Field(() => ID, { description: 'The send, which must not have been handed over yet.' })
  sendId!: string;
}

@InputType({ description: 'A send whose reply shall no longer be waited for.' })
export class ReleaseReplyInput {
  @Field(() => ID, { description: 'The send whose reply is still awaited.' })
  sendId!: string;
}

@InputType({ description: 'Which of the sends that a restore has kept back shall go out.' })
export class ReleaseHeldSendsInput {
  @Field(() => [ID], {
    nullable: true,
    description:
      'The sends; at most 500. Left out: everything that is held, texts written in tickets too. One that is held no more is passed over.',
  })
  sendIds?: string[] | null;
}

@ObjectType({
  description: 'What `sendActiveMessage` answers: the stored send, or every reason why it was refused.',
  simpleResolvers: true,
})
export class SendActiveMessagePayload extends Payload {
  @Field(() => Send, {
    nullable: true,
    description: 'The send, stored and on its way; null where the request was refused.',
  })
  send?: object | null;
}

@ObjectType({
  description: 'What `retrySend` answers: the new send, or why there is none.',
  simpleResolvers: true,
})
export class RetrySendPayload extends Payload {
  @Field(() => Send, { nullable: true, description: 'The new send; null where the request was refused.' })
  send?: object | null;
}

@ObjectType({
  description: 'What `cancelSend` answers: the withdrawn send, or why it goes on.',
  simpleResolvers: true,
})
export class CancelSendPayload extends Payload {
  @Field(() => Send, {
    nullable: true,
    description: 'The withdrawn send; null where the request was refused.',
  })
  send?: object | null;
}

@ObjectType({
  description: 'What `releaseReply` answers: the send as it is now, or why its reply is still awaited.',
  simpleResolvers: true,
})
export class ReleaseReplyPayload extends Payload {
  @Field(() => Send, {
    nullable: true,
    description: 'The send as it is now; null where the request was refused.',
  })
  send?: object | null;
}

@ObjectType({
  description: 'What `releaseHeldSends` answers: how many go out now, and what was refused.',
  simpleResolvers: true,
})
export class ReleaseHeldSendsPayload extends Payload {
  @Field(() => Int, { description: 'How many messages were let go.' })
  released!: number;
}
