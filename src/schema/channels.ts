import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { ChannelProvider, ChannelState } from '../entities/enums';
import { Bot } from './bots';
import { Node } from './node';
import { DateTime, PhoneNumber } from './scalars';
import { Payload } from './user-error';

/** The resolver adds: bot, webhookUrl, templateSync, health. */
@ObjectType({
  implements: Node,
  description: 'A WhatsApp number and the way to it. Secrets go in and never come out.',
  simpleResolvers: true,
})
export class WhatsAppChannel extends Node {
  @Field(() => ChannelProvider, { description: 'Through whom messages of this number go and come.' })
  provider!: ChannelProvider;

  @Field(() => PhoneNumber, { description: 'The number itself, as customers see it.' })
  phoneNumber!: string;

  @Field(() => String, {
    nullable: true,
    description: "The provider's id of the number; null where the provider has none.",
  })
  phoneNumberId!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The provider's id of the business account that holds the number and its templates; null where it has none.",
  })
  businessAccountId!: string | null;
}

@ObjectType({
  description:
    'Whether sends go out: an error of the account or its token stops this number alone, with its sends kept.',
  simpleResolvers: true,
})
export class ChannelHealth {
  @Field(() => ChannelState, { description: 'Whether sends go out from this number now.' })
  state!: ChannelState;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Since when the state is what it is; null while it never changed.',
  })
  since?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "The provider's code of the error that stopped the number; null where there is none.",
  })
  providerCode?: number | null;

  @Field(() => String, { nullable: true, description: 'What to do about it.' })
  message?: string | null;
}

@ObjectType({
  description: "How the last mirroring of the provider's list of templates went.",
  simpleResolvers: true,
})
export class TemplateSync {
  @Field(() => Boolean, { description: 'Whether one is going on right now.' })
  running!: boolean;

  @Field(() => DateTime, { nullable: true, description: 'When one was last begun; null when none ever was.' })
  lastAttemptAt?: number | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When one last succeeded. Only what really succeeded counts.',
  })
  lastSuccessAt?: number | null;

  @Field(() => String, { nullable: true, description: 'Why the last one failed; null when it did not.' })
  error?: string | null;
}

@InputType({ description: 'What the WhatsApp Cloud API wants to know before it talks for a number.' })
export class CloudApiCredentialsInput {
  @Field(() => String, { description: "Meta's id of the phone number, from the app's WhatsApp page." })
  phoneNumberId!: string;

  @Field(() => String, { description: "Meta's id of the WhatsApp business account that holds the number." })
  businessAccountId!: string;

  @Field(() => String, {
    description: 'Token that allows sending from the number; stored encrypted, never shown.',
  })
  accessToken!: string;

  @Field(() => String, {
    description: 'Secret of the Meta app that signs its webhooks; stored encrypted, never shown.',
  })
  appSecret!: string;

  @Field(() => String, {
    description:
      'Word of your choice that Meta repeats when the webhook is set up; stored encrypted, never shown.',
  })
  verifyToken!: string;
}

@InputType({
  description:
    'The number to connect to a bot, and the one way to reach it: exactly one of `cloudApi` and `sandbox`.',
})
export class ConnectWhatsAppChannelInput {
  @Field(() => ID, { description: 'The bot that gets the number.' })
  botId!: string;

  @Field(() => String, { description: 'The WhatsApp number with its country code, e.g. +55 11 4000-0000.' })
  phoneNumber!: string;

  @Field(() => CloudApiCredentialsInput, {
    nullable: true,
    description: "Reaches the number through Meta's WhatsApp Cloud API.",
  })
  cloudApi?: CloudApiCredentialsInput | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "With true the number is one of the sandbox inside this server: nothing leaves it, and its customers' phones are at /sandbox. Needs no credentials.",
  })
  sandbox?: boolean | null;
}

@InputType({ description: 'New credentials for a connected number; what is left out stays as it is.' })
export class UpdateWhatsAppChannelInput {
  @Field(() => ID, { description: 'The number whose credentials change.' })
  channelId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'New token that allows sending from the number; stored encrypted, never shown.',
  })
  accessToken?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'New secret of the Meta app that signs its webhooks; stored encrypted, never shown.',
  })
  appSecret?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'New word that Meta repeats when the webhook is set up; stored encrypted, never shown.',
  })
  verifyToken?: string | null;
}

@InputType({ description: 'The number to take away from its bot.' })
export class DisconnectWhatsAppChannelInput {
  @Field(() => ID, { description: 'The number to disconnect.' })
  channelId!: string;
}

@ObjectType({
  description: 'What `connectWhatsAppChannel` answers: the connected number, or why it was not connected.',
  simpleResolvers: true,
})
export class ConnectWhatsAppChannelPayload extends Payload {
  @Field(() => WhatsAppChannel, {
    nullable: true,
    description: 'The connected number; null where the request was refused.',
  })
  channel?: object | null;
}

@ObjectType({
  description: 'What `updateWhatsAppChannel` answers: the number as it is now, or why it was not changed.',
  simpleResolvers: true,
})
export class UpdateWhatsAppChannelPayload extends Payload {
  @Field(() => WhatsAppChannel, {
    nullable: true,
    description: 'The number as it is now; null where the request was refused.',
  })
  channel?: object | null;
}

@ObjectType({
  description: 'What `disconnectWhatsAppChannel` answers: the bot without its number, or why it keeps it.',
  simpleResolvers: true,
})
export class DisconnectWhatsAppChannelPayload extends Payload {
  @Field(() => Bot, {
    nullable: true,
    description: 'The bot that had the number; null where the request was refused.',
  })
  bot?: object | null;
}
