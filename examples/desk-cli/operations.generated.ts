/* eslint-disable */
// Made by `npm run desk-cli:types` from operations.graphql: do not edit.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> =
  T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** A message to check, as far as it is filled in. */
export type CheckSendInput = {
  /** The bot to send from. */
  botId: string;
  /** The blanks of the template that are filled in so far. */
  parameters?: Array<TemplateParameterInput> | null | undefined;
  /** The customer, once chosen. */
  recipient?: RecipientInput | null | undefined;
  /** The template to send. */
  templateId: string;
};

/** Which way a message of a ticket went. */
export type MessageDirection =
  /** From the customer to the desk. */
  | 'INBOUND'
  /** From the desk to the customer. */
  | 'OUTBOUND';

/** Whether an agent is at the desk. Present means ONLINE or PAUSED. */
export type Presence =
  /** Signed in but counted as away: gets no tickets. */
  | 'INVISIBLE'
  /** Away: gets no tickets. */
  | 'OFFLINE'
  /** At the desk: may send, and gets new tickets. */
  | 'ONLINE'
  /** At the desk, but gets no new tickets except replies to the agent's own messages. */
  | 'PAUSED';

/** The one customer a message goes to. Exactly one of contactId and phone; name goes with phone. */
export type RecipientInput = {
  /** A contact of the number that the bot sends from. */
  contactId?: string | null | undefined;
  /** What to call the contact that the phone number becomes. */
  name?: string | null | undefined;
  /** A phone number with its country code; it becomes a contact where it is none yet. */
  phone?: string | null | undefined;
};

/** Whether a customer's answer still belongs to the sender. */
export type ReplyState =
  /** The customer may still answer to the sender. */
  | 'AWAITING'
  /** The reply window passed: an answer now follows the ordinary service rules. */
  | 'EXPIRED'
  /** Nothing to wait for: the send failed. */
  | 'NONE'
  /** Given up before its time by an admin or by the sender: same effect as EXPIRED. */
  | 'RELEASED'
  /** The customer answered. */
  | 'REPLIED';

/** The message to send to one customer. */
export type SendActiveMessageInput = {
  /** The bot to send from. */
  botId: string;
  /** Chosen by the client, e.g. a UUID per click on 'Send' (1 to 128 characters): the same key with the same input gives the same send back, however often and however concurrently it is repeated. */
  idempotencyKey: string;
  /** A value for every blank of the template. */
  parameters?: Array<TemplateParameterInput> | null | undefined;
  /** The customer it goes to. */
  recipient: RecipientInput;
  /** The template to send; it must be enabled on the bot. */
  templateId: string;
};

/** Why a message did not reach the customer. */
export type SendFailureCode =
  /** The customer came to have a ticket before the message was handed over. */
  | 'CONTACT_HAS_OPEN_TICKET'
  /** It waited here for too long to be still worth sending. */
  | 'EXPIRED_IN_QUEUE'
  /** What allowed the send was taken back before the message was handed over. */
  | 'NO_LONGER_ALLOWED'
  /** The customer asked not to be written to, or for no marketing. */
  | 'OPTED_OUT'
  /** Something that fits none of the other codes. */
  | 'OTHER'
  /** WhatsApp never said whether it took the message; it may have arrived. */
  | 'OUTCOME_UNKNOWN'
  /** WhatsApp could not be reached, or refused for the moment, until time ran out. */
  | 'PROVIDER_UNAVAILABLE'
  /** WhatsApp refused the request for another reason; `providerCode` may tell more. */
  | 'REQUEST_REFUSED'
  /** WhatsApp holds messages to this customer back, for example to limit marketing. */
  | 'RESTRICTED'
  /** The customer's last message was over 24 h old, so free text was refused. */
  | 'SERVICE_WINDOW_CLOSED'
  /** WhatsApp paused the template. */
  | 'TEMPLATE_PAUSED'
  /** WhatsApp refused the template or what was put into it. */
  | 'TEMPLATE_REFUSED'
  /** WhatsApp could not deliver it, for example because the number is not on WhatsApp. */
  | 'UNDELIVERABLE';

/** How handing a message over to WhatsApp ended. */
export type SendOutcome =
  /** WhatsApp took it. */
  | 'ACCEPTED'
  /** It failed for good. */
  | 'FAILED';

