import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import {
  OutdatedReason,
  TemplateCategory,
  TemplateComponentType,
  TemplateIssueCode,
  TemplateParameterType,
  TemplateStatus,
} from '../entities/enums';
import { WhatsAppChannel } from './channels';
import { connectionOf } from './connections';
import { Node } from './node';
import { DateTime, JSONObject } from './scalars';
import { Payload } from './user-error';

/** The resolver adds: parameters, channel, activation, activations, issues, preview. */
@ObjectType({
  implements: Node,
  description:
    'A message template as WhatsApp approved it. Nothing here can be edited: only its availability to agents is set.',
  simpleResolvers: true,
})
export class Template extends Node {
  @Field(() => String, { description: 'What the template is called at the provider.' })
  name!: string;

  @Field(() => String, {
    description: 'Language and region of its text as WhatsApp writes them, e.g. pt_BR.',
  })
  language!: string;

  @Field(() => TemplateCategory, { description: 'What WhatsApp classed the template as.' })
  category!: TemplateCategory;

  @Field(() => TemplateStatus, { description: 'Where it stands with WhatsApp; only APPROVED can be sent.' })
  status!: TemplateStatus;

  @Field(() => String, { description: 'The status as the provider said it.' })
  providerStatus!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Why WhatsApp rejected it; null when it gave no reason.',
  })
  rejectionReason!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'How customers received it, in the words of WhatsApp (GREEN, YELLOW, RED); null while not rated.',
  })
  qualityScore!: string | null;

  @Field(() => [JSONObject], { description: 'Components exactly as the provider gave them.' })
  components!: readonly object[];
}

@ObjectType({
  description: 'One thing that keeps a template from being sent on a bot.',
  simpleResolvers: true,
})
export class TemplateIssue {
  @Field(() => TemplateIssueCode, { description: 'Which thing it is, for programs to act on.' })
  code!: TemplateIssueCode;

  @Field(() => String, { description: 'What it is and what to do about it, for a person to read.' })
  message!: string;
}

@ObjectType({ description: 'A template message as the customer sees it.', simpleResolvers: true })
export class TemplatePreview {
  @Field(() => String, { nullable: true, description: 'The line above the text; null when there is none.' })
  header?: string | null;

  @Field(() => String, { description: 'The text of the message.' })
  body!: string;

  @Field(() => String, { nullable: true, description: 'The line below the text; null when there is none.' })
  footer?: string | null;

  @Field(() => [String], { description: 'The labels of its buttons, in their order.' })
  buttons!: readonly string[];
}

@ObjectType({ description: 'One blank of a template that each send fills in.', simpleResolvers: true })
export class TemplateParameter {
  @Field(() => String, {
    description: "Unique within the template: 'body.1', 'body.order_id', 'header.image', 'button.0.url'.",
  })
  key!: string;

  @Field(() => TemplateComponentType, { description: 'The part of the message that holds the blank.' })
  component!: TemplateComponentType;

  @Field(() => TemplateParameterType, { description: 'What kind of value fills the blank.' })
  type!: TemplateParameterType;

  @Field(() => Boolean, { description: 'Whether the template cannot be sent while the blank is empty.' })
  required!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'The example that was given when the template was handed in; null when there is none.',
  })
  example?: string | null;
}

@InputType({ description: 'The value for one blank of a template.' })
export class TemplateParameterInput {
  @Field(() => String, {
    description: 'Which blank it fills: the `key` of one of the parameters of the template.',
  })
  key!: string;

  @Field(() => String, {
    description:
      "Text, a URL (media: https only), a code; for LOCATION 'latitude,longitude[,name[,address]]'.",
  })
  value!: string;
}

/** The resolver adds: bot, template, sendable, returnBlock, outdated. */
@ObjectType({
  implements: Node,
  description: 'Makes one approved template sendable on one bot.',
  simpleResolvers: true,
})
export class TemplateActivation extends Node {
  @Field(() => Boolean, { description: 'Whether an admin has it switched on.' })
  enabled!: boolean;

  @Field(() => String, { description: "Id of the flow's block where the customer's reply goes on." })
  returnBlockId!: string;

