import { Entity, Index } from 'typeorm';
import { IdColumn, ReferenceColumn, TextColumn } from './columns';

/** A raw setting of a bot, stored and shown as given. */
@Entity('advanced_settings')
@Index(['botId', 'domain', 'key'], { unique: true })
export class AdvancedSettingRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('BotRow')
  botId!: string;

  @TextColumn()
  domain!: string;

  @TextColumn()
  key!: string;

  @TextColumn()
  value!: string;
}
