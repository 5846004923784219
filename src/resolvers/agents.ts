import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import type { AgentPermissionRow } from '../entities/agent-permission';
import {
  Agent,
  AgentConnection,
  AgentFilter,
  AgentPermission,
  CreateAgentInput,
  CreateAgentPayload,
  UpdateAgentInput,
  UpdateAgentPayload,
} from '../schema/agents';
import { PageArgs } from '../schema/connections';
import { createAgent, updateAgent } from '../services/agents/agent-changes';
import { listAgents, openTickets } from '../services/agents/agents';
import type { ServiceContext } from '../services/context';
import type { Outcome } from '../services/outcome';
import type { Page } from '../services/pages';
import { permissionsOf } from '../services/agents/permissions';

@Resolver(() => Agent)
export class AgentResolver {
  @Query(() => AgentConnection, {
    nullable: true,
    description: 'The agents of the contract, deactivated ones among them, in the order they were added.',
  })
  agents(
    @Ctx() context: ServiceContext,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => AgentFilter, {
      nullable: true,
      description: 'Which agents to list; all by default.',
    })
    filter: AgentFilter | null | undefined,
  ): Promise<Page<AgentRow>> {
    return listAgents(context, filter ?? {}, page);
  }

  @Mutation(() => CreateAgentPayload, {
    nullable: true,
    description: 'Adds a person to the contract (admins). May answer: INVALID, TAKEN.',
  })
  createAgent(
    @Ctx() context: ServiceContext,
    @Arg('input', () => CreateAgentInput, { description: 'The person to add.' }) input: CreateAgentInput,
  ): Promise<Outcome<{ agent: AgentRow }>> {
    return createAgent(context, input);
  }

  @Mutation(() => UpdateAgentPayload, {
    nullable: true,
    description:
      'Changes a person; deactivating one hands its tickets to others and closes its sockets (admins). May answer: NOT_FOUND, INVALID, LAST_ADMIN.',
  })
  updateAgent(
    @Ctx() context: ServiceContext,
    @Arg('input', () => UpdateAgentInput, { description: 'The agent and what to change.' })
    input: UpdateAgentInput,
  ): Promise<Outcome<{ agent: AgentRow }>> {
    return updateAgent(context, input);
  }

  @FieldResolver(() => Int, { description: 'How many open tickets the agent has now.' })
  openTickets(@Root() agent: AgentRow, @Ctx() context: ServiceContext): Promise<number> {
    return openTickets(context, agent);
  }

  @FieldResolver(() => [AgentPermission], {
    description: 'What the agent was granted; an admin may send without.',
  })
  permissions(
    @Root() agent: AgentRow,
    @Ctx() context: ServiceContext,
    @Arg('botId', () => ID, { nullable: true, description: 'Only on this bot; on all by default.' })
    botId: string | null | undefined,
  ): Promise<AgentPermissionRow[]> {
    return permissionsOf(context, agent, botId ?? null);
  }
}
