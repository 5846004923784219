import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, IntegerColumn, ReferenceColumn, TextColumn } from './columns';
import type { TicketStatus, TicketOrigin, ReplyMatch } from './enums';

/** A customer's conversation with the desk. */
@Entity('tickets')
@Index(['contactId'], { unique: true, where: "status <> 'CLOSED'" })
@Index(['contractId', 'number'], { unique: true })
@Index(['contractId', 'lastMessageAt', 'id'])
@Index(['contractId', 'createdAt', 'id'])
@Index(['contactId', 'createdAt', 'id'])
@Index(['contractId', 'botId', 'lastMessageAt', 'id'])
@Index(['contractId', 'status', 'lastMessageAt', 'id'])
@Index(['contractId', 'agentId', 'lastMessageAt', 'id'])
@Index(['agentId', 'status'])
@Index(['reservedForId', 'status'])
@Index(['queueId', 'status'])
export class TicketRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @IntegerColumn()
  number!: number;

  @ReferenceColumn('BotRow')
  botId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @ReferenceColumn('ContactRow')
  contactId!: string;

  @TextColumn()
  status!: TicketStatus;

  @TextColumn()
  origin!: TicketOrigin;

  @ReferenceColumn('AgentRow', { nullable: true })
  agentId!: string | null;

  @ReferenceColumn('AgentRow', { nullable: true })
  reservedForId!: string | null;

  @ReferenceColumn('QueueRow', { nullable: true })
  queueId!: string | null;

  @ReferenceColumn('SendRow', { nullable: true })
  sendId!: string | null;

  @TextColumn({ nullable: true })
  matchedBy!: ReplyMatch | null;

  @TextColumn({ nullable: true })
  entryBlockId!: string | null;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;

  @InstantColumn({ nullable: true })
  assignedAt!: number | null;

  @InstantColumn({ nullable: true })
  closedAt!: number | null;

  @ReferenceColumn('AgentRow', { nullable: true })
  closedById!: string | null;

  @TextColumn({ nullable: true })
  lastMessageId!: string | null;

  /** Never null in the row: a ticket opens with a message, or is ordered by its own beginning. */
  @InstantColumn()
  lastMessageAt!: number;

  /** When the customer last wrote, by the provider's time: the service window runs from it. */
  @InstantColumn({ nullable: true })
  lastCustomerMessageAt!: number | null;

  @IntegerColumn()
  unreadCount!: number;
}
