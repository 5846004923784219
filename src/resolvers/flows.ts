import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import type { BotRow } from '../entities/bot';
import { FlowBlockKind } from '../entities/enums';
import type { FlowRow } from '../entities/flow';
import type { TemplateActivationRow } from '../entities/template-activation';
import { Agent } from '../schema/agents';
import { Bot } from '../schema/bots';
import { Flow, FlowBlock, PublishFlowInput, PublishFlowPayload } from '../schema/flows';
import { TemplateActivation } from '../schema/templates';
import type { ServiceContext } from '../services/context';
import { currentFlow, outdatedActivations, publishFlow } from '../services/flows/flows';
import { refer, type Seen } from '../services/access/seeing';

@Resolver(() => Flow)
export class FlowResolver {
  @Query(() => Flow, {
    nullable: true,
    description: 'The flow that a bot has published; null while it has none, and where there is no such bot.',
  })
  flow(
    @Ctx() context: ServiceContext,
    @Arg('botId', () => ID, { description: 'The bot whose flow is asked for.' }) botId: string,
  ): Promise<FlowRow | null> {
    return currentFlow(context, botId);
  }

  @Mutation(() => PublishFlowPayload, {
    nullable: true,
    description:
      'Publishes what the builder exported as the next version of a bot; what is published already stays as it is. May answer: NOT_FOUND, BOT_KIND_UNSUPPORTED, FLOW_INVALID.',
  })
  async publishFlow(
    @Ctx() context: ServiceContext,
    @Arg('input', () => PublishFlowInput, { description: 'The flow, and whose it is.' })
    input: PublishFlowInput,
  ): Promise<object> {
    return { flow: null, newlyOutdated: [], ...(await publishFlow(context, input)) };
  }

  @FieldResolver(() => Bot, { description: 'The bot whose flow it is.' })
  bot(@Root() flow: FlowRow, @Ctx() context: ServiceContext): Seen<BotRow> {
    return refer(context, 'Flow', flow, 'bot');
  }

  @FieldResolver(() => Agent, {
    nullable: true,
    description: 'Who published it; null when a machine did, and where the caller may not see agents.',
  })
  publishedBy(@Root() flow: FlowRow, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return refer(context, 'Flow', flow, 'publishedBy');
  }

  @FieldResolver(() => [FlowBlock], { description: 'Its blocks, in the order of the export.' })
  blocks(
    @Root() flow: FlowRow,
    @Arg('kind', () => FlowBlockKind, {
      nullable: true,
      description: 'Only blocks of this kind; all when left out.',
    })
    kind: FlowBlockKind | null,
  ): FlowBlock[] {
    return kind ? flow.blocks.filter((block) => block.kind === kind) : flow.blocks;
  }

  @FieldResolver(() => [TemplateActivation], {
    description:
      'Enabled templates whose return block this flow no longer holds: the red marks on the template page.',
  })
  outdatedActivations(
    @Root() flow: FlowRow,
    @Ctx() context: ServiceContext,
  ): Promise<TemplateActivationRow[]> {
    return outdatedActivations(context, flow);
  }
}
