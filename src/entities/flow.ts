import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, IntegerColumn, JsonColumn, ReferenceColumn, TextColumn } from './columns';
import type { FlowBlockKind } from './enums';

/** One publication of a bot's flow. */
@Entity('flows')
@Index(['botId', 'version'], { unique: true })
export class FlowRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('BotRow')
  botId!: string;

  @IntegerColumn()
  version!: number;

  @InstantColumn()
  publishedAt!: number;

  @ReferenceColumn('AgentRow', { nullable: true })
  publishedById!: string | null;

  @ReferenceColumn('ApiKeyRow', { nullable: true })
  publishedByKeyId!: string | null;

  /** SHA-256 of the canonical JSON: what is published already makes no new version. */
  @TextColumn()
  canonicalHash!: string;

  @JsonColumn()
  blocks!: { blockId: string; title: string; kind: FlowBlockKind }[];
}
