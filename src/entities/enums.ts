/** The closed lists of words of the domain. Each value is stored and served exactly as it is spelled here. */

export enum UserErrorCode {
  PERMISSION_NOT_GRANTED = 'PERMISSION_NOT_GRANTED',
  AGENT_NOT_ONLINE = 'AGENT_NOT_ONLINE',
  ACTIVE_MESSAGING_DISABLED = 'ACTIVE_MESSAGING_DISABLED',
  WHATSAPP_CHANNEL_MISSING = 'WHATSAPP_CHANNEL_MISSING',
  CHANNEL_STOPPED = 'CHANNEL_STOPPED',
  ROUTER_NOT_FOUND = 'ROUTER_NOT_FOUND',
  BOT_HAS_NO_PUBLISHED_FLOW = 'BOT_HAS_NO_PUBLISHED_FLOW',
  /** A coded bot, or a router, where a builder's bot is needed. */
  BOT_KIND_UNSUPPORTED = 'BOT_KIND_UNSUPPORTED',
  TEMPLATE_NOT_FOUND = 'TEMPLATE_NOT_FOUND',
  TEMPLATE_NOT_APPROVED = 'TEMPLATE_NOT_APPROVED',
  TEMPLATE_NOT_ENABLED = 'TEMPLATE_NOT_ENABLED',
  /** It holds a component that this server cannot fill in. */
  TEMPLATE_UNSUPPORTED = 'TEMPLATE_UNSUPPORTED',
  /** It belongs to another number than the bot sends from. */
  TEMPLATE_OF_OTHER_NUMBER = 'TEMPLATE_OF_OTHER_NUMBER',
  RETURN_BLOCK_NOT_FOUND = 'RETURN_BLOCK_NOT_FOUND',
  RETURN_BLOCK_NOT_SERVICE = 'RETURN_BLOCK_NOT_SERVICE',
  RETURN_FLOW_OUTDATED = 'RETURN_FLOW_OUTDATED',
  FLOW_INVALID = 'FLOW_INVALID',
  RECIPIENT_REQUIRED = 'RECIPIENT_REQUIRED',
  RECIPIENT_AMBIGUOUS = 'RECIPIENT_AMBIGUOUS',
  CONTACT_NOT_FOUND = 'CONTACT_NOT_FOUND',
  PHONE_INVALID = 'PHONE_INVALID',
  CONTACT_HAS_OPEN_TICKET = 'CONTACT_HAS_OPEN_TICKET',
  CONTACT_OPTED_OUT = 'CONTACT_OPTED_OUT',
  PARAMETER_MISSING = 'PARAMETER_MISSING',
  PARAMETER_UNKNOWN = 'PARAMETER_UNKNOWN',
  PARAMETER_INVALID = 'PARAMETER_INVALID',
  IDEMPOTENCY_KEY_REUSED = 'IDEMPOTENCY_KEY_REUSED',
  SEND_NOT_RETRYABLE = 'SEND_NOT_RETRYABLE',
  SEND_NOT_CANCELABLE = 'SEND_NOT_CANCELABLE',
  RATE_LIMITED = 'RATE_LIMITED',
  TICKET_NOT_FOUND = 'TICKET_NOT_FOUND',
  TICKET_CLOSED = 'TICKET_CLOSED',
  TICKET_ALREADY_ACCEPTED = 'TICKET_ALREADY_ACCEPTED',
  TICKET_RESERVED_FOR_ANOTHER_AGENT = 'TICKET_RESERVED_FOR_ANOTHER_AGENT',
  TICKET_NOT_ASSIGNED_TO_AGENT = 'TICKET_NOT_ASSIGNED_TO_AGENT',
  TRANSFER_TARGET_REQUIRED = 'TRANSFER_TARGET_REQUIRED',
  TRANSFER_TARGET_AMBIGUOUS = 'TRANSFER_TARGET_AMBIGUOUS',
  SERVICE_WINDOW_CLOSED = 'SERVICE_WINDOW_CLOSED',
  LAST_ADMIN = 'LAST_ADMIN',
  DEFAULT_QUEUE = 'DEFAULT_QUEUE',
  NOT_FOUND = 'NOT_FOUND',
  INVALID = 'INVALID',
  TAKEN = 'TAKEN',
}

export enum Role {
  /** Configures everything of the contract; always allowed to send. */
  ADMIN = 'ADMIN',
  /** Attends tickets; sends only where granted. */
  AGENT = 'AGENT',
}