  @Field(() => OutdatedReason, {
    nullable: true,
    description: 'What became of the return block; null while it is still good.',
  })
  outdatedReason!: OutdatedReason | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Since when the return block is no good; null while it is still good.',
  })
  outdatedSince!: number | null;
}

export const TemplateConnection = connectionOf('Template', () => Template);

@InputType({ description: 'Which templates to list; conditions left out do not narrow the list.' })
export class TemplateFilter {
  @Field(() => [ID], {
    nullable: true,
    description: 'Only templates of the numbers these bots send from; at most 500.',
  })
  botIds?: string[] | null;

  @Field(() => String, { nullable: true, description: "Part of the template's name." })
  search?: string | null;

  @Field(() => [TemplateStatus], {
    nullable: true,
    description: 'Only templates with one of these statuses.',
  })
  statuses?: TemplateStatus[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Only templates in one of these languages, e.g. pt_BR.',
  })
  languages?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Sendable on at least one of the bots (for an agent: of those where it may send): the list the agent picks from.',
  })
  sendable?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: 'Enabled, but with an outdated return flow.' })
  outdated?: boolean | null;
}

@InputType({ description: 'The bot whose number gets its list of templates anew from the provider.' })
export class SyncTemplatesInput {
  @Field(() => ID, { description: 'The bot; the number is the one it sends from.' })
  botId!: string;
}

@InputType({ description: 'Templates to make sendable on a bot, and where their replies go on.' })
export class EnableTemplatesInput {
  @Field(() => ID, { description: 'The bot on which they become sendable.' })
  botId!: string;

  @Field(() => [ID], { description: 'The templates, all or none of which are enabled; at most 500.' })
  templateIds!: string[];

  @Field(() => String, {
    description: "Id of a service block of the bot's published flow, where the customer's reply goes on.",
  })
  returnBlockId!: string;
}

@InputType({ description: 'Templates that shall no longer be sendable on a bot.' })
export class DisableTemplatesInput {
  @Field(() => ID, { description: 'The bot on which they stop being sendable.' })
  botId!: string;

  @Field(() => [ID], { description: 'The templates to disable; at most 500.' })
  templateIds!: string[];
}

@InputType({ description: 'A new return block for enabled templates of a bot.' })
export class UpdateReturnFlowInput {
  @Field(() => ID, { description: 'The bot whose templates get the block.' })
  botId!: string;

  @Field(() => [ID], {
    nullable: true,
    description: 'The templates that get it, all or none; at most 500. Null: every outdated one.',
  })
  templateIds?: string[] | null;

  @Field(() => String, {
    description: "Id of a service block of the bot's published flow, where the customer's reply goes on.",
  })
  returnBlockId!: string;
}

@ObjectType({
  description: 'What `syncTemplates` answers: how many templates changed, or why the list was not fetched.',
  simpleResolvers: true,
})
export class SyncTemplatesPayload extends Payload {
  @Field(() => WhatsAppChannel, {
    nullable: true,
    description: 'The number whose templates were fetched; null where the request was refused.',
  })
  channel?: object | null;

  @Field(() => Int, { description: 'How many templates were not known before.' })
  added!: number;

  @Field(() => Int, { description: 'How many known templates had changed.' })
  updated!: number;

  @Field(() => Int, { description: 'How many known templates the provider no longer lists.' })
  removed!: number;
}

@ObjectType({
  description: 'What `enableTemplates` answers: what was enabled, or why nothing was.',
  simpleResolvers: true,
})
export class EnableTemplatesPayload extends Payload {
  @Field(() => [TemplateActivation], {
    description: 'The availability of each template named; empty where the request was refused.',
  })
  activations!: readonly object[];
}

@ObjectType({
  description: 'What `disableTemplates` answers: what was disabled, or why nothing was.',
  simpleResolvers: true,
})
export class DisableTemplatesPayload extends Payload {
  @Field(() => [TemplateActivation], {
    description: 'The availability of each template named; empty where the request was refused.',
  })
  activations!: readonly object[];
}

@ObjectType({
  description: 'What `updateReturnFlow` answers: what got the new return block, or why nothing did.',
  simpleResolvers: true,
})
export class UpdateReturnFlowPayload extends Payload {
  @Field(() => [TemplateActivation], {
    description: 'The availability of each template that got the block; empty where the request was refused.',
  })
  activations!: readonly object[];
}
