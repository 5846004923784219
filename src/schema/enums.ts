import {
  ApiKeyScope,
  BotKind,
  ChannelProvider,
  ChannelState,
  ContactField,
  ContactLocation,
  FlowBlockKind,
  MessageDirection,
  OptOutScope,
  OrderDirection,
  OutdatedReason,
  Permission,
  Presence,
  QueueRuleProperty,
  QueueRuleRelation,
  ReadinessStepKey,
  ReplyMatch,
  ReplyState,
  Role,
  SendDimension,
  SendOrderField,
  SendOutcome,
  SendStatus,
  TemplateCategory,
  TemplateComponentType,
  TemplateParameterType,
  TemplateStatus,
  TicketChange,
  TicketOrderField,
  TicketOrigin,
  TicketStatus,
} from '../entities/enums';
import { describeEnum } from './enum-descriptions';
import './error-codes';

describeEnum(Role, 'Role', 'What an agent is in the contract.', {
  ADMIN: 'Configures everything of the contract; always allowed to send.',
  AGENT: 'Attends tickets; sends only where granted.',
});

describeEnum(Presence, 'Presence', 'Whether an agent is at the desk. Present means ONLINE or PAUSED.', {
  ONLINE: 'At the desk: may send, and gets new tickets.',
  PAUSED: "At the desk, but gets no new tickets except replies to the agent's own messages.",
  INVISIBLE: 'Signed in but counted as away: gets no tickets.',
  OFFLINE: 'Away: gets no tickets.',
});

describeEnum(Permission, 'Permission', 'A right that an admin grants to an agent on one bot.', {
  SEND_ACTIVE_MESSAGES: "The 'Send active messages' switch.",
});

describeEnum(BotKind, 'BotKind', 'How a bot was made.', {
  BUILDER: 'Built in the visual builder: it has a published flow, so it can have return flows.',
  SDK: 'Built in code: it has no flow here, so active messaging cannot be used on it.',
  ROUTER: 'Holds the WhatsApp number and routes to other bots.',
});

describeEnum(ReadinessStepKey, 'ReadinessStepKey', 'A step of the set-up of a bot for active messaging.', {
  BOT_HAS_BUILDER_FLOW: "The bot is a builder's and its flow was published.",
  ROUTER_IN_SAME_CONTRACT: 'The router that the settings name, if any, belongs to the same contract.',
  WHATSAPP_CHANNEL_CONNECTED: 'The bot or its router has a WhatsApp number.',
  ACTIVE_MESSAGING_ENABLED: 'Active messaging is switched on.',
  TEMPLATE_APPROVED: 'The number has at least one template that WhatsApp approved.',
  TEMPLATE_ENABLED_WITH_RETURN_FLOW:
    'At least one template is enabled with a return block that is still good.',
  RETURN_FLOWS_CURRENT: 'No enabled template lost its return block; this one does not hold back `ready`.',
  SOMEONE_MAY_SEND: 'At least one agent was granted the right to send.',
});

describeEnum(ChannelProvider, 'ChannelProvider', 'Through whom the messages of a number go and come.', {
  CLOUD_API: "Meta's WhatsApp Cloud API.",
  SANDBOX:
    "The sandbox inside this server: the Cloud API's own paths and payloads, and a page to answer as the customer.",
});

describeEnum(ChannelState, 'ChannelState', 'Whether sends go out from a number.', {
  OK: 'Sends go out.',
  STOPPED: 'An error of the account or its token keeps sends here until it is repaired.',
});

describeEnum(ContactField, 'ContactField', 'What a contact search looks at.', {
  NAME: "The contact's name.",
  PHONE: "The contact's phone number.",
  EMAIL: "The contact's e-mail address.",
});

describeEnum(ContactLocation, 'ContactLocation', 'Whose contacts a contact search looks through.', {
  ROUTER: 'Everyone on the number.',
  CHATBOT: 'Contacts that this bot created, wrote to or served.',
});

describeEnum(TemplateStatus, 'TemplateStatus', 'Where a template stands with WhatsApp.', {
  APPROVED: 'May be sent.',
  PENDING: 'WhatsApp is still looking at it.',
  REJECTED: 'WhatsApp refused it.',
  PAUSED: 'Stopped for a while, mostly because customers complained.',
  DISABLED: 'Stopped for good.',
  IN_APPEAL: 'Was refused, and WhatsApp is looking at it again.',
  PENDING_DELETION: 'About to be deleted at the provider.',
  DELETED: 'Gone at the provider; kept here because sends point at it.',
  LIMIT_EXCEEDED: 'The account has more templates than WhatsApp allows.',
  UNKNOWN: 'A status this server does not know yet: see `providerStatus`. Not sendable.',
});

describeEnum(TemplateCategory, 'TemplateCategory', 'What WhatsApp classed a template as.', {
  MARKETING: 'Offers and news; not for customers who asked for no marketing.',
  UTILITY: 'About something the customer has going on, such as an order.',
  AUTHENTICATION: 'One-time codes.',
  UNKNOWN: 'A category this server does not know yet.',
});

describeEnum(TemplateComponentType, 'TemplateComponentType', 'A part of a template.', {
  HEADER: 'What stands above the text: a line, a picture, a file or a place.',
  BODY: 'The text of the message itself.',
  FOOTER: 'The line below the text.',
  BUTTON: 'Something to tap.',
  UNKNOWN: 'A part this server does not know yet.',
});