/** How far a message has come. */
export type SendStatus =
  /** WhatsApp took it and gave it a message id. */
  | 'ACCEPTED'
  /** Withdrawn before it was handed over. */
  | 'CANCELED'
  /** It reached the customer's phone. */
  | 'DELIVERED'
  /** It did not reach the customer: see `failure`. */
  | 'FAILED'
  /** Stored; not handed to WhatsApp yet. */
  | 'QUEUED'
  /** The customer read it. */
  | 'READ'
  /** WhatsApp sent it on to the customer. */
  | 'SENT';

/** A text to write to the customer of a ticket. */
export type SendTicketMessageInput = {
  /** Chosen by the client (1 to 128 characters): repeated with the same input, it gives the same message back. */
  idempotencyKey: string;
  /** What to write. */
  text: string;
  /** The ticket, which must be open with the caller. */
  ticketId: string;
};

/** What WhatsApp classed a template as. */
export type TemplateCategory =
  /** One-time codes. */
  | 'AUTHENTICATION'
  /** Offers and news; not for customers who asked for no marketing. */
  | 'MARKETING'
  /** A category this server does not know yet. */
  | 'UNKNOWN'
  /** About something the customer has going on, such as an order. */
  | 'UTILITY';

/** The value for one blank of a template. */
export type TemplateParameterInput = {
  /** Which blank it fills: the `key` of one of the parameters of the template. */
  key: string;
  /** Text, a URL (media: https only), a code; for LOCATION 'latitude,longitude[,name[,address]]'. */
  value: string;
};

/** What kind of value fills a blank of a template. */
export type TemplateParameterType =
  /** A code that the customer copies by a tap. */
  | 'COPY_CODE'
  /** The https address of a file. */
  | 'DOCUMENT'
  /** The https address of a picture. */
  | 'IMAGE'
  /** A place: 'latitude,longitude[,name[,address]]'. */
  | 'LOCATION'
  /** What a quick-reply button sends back; the customer does not see it. */
  | 'PAYLOAD'
  /** A text without line breaks. */
  | 'TEXT'
  /** What is added to the end of a button's address. */
  | 'URL_SUFFIX'
  /** The https address of a video. */
  | 'VIDEO';

/** What happened to a ticket in the caller's view. */
export type TicketChange =
  /** The caller sees it from now on. */
  | 'ENTERED'
  /** The caller no longer sees it. */
  | 'LEFT'
  /** The caller saw it before, and something about it changed. */
  | 'UPDATED';

/** Where a ticket stands. */
export type TicketStatus =
  /** Ended; the customer's next message starts a new one. */
  | 'CLOSED'
  /** In an agent's ongoing list. */
  | 'OPEN'
  /** In the queue; when `reservedFor` is set, for that agent alone. */
  | 'WAITING';

