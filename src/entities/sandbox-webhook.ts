import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, IntegerColumn, ReferenceColumn, TextColumn } from './columns';

/** A webhook of the sandbox that is still to be delivered; gone once it was answered with 200. */
@Entity('sandbox_webhooks')
@Index(['dueAt', 'id'])
export class SandboxWebhookRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @TextColumn()
  body!: string;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  dueAt!: number;

  @IntegerColumn()
  attempts!: number;

  @TextColumn({ nullable: true })
  leaseOwner!: string | null;

  @InstantColumn({ nullable: true })
  leaseUntil!: number | null;
}
