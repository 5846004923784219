import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, ReferenceColumn, TextColumn } from './columns';

/** A message on its way to WhatsApp: a send or a free text. It bears the id of what it delivers. */
@Entity('deliveries')
@Index(['dueAt', 'id'])
@Index(['channelId', 'providerMessageId'])
@Index(['contactId'])
@Index(['leaseUntil'])
@Index(['unknownSince'])
@Index(['heldSince', 'contractId', 'id'])
export class DeliveryRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @ReferenceColumn('ContactRow')
  contactId!: string;

  /** When it may next be called; null when nothing is left to call, and while it is held. */
  @InstantColumn({ nullable: true })
  dueAt!: number | null;

  @TextColumn({ nullable: true })
  leaseOwner!: string | null;

  @InstantColumn({ nullable: true })
  leaseUntil!: number | null;

  /** Start of the call whose outcome is unknown, while it is. */
  @InstantColumn({ nullable: true })
  unknownSince!: number | null;

  /** Since when it has been kept back, while it is: the database was restored, and it may have gone out before. */
  @InstantColumn({ nullable: true })
  heldSince!: number | null;

  @TextColumn({ nullable: true })
  providerMessageId!: string | null;

  @InstantColumn()
  createdAt!: number;

  /** What its age counts from: its creation, or its release where it was held. */
  @InstantColumn()
  queuedAt!: number;
}