/** Which rule of the domain refused a request. */
export type UserErrorCode =
  /** Active messaging is switched off on this bot. */
  | 'ACTIVE_MESSAGING_DISABLED'
  /** Sending needs the caller to be ONLINE, accepting a ticket ONLINE or PAUSED. */
  | 'AGENT_NOT_ONLINE'
  /** No flow was published for this bot yet. */
  | 'BOT_HAS_NO_PUBLISHED_FLOW'
  /** A coded bot, or a router, where a builder's bot is needed. */
  | 'BOT_KIND_UNSUPPORTED'
  /** The number is stopped by an error of its account and needs new credentials first. */
  | 'CHANNEL_STOPPED'
  /** The customer has a ticket that is not closed. */
  | 'CONTACT_HAS_OPEN_TICKET'
  /** The number has no such contact. */
  | 'CONTACT_NOT_FOUND'
  /** The customer asked not to be written to, or for no marketing. */
  | 'CONTACT_OPTED_OUT'
  /** The default queue takes no rules and cannot be deleted. */
  | 'DEFAULT_QUEUE'
  /** The flow is not what the builder exports; `field` says where. */
  | 'FLOW_INVALID'
  /** The idempotency key was used before with another input. */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** The value is not what the field takes; the message says what would be. */
  | 'INVALID'
  /** The contract would be left without an active admin. */
  | 'LAST_ADMIN'
  /** There is no such object. */
  | 'NOT_FOUND'
  /** The value does not fit its blank. */
  | 'PARAMETER_INVALID'
  /** A blank of the template was not filled in. */
  | 'PARAMETER_MISSING'
  /** The template has no blank of this key. */
  | 'PARAMETER_UNKNOWN'
  /** The caller may not send active messages on this bot. */
  | 'PERMISSION_NOT_GRANTED'
  /** The text is no possible phone number with its country code. */
  | 'PHONE_INVALID'
  /** Too many sends; `retryAt` says when there is room again. */
  | 'RATE_LIMITED'
  /** Both a contact and a phone number were given. */
  | 'RECIPIENT_AMBIGUOUS'
  /** Neither a contact nor a phone number was given. */
  | 'RECIPIENT_REQUIRED'
  /** The published flow has no block with this id. */
  | 'RETURN_BLOCK_NOT_FOUND'
  /** The block does not hand over to people, so no reply can return to it. */
  | 'RETURN_BLOCK_NOT_SERVICE'
  /** The published flow no longer holds the return block of the template. */
  | 'RETURN_FLOW_OUTDATED'
  /** The contract has no router of this identity. */
  | 'ROUTER_NOT_FOUND'
  /** The send was handed over already. */
  | 'SEND_NOT_CANCELABLE'
  /** The send did not fail, may still arrive, or is being repeated already. */
  | 'SEND_NOT_RETRYABLE'
  /** The customer's last message is over 24 h old: only an active message may be sent now. */
  | 'SERVICE_WINDOW_CLOSED'
  /** Another object of the contract has this value already. */
  | 'TAKEN'
  /** WhatsApp has not approved the template, or no longer does. */
  | 'TEMPLATE_NOT_APPROVED'
  /** No admin has enabled the template on this bot. */
  | 'TEMPLATE_NOT_ENABLED'
  /** There is no such template. */
  | 'TEMPLATE_NOT_FOUND'
  /** It belongs to another number than the bot sends from. */
  | 'TEMPLATE_OF_OTHER_NUMBER'
  /** It holds a component that this server cannot fill in. */
  | 'TEMPLATE_UNSUPPORTED'
  /** Another agent has the ticket. */
  | 'TICKET_ALREADY_ACCEPTED'
  /** The ticket is closed. */
  | 'TICKET_CLOSED'
  /** The ticket is not with the caller. */
  | 'TICKET_NOT_ASSIGNED_TO_AGENT'
  /** There is no such ticket. */
  | 'TICKET_NOT_FOUND'
  /** The ticket waits for another agent alone. */
  | 'TICKET_RESERVED_FOR_ANOTHER_AGENT'
  /** Both an agent and a queue were given. */
  | 'TRANSFER_TARGET_AMBIGUOUS'
  /** Neither an agent nor a queue was given. */
  | 'TRANSFER_TARGET_REQUIRED'
  /** Neither the bot nor its router has a WhatsApp number to send from. */
  | 'WHATSAPP_CHANNEL_MISSING';

export type DeskTicketFragment = {
  id: string;
  number: number;
  status: TicketStatus;
  unreadCount: number;
  serviceWindowClosesAt: string | null;
  contact: { name: string | null; phone: string | null };
  agent: { id: string; name: string } | null;
  reservedFor: { id: string; name: string } | null;
  queue: { name: string } | null;
};

export type DeskMessageFragment = {
  id: string;
  direction: MessageDirection;
  kind: string;
  text: string | null;
  status: SendStatus | null;
  author: { id: string; name: string } | null;
  failure: { message: string } | null;
};

export type DeskSendFragment = {
  id: string;
  status: SendStatus;
  replyState: ReplyState;
  outcomeUnknown: boolean;
  contact: { name: string | null; phone: string | null };
  template: { name: string };
  failure: { code: SendFailureCode; message: string } | null;
};

export type DeskPreviewFragment = {
  header: string | null;
  body: string;
  footer: string | null;
  buttons: Array<string>;
};

export type RefusalFragment = {
  code: UserErrorCode;
  message: string;
  field: Array<string> | null;
  retryAt: string | null;
  ticket: { number: number } | null;
};

export type MeQueryVariables = Exact<{ [key: string]: never }>;

