import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import type { ApiKeyRow } from '../entities/api-key';
import type { AuditEntryRow } from '../entities/audit-entry';
import { Agent } from '../schema/agents';
import { ApiKey } from '../schema/api-keys';
import { AuditEntry, AuditEntryConnection, AuditFilter } from '../schema/audit';
import { PageArgs } from '../schema/connections';
import { Node } from '../schema/node';
import { listAuditEntries, subjectOf } from '../services/access/audit-log';
import type { ServiceContext } from '../services/context';
import type { Page } from '../services/pages';
import { refer, type Seen } from '../services/access/seeing';

@Resolver(() => AuditEntry)
export class AuditResolver {
  @Query(() => AuditEntryConnection, {
    nullable: true,
    description: 'Who changed what, the latest first (admins).',
  })
  auditLog(
    @Ctx() context: ServiceContext,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => AuditFilter, {
      nullable: true,
      description: 'Which entries to list; all by default.',
    })
    filter: AuditFilter | null | undefined,
  ): Promise<Page<AuditEntryRow>> {
    return listAuditEntries(context, filter ?? {}, page);
  }

  @FieldResolver(() => Agent, {
    nullable: true,
    description: 'The person who changed it; null where it was a machine.',
  })
  agent(@Root() entry: AuditEntryRow, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return refer(context, 'AuditEntry', entry, 'agent');
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'The API key that it was changed with; null where it was a person.',
  })
  apiKey(@Root() entry: AuditEntryRow, @Ctx() context: ServiceContext): Seen<ApiKeyRow> {
    return refer(context, 'AuditEntry', entry, 'apiKey');
  }

  @FieldResolver(() => Node, {
    nullable: true,
    description: 'What was changed, as it is now; null where it is gone.',
  })
  subject(@Root() entry: AuditEntryRow, @Ctx() context: ServiceContext): Seen<{ id: string }> {
    return subjectOf(context, entry);
  }
}
