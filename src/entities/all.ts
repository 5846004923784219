import { ContractRow } from './contract';
import { ContractLogRow } from './contract-log';
import { EventRow } from './event';
import { AgentRow } from './agent';
import { AgentPermissionRow } from './agent-permission';
import { ApiKeyRow } from './api-key';
import { BotRow } from './bot';
import { AdvancedSettingRow } from './advanced-setting';
import { WhatsAppChannelRow } from './whatsapp-channel';
import { TemplateRow } from './template';
import { TemplateActivationRow } from './template-activation';
import { FlowRow } from './flow';
import { FlowDefinitionRow } from './flow-definition';
import { ContactRow } from './contact';
import { ContactAliasRow } from './contact-alias';
import { ContactBotRow } from './contact-bot';
import { SendRow } from './send';
import { SendCountRow } from './send-count';
import { SendCountMarkRow } from './send-count-mark';
import { DeliveryRow } from './delivery';
import { DeliveryFactRow } from './delivery-fact';
import { ParkedReportRow } from './parked-report';
import { TicketRow } from './ticket';
import { TicketMessageRow } from './ticket-message';
import { QueueRow } from './queue';
import { QueueAgentRow } from './queue-agent';
import { InboxBodyRow } from './inbox-body';
import { DeadLetterRow } from './dead-letter';
import { AuditEntryRow } from './audit-entry';
import { IdempotencyKeyRow } from './idempotency-key';
import { SandboxControlsRow } from './sandbox-controls';
import { SandboxFileRow } from './sandbox-file';
import { SandboxMessageRow } from './sandbox-message';
import { SandboxPhoneRow } from './sandbox-phone';
import { SandboxWebhookRow } from './sandbox-webhook';

/** Every row there is, for the data sources. */
export const ALL_ENTITIES = [
  ContractRow,
  ContractLogRow,
  EventRow,
  AgentRow,
  AgentPermissionRow,
  ApiKeyRow,
  BotRow,
  AdvancedSettingRow,
  WhatsAppChannelRow,
  TemplateRow,
  TemplateActivationRow,
  FlowRow,
  FlowDefinitionRow,
  ContactRow,
  ContactAliasRow,
  ContactBotRow,
  SendRow,
  SendCountRow,
  SendCountMarkRow,
  DeliveryRow,
  DeliveryFactRow,
  ParkedReportRow,
  TicketRow,
  TicketMessageRow,
  QueueRow,
  QueueAgentRow,
  InboxBodyRow,
  DeadLetterRow,
  AuditEntryRow,
  IdempotencyKeyRow,
  SandboxControlsRow,
  SandboxFileRow,
  SandboxPhoneRow,
  SandboxMessageRow,
  SandboxWebhookRow,
];
