import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, ReferenceColumn, TextColumn } from './columns';

/** One address WhatsApp has used for a contact. */
@Entity('contact_aliases')
@Index(['channelId', 'alias'], { unique: true })
@Index(['contactId'])
export class ContactAliasRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @ReferenceColumn('ContactRow')
  contactId!: string;

  @TextColumn()
  alias!: string;

  @InstantColumn()
  createdAt!: number;
}
