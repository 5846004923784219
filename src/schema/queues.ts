import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { QueueRuleProperty, QueueRuleRelation } from '../entities/enums';
import { Node } from './node';
import { Payload } from './user-error';

@ObjectType({
  description: 'One condition that a ticket meets to enter a queue; letter case and accents do not matter.',
  simpleResolvers: true,
})
export class QueueRule {
  @Field(() => QueueRuleProperty, { description: 'What is looked at.' })
  property!: QueueRuleProperty;

  @Field(() => QueueRuleRelation, { description: 'How it is compared.' })
  relation!: QueueRuleRelation;

  @Field(() => [String], { description: 'The texts it is compared with.' })
  values!: readonly string[];
}

@InputType({
  description:
    'One condition that a ticket must meet to enter a queue; letter case and accents do not matter.',
})
export class QueueRuleInput {
  @Field(() => QueueRuleProperty, { description: 'What to look at.' })
  property!: QueueRuleProperty;

  @Field(() => QueueRuleRelation, { description: 'How to compare it.' })
  relation!: QueueRuleRelation;

  @Field(() => [String], { description: 'The texts to compare it with.' })
  values!: string[];
}

/** The resolver adds: bot, agents, waitingTickets. */
@ObjectType({
  implements: Node,
  description: "A team's line. Every bot has one default queue, which takes what no rule places.",
  simpleResolvers: true,
})
export class Queue extends Node {
  @Field(() => String, { description: 'What the team or its line is called.' })
  name!: string;

  @Field(() => Boolean, { description: "Whether it is the bot's default queue, which cannot be deleted." })
  isDefault!: boolean;

  @Field(() => Int, { description: "Place among the bot's queues: rules of a lower one are tried first." })
  position!: number;

  @Field(() => [QueueRule], {
    description: 'Tried in the order of the queues; a queue without rules is reached by transfer alone.',
  })
  rules!: readonly QueueRule[];
}

@InputType({ description: 'The queue to add to a bot.' })
export class CreateQueueInput {
  @Field(() => ID, { description: 'The bot that gets the queue.' })
  botId!: string;

  @Field(() => String, { description: 'What the team or its line is called.' })
  name!: string;

  @Field(() => [ID], { description: 'The agents who attend the queue; at most 500.' })
  agentIds!: string[];

  @Field(() => [QueueRuleInput], {
    defaultValue: [],
    description:
      'Conditions that a ticket must all meet to enter by itself; with none it is reached by transfer alone.',
  })
  rules!: QueueRuleInput[];

  @Field(() => Int, {
    nullable: true,
    description: "Place among the bot's queues; left out, it comes last.",
  })
  position?: number | null;
}

@InputType({ description: 'What to change about a queue; what is left out stays as it is.' })
export class UpdateQueueInput {
  @Field(() => ID, { description: 'The queue to change.' })
  queueId!: string;

  @Field(() => String, { nullable: true, description: 'What the team or its line is called from now on.' })
  name?: string | null;

  @Field(() => [ID], {
    nullable: true,
    description: 'All agents who attend the queue from now on; at most 500.',
  })
  agentIds?: string[] | null;

  @Field(() => [QueueRuleInput], { nullable: true, description: 'All of its conditions from now on.' })
  rules?: QueueRuleInput[] | null;

  @Field(() => Int, { nullable: true, description: "New place among the bot's queues." })
  position?: number | null;
}

@InputType({ description: 'The queue to delete.' })
export class DeleteQueueInput {
  @Field(() => ID, { description: 'The queue, which must not be the default one.' })
  queueId!: string;
}

@ObjectType({
  description: 'What `createQueue` answers: the new queue, or why there is none.',
  simpleResolvers: true,
})
export class CreateQueuePayload extends Payload {
  @Field(() => Queue, { nullable: true, description: 'The new queue; null where the request was refused.' })
  queue?: object | null;
}

@ObjectType({
  description: 'What `updateQueue` answers: the queue as it is now, or why it was not changed.',
  simpleResolvers: true,
})
export class UpdateQueuePayload extends Payload {
  @Field(() => Queue, {
    nullable: true,
    description: 'The queue as it is now; null where the request was refused.',
  })
  queue?: object | null;
}

@ObjectType({
  description: 'What `deleteQueue` answers: the id of the deleted queue, or why it stays.',
  simpleResolvers: true,
})
export class DeleteQueuePayload extends Payload {
  @Field(() => ID, {
    nullable: true,
    description: 'Id of the queue that is gone; null where the request was refused.',
  })
  deletedQueueId?: string | null;
}
