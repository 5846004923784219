import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, IntegerColumn, JsonColumn, ReferenceColumn, TextColumn } from './columns';
import type { SendStatus, SendFailureCode, MessageDirection } from './enums';

/** One message of a ticket, in or out. The status of one going out is derived from its delivery's facts. */
@Entity('ticket_messages')
@Index(['channelId', 'providerMessageId'], { unique: true, where: "direction = 'INBOUND'" })
@Index(['ticketId', 'createdAt', 'id'])
export class TicketMessageRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('TicketRow')
  ticketId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @ReferenceColumn('ContactRow')
  contactId!: string;

  @TextColumn()
  direction!: MessageDirection;

  @TextColumn()
  kind!: string;

  @TextColumn({ nullable: true })
  text!: string | null;

  @JsonColumn()
  content!: Record<string, unknown>;

  @ReferenceColumn('AgentRow', { nullable: true })
  authorId!: string | null;

  @TextColumn({ nullable: true })
  status!: SendStatus | null;

  @TextColumn({ nullable: true })
  failureCode!: SendFailureCode | null;

  @TextColumn({ nullable: true })
  failureMessage!: string | null;

  @IntegerColumn({ nullable: true })
  failureProviderCode!: number | null;

  @TextColumn({ nullable: true })
  providerMessageId!: string | null;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn({ nullable: true })
  deliveredAt!: number | null;

  @InstantColumn({ nullable: true })
  readAt!: number | null;
}
