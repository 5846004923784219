import { Entity, Index } from 'typeorm';
import {
  FlagColumn,
  IdColumn,
  InstantColumn,
  IntegerColumn,
  JsonColumn,
  ReferenceColumn,
  TextColumn,
} from './columns';

export type SandboxDirection = 'TO_CUSTOMER' | 'FROM_CUSTOMER';
/** How far a message to a customer came; what customers write has no status. */
export type SandboxMessageStatus = 'SENT' | 'DELIVERED' | 'READ' | 'FAILED';

export interface SandboxHeader {
  kind: string;
  text: string | null;
  url: string | null;
  filename: string | null;
}

export interface SandboxButton {
  kind: string;
  text: string;
  /** Where it leads, whom it calls, what it copies; of a quick reply what it says to the sender. */
  value: string | null;
}

export interface SandboxLocation {
  latitude: number;
  longitude: number;
  name: string | null;
  address: string | null;
}

/** What can be seen of a message; what it has not is left out. */
export interface SandboxContent {
  template?: { name: string; language: string };
  header?: SandboxHeader;
  body?: string;
  footer?: string;
  buttons?: SandboxButton[];
  location?: SandboxLocation;
  contact?: { name: string; phone: string };
  /** `of` is the id of the message that it is stuck to; an empty emoji takes it away. */
  reaction?: { emoji: string; of: string };
}

/** A message on a customer's phone in the sandbox, in either direction. */
@Entity('sandbox_messages')
@Index(['channelId', 'providerMessageId'], { unique: true })
@Index(['phoneId', 'at', 'id'])
export class SandboxMessageRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @ReferenceColumn('SandboxPhoneRow')
  phoneId!: string;

  @TextColumn()
  providerMessageId!: string;

  @TextColumn()
  direction!: SandboxDirection;

  @InstantColumn()
  at!: number;

  @TextColumn()
  kind!: string;

  @JsonColumn()
  content!: SandboxContent;

  @ReferenceColumn('SandboxMessageRow', { nullable: true })
  quotedId!: string | null;

  @ReferenceColumn('SandboxFileRow', { nullable: true })
  fileId!: string | null;

  @TextColumn({ nullable: true })
  status!: SandboxMessageStatus | null;

  @IntegerColumn({ nullable: true })
  failureCode!: number | null;

  /** It came while the customer had blocked the number: it never reaches the phone. */
  @FlagColumn()
  withheld!: boolean;

  /** What the sender wants to hear again in every report. */
  @TextColumn({ nullable: true })
  correlation!: string | null;
}
