import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, IntegerColumn, ReferenceColumn, TextColumn } from './columns';

/** A file that a customer of the sandbox sends. */
@Entity('sandbox_files')
@Index(['channelId'])
export class SandboxFileRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @TextColumn()
  mimeType!: string;

  @TextColumn({ nullable: true })
  filename!: string | null;

  @IntegerColumn()
  size!: number;

  /** Of the bytes, in base64, as the provider tells it. */
  @TextColumn()
  sha256!: string;

  /** The bytes in base64. */
  @TextColumn()
  content!: string;

  @InstantColumn()
  createdAt!: number;
}
