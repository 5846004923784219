import { Entity, Index } from 'typeorm';
import { FlagColumn, IdColumn, InstantColumn, ReferenceColumn, TextColumn } from './columns';

/** A customer's phone in the sandbox of one number. */
@Entity('sandbox_phones')
@Index(['channelId', 'waId'], { unique: true })
export class SandboxPhoneRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  /** Digits, as WhatsApp knows the person. */
  @TextColumn()
  waId!: string;

  @TextColumn()
  name!: string;

  @FlagColumn()
  blocked!: boolean;

  @FlagColumn()
  marketingStopped!: boolean;

  @InstantColumn({ nullable: true })
  lastMessageAt!: number | null;

  @InstantColumn()
  createdAt!: number;
}
