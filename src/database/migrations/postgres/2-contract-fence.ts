import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from '../forward-only';

const TABLES = [
  'advanced_settings',
  'agent_permissions',
  'agents',
  'api_keys',
  'audit_entries',
  'bots',
  'contact_aliases',
  'contact_bots',
  'contacts',
  'contract_logs',
  'dead_letters',
  'deliveries',
  'delivery_facts',
  'events',
  'flow_definitions',
  'flows',
  'idempotency_keys',
  'inbox_bodies',
  'parked_reports',
  'queue_agents',
  'queues',
  'sandbox_controls',
  'sandbox_files',
  'sandbox_messages',
  'sandbox_phones',
  'sandbox_webhooks',
  'sends',
  'template_activations',
  'templates',
  'ticket_messages',
  'tickets',
  'whatsapp_channels',
];

/**
 * A second fence around each contract: a connection sees and writes the rows of the contract that it said its work is of,
 * all rows where it said `*`, and none where it said nothing. Forced, so that it holds for the tables' owner too.
 */
export class ContractFence1764000100000 extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await fence(runner, table, 'contract_id');
    await fence(runner, 'contracts', 'id');
  }
}

async function fence(runner: QueryRunner, table: string, column: string): Promise<void> {
  const mine = `current_setting('saludo.contract', true) in ("${column}", '*')`;
  await runner.query(`ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY`);
  await runner.query(`ALTER TABLE "${table}" FORCE ROW LEVEL SECURITY`);
  await runner.query(`CREATE POLICY "contract_fence" ON "${table}" USING (${mine})`);
}
