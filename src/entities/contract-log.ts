import { Entity } from 'typeorm';
import { FlagColumn, IdColumn, InstantColumn, TextColumn } from './columns';

/** Where the event log of a contract stands. */
@Entity('contract_logs')
export class ContractLogRow {
  @IdColumn()
  contractId!: string;

  /** Drawn anew when the log starts anew, so that cursors of another log are recognised and refused. */
  @TextColumn()
  epoch!: string;

  @InstantColumn()
  lastSequence!: number;

  /** Events up to and with this one have been removed by retention. */
  @InstantColumn()
  prunedSequence!: number;

  /** This is a copy of the contract that has not been in use yet: what it had not sent is to be held first. */
  @FlagColumn()
  copied!: boolean;
}
