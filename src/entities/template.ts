import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from './columns';
import type { TemplateCategory, TemplateStatus } from './enums';

/** A message template as the provider lists it; mirrored, never edited. */
@Entity('templates')
@Index(['channelId', 'name', 'language'], { unique: true })
@Index(['contractId', 'createdAt', 'id'])
export class TemplateRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @TextColumn()
  providerTemplateId!: string;

  @TextColumn()
  name!: string;

  @TextColumn()
  language!: string;

  @TextColumn()
  category!: TemplateCategory;

  @TextColumn()
  status!: TemplateStatus;

  @TextColumn()
  providerStatus!: string;

  @TextColumn({ nullable: true })
  rejectionReason!: string | null;

  @TextColumn({ nullable: true })
  qualityScore!: string | null;

  @JsonColumn()
  components!: Record<string, unknown>[];

  @TextColumn()
  parameterFormat!: 'POSITIONAL' | 'NAMED';

  /** Why this server cannot fill the template in; null where it can. */
  @TextColumn({ nullable: true })
  unsupportedReason!: string | null;

  /** When a webhook last changed the row: a sync that began earlier leaves it alone. */
  @InstantColumn({ nullable: true })
  webhookChangedAt!: number | null;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;
}
