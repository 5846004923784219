import { Entity } from 'typeorm';
import { IdColumn, InstantColumn, IntegerColumn } from './columns';

/** How far the counts of a contract's sends are good. Where there is no such row nothing is counted yet. */
@Entity('send_count_marks')
export class SendCountMarkRow {
  @IdColumn()
  contractId!: string;

  /** What did not change after this place in the contract's log is in the counts as it is. */
  @InstantColumn()
  countedSequence!: number;

  /** While all sends are counted for the first time: those created before this are. Null once all are. */
  @InstantColumn({ nullable: true })
  countedBefore!: number | null;

  /** Counts up with each writing: who finds another one than was read has been overtaken, and writes nothing. */
  @IntegerColumn()
  revision!: number;
}
