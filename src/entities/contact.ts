import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, ReferenceColumn, TextColumn } from './columns';

/** A customer on one number. */
@Entity('contacts')
@Index(['channelId', 'createdAt', 'id'])
@Index(['contractId', 'createdAt', 'id'])
@Index(['erasure'], { where: "erasure = 'UNDER_WAY'" })
export class ContactRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('WhatsAppChannelRow')
  channelId!: string;

  @TextColumn({ nullable: true })
  name!: string | null;

  @TextColumn({ nullable: true })
  phone!: string | null;

  @TextColumn({ nullable: true })
  email!: string | null;

  /** Business-scoped user id: the address where there is no number. */
  @TextColumn({ nullable: true })
  userId!: string | null;

  @InstantColumn({ nullable: true })
  optedOutAt!: number | null;

  @InstantColumn({ nullable: true })
  marketingOptedOutAt!: number | null;

  /** When the latest wish about marketing that is known was told, be it to stop or to go on: an earlier one says nothing. */
  @InstantColumn({ nullable: true })
  marketingWishAt!: number | null;

  @ReferenceColumn('BotRow', { nullable: true })
  lastBotId!: string | null;

  /** No call to this person may start before this instant: shared by all nodes. */
  @InstantColumn()
  nextCallAt!: number;

  /** Name, e-mail without accents and in lower case, for searching. */
  @TextColumn({ nullable: true })
  foldedName!: string | null;

  @TextColumn({ nullable: true })
  foldedEmail!: string | null;

  /**
   * Set once the person was erased: nobody any more, kept so that counts stay right. While it is under way, what they
   * wrote and were sent is still being removed.
   */
  @TextColumn({ nullable: true })
  erasure!: 'UNDER_WAY' | 'DONE' | null;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;
}
