import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, IntegerColumn, JsonColumn, ReferenceColumn, TextColumn } from './columns';

/** An item of a webhook that could not be understood or placed. */
@Entity('dead_letters')
@Index(['contractId', 'receivedAt', 'id'])
export class DeadLetterRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow', { nullable: true })
  channelId!: string | null;

  @InstantColumn()
  receivedAt!: number;

  @TextColumn()
  reason!: string;

  @JsonColumn()
  payload!: Record<string, unknown>;

  @IntegerColumn()
  attempts!: number;
}