export type MeQuery = { viewer: { contract: { name: string }; agent: { id: string; name: string } | null } };

export type DeskListsQueryVariables = Exact<{
  agentId: string;
}>;

export type DeskListsQuery = {
  eventCursor: string | null;
  tickets: {
    nodes: Array<{
      id: string;
      number: number;
      status: TicketStatus;
      unreadCount: number;
      serviceWindowClosesAt: string | null;
      messages: {
        nodes: Array<{
          id: string;
          direction: MessageDirection;
          kind: string;
          text: string | null;
          status: SendStatus | null;
          author: { id: string; name: string } | null;
          failure: { message: string } | null;
        }>;
      };
      contact: { name: string | null; phone: string | null };
      agent: { id: string; name: string } | null;
      reservedFor: { id: string; name: string } | null;
      queue: { name: string } | null;
    }>;
  } | null;
  sends: {
    nodes: Array<{
      id: string;
      status: SendStatus;
      replyState: ReplyState;
      outcomeUnknown: boolean;
      contact: { name: string | null; phone: string | null };
      template: { name: string };
      failure: { code: SendFailureCode; message: string } | null;
    }>;
  } | null;
};

export type SendableTemplatesQueryVariables = Exact<{
  search?: string | null | undefined;
}>;

export type SendableTemplatesQuery = {
  templates: {
    nodes: Array<{
      id: string;
      name: string;
      language: string;
      category: TemplateCategory;
      parameters: Array<{
        key: string;
        type: TemplateParameterType;
        required: boolean;
        example: string | null;
      }>;
      preview: { header: string | null; body: string; footer: string | null; buttons: Array<string> };
      activations: Array<{
        sendable: boolean;
        bot: {
          id: string;
          name: string;
          sendEligibility: {
            allowed: boolean;
            reasons: Array<{
              code: UserErrorCode;
              message: string;
              field: Array<string> | null;
              retryAt: string | null;
              ticket: { number: number } | null;
            }>;
          };
        };
      }>;
    }>;
  } | null;
};

export type ContactsQueryVariables = Exact<{
  botId: string;
  search: string;
}>;

export type ContactsQuery = {
  contacts: { nodes: Array<{ id: string; name: string | null; phone: string | null }> } | null;
};

export type CheckSendQueryVariables = Exact<{
  input: CheckSendInput;
}>;

export type CheckSendQuery = {
  checkSend: {
    ok: boolean;
    preview: { header: string | null; body: string; footer: string | null; buttons: Array<string> } | null;
    userErrors: Array<{
      code: UserErrorCode;
      message: string;
      field: Array<string> | null;
      retryAt: string | null;
      ticket: { number: number } | null;
    }>;
  } | null;
};

export type SendActiveMessageMutationVariables = Exact<{
  input: SendActiveMessageInput;
}>;

export type SendActiveMessageMutation = {
  sendActiveMessage: {
    send: {
      id: string;
      status: SendStatus;
      replyState: ReplyState;
      outcomeUnknown: boolean;
      contact: { name: string | null; phone: string | null };
      template: { name: string };
      failure: { code: SendFailureCode; message: string } | null;
    } | null;
    userErrors: Array<{
      code: UserErrorCode;
      message: string;
      field: Array<string> | null;
      retryAt: string | null;
      ticket: { number: number } | null;
    }>;
  } | null;
};

export type SetPresenceMutationVariables = Exact<{
  presence: Presence;
}>;

export type SetPresenceMutation = {
  setPresence: {
    userErrors: Array<{
      code: UserErrorCode;
      message: string;
      field: Array<string> | null;
      retryAt: string | null;
      ticket: { number: number } | null;
    }>;
  } | null;
};

export type TicketMessagesQueryVariables = Exact<{
  id: string;
}>;

export type TicketMessagesQuery = {
  ticket: {
    id: string;
    number: number;
    status: TicketStatus;
    unreadCount: number;
    serviceWindowClosesAt: string | null;
    messages: {
      nodes: Array<{
        id: string;
        direction: MessageDirection;
        kind: string;
        text: string | null;
        status: SendStatus | null;
        author: { id: string; name: string } | null;
        failure: { message: string } | null;
      }>;
    };
    contact: { name: string | null; phone: string | null };
    agent: { id: string; name: string } | null;
    reservedFor: { id: string; name: string } | null;
    queue: { name: string } | null;
  } | null;
};

