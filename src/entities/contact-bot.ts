import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, ReferenceColumn } from './columns';

/** This bot created, wrote to or served this contact. */
@Entity('contact_bots')
@Index(['contactId', 'botId'], { unique: true })
@Index(['botId'])
export class ContactBotRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('ContactRow')
  contactId!: string;

  @ReferenceColumn('BotRow')
  botId!: string;

  @InstantColumn()
  createdAt!: number;
}
