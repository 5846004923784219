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
import type { SendStatus, ReplyState, SendFailureCode } from './enums';

/** One template message from one agent to one contact. Its status and times are derived from its delivery's facts. */
@Entity('sends')
@Index(['contractId', 'createdAt', 'id'])
@Index(['contractId', 'changedSequence'])
@Index(['contractId', 'agentId', 'createdAt', 'id'])
@Index(['contactId', 'createdAt'])
@Index(['contractId', 'templateId', 'createdAt', 'id'])
@Index(['contractId', 'botId', 'createdAt', 'id'])
@Index(['contractId', 'status', 'createdAt', 'id'])
@Index(['contractId', 'replyState', 'createdAt', 'id'])
@Index(['replyState', 'replyExpiresAt'])
@Index(['retryOfId'])
export class SendRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('BotRow')
  botId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @ReferenceColumn('AgentRow')
  agentId!: string;

  @ReferenceColumn('TemplateRow')
  templateId!: string;

  @ReferenceColumn('ContactRow')
  contactId!: string;

  @JsonColumn()
  parameters!: { key: string; value: string }[];

  @JsonColumn()
  preview!: { header: string | null; body: string; footer: string | null; buttons: string[] };

  @TextColumn()
  returnBlockId!: string;

  @TextColumn()
  status!: SendStatus;

  @FlagColumn()
  outcomeUnknown!: boolean;

  @TextColumn()
  replyState!: ReplyState;

  @TextColumn({ nullable: true })
  failureCode!: SendFailureCode | null;

  @TextColumn({ nullable: true })
  failureMessage!: string | null;

  @IntegerColumn({ nullable: true })
  failureProviderCode!: number | null;

  /** Whether it failed by a check of ours, the provider's answer, a report, or for want of any. */
  @TextColumn({ nullable: true })
  failedBy!: 'own_check' | 'answer' | 'report' | 'unknown_guess' | null;

  @ReferenceColumn('SendRow', { nullable: true })
  retryOfId!: string | null;

  @TextColumn({ nullable: true })
  providerMessageId!: string | null;

  @IntegerColumn()
  attempts!: number;

  /** Start of the call that handed it over, where one did and was not refused. */
  @InstantColumn({ nullable: true })
  callStartedAt!: number | null;

  @FlagColumn()
  handedOver!: boolean;

  @FlagColumn()
  refused!: boolean;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn({ nullable: true })
  acceptedAt!: number | null;

  @InstantColumn({ nullable: true })
  sentAt!: number | null;

  @InstantColumn({ nullable: true })
  deliveredAt!: number | null;

  @InstantColumn({ nullable: true })
  readAt!: number | null;

  @InstantColumn({ nullable: true })
  failedAt!: number | null;

  @InstantColumn({ nullable: true })
  repliedAt!: number | null;

  /** Logarithmic class of the seconds from acceptance to reply, for the median. */
  @IntegerColumn({ nullable: true })
  replyBucket!: number | null;

  @InstantColumn({ nullable: true })
  replyExpiresAt!: number | null;

  @InstantColumn()
  updatedAt!: number;

  /** Place of the latest change in the contract's log. */
  @InstantColumn()
  changedSequence!: number;

  @ReferenceColumn('TicketRow', { nullable: true })
  ticketId!: string | null;
}