export type AcceptTicketMutationVariables = Exact<{
  ticketId: string;
}>;

export type AcceptTicketMutation = {
  acceptTicket: {
    userErrors: Array<{
      code: UserErrorCode;
      message: string;
      field: Array<string> | null;
      retryAt: string | null;
      ticket: { number: number } | null;
    }>;
  } | null;
};

export type MarkTicketReadMutationVariables = Exact<{
  ticketId: string;
}>;

export type MarkTicketReadMutation = {
  markTicketRead: {
    userErrors: Array<{
      code: UserErrorCode;
      message: string;
      field: Array<string> | null;
      retryAt: string | null;
      ticket: { number: number } | null;
    }>;
  } | null;
};

export type SendTicketMessageMutationVariables = Exact<{
  input: SendTicketMessageInput;
}>;

export type SendTicketMessageMutation = {
  sendTicketMessage: {
    message: {
      id: string;
      direction: MessageDirection;
      kind: string;
      text: string | null;
      status: SendStatus | null;
      author: { id: string; name: string } | null;
      failure: { message: string } | null;
    } | null;
    userErrors: Array<{
      code: UserErrorCode;
      message: string;
      field: Array<string> | null;
      retryAt: string | null;
      ticket: { number: number } | null;
    }>;
  } | null;
};

export type CloseTicketMutationVariables = Exact<{
  ticketId: string;
}>;

export type CloseTicketMutation = {
  closeTicket: {
    userErrors: Array<{
      code: UserErrorCode;
      message: string;
      field: Array<string> | null;
      retryAt: string | null;
      ticket: { number: number } | null;
    }>;
  } | null;
};

export type SendConfirmedSubscriptionVariables = Exact<{
  agentId: string;
  after?: string | null | undefined;
}>;

export type SendConfirmedSubscription = {
  sendConfirmed: {
    cursor: string;
    outcome: SendOutcome;
    send: {
      id: string;
      status: SendStatus;
      replyState: ReplyState;
      outcomeUnknown: boolean;
      contact: { name: string | null; phone: string | null };
      template: { name: string };
      failure: { code: SendFailureCode; message: string } | null;
    };
  };
};

export type SendStatusChangedSubscriptionVariables = Exact<{
  agentId: string;
  after?: string | null | undefined;
}>;

export type SendStatusChangedSubscription = {
  sendStatusChanged: {
    cursor: string;
    status: SendStatus;
    previousStatus: SendStatus;
    send: {
      id: string;
      status: SendStatus;
      replyState: ReplyState;
      outcomeUnknown: boolean;
      contact: { name: string | null; phone: string | null };
      template: { name: string };
      failure: { code: SendFailureCode; message: string } | null;
    };
  };
};

export type ReplyRoutedSubscriptionVariables = Exact<{
  agentId: string;
  after?: string | null | undefined;
}>;

export type ReplyRoutedSubscription = {
  replyRouted: {
    cursor: string;
    ticketId: string;
    send: {
      id: string;
      status: SendStatus;
      replyState: ReplyState;
      outcomeUnknown: boolean;
      contact: { name: string | null; phone: string | null };
      template: { name: string };
      failure: { code: SendFailureCode; message: string } | null;
    };
    ticket: {
      id: string;
      number: number;
      status: TicketStatus;
      unreadCount: number;
      serviceWindowClosesAt: string | null;
      contact: { name: string | null; phone: string | null };
      agent: { id: string; name: string } | null;
      reservedFor: { id: string; name: string } | null;
      queue: { name: string } | null;
    } | null;
  };
};

export type TicketChangedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;

export type TicketChangedSubscription = {
  ticketChanged: {
    cursor: string;
    change: TicketChange;
    ticketId: string;
    status: TicketStatus;
    ticket: {
      id: string;
      number: number;
      status: TicketStatus;
      unreadCount: number;
      serviceWindowClosesAt: string | null;
      contact: { name: string | null; phone: string | null };
      agent: { id: string; name: string } | null;
      reservedFor: { id: string; name: string } | null;
      queue: { name: string } | null;
    } | null;
  };
};

export type TicketMessageChangedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;

