import { Entity, Index } from 'typeorm';
import { FlagColumn, IdColumn, InstantColumn, ReferenceColumn, TextColumn } from './columns';
import type { OutdatedReason } from './enums';

/** "This template may be sent on this bot, and its answer returns to this block." */
@Entity('template_activations')
@Index(['botId', 'templateId'], { unique: true })
@Index(['templateId'])
export class TemplateActivationRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('BotRow')
  botId!: string;

  @ReferenceColumn('TemplateRow')
  templateId!: string;

  @FlagColumn()
  enabled!: boolean;

  @TextColumn()
  returnBlockId!: string;

  @TextColumn({ nullable: true })
  outdatedReason!: OutdatedReason | null;

  @InstantColumn({ nullable: true })
  outdatedSince!: number | null;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;
}
