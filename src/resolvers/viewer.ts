import { Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import type { ApiKeyRow } from '../entities/api-key';
import type { ContractRow } from '../entities/contract';
import { Agent } from '../schema/agents';
import { ApiKey } from '../schema/api-keys';
import { Contract, Viewer } from '../schema/viewer';
import type { ServiceContext } from '../services/context';
import type { Viewer as Caller } from '../services/access/viewer';
import { seeAsked, type Seen } from '../services/access/seeing';

@Resolver(() => Viewer)
export class ViewerResolver {
  @Query(() => Viewer, { description: 'Whoever makes this request.' })
  viewer(@Ctx() context: ServiceContext): Caller {
    return context.viewer;
  }

  @FieldResolver(() => Contract, { description: 'The contract that the caller belongs to.' })
  contract(@Root() viewer: Caller, @Ctx() context: ServiceContext): Seen<ContractRow> {
    return seeAsked(context, 'Contract', viewer.contractId);
  }

  @FieldResolver(() => Agent, {
    nullable: true,
    description: 'The person; null when the caller is an API key.',
  })
  agent(@Root() viewer: Caller): AgentRow | null {
    return viewer.agent;
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'The API key; null when the caller is a person.',
  })
  apiKey(@Root() viewer: Caller): ApiKeyRow | null {
    return viewer.apiKey;
  }
}
