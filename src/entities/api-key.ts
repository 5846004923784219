import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from './columns';
import type { ApiKeyScope } from './enums';

/** A machine that may call the API. The key itself is not kept, only its SHA-256. */
@Entity('api_keys')
@Index(['hash'], { unique: true })
@Index(['contractId'])
export class ApiKeyRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @TextColumn()
  name!: string;

  @JsonColumn()
  scopes!: ApiKeyScope[];

  @TextColumn()
  hash!: string;

  @TextColumn()
  hint!: string;

  @ReferenceColumn('AgentRow', { nullable: true })
  createdById!: string | null;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn({ nullable: true })
  lastUsedAt!: number | null;

  @InstantColumn({ nullable: true })
  revokedAt!: number | null;
}
