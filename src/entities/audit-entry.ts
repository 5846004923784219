import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from './columns';

/** Who changed what, when. */
@Entity('audit_entries')
@Index(['contractId', 'at', 'id'])
@Index(['subjectId'])
export class AuditEntryRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @InstantColumn()
  at!: number;

  @ReferenceColumn('AgentRow', { nullable: true })
  agentId!: string | null;

  @ReferenceColumn('ApiKeyRow', { nullable: true })
  apiKeyId!: string | null;

  @TextColumn()
  action!: string;

  @TextColumn({ nullable: true })
  subjectId!: string | null;

  @JsonColumn()
  changes!: Record<string, unknown>;
}