describeEnum(
  TemplateParameterType,
  'TemplateParameterType',
  'What kind of value fills a blank of a template.',
  {
    TEXT: 'A text without line breaks.',
    IMAGE: 'The https address of a picture.',
    VIDEO: 'The https address of a video.',
    DOCUMENT: 'The https address of a file.',
    LOCATION: "A place: 'latitude,longitude[,name[,address]]'.",
    URL_SUFFIX: "What is added to the end of a button's address.",
    COPY_CODE: 'A code that the customer copies by a tap.',
    PAYLOAD: 'What a quick-reply button sends back; the customer does not see it.',
  },
);

describeEnum(OutdatedReason, 'OutdatedReason', 'What became of a return block.', {
  BLOCK_REMOVED: 'The published flow has no such block any more.',
  BLOCK_NOT_SERVICE: 'The block is still there, but no longer hands over to people.',
});

describeEnum(FlowBlockKind, 'FlowBlockKind', 'What a block of a flow does with the customer.', {
  SERVICE: 'Hands over to human service: may be a return flow.',
  OTHER: 'Anything else: cannot be a return flow.',
});

describeEnum(OptOutScope, 'OptOutScope', 'Which messages a customer does not want.', {
  ALL: 'No messages that the customer did not ask for.',
  MARKETING: 'No messages of the category MARKETING.',
});

describeEnum(SendStatus, 'SendStatus', 'How far a message has come.', {
  QUEUED: 'Stored; not handed to WhatsApp yet.',
  ACCEPTED: 'WhatsApp took it and gave it a message id.',
  SENT: 'WhatsApp sent it on to the customer.',
  DELIVERED: "It reached the customer's phone.",
  READ: 'The customer read it.',
  FAILED: 'It did not reach the customer: see `failure`.',
  CANCELED: 'Withdrawn before it was handed over.',
});

describeEnum(ReplyState, 'ReplyState', "Whether a customer's answer still belongs to the sender.", {
  AWAITING: 'The customer may still answer to the sender.',
  REPLIED: 'The customer answered.',
  EXPIRED: 'The reply window passed: an answer now follows the ordinary service rules.',
  RELEASED: 'Given up before its time by an admin or by the sender: same effect as EXPIRED.',
  NONE: 'Nothing to wait for: the send failed.',
});

describeEnum(SendOrderField, 'SendOrderField', 'What the place of a send in a list goes by.', {
  CREATED_AT: 'When it was sent by the agent.',
  CHANGED: "By the contract's log: every change moves a send to the end.",
});

describeEnum(OrderDirection, 'OrderDirection', 'Which end of a list comes first.', {
  ASC: 'Earliest first.',
  DESC: 'Latest first.',
});

describeEnum(SendDimension, 'SendDimension', 'What sends are grouped by for counting.', {
  BOT: 'One group for each bot.',
  TEMPLATE: 'One group for each template.',
  AGENT: 'One group for each sender.',
  DAY: 'One group for each day of the asked time zone.',
  HOUR: 'One group for each hour of the asked time zone.',
});

describeEnum(TicketStatus, 'TicketStatus', 'Where a ticket stands.', {
  WAITING: 'In the queue; when `reservedFor` is set, for that agent alone.',
  OPEN: "In an agent's ongoing list.",
  CLOSED: "Ended; the customer's next message starts a new one.",
});

describeEnum(ReplyMatch, 'ReplyMatch', 'How a reply was matched to an active message.', {
  QUOTED: 'The customer answered that very message (quoted it or tapped its button).',
  LATEST: "The latest send that still awaited this customer's reply.",
});

describeEnum(TicketOrigin, 'TicketOrigin', 'What opened a ticket.', {
  ACTIVE_MESSAGE_REPLY: 'Opened by a reply to an active message within its window.',
  CUSTOMER: 'Opened by the ordinary service rules.',
});

describeEnum(MessageDirection, 'MessageDirection', 'Which way a message of a ticket went.', {
  INBOUND: 'From the customer to the desk.',
  OUTBOUND: 'From the desk to the customer.',
});

describeEnum(QueueRuleProperty, 'QueueRuleProperty', 'What the rule of a queue looks at.', {
  MESSAGE: "The text of the customer's first message.",
  CONTACT_NAME: "The customer's name.",
  CONTACT_EMAIL: "The customer's e-mail address.",
  CONTACT_PHONE: "The customer's phone number.",
});

describeEnum(QueueRuleRelation, 'QueueRuleRelation', 'How the rule of a queue compares.', {
  EQUALS: 'It is one of the values.',
  NOT_EQUALS: 'It is none of the values.',
  CONTAINS: 'At least one of the values stands in it.',
  NOT_CONTAINS: 'None of the values stands in it.',
});

describeEnum(TicketOrderField, 'TicketOrderField', 'What the place of a ticket in a list goes by.', {
  CREATED_AT: 'When it was opened.',
  LAST_MESSAGE_AT: 'When its latest message was written.',
});

describeEnum(ApiKeyScope, 'ApiKeyScope', 'What an API key may be used for.', {
  READ: 'Sends, tickets and statistics, read only: analytics.',
  PUBLISH_FLOWS: 'Publish flows: the builder.',
});

describeEnum(SendOutcome, 'SendOutcome', 'How handing a message over to WhatsApp ended.', {
  ACCEPTED: 'WhatsApp took it.',
  FAILED: 'It failed for good.',
});

describeEnum(TicketChange, 'TicketChange', "What happened to a ticket in the caller's view.", {
  ENTERED: 'The caller sees it from now on.',
  UPDATED: 'The caller saw it before, and something about it changed.',
  LEFT: 'The caller no longer sees it.',
});
