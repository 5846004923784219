import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, JsonColumn, KeyNumberColumn, TextColumn } from './columns';

/** One thing that happened; its place in the log is its cursor. */
@Entity('events')
@Index(['contractId', 'occurredAt'])
export class EventRow {
  @IdColumn()
  contractId!: string;

  @KeyNumberColumn()
  sequence!: number;

  @TextColumn()
  kind!: string;

  @InstantColumn()
  occurredAt!: number;

  @JsonColumn()
  data!: Record<string, unknown>;
}
