import { Entity, Index } from 'typeorm';
import { FlagColumn, IdColumn, InstantColumn, IntegerColumn, ReferenceColumn, TextColumn } from './columns';
import type { SendFailureCode } from './enums';

/** What happened to an outgoing message, one thing at a time. */
export type FactKind =
  | 'queued'
  /** A call to the provider is about to be made; committed before its first byte. */
  | 'call_started'
  /** The provider's answer: it took the message (`held_for_quality_assessment` too). */
  | 'accepted'
  /** The provider's answer: it definitely did not take it (`paused` too, for good). */
  | 'refused'
  /** The request never left, so the provider cannot have it. */
  | 'not_sent'
  /** The request left, and nothing definite came back. */
  | 'no_answer'
  /** A status that the provider reported of itself. */
  | 'report'
  /** We failed it: a check of our own, or, with OUTCOME_UNKNOWN, the guess that nothing will be heard any more. */
  | 'gave_up'
  | 'canceled'
  /** Whom it was for was erased: from here on no fact tells who that was. */
  | 'erased';

/** One thing known about a delivery. Facts are only added; identical repeats are counted. */
@Entity('delivery_facts')
@Index(['deliveryId', 'factKey'], { unique: true })
export class DeliveryFactRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('DeliveryRow')
  deliveryId!: string;

  @TextColumn()
  factKey!: string;

  @TextColumn()
  kind!: FactKind;

  @IntegerColumn({ nullable: true })
  attempt!: number | null;

  @TextColumn()
  word!: string;

  @InstantColumn()
  at!: number;

  @InstantColumn()
  receivedAt!: number;

  @IntegerColumn({ nullable: true })
  providerCode!: number | null;

  @TextColumn({ nullable: true })
  failureCode!: SendFailureCode | null;

  @TextColumn({ nullable: true })
  message!: string | null;

  @FlagColumn()
  transient!: boolean;

  @TextColumn({ nullable: true })
  providerMessageId!: string | null;

  @IntegerColumn()
  count!: number;
}
