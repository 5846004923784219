import { Arg, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import type { BotRow } from '../entities/bot';
import { SendDimension } from '../entities/enums';
import type { TemplateRow } from '../entities/template';
import { Agent } from '../schema/agents';
import { Bot } from '../schema/bots';
import { TimeZone } from '../schema/scalars';
import { SendFilter } from '../schema/sends';
import { SendStatistics } from '../schema/statistics';
import { Template } from '../schema/templates';
import type { ServiceContext } from '../services/context';
import { sendStatistics, type SendStatistics as Counted } from '../services/statistics/statistics';
import { seeAsked, type Seen } from '../services/access/seeing';

@Resolver(() => SendStatistics)
export class StatisticsResolver {
  @Query(() => [SendStatistics], {
    nullable: true,
    description:
      'Counts of the sends that match, group by group: at most 10,000 groups. `search`, `changedAfter` and `held` of the filter are refused here; DAY and HOUR need `createdFrom`.',
  })
  sendStatistics(
    @Ctx() context: ServiceContext,
    @Arg('filter', () => SendFilter, { nullable: true, description: 'Which sends; all when left out.' })
    filter: SendFilter | null,
    @Arg('groupBy', () => [SendDimension], {
      defaultValue: [],
      description: 'What makes a group; one group of all where nothing is named.',
    })
    groupBy: SendDimension[],
    @Arg('timeZone', () => TimeZone, {
      defaultValue: 'UTC',
      description: 'Whose days and hours are meant by DAY and HOUR.',
    })
    timeZone: string,
  ): Promise<Counted[]> {
    return sendStatistics(context, { filter: filter ?? {}, groupBy, timeZone });
  }

  @FieldResolver(() => Bot, { nullable: true, description: 'The bot; null unless grouped by it.' })
  bot(@Root() group: Counted, @Ctx() context: ServiceContext): Seen<BotRow> {
    return seeAsked(context, 'Bot', group.botId);
  }

  @FieldResolver(() => Template, { nullable: true, description: 'The template; null unless grouped by it.' })
  template(@Root() group: Counted, @Ctx() context: ServiceContext): Seen<TemplateRow> {
    return seeAsked(context, 'Template', group.templateId);
  }

  @FieldResolver(() => Agent, { nullable: true, description: 'The sender; null unless grouped by it.' })
  agent(@Root() group: Counted, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return seeAsked(context, 'Agent', group.agentId);
  }
}
