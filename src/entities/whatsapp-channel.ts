import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, IntegerColumn, ReferenceColumn, TextColumn } from './columns';
import type { ChannelProvider, ChannelState } from './enums';

/** A WhatsApp number and the way to it. It stays when it is disconnected, since sends and contacts point at it. */
@Entity('whatsapp_channels')
@Index(['contractId', 'phoneNumber'], { unique: true })
@Index(['botId'])
@Index(['contractId', 'phoneNumberId'])
export class WhatsAppChannelRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('BotRow')
  botId!: string;

  @TextColumn()
  provider!: ChannelProvider;

  @TextColumn()
  phoneNumber!: string;

  @TextColumn({ nullable: true })
  phoneNumberId!: string | null;

  @TextColumn({ nullable: true })
  businessAccountId!: string | null;

  /** Access token, app secret and verify token as JSON, encrypted with SECRETS_KEY. */
  @TextColumn()
  secrets!: string;

  @TextColumn()
  state!: ChannelState;

  @InstantColumn({ nullable: true })
  stateSince!: number | null;

  @IntegerColumn({ nullable: true })
  stateProviderCode!: number | null;

  @TextColumn({ nullable: true })
  stateMessage!: string | null;

  /** Set while a template sync runs; a sync that died is taken over once this is past. */
  @InstantColumn({ nullable: true })
  syncLeaseUntil!: number | null;

  @InstantColumn({ nullable: true })
  syncLastAttemptAt!: number | null;

  @InstantColumn({ nullable: true })
  syncLastSuccessAt!: number | null;

  @TextColumn({ nullable: true })
  syncError!: string | null;

  /** No call to the provider may start before this instant: the number's pace, shared by all nodes. */
  @InstantColumn()
  nextCallAt!: number;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn({ nullable: true })
  disconnectedAt!: number | null;
}
