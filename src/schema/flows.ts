import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { FlowBlockKind } from '../entities/enums';
import { Node } from './node';
import { DateTime, JSONObject } from './scalars';
import { TemplateActivation } from './templates';
import { Payload } from './user-error';

/** The resolver adds: bot, publishedBy, blocks, outdatedActivations. */
@ObjectType({
  implements: Node,
  description: 'The flow of a bot as last published from the builder.',
  simpleResolvers: true,
})
export class Flow extends Node {
  @Field(() => Int, { description: 'Counts the publications of the bot, from 1.' })
  version!: number;

  @Field(() => DateTime, { description: 'When this version was published.' })
  publishedAt!: number;
}

@ObjectType({ description: 'One step of a flow.', simpleResolvers: true })
export class FlowBlock {
  @Field(() => String, { description: "The block's id in the builder; unique within its flow only." })
  blockId!: string;

  @Field(() => String, {
    description: 'What people call the block; not unique, and its id where it has none.',
  })
  title!: string;

  @Field(() => FlowBlockKind, { description: 'Whether the block hands the customer over to people.' })
  kind!: FlowBlockKind;
}

@InputType({ description: 'The flow to publish for a bot.' })
export class PublishFlowInput {
  @Field(() => ID, { description: "The bot, which must be a builder's." })
  botId!: string;

  @Field(() => JSONObject, {
    description:
      'The flow as the builder exports it: an object keyed by block id, or that inside {flow, globalActions}.',
  })
  definition!: Record<string, unknown>;
}

@ObjectType({
  description: 'What `publishFlow` answers: the published flow, or why the current one stays.',
  simpleResolvers: true,
})
export class PublishFlowPayload extends Payload {
  @Field(() => Flow, {
    nullable: true,
    description: 'The flow that is published now; null where the request was refused.',
  })
  flow?: object | null;

  @Field(() => [TemplateActivation], {
    description: 'Enabled templates that this very publication left without their return flow.',
  })
  newlyOutdated!: readonly object[];
}
