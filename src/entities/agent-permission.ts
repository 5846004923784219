import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, ReferenceColumn, TextColumn } from './columns';
import type { Permission } from './enums';

/** What one agent was granted on one bot. */
@Entity('agent_permissions')
@Index(['agentId', 'botId', 'permission'], { unique: true })
@Index(['botId'])
export class AgentPermissionRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('AgentRow')
  agentId!: string;

  @ReferenceColumn('BotRow')
  botId!: string;

  @TextColumn()
  permission!: Permission;

  @ReferenceColumn('AgentRow', { nullable: true })
  grantedById!: string | null;

  @InstantColumn()
  grantedAt!: number;
}
