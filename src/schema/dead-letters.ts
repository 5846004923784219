import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { connectionOf } from './connections';
import { Node } from './node';
import { DateTime, JSONObject } from './scalars';
import { Payload } from './user-error';

/** The resolver adds: channel. */
@ObjectType({
  implements: Node,
  description:
    'Something a provider delivered that could not be understood or placed: kept, to be tried again or thrown away.',
  simpleResolvers: true,
})
export class DeadLetter extends Node {
  @Field(() => DateTime, { description: 'When the provider delivered it.' })
  receivedAt!: number;

  @Field(() => String, { description: 'Why it could not be understood or placed.' })
  reason!: string;

  @Field(() => JSONObject, { description: 'What was delivered. Personal data masked.' })
  payload!: object;

  @Field(() => Int, { description: 'How often it has been tried.' })
  attempts!: number;
}

export const DeadLetterConnection = connectionOf('DeadLetter', () => DeadLetter);

@InputType({ description: 'Dead letters to try again.' })
export class RetryDeadLettersInput {
  @Field(() => [ID], { description: 'The dead letters; at most 500.' })
  ids!: string[];
}

@InputType({ description: 'Dead letters to throw away.' })
export class DiscardDeadLettersInput {
  @Field(() => [ID], { description: 'The dead letters; at most 500.' })
  ids!: string[];
}

@ObjectType({
  description: 'What `retryDeadLetters` answers: how many were settled, and what was refused.',
  simpleResolvers: true,
})
export class RetryDeadLettersPayload extends Payload {
  @Field(() => Int, { description: 'How many were settled this time.' })
  retried!: number;
}

@ObjectType({
  description: 'What `discardDeadLetters` answers: how many are gone, and what was refused.',
  simpleResolvers: true,
})
export class DiscardDeadLettersPayload extends Payload {
  @Field(() => Int, { description: 'How many were thrown away.' })
  discarded!: number;
}