export enum Presence {
  ONLINE = 'ONLINE',
  PAUSED = 'PAUSED',
  INVISIBLE = 'INVISIBLE',
  OFFLINE = 'OFFLINE',
}

export enum Permission {
  /** The 'Send active messages' switch. */
  SEND_ACTIVE_MESSAGES = 'SEND_ACTIVE_MESSAGES',
}

export enum BotKind {
  /** Built in the visual builder: it has a published flow, so it can have return flows. */
  BUILDER = 'BUILDER',
  /** Built in code: it has no flow here, so active messaging cannot be used on it. */
  SDK = 'SDK',
  /** Holds the WhatsApp number and routes to other bots. */
  ROUTER = 'ROUTER',
}

export enum ReadinessStepKey {
  BOT_HAS_BUILDER_FLOW = 'BOT_HAS_BUILDER_FLOW',
  ROUTER_IN_SAME_CONTRACT = 'ROUTER_IN_SAME_CONTRACT',
  WHATSAPP_CHANNEL_CONNECTED = 'WHATSAPP_CHANNEL_CONNECTED',
  ACTIVE_MESSAGING_ENABLED = 'ACTIVE_MESSAGING_ENABLED',
  TEMPLATE_APPROVED = 'TEMPLATE_APPROVED',
  TEMPLATE_ENABLED_WITH_RETURN_FLOW = 'TEMPLATE_ENABLED_WITH_RETURN_FLOW',
  RETURN_FLOWS_CURRENT = 'RETURN_FLOWS_CURRENT',
  SOMEONE_MAY_SEND = 'SOMEONE_MAY_SEND',
}

export enum ChannelProvider {
  /** Meta's WhatsApp Cloud API. */
  CLOUD_API = 'CLOUD_API',
  /** The Cloud API's paths and payloads inside this server, with a page to answer as the customer. */
  SANDBOX = 'SANDBOX',
}

export enum ChannelState {
  OK = 'OK',
  STOPPED = 'STOPPED',
}

export enum ContactField {
  NAME = 'NAME',
  PHONE = 'PHONE',
  EMAIL = 'EMAIL',
}

export enum ContactLocation {
  ROUTER = 'ROUTER',
  CHATBOT = 'CHATBOT',
}

export enum TemplateStatus {
  APPROVED = 'APPROVED',
  PENDING = 'PENDING',
  REJECTED = 'REJECTED',
  PAUSED = 'PAUSED',
  DISABLED = 'DISABLED',
  IN_APPEAL = 'IN_APPEAL',
  PENDING_DELETION = 'PENDING_DELETION',
  DELETED = 'DELETED',
  LIMIT_EXCEEDED = 'LIMIT_EXCEEDED',
  /** A status this server does not know yet: see `providerStatus`. Not sendable. */
  UNKNOWN = 'UNKNOWN',
}

export enum TemplateCategory {
  MARKETING = 'MARKETING',
  UTILITY = 'UTILITY',
  AUTHENTICATION = 'AUTHENTICATION',
  UNKNOWN = 'UNKNOWN',
}

export enum TemplateComponentType {
  HEADER = 'HEADER',
  BODY = 'BODY',
  FOOTER = 'FOOTER',
  BUTTON = 'BUTTON',
  UNKNOWN = 'UNKNOWN',
}

export enum TemplateIssueCode {
  NOT_APPROVED = 'NOT_APPROVED',
  PAUSED = 'PAUSED',
  DISABLED = 'DISABLED',
  DELETED = 'DELETED',
  UNSUPPORTED = 'UNSUPPORTED',
  OTHER_NUMBER = 'OTHER_NUMBER',
  NOT_ENABLED = 'NOT_ENABLED',
  RETURN_FLOW_OUTDATED = 'RETURN_FLOW_OUTDATED',
}

export enum TemplateParameterType {
  TEXT = 'TEXT',
  IMAGE = 'IMAGE',
  VIDEO = 'VIDEO',
  DOCUMENT = 'DOCUMENT',
  LOCATION = 'LOCATION',
  URL_SUFFIX = 'URL_SUFFIX',
  COPY_CODE = 'COPY_CODE',
  PAYLOAD = 'PAYLOAD',
}

export enum OutdatedReason {
  BLOCK_REMOVED = 'BLOCK_REMOVED',
  BLOCK_NOT_SERVICE = 'BLOCK_NOT_SERVICE',
}

export enum FlowBlockKind {
  /** Hands over to human service: may be a return flow. */
  SERVICE = 'SERVICE',
  OTHER = 'OTHER',
}

export enum OptOutScope {
  ALL = 'ALL',
  MARKETING = 'MARKETING',
}

