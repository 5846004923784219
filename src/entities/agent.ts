import { Entity, Index } from 'typeorm';
import { FlagColumn, IdColumn, InstantColumn, IntegerColumn, ReferenceColumn, TextColumn } from './columns';
import type { Role, Presence } from './enums';

/** A person of the contract. */
@Entity('agents')
@Index(['contractId', 'email'], { unique: true })
export class AgentRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @TextColumn()
  name!: string;

  /** Lower case. */
  @TextColumn()
  email!: string;

  @TextColumn()
  role!: Role;

  @FlagColumn()
  active!: boolean;

  @TextColumn()
  presence!: Presence;

  @InstantColumn({ nullable: true })
  presenceChangedAt!: number | null;

  @IntegerColumn()
  slots!: number;

  /** When a request or a socket of this agent was last seen; written at most once a minute. */
  @InstantColumn({ nullable: true })
  lastSeenAt!: number | null;

  /** When the service rules last gave this agent a ticket: ties go to the one who waited longest. */
  @InstantColumn({ nullable: true })
  lastAssignedAt!: number | null;

  @InstantColumn()
  createdAt!: number;
}