export type TicketMessageChangedSubscription = {
  ticketMessageChanged: {
    cursor: string;
    message: {
      id: string;
      direction: MessageDirection;
      kind: string;
      text: string | null;
      status: SendStatus | null;
      ticket: {
        id: string;
        number: number;
        status: TicketStatus;
        unreadCount: number;
        serviceWindowClosesAt: string | null;
        contact: { name: string | null; phone: string | null };
        agent: { id: string; name: string } | null;
        reservedFor: { id: string; name: string } | null;
        queue: { name: string } | null;
      };
      author: { id: string; name: string } | null;
      failure: { message: string } | null;
    };
  };
};

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const DeskTicketFragmentDoc = new TypedDocumentString(
  `
    fragment DeskTicket on Ticket {
  id
  number
  status
  unreadCount
  serviceWindowClosesAt
  contact {
    name
    phone
  }
  agent {
    id
    name
  }
  reservedFor {
    id
    name
  }
  queue {
    name
  }
}
    `,
  { fragmentName: 'DeskTicket' },
) as unknown as TypedDocumentString<DeskTicketFragment, unknown>;
export const DeskMessageFragmentDoc = new TypedDocumentString(
  `
    fragment DeskMessage on TicketMessage {
  id
  direction
  kind
  text
  status
  author {
    id
    name
  }
  failure {
    message
  }
}
    `,
  { fragmentName: 'DeskMessage' },
) as unknown as TypedDocumentString<DeskMessageFragment, unknown>;
export const DeskSendFragmentDoc = new TypedDocumentString(
  `
    fragment DeskSend on Send {
  id
  status
  replyState
  outcomeUnknown
  contact {
    name
    phone
  }
  template {
    name
  }
  failure {
    code
    message
  }
}
    `,
  { fragmentName: 'DeskSend' },
) as unknown as TypedDocumentString<DeskSendFragment, unknown>;
export const DeskPreviewFragmentDoc = new TypedDocumentString(
  `
    fragment DeskPreview on TemplatePreview {
  header
  body
  footer
  buttons
}
    `,
  { fragmentName: 'DeskPreview' },
) as unknown as TypedDocumentString<DeskPreviewFragment, unknown>;
export const RefusalFragmentDoc = new TypedDocumentString(
  `
    fragment Refusal on UserError {
  code
  message
  field
  retryAt
  ticket {
    number
  }
}
    `,
  { fragmentName: 'Refusal' },
) as unknown as TypedDocumentString<RefusalFragment, unknown>;
export const MeDocument = new TypedDocumentString(`
    query Me {
  viewer {
    contract {
      name
    }
    agent {
      id
      name
    }
  }
}
    `) as unknown as TypedDocumentString<MeQuery, MeQueryVariables>;
export const DeskListsDocument = new TypedDocumentString(`
    query DeskLists($agentId: ID!) {
  eventCursor
  tickets(filter: {statuses: [OPEN, WAITING]}, first: 50) {
    nodes {
      ...DeskTicket
      messages(last: 20) {
        nodes {
          ...DeskMessage
        }
      }
    }
  }
  sends(filter: {agentIds: [$agentId]}, first: 20) {
    nodes {
      ...DeskSend
    }
  }
}
    fragment DeskTicket on Ticket {
  id
  number
  status
  unreadCount
  serviceWindowClosesAt
  contact {
    name
    phone
  }
  agent {
    id
    name
  }
  reservedFor {
    id
    name
  }
  queue {
    name
  }
}
fragment DeskMessage on TicketMessage {
  id
  direction
  kind
  text
  status
  author {
    id
    name
  }
  failure {
    message
  }
}
fragment DeskSend on Send {
  id
  status
  replyState
  outcomeUnknown
  contact {
    name
    phone
  }
  template {
    name
  }
  failure {
    code
    message
  }
}`) as unknown as TypedDocumentString<DeskListsQuery, DeskListsQueryVariables>;
export const SendableTemplatesDocument = new TypedDocumentString(`
    query SendableTemplates($search: String) {
  templates(filter: {sendable: true, search: $search}, first: 50) {
    nodes {
      id
      name
      language
      category
      parameters {
        key
        type
        required
        example
      }
      preview {
        ...DeskPreview
      }
      activations {
        sendable
        bot {
          id
          name
          sendEligibility {
            allowed
            reasons {
              ...Refusal
            }
          }
        }
      }
    }
  }
}
    fragment DeskPreview on TemplatePreview {
  header
  body
  footer
  buttons
}
fragment Refusal on UserError {
  code
  message
  field
  retryAt
  ticket {
    number
  }
}`) as unknown as TypedDocumentString<SendableTemplatesQuery, SendableTemplatesQueryVariables>;
export const ContactsDocument = new TypedDocumentString(`
    query Contacts($botId: ID!, $search: String!) {
  contacts(botId: $botId, search: $search, first: 10) {
    nodes {
      id
      name
      phone
    }
  }
}
    `) as unknown as TypedDocumentString<ContactsQuery, ContactsQueryVariables>;