export enum SendStatus {
  /** Stored; not handed to WhatsApp yet. */
  QUEUED = 'QUEUED',
  /** WhatsApp took it and gave it a message id. */
  ACCEPTED = 'ACCEPTED',
  SENT = 'SENT',
  DELIVERED = 'DELIVERED',
  READ = 'READ',
  FAILED = 'FAILED',
  /** Withdrawn before it was handed over. */
  CANCELED = 'CANCELED',
}

export enum ReplyState {
  /** The customer may still answer to the sender. */
  AWAITING = 'AWAITING',
  REPLIED = 'REPLIED',
  /** The reply window passed: an answer now follows the ordinary service rules. */
  EXPIRED = 'EXPIRED',
  /** Given up before its time by an admin or by the sender: same effect as EXPIRED. */
  RELEASED = 'RELEASED',
  /** Nothing to wait for: the send failed. */
  NONE = 'NONE',
}

export enum SendFailureCode {
  CONTACT_HAS_OPEN_TICKET = 'CONTACT_HAS_OPEN_TICKET',
  NO_LONGER_ALLOWED = 'NO_LONGER_ALLOWED',
  UNDELIVERABLE = 'UNDELIVERABLE',
  OPTED_OUT = 'OPTED_OUT',
  RESTRICTED = 'RESTRICTED',
  TEMPLATE_PAUSED = 'TEMPLATE_PAUSED',
  TEMPLATE_REFUSED = 'TEMPLATE_REFUSED',
  SERVICE_WINDOW_CLOSED = 'SERVICE_WINDOW_CLOSED',
  PROVIDER_UNAVAILABLE = 'PROVIDER_UNAVAILABLE',
  EXPIRED_IN_QUEUE = 'EXPIRED_IN_QUEUE',
  OUTCOME_UNKNOWN = 'OUTCOME_UNKNOWN',
  REQUEST_REFUSED = 'REQUEST_REFUSED',
  OTHER = 'OTHER',
}

export enum SendOrderField {
  CREATED_AT = 'CREATED_AT',
  /** By the contract's log: every change moves a send to the end. */
  CHANGED = 'CHANGED',
}

export enum OrderDirection {
  ASC = 'ASC',
  DESC = 'DESC',
}

export enum SendDimension {
  BOT = 'BOT',
  TEMPLATE = 'TEMPLATE',
  AGENT = 'AGENT',
  DAY = 'DAY',
  HOUR = 'HOUR',
}

export enum TicketStatus {
  /** In the queue; when `reservedFor` is set, for that agent alone. */
  WAITING = 'WAITING',
  /** In an agent's ongoing list. */
  OPEN = 'OPEN',
  CLOSED = 'CLOSED',
}

export enum ReplyMatch {
  /** The customer answered that very message (quoted it or tapped its button). */
  QUOTED = 'QUOTED',
  /** The latest send that still awaited this customer's reply. */
  LATEST = 'LATEST',
}

export enum TicketOrigin {
  /** Opened by a reply to an active message within its window. */
  ACTIVE_MESSAGE_REPLY = 'ACTIVE_MESSAGE_REPLY',
  /** Opened by the ordinary service rules. */
  CUSTOMER = 'CUSTOMER',
}

export enum MessageDirection {
  INBOUND = 'INBOUND',
  OUTBOUND = 'OUTBOUND',
}

export enum QueueRuleProperty {
  MESSAGE = 'MESSAGE',
  CONTACT_NAME = 'CONTACT_NAME',
  CONTACT_EMAIL = 'CONTACT_EMAIL',
  CONTACT_PHONE = 'CONTACT_PHONE',
}

export enum QueueRuleRelation {
  EQUALS = 'EQUALS',
  NOT_EQUALS = 'NOT_EQUALS',
  CONTAINS = 'CONTAINS',
  NOT_CONTAINS = 'NOT_CONTAINS',
}

export enum TicketOrderField {
  CREATED_AT = 'CREATED_AT',
  LAST_MESSAGE_AT = 'LAST_MESSAGE_AT',
}

export enum ApiKeyScope {
  /** Sends, tickets and statistics, read only: analytics. */
  READ = 'READ',
  /** Publish flows: the builder. */
  PUBLISH_FLOWS = 'PUBLISH_FLOWS',
}

export enum SendOutcome {
  ACCEPTED = 'ACCEPTED',
  FAILED = 'FAILED',
}

export enum TicketChange {
  ENTERED = 'ENTERED',
  UPDATED = 'UPDATED',
  LEFT = 'LEFT',
}
