import { Entity, Index } from 'typeorm';
import { FlagColumn, IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from './columns';
import type { BotKind, ContactField, ContactLocation } from './enums';

/** A chatbot with its settings for active messaging. */
@Entity('bots')
@Index(['contractId', 'identity'], { unique: true })
export class BotRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @TextColumn()
  name!: string;

  @TextColumn()
  identity!: string;

  @TextColumn()
  kind!: BotKind;

  @FlagColumn()
  enabled!: boolean;

  @FlagColumn()
  directTransferEnabled!: boolean;

  @TextColumn({ nullable: true })
  routerIdentity!: string | null;

  @JsonColumn()
  contactSearchFields!: ContactField[];

  @TextColumn()
  contactSearchLocation!: ContactLocation;

  @ReferenceColumn('FlowRow', { nullable: true })
  publishedFlowId!: string | null;

  @InstantColumn()
  createdAt!: number;
}
