import { Entity } from 'typeorm';
import { IdColumn, IntegerColumn, ReferenceColumn, TextColumn } from './columns';

/** Whether messages reach the phones by themselves, or only by hand. */
export type SandboxDelivery = 'AT_ONCE' | 'BY_HAND';

/** How the sandbox of one number behaves. Every act in it changes this row first, so that they happen one by one. */
@Entity('sandbox_controls')
export class SandboxControlsRow {
  @IdColumn()
  channelId!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  /** How long every webhook is held back. */
  @IntegerColumn()
  delaySeconds!: number;

  /** How often every webhook is delivered. */
  @IntegerColumn()
  copies!: number;

  @TextColumn()
  deliver!: SandboxDelivery;

  /** The next message handed over is refused with this code. */
  @IntegerColumn({ nullable: true })
  nextError!: number | null;

  /** Counts the acts, so that every node notices those of the others. */
  @IntegerColumn()
  changes!: number;
}
