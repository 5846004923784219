import { Entity } from 'typeorm';
import { IdColumn, IntegerColumn, KeyNumberColumn, TextColumn } from './columns';
import type { SendDimension } from './enums';

/** The sends that were created on one day, of one bot, template or agent, counted. What counts are is in `counting.ts`. */
@Entity('send_counts')
export class SendCountRow {
  @IdColumn()
  contractId!: string;

  /** BOT, TEMPLATE or AGENT. */
  @IdColumn()
  dimension!: SendDimension;

  /** Days since 1970, UTC. */
  @KeyNumberColumn()
  day!: number;

  /** The id of the bot, template or agent. */
  @IdColumn()
  key!: string;

  @IntegerColumn()
  total!: number;

  @IntegerColumn()
  accepted!: number;

  @IntegerColumn()
  sent!: number;

  @IntegerColumn()
  delivered!: number;

  @IntegerColumn()
  readCount!: number;

  @IntegerColumn()
  failed!: number;

  @IntegerColumn()
  canceled!: number;

  @IntegerColumn()
  replied!: number;

  @IntegerColumn()
  expired!: number;

  /** The same counts for each quarter of an hour, packed. */
  @TextColumn()
  quarters!: string;

  /** How many answers took how long, for each quarter of an hour, packed. */
  @TextColumn()
  replies!: string;
}
