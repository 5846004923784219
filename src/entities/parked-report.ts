import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from './columns';

/** A status report for a message id that is not known yet. */
@Entity('parked_reports')
@Index(['channelId', 'providerMessageId'])
@Index(['receivedAt'])
export class ParkedReportRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @TextColumn()
  providerMessageId!: string;

  @JsonColumn()
  report!: Record<string, unknown>;

  @InstantColumn()
  receivedAt!: number;
}
