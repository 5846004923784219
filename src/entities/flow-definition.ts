import { Entity } from 'typeorm';
import { IdColumn, ReferenceColumn, TextColumn } from './columns';

/** What the builder exported, apart from the flow since it is large and seldom read. */
@Entity('flow_definitions')
export class FlowDefinitionRow {
  @IdColumn()
  flowId!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @TextColumn()
  definition!: string;
}