export const CheckSendDocument = new TypedDocumentString(`
    query CheckSend($input: CheckSendInput!) {
  checkSend(input: $input) {
    ok
    preview {
      ...DeskPreview
    }
    userErrors {
      ...Refusal
    }
  }
}
    fragment DeskPreview on TemplatePreview {
  header
  body
  footer
  buttons
}
fragment Refusal on UserError {
  code
  message
  field
  retryAt
  ticket {
    number
  }
}`) as unknown as TypedDocumentString<CheckSendQuery, CheckSendQueryVariables>;
export const SendActiveMessageDocument = new TypedDocumentString(`
    mutation SendActiveMessage($input: SendActiveMessageInput!) {
  sendActiveMessage(input: $input) {
    send {
      ...DeskSend
    }
    userErrors {
      ...Refusal
    }
  }
}
    fragment DeskSend on Send {
  id
  status
  replyState
  outcomeUnknown
  contact {
    name
    phone
  }
  template {
    name
  }
  failure {
    code
    message
  }
}
fragment Refusal on UserError {
  code
  message
  field
  retryAt
  ticket {
    number
  }
}`) as unknown as TypedDocumentString<SendActiveMessageMutation, SendActiveMessageMutationVariables>;
export const SetPresenceDocument = new TypedDocumentString(`
    mutation SetPresence($presence: Presence!) {
  setPresence(input: {presence: $presence}) {
    userErrors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  field
  retryAt
  ticket {
    number
  }
}`) as unknown as TypedDocumentString<SetPresenceMutation, SetPresenceMutationVariables>;
export const TicketMessagesDocument = new TypedDocumentString(`
    query TicketMessages($id: ID!) {
  ticket(id: $id) {
    ...DeskTicket
    messages(last: 20) {
      nodes {
        ...DeskMessage
      }
    }
  }
}
    fragment DeskTicket on Ticket {
  id
  number
  status
  unreadCount
  serviceWindowClosesAt
  contact {
    name
    phone
  }
  agent {
    id
    name
  }
  reservedFor {
    id
    name
  }
  queue {
    name
  }
}
fragment DeskMessage on TicketMessage {
  id
  direction
  kind
  text
  status
  author {
    id
    name
  }
  failure {
    message
  }
}`) as unknown as TypedDocumentString<TicketMessagesQuery, TicketMessagesQueryVariables>;
export const AcceptTicketDocument = new TypedDocumentString(`
    mutation AcceptTicket($ticketId: ID!) {
  acceptTicket(input: {ticketId: $ticketId}) {
    userErrors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  field
  retryAt
  ticket {
    number
  }
}`) as unknown as TypedDocumentString<AcceptTicketMutation, AcceptTicketMutationVariables>;
export const MarkTicketReadDocument = new TypedDocumentString(`
    mutation MarkTicketRead($ticketId: ID!) {
  markTicketRead(input: {ticketId: $ticketId}) {
    userErrors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  field
  retryAt
  ticket {
    number
  }
}`) as unknown as TypedDocumentString<MarkTicketReadMutation, MarkTicketReadMutationVariables>;
export const SendTicketMessageDocument = new TypedDocumentString(`
    mutation SendTicketMessage($input: SendTicketMessageInput!) {
  sendTicketMessage(input: $input) {
    message {
      ...DeskMessage
    }
    userErrors {
      ...Refusal
    }
  }
}
    fragment DeskMessage on TicketMessage {
  id
  direction
  kind
  text
  status
  author {
    id
    name
  }
  failure {
    message
  }
}
fragment Refusal on UserError {
  code
  message
  field
  retryAt
  ticket {
    number
  }
}`) as unknown as TypedDocumentString<SendTicketMessageMutation, SendTicketMessageMutationVariables>;
export const CloseTicketDocument = new TypedDocumentString(`
    mutation CloseTicket($ticketId: ID!) {
  closeTicket(input: {ticketId: $ticketId}) {
    userErrors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  field
  retryAt
  ticket {
    number
  }
}`) as unknown as TypedDocumentString<CloseTicketMutation, CloseTicketMutationVariables>;
export const SendConfirmedDocument = new TypedDocumentString(`
    subscription SendConfirmed($agentId: ID!, $after: String) {
  sendConfirmed(agentIds: [$agentId], after: $after) {
    cursor
    outcome
    send {
      ...DeskSend
    }
  }
}
    fragment DeskSend on Send {
  id
  status
  replyState
  outcomeUnknown
  contact {
    name
    phone
  }
  template {
    name
  }
  failure {
    code
    message
  }
}`) as unknown as TypedDocumentString<SendConfirmedSubscription, SendConfirmedSubscriptionVariables>;
export const SendStatusChangedDocument = new TypedDocumentString(`
    subscription SendStatusChanged($agentId: ID!, $after: String) {
  sendStatusChanged(filter: {agentIds: [$agentId]}, after: $after) {
    cursor
    status
    previousStatus
    send {
      ...DeskSend
    }
  }
}
    fragment DeskSend on Send {
  id
  status
  replyState
  outcomeUnknown
  contact {
    name
    phone
  }
  template {
    name
  }
  failure {
    code
    message
  }
}`) as unknown as TypedDocumentString<SendStatusChangedSubscription, SendStatusChangedSubscriptionVariables>;
export const ReplyRoutedDocument = new TypedDocumentString(`
    subscription ReplyRouted($agentId: ID!, $after: String) {
  replyRouted(agentIds: [$agentId], after: $after) {
    cursor
    ticketId
    send {
      ...DeskSend
    }
    ticket {
      ...DeskTicket
    }
  }
}
    fragment DeskTicket on Ticket {
  id
  number
  status
  unreadCount
  serviceWindowClosesAt
  contact {
    name
    phone
  }
  agent {
    id
    name
  }
  reservedFor {
    id
    name
  }
  queue {
    name
  }
}
fragment DeskSend on Send {
  id
  status
  replyState
  outcomeUnknown
  contact {
    name
    phone
  }
  template {
    name
  }
  failure {
    code
    message
  }
}`) as unknown as TypedDocumentString<ReplyRoutedSubscription, ReplyRoutedSubscriptionVariables>;
export const TicketChangedDocument = new TypedDocumentString(`
    subscription TicketChanged($after: String) {
  ticketChanged(after: $after) {
    cursor
    change
    ticketId
    status
    ticket {
      ...DeskTicket
    }
  }
}
    fragment DeskTicket on Ticket {
  id
  number
  status
  unreadCount
  serviceWindowClosesAt
  contact {
    name
    phone
  }
  agent {
    id
    name
  }
  reservedFor {
    id
    name
  }
  queue {
    name
  }
}`) as unknown as TypedDocumentString<TicketChangedSubscription, TicketChangedSubscriptionVariables>;
export const TicketMessageChangedDocument = new TypedDocumentString(`
    subscription TicketMessageChanged($after: String) {
  ticketMessageChanged(after: $after) {
    cursor
    message {
      ...DeskMessage
      ticket {
        ...DeskTicket
      }
    }
  }
}
    fragment DeskTicket on Ticket {
  id
  number
  status
  unreadCount
  serviceWindowClosesAt
  contact {
    name
    phone
  }
  agent {
    id
    name
  }
  reservedFor {
    id
    name
  }
  queue {
    name
  }
}
fragment DeskMessage on TicketMessage {
  id
  direction
  kind
  text
  status
  author {
    id
    name
  }
  failure {
    message
  }
}`) as unknown as TypedDocumentString<
  TicketMessageChangedSubscription,
  TicketMessageChangedSubscriptionVariables
>;
