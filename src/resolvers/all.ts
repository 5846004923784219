import { AgentResolver } from './agents';
import { ApiKeyResolver } from './api-keys';
import { AuditResolver } from './audit';
import { BotResolver } from './bots';
import { ChannelResolver } from './channels';
import { ContactResolver } from './contacts';
import { DeadLetterResolver } from './dead-letters';
import {
  ReplyRoutedResolver,
  SendConfirmedResolver,
  SendStatusChangedResolver,
  FlowOutdatedResolver,
  TicketChangedResolver,
  TicketMessageChangedResolver,
  PresenceChangedResolver,
  ChannelHealthChangedResolver,
} from './events';
import { FlowResolver } from './flows';
import { NodeResolver } from './node';
import { PermissionResolver } from './permissions';
import { PresenceResolver } from './presence';
import { QueueResolver } from './queues';
import { SendResolver } from './sends';
import { SettingsResolver } from './settings';
import { StatisticsResolver } from './statistics';
import { TemplateResolver, TemplateActivationResolver } from './templates';
import { TicketMessageResolver } from './ticket-messages';
import { TicketResolver } from './tickets';
import { UserErrorResolver } from './user-errors';
import { ViewerResolver } from './viewer';

/** Every class that resolves a part of the API. */
export const ALL_RESOLVERS = [
  AgentResolver,
  ApiKeyResolver,
  AuditResolver,
  BotResolver,
  ChannelResolver,
  ContactResolver,
  DeadLetterResolver,
  ReplyRoutedResolver,
  SendConfirmedResolver,
  SendStatusChangedResolver,
  FlowOutdatedResolver,
  TicketChangedResolver,
  TicketMessageChangedResolver,
  PresenceChangedResolver,
  ChannelHealthChangedResolver,
  FlowResolver,
  NodeResolver,
  PermissionResolver,
  PresenceResolver,
  QueueResolver,
  SendResolver,
  SettingsResolver,
  StatisticsResolver,
  TemplateResolver,
  TemplateActivationResolver,
  TicketMessageResolver,
  TicketResolver,
  UserErrorResolver,
  ViewerResolver,
] as const;
