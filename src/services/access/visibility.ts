import sql, { type Sql } from 'sql-template-tag';
import type { RowClass } from '../../database/rows';
import { AgentRow } from '../../entities/agent';
import { ApiKeyRow } from '../../entities/api-key';
import { AuditEntryRow } from '../../entities/audit-entry';
import { BotRow } from '../../entities/bot';
import { ContactRow } from '../../entities/contact';
import { ContractRow } from '../../entities/contract';
import { DeadLetterRow } from '../../entities/dead-letter';
import { BotKind, ContactLocation, TicketStatus } from '../../entities/enums';
import { FlowRow } from '../../entities/flow';
import type { IdKind } from '../../entities/ids';
import { QueueRow } from '../../entities/queue';
import { SendRow } from '../../entities/send';
import { TemplateRow } from '../../entities/template';
import { TemplateActivationRow } from '../../entities/template-activation';
import { TicketRow } from '../../entities/ticket';
import { TicketMessageRow } from '../../entities/ticket-message';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { authorize, type Action } from './access';
import type { Viewer } from './viewer';

export const EVERYTHING = sql`1 = 1`;

function ownTickets(agentId: string): Sql {
  return sql`tickets.agent_id = ${agentId} or tickets.reserved_for_id = ${agentId} or (
    tickets.status = ${TicketStatus.WAITING} and tickets.reserved_for_id is null and exists (
      select 1 from queue_agents where queue_agents.queue_id = tickets.queue_id and queue_agents.agent_id = ${agentId}))`;
}

/** Whether the agent may send on a bot, or serves a queue of it; `botId` is a column. */
function attended(botId: Sql, agentId: string): Sql {
  return sql`(exists (select 1 from agent_permissions where agent_permissions.bot_id = ${botId}
      and agent_permissions.agent_id = ${agentId})
    or exists (select 1 from queues join queue_agents on queue_agents.queue_id = queues.id
      where queues.bot_id = ${botId} and queue_agents.agent_id = ${agentId}))`;
}

/** The numbers of bots whose contacts are everyone on the number, by their settings (rule 5). */
function sharedNumbers(agentId: string): Sql {
  return sql`select whatsapp_channels.id from bots join whatsapp_channels on
      whatsapp_channels.disconnected_at is null and (whatsapp_channels.bot_id = bots.id or (
        not exists (select 1 from whatsapp_channels as own where own.bot_id = bots.id and own.disconnected_at is null)
        and exists (select 1 from bots as routers where routers.id = whatsapp_channels.bot_id
          and routers.contract_id = bots.contract_id and routers.kind = ${BotKind.ROUTER}
          and routers.identity = bots.router_identity)))
    where bots.contact_search_location = ${ContactLocation.ROUTER} and ${attended(sql`bots.id`, agentId)}`;
}

/** Contacts of the bots where the agent may send, or of which it serves a queue. */
function ownContacts(agentId: string): Sql {
  return sql`exists (select 1 from contact_bots where contact_bots.contact_id = contacts.id
      and ${attended(sql`contact_bots.bot_id`, agentId)})
    or contacts.channel_id in (${sharedNumbers(agentId)})`;
}

export interface Sight {
  readonly entity: RowClass<{ id: string }>;
  readonly action: Action;
  /** Of the rows of the contract, those that are an agent's own; left out where an agent sees all or none. */
  readonly own?: (agentId: string) => Sql;
}

/** What reading each kind of thing takes, and which rows of it are an agent's own. */
export const SIGHTS = {
  Agent: { entity: AgentRow, action: 'agents.read' },
  ApiKey: { entity: ApiKeyRow, action: 'api-keys.read' },
  AuditEntry: { entity: AuditEntryRow, action: 'audit.read' },
  Bot: { entity: BotRow, action: 'bots.read' },
  Contact: { entity: ContactRow, action: 'contacts.read', own: ownContacts },
  Contract: { entity: ContractRow, action: 'contract.read' },
  DeadLetter: { entity: DeadLetterRow, action: 'dead-letters.read' },
  Flow: { entity: FlowRow, action: 'flows.read' },
  Queue: { entity: QueueRow, action: 'queues.read' },
  Send: { entity: SendRow, action: 'sends.read', own: (agentId) => sql`sends.agent_id = ${agentId}` },
  Template: { entity: TemplateRow, action: 'templates.read' },
  TemplateActivation: { entity: TemplateActivationRow, action: 'templates.read' },
  Ticket: { entity: TicketRow, action: 'tickets.read', own: ownTickets },
  TicketMessage: {
    entity: TicketMessageRow,
    action: 'tickets.read',
    own: (agentId) =>
      sql`exists (select 1 from tickets where tickets.id = ticket_messages.ticket_id and (${ownTickets(agentId)}))`,
  },
  WhatsAppChannel: { entity: WhatsAppChannelRow, action: 'channels.read' },
} as const satisfies Partial<Record<IdKind, Sight>>;

export type SeenKind = keyof typeof SIGHTS;
export type SeenRow<Kind extends SeenKind> = InstanceType<(typeof SIGHTS)[Kind]['entity']>;

export function isSeenKind(kind: IdKind | null): kind is SeenKind {
  return kind !== null && kind in SIGHTS;
}

/**
 * The condition that leaves of the contract's rows those that this caller may see.
 * @throws Problem FORBIDDEN where its role may not read them at all.
 */
export function visible(viewer: Viewer, kind: SeenKind): Sql {
  const sight: Sight = SIGHTS[kind];
  const agentId = seesAsAgent(viewer, kind);
  return agentId !== null && sight.own ? sight.own(agentId) : EVERYTHING;
}

/**
 * The agent whose own things of a kind are all that this caller sees; null where it sees those of the whole contract.
 * @throws Problem FORBIDDEN where its role may not read them at all.
 */
export function seesAsAgent(viewer: Viewer, kind: SeenKind): string | null {
  const sight: Sight = SIGHTS[kind];
  const reach = authorize(viewer, sight.action);
  return reach === 'own' && sight.own && viewer.agent ? viewer.agent.id : null;
}
