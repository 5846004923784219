import { Entity, Index } from 'typeorm';
import { IdColumn, ReferenceColumn } from './columns';

/** This agent serves this queue. */
@Entity('queue_agents')
@Index(['queueId', 'agentId'], { unique: true })
@Index(['agentId'])
export class QueueAgentRow {
  @IdColumn()
  id!: string;

  @ReferenceColumn('ContractRow')
  contractId!: string;

  @ReferenceColumn('QueueRow')
  queueId!: string;

  @ReferenceColumn('AgentRow')
  agentId!: string;
}
