import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { parametersOf, preview, type TemplatePreview as Preview } from '../channels/template-content';
import type { BotRow } from '../entities/bot';
import type { TemplateRow } from '../entities/template';
import type { TemplateActivationRow } from '../entities/template-activation';
import type { WhatsAppChannelRow } from '../entities/whatsapp-channel';
import { Bot } from '../schema/bots';
import { WhatsAppChannel } from '../schema/channels';
import { PageArgs } from '../schema/connections';
import { FlowBlock } from '../schema/flows';
import {
  DisableTemplatesInput,
  DisableTemplatesPayload,
  EnableTemplatesInput,
  EnableTemplatesPayload,
  SyncTemplatesInput,
  SyncTemplatesPayload,
  Template,
  TemplateActivation,
  TemplateConnection,
  TemplateFilter,
  TemplateIssue,
  TemplateParameter,
  TemplateParameterInput,
  TemplatePreview,
  UpdateReturnFlowInput,
  UpdateReturnFlowPayload,
} from '../schema/templates';
import {
  disableTemplates,
  enableTemplates,
  updateReturnFlow,
  type Activations,
} from '../services/templates/activations';
import type { ServiceContext } from '../services/context';
import { returnBlockOf } from '../services/flows/flows';
import type { UserError } from '../services/outcome';
import type { Page } from '../services/pages';
import { syncTemplates } from '../services/templates/template-sync';
import {
  activationOn,
  activationsOf,
  isSendable,
  issuesOnBot,
  listTemplates,
} from '../services/templates/templates';
import { refer, type Seen } from '../services/access/seeing';

interface ActivationsPayload {
  activations: TemplateActivationRow[];
  userErrors: UserError[];
}

function payloadOf({ activations = [], userErrors }: Awaited<Activations>): ActivationsPayload {
  return { activations, userErrors };
}

