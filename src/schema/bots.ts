import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { BotKind, ReadinessStepKey } from '../entities/enums';
import { connectionOf } from './connections';
import { Node } from './node';
import { Payload, UserError } from './user-error';

/** The resolver adds: whatsAppChannel, sendingChannel, settings, readiness, flow, sendEligibility. */
@ObjectType({
  implements: Node,
  description: 'A chatbot of the contract, or a router that passes customers on to chatbots.',
  simpleResolvers: true,
})
export class Bot extends Node {
  @Field(() => String, { description: 'What people call the bot.' })
  name!: string;

  @Field(() => String, { description: 'Address of the bot, e.g. orders@msging.net.' })
  identity!: string;

  @Field(() => BotKind, { description: 'How the bot was made, which decides what it can be used for.' })
  kind!: BotKind;
}

@ObjectType({
  description: 'Whether the caller may send active messages on a bot now, and if not, why.',
  simpleResolvers: true,
})
export class SendEligibility {
  @Field(() => Boolean, { description: 'True when nothing stands in the way of sending.' })
  allowed!: boolean;

  @Field(() => [UserError], {
    description: 'Everything that stands in the way; empty when sending is allowed.',
  })
  reasons!: readonly UserError[];
}

@ObjectType({ description: 'One thing that a bot needs for active messaging.', simpleResolvers: true })
export class ReadinessStep {
  @Field(() => ReadinessStepKey, { description: 'Which thing it is, for programs to act on.' })
  key!: ReadinessStepKey;

  @Field(() => Boolean, { description: 'Whether the bot has it.' })
  done!: boolean;

  @Field(() => String, { description: 'What to do about it, for a person to read.' })
  hint!: string;
}

@ObjectType({
  description: 'How far the set-up of a bot for active messaging has come.',
  simpleResolvers: true,
})
export class Readiness {
  @Field(() => Boolean, { description: 'True when at least one template could be sent by somebody.' })
  ready!: boolean;

  @Field(() => [ReadinessStep], { description: 'Every step of the set-up, in the order to take them.' })
  steps!: readonly ReadinessStep[];
}

export const BotConnection = connectionOf('Bot', () => Bot);

@InputType({ description: 'The bot to make known to this server.' })
export class CreateBotInput {
  @Field(() => String, { description: 'What people call the bot.' })
  name!: string;

  @Field(() => String, {
    description: 'Address of the bot, e.g. orders@msging.net; no other bot of the contract may have it.',
  })
  identity!: string;

  @Field(() => BotKind, { description: 'How the bot was made; it cannot be changed later.' })
  kind!: BotKind;
}

@InputType({ description: 'What to change about a bot.' })
export class UpdateBotInput {
  @Field(() => ID, { description: 'The bot to change.' })
  botId!: string;

  @Field(() => String, { description: 'What people call the bot from now on.' })
  name!: string;
}

@ObjectType({
  description: 'What `createBot` answers: the new bot, or why there is none.',
  simpleResolvers: true,
})
export class CreateBotPayload extends Payload {
  @Field(() => Bot, { nullable: true, description: 'The new bot; null where the request was refused.' })
  bot?: object | null;
}

@ObjectType({
  description: 'What `updateBot` answers: the bot as it is now, or why it was not changed.',
  simpleResolvers: true,
})
export class UpdateBotPayload extends Payload {
  @Field(() => Bot, {
    nullable: true,
    description: 'The bot as it is now; null where the request was refused.',
  })
  bot?: object | null;
}
