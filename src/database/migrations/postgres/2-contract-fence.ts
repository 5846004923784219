import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from '../forward-only';
import { fence } from './fence';

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

/** A second fence around each contract, in all tables there were. */
export class ContractFence1764000100000 extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await fence(runner, table);
    await fence(runner, 'contracts', 'id');
  }
}
