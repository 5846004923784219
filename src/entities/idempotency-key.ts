import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, ReferenceColumn, TextColumn } from './columns';

/** What a caller's key has made, so that a repeat makes nothing more. */
@Entity('idempotency_keys')
@Index(['contractId', 'callerId', 'mutation', 'key'], { unique: true })
@Index(['createdAt'])
export class IdempotencyKeyRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @TextColumn()
  callerId!: string;

  @TextColumn()
  mutation!: string;

  @TextColumn()
  key!: string;

  @TextColumn()
  inputHash!: string;

  @TextColumn()
  resultId!: string;

  @InstantColumn()
  createdAt!: number;
}
