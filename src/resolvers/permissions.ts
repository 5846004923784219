import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import type { AgentPermissionRow } from '../entities/agent-permission';
import type { BotRow } from '../entities/bot';
import { Agent, AgentPermission, SetPermissionsInput, SetPermissionsPayload } from '../schema/agents';
import { Bot } from '../schema/bots';
import type { ServiceContext } from '../services/context';
import type { Outcome } from '../services/outcome';
import { setPermissions } from '../services/agents/permissions';
import { seeAsked, type Seen } from '../services/access/seeing';

@Resolver(() => AgentPermission)
export class PermissionResolver {
  @Mutation(() => SetPermissionsPayload, {
    nullable: true,
    description:
      'Grants a right to, or takes it from, one agent or many at once, all or none (admins). May answer: NOT_FOUND.',
  })
  async setPermissions(
    @Ctx() context: ServiceContext,
    @Arg('input', () => SetPermissionsInput, { description: 'The right, the bot and the agents.' })
    input: SetPermissionsInput,
  ): Promise<Outcome<{ agents: AgentRow[] }>> {
    return { agents: [], ...(await setPermissions(context, input)) };
  }

  @FieldResolver(() => Bot, { description: 'The bot that the right is about.' })
  bot(@Root() permission: AgentPermissionRow, @Ctx() context: ServiceContext): Seen<BotRow> {
    return seeAsked(context, 'Bot', permission.botId);
  }

  @FieldResolver(() => Agent, {
    nullable: true,
    description: 'Who granted it; null where it was granted by no person.',
  })
  grantedBy(@Root() permission: AgentPermissionRow, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return seeAsked(context, 'Agent', permission.grantedById);
  }
}
