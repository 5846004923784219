import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, IntegerColumn, ReferenceColumn, TextColumn } from './columns';

/** A webhook as it was received, kept until each of its items was worked. */
@Entity('inbox_bodies')
@Index(['doneAt', 'dueAt'])
export class InboxBodyRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @InstantColumn()
  receivedAt!: number;

  @TextColumn()
  body!: string;

  /** How many of its items are settled: those before are not worked again. */
  @IntegerColumn()
  settledItems!: number;

  @IntegerColumn()
  attempts!: number;

  @InstantColumn()
  dueAt!: number;

  @TextColumn({ nullable: true })
  leaseOwner!: string | null;

  @InstantColumn({ nullable: true })
  leaseUntil!: number | null;

  @InstantColumn({ nullable: true })
  doneAt!: number | null;
}
