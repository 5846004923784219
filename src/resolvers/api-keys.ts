import { Arg, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import type { ApiKeyRow } from '../entities/api-key';
import { Agent } from '../schema/agents';
import {
  ApiKey,
  CreateApiKeyInput,
  CreateApiKeyPayload,
  RevokeApiKeyInput,
  RevokeApiKeyPayload,
} from '../schema/api-keys';
import { createApiKey, listApiKeys, revokeApiKey } from '../services/access/api-keys';
import type { ServiceContext } from '../services/context';
import type { Outcome } from '../services/outcome';
import { refer, type Seen } from '../services/access/seeing';

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Query(() => [ApiKey], {
    nullable: true,
    description: 'All API keys of the contract, revoked ones among them, the latest first (admins).',
  })
  apiKeys(@Ctx() context: ServiceContext): Promise<ApiKeyRow[]> {
    return listApiKeys(context);
  }

  @Mutation(() => CreateApiKeyPayload, {
    nullable: true,
    description: 'Makes an API key and shows it this once (admins). May answer: INVALID.',
  })
  createApiKey(
    @Ctx() context: ServiceContext,
    @Arg('input', () => CreateApiKeyInput, { description: 'The key to make.' }) input: CreateApiKeyInput,
  ): Promise<Outcome<{ apiKey: ApiKeyRow; secret: string }>> {
    return createApiKey(context, input);
  }

  @Mutation(() => RevokeApiKeyPayload, {
    nullable: true,
    description:
      'Makes an API key good for nothing and closes its sockets; may be repeated harmlessly (admins). May answer: NOT_FOUND.',
  })
  revokeApiKey(
    @Ctx() context: ServiceContext,
    @Arg('input', () => RevokeApiKeyInput, { description: 'The key to revoke.' }) input: RevokeApiKeyInput,
  ): Promise<Outcome<{ apiKey: ApiKeyRow }>> {
    return revokeApiKey(context, input);
  }

  @FieldResolver(() => Agent, {
    nullable: true,
    description: 'Who made the key; null where it was made by no person.',
  })
  createdBy(@Root() apiKey: ApiKeyRow, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return refer(context, 'ApiKey', apiKey, 'createdBy');
  }
}