@Resolver(() => Template)
export class TemplateResolver {
  @Query(() => TemplateConnection, {
    nullable: true,
    description: 'Templates of the numbers these bots send from; all the caller may see when none is named.',
  })
  templates(
    @Ctx() context: ServiceContext,
    @Arg('filter', () => TemplateFilter, { nullable: true, description: 'Which ones; all when left out.' })
    filter: TemplateFilter | null,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<Page<TemplateRow>> {
    return listTemplates(context, filter ?? {}, page);
  }

  @Mutation(() => SyncTemplatesPayload, {
    nullable: true,
    description:
      "Fetches the whole list of templates of a bot's number from the provider; joins a fetch that is under way. May answer: NOT_FOUND, WHATSAPP_CHANNEL_MISSING, INVALID.",
  })
  async syncTemplates(
    @Ctx() context: ServiceContext,
    @Arg('input', () => SyncTemplatesInput, { description: 'Whose templates to fetch.' })
    input: SyncTemplatesInput,
  ): Promise<object> {
    return { channel: null, added: 0, updated: 0, removed: 0, ...(await syncTemplates(context, input)) };
  }

  @Mutation(() => EnableTemplatesPayload, {
    nullable: true,
    description:
      'Makes approved templates sendable on a bot, all or none of them; enabling anew changes the return block. May answer: NOT_FOUND, INVALID, BOT_KIND_UNSUPPORTED, BOT_HAS_NO_PUBLISHED_FLOW, WHATSAPP_CHANNEL_MISSING, RETURN_BLOCK_NOT_FOUND, RETURN_BLOCK_NOT_SERVICE, TEMPLATE_NOT_FOUND, TEMPLATE_OF_OTHER_NUMBER, TEMPLATE_NOT_APPROVED, TEMPLATE_UNSUPPORTED.',
  })
  async enableTemplates(
    @Ctx() context: ServiceContext,
    @Arg('input', () => EnableTemplatesInput, { description: 'What to enable, where.' })
    input: EnableTemplatesInput,
  ): Promise<ActivationsPayload> {
    return payloadOf(await enableTemplates(context, input));
  }

  @Mutation(() => DisableTemplatesPayload, {
    nullable: true,
    description:
      'Takes templates away from the agents of a bot, all or none of them. May answer: NOT_FOUND, INVALID, BOT_KIND_UNSUPPORTED, TEMPLATE_NOT_FOUND, TEMPLATE_NOT_ENABLED.',
  })
  async disableTemplates(
    @Ctx() context: ServiceContext,
    @Arg('input', () => DisableTemplatesInput, { description: 'What to disable, where.' })
    input: DisableTemplatesInput,
  ): Promise<ActivationsPayload> {
    return payloadOf(await disableTemplates(context, input));
  }

  @Mutation(() => UpdateReturnFlowPayload, {
    nullable: true,
    description:
      'Gives enabled templates a new return block: one, some, or (no ids) every outdated one of the bot. May answer: NOT_FOUND, INVALID, BOT_KIND_UNSUPPORTED, BOT_HAS_NO_PUBLISHED_FLOW, RETURN_BLOCK_NOT_FOUND, RETURN_BLOCK_NOT_SERVICE, TEMPLATE_NOT_FOUND, TEMPLATE_NOT_ENABLED.',
  })
  async updateReturnFlow(
    @Ctx() context: ServiceContext,
    @Arg('input', () => UpdateReturnFlowInput, { description: 'Which block, for which templates.' })
    input: UpdateReturnFlowInput,
  ): Promise<ActivationsPayload> {
    return payloadOf(await updateReturnFlow(context, input));
  }

  @FieldResolver(() => [TemplateParameter], {
    description: 'The blanks to fill, in the order they are read.',
  })
  parameters(@Root() template: TemplateRow): TemplateParameter[] {
    return parametersOf(template.components, template.parameterFormat);
  }

  @FieldResolver(() => WhatsAppChannel, { description: 'The number that the template is sent from.' })
  channel(@Root() template: TemplateRow, @Ctx() context: ServiceContext): Seen<WhatsAppChannelRow> {
    return refer(context, 'Template', template, 'channel');
  }

  @FieldResolver(() => TemplateActivation, {
    nullable: true,
    description: 'Availability of this template on one bot; null while it was never enabled there.',
  })
  activation(
    @Root() template: TemplateRow,
    @Ctx() context: ServiceContext,
    @Arg('botId', () => ID, { description: 'The bot on which it may be sent.' }) botId: string,
  ): Promise<TemplateActivationRow | null> {
    return activationOn(context, template.id, botId);
  }

  @FieldResolver(() => [TemplateActivation], {
    description: 'Availability on each of these bots, or on all that the caller may see.',
  })
  activations(
    @Root() template: TemplateRow,
    @Ctx() context: ServiceContext,
    @Arg('botIds', () => [ID], { nullable: true, description: 'The bots, at most 500; all when left out.' })
    botIds: string[] | null,
  ): Promise<TemplateActivationRow[]> {
    return activationsOf(context, template.id, botIds ?? null);
  }

  @FieldResolver(() => [TemplateIssue], {
    description: 'All that keeps this template from being sent on the bot now; empty when it is sendable.',
  })
  issues(
    @Root() template: TemplateRow,
    @Ctx() context: ServiceContext,
    @Arg('botId', () => ID, { description: 'The bot that would send it.' }) botId: string,
  ): Promise<TemplateIssue[]> {
    return issuesOnBot(context, template, botId);
  }

  @FieldResolver(() => TemplatePreview, {
    description:
      'The text with these values in their places; blanks left empty show as they stand in the template.',
  })
  preview(
    @Root() template: TemplateRow,
    @Arg('parameters', () => [TemplateParameterInput], {
      nullable: true,
      description: 'The values; those of unknown blanks show nowhere.',
    })
    parameters: TemplateParameterInput[] | null,
  ): Preview {
    return preview(template.components, parameters ?? []);
  }
}

@Resolver(() => TemplateActivation)
export class TemplateActivationResolver {
  @FieldResolver(() => Bot, { description: 'The bot on which the template may be sent.' })
  bot(@Root() activation: TemplateActivationRow, @Ctx() context: ServiceContext): Seen<BotRow> {
    return refer(context, 'TemplateActivation', activation, 'bot');
  }

  @FieldResolver(() => Template, { description: 'The template that may be sent.' })
  template(@Root() activation: TemplateActivationRow, @Ctx() context: ServiceContext): Seen<TemplateRow> {
    return refer(context, 'TemplateActivation', activation, 'template');
  }

  @FieldResolver(() => Boolean, { description: 'Nothing keeps it from being sent now.' })
  sendable(@Root() activation: TemplateActivationRow, @Ctx() context: ServiceContext): Promise<boolean> {
    return isSendable(context, activation);
  }

  @FieldResolver(() => FlowBlock, {
    nullable: true,
    description:
      "Where the customer's reply goes on in the flow; null when the published flow has no such block.",
  })
  returnBlock(
    @Root() activation: TemplateActivationRow,
    @Ctx() context: ServiceContext,
  ): Promise<FlowBlock | null> {
    return returnBlockOf(context, activation);
  }

  @FieldResolver(() => Boolean, {
    description:
      'True when the published flow no longer holds the return block as a service block; sends stop until it is updated.',
  })
  outdated(@Root() activation: TemplateActivationRow): boolean {
    return activation.outdatedReason !== null;
  }
}
