import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { OptOutScope } from '../entities/enums';
import { connectionOf } from './connections';
import { Node } from './node';
import { DateTime, EmailAddress, PhoneNumber } from './scalars';
import { Payload } from './user-error';

/** The resolver adds: channel, bots, aliases, openTicket, awaitingReplyTo, sends, tickets. */
@ObjectType({
  implements: Node,
  description:
    'A customer on one number. One person, many addresses: no single one of them is sure to be there.',
  simpleResolvers: true,
})
export class Contact extends Node {
  @Field(() => String, {
    nullable: true,
    description: 'What the customer is called; null when nobody knows.',
  })
  name!: string | null;

  @Field(() => PhoneNumber, {
    nullable: true,
    description: "The customer's phone number; null when WhatsApp did not tell it.",
  })
  phone!: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description: "The customer's e-mail address; null when nobody entered one.",
  })
  email!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Set when the contact asked not to be written to at all.',
  })
  optedOutAt!: number | null;

  @Field(() => DateTime, { nullable: true, description: 'Set when the contact asked for no marketing.' })
  marketingOptedOutAt!: number | null;
}

export const ContactConnection = connectionOf('Contact', () => Contact);

@InputType({ description: 'A customer to add, or to change where the phone number is known already.' })
export class UpsertContactInput {
  @Field(() => ID, { description: 'The bot; the contact belongs to the number it sends from.' })
  botId!: string;

  @Field(() => String, { description: "The customer's phone number with its country code." })
  phone!: string;

  @Field(() => String, { nullable: true, description: 'What the customer is called; left out, it stays.' })
  name?: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description: "The customer's e-mail address; left out, it stays.",
  })
  email?: string | null;
}

@InputType({ description: "A customer's wish not to be written to, or its end." })
export class SetContactOptOutInput {
  @Field(() => ID, { description: 'The customer.' })
  contactId!: string;

  @Field(() => OptOutScope, {
    defaultValue: OptOutScope.ALL,
    description: 'Whether the wish is about all messages or about marketing only.',
  })
  scope!: OptOutScope;

  @Field(() => Boolean, { description: 'True records the wish, false lifts it.' })
  optedOut!: boolean;
}

@InputType({ description: 'A customer whose person is to be removed everywhere.' })
export class EraseContactInput {
  @Field(() => ID, { description: 'The customer.' })
  contactId!: string;
}

@ObjectType({
  description: 'What `upsertContact` answers: the contact as it is now, or why it was not stored.',
  simpleResolvers: true,
})
export class UpsertContactPayload extends Payload {
  @Field(() => Contact, {
    nullable: true,
    description: 'The contact as it is now; null where the request was refused.',
  })
  contact?: object | null;
}

@ObjectType({
  description: 'What `setContactOptOut` answers: the contact as it is now, or why it was not changed.',
  simpleResolvers: true,
})
export class SetContactOptOutPayload extends Payload {
  @Field(() => Contact, {
    nullable: true,
    description: 'The contact as it is now; null where the request was refused.',
  })
  contact?: object | null;
}

@ObjectType({
  description: 'What `eraseContact` answers: the anonymous contact that remains, or why nobody was erased.',
  simpleResolvers: true,
})
export class EraseContactPayload extends Payload {
  @Field(() => Contact, {
    nullable: true,
    description: 'The contact as it remains; null where the request was refused.',
  })
  contact?: object | null;
}
