import { Entity } from 'typeorm';
import { FlagColumn, IdColumn, InstantColumn, IntegerColumn, TextColumn } from './columns';

/** The tenant: everything else belongs to exactly one. */
@Entity('contracts')
export class ContractRow {
  @IdColumn()
  id!: string;

  @TextColumn()
  name!: string;

  /** Made to try everything on: whoever reaches the server may sign in as one of its people. */
  @FlagColumn()
  demo!: boolean;

  @InstantColumn()
  createdAt!: number;

  /** The number the latest ticket got: they count up per contract. */
  @IntegerColumn()
  lastTicketNumber!: number;
}
