import { Entity, Index } from 'typeorm';
import {
  FlagColumn,
  IdColumn,
  InstantColumn,
  IntegerColumn,
  JsonColumn,
  ReferenceColumn,
  TextColumn,
} from './columns';
import type { QueueRuleProperty, QueueRuleRelation } from './enums';

/** One condition that a queue's tickets meet. */
export interface QueueRule {
  property: QueueRuleProperty;
  relation: QueueRuleRelation;
  values: string[];
}

/** A team's line of waiting tickets. */
@Entity('queues')
@Index(['botId', 'position'])
export class QueueRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('BotRow')
  botId!: string;

  @TextColumn()
  name!: string;

  @FlagColumn()
  isDefault!: boolean;

  @IntegerColumn()
  position!: number;

  @JsonColumn()
  rules!: QueueRule[];

  @InstantColumn()
  createdAt!: number;
}
