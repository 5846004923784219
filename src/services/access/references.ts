import type { SeenKind, SeenRow } from './visibility';

/**
 * Who sees what a thing refers to: whoever may see such things; the same, and null instead of a refusal to whoever may
 * see none of them; or whoever sees what refers to it.
 */
type Sight = 'by itself' | 'where allowed' | 'along';

/** A field of a thing that stands for another one. */
export interface Reference {
  /** Where the other one's id stands in the row. */
  readonly property: string;
  readonly kind: SeenKind;
  readonly sight: Sight;
}

type References = {
  readonly [Kind in SeenKind]?: Readonly<
    Record<string, Reference & { readonly property: keyof SeenRow<Kind> & string }>
  >;
};

const to = <Property extends string, Kind extends SeenKind>(
  property: Property,
  kind: Kind,
  sight: Sight = 'by itself',
) => ({ property, kind, sight }) as const;

/** What things refer to, by their kind and by the name that the reference has in the API. */
export const REFERENCES = {
  ApiKey: { createdBy: to('createdById', 'Agent', 'where allowed') },
  AuditEntry: { agent: to('agentId', 'Agent'), apiKey: to('apiKeyId', 'ApiKey') },
  Bot: { flow: to('publishedFlowId', 'Flow') },
  Contact: { channel: to('channelId', 'WhatsAppChannel') },
  DeadLetter: { channel: to('channelId', 'WhatsAppChannel') },
  Flow: { bot: to('botId', 'Bot'), publishedBy: to('publishedById', 'Agent', 'where allowed') },
  Queue: { bot: to('botId', 'Bot', 'along') },
  Send: {
    bot: to('botId', 'Bot'),
    channel: to('channelId', 'WhatsAppChannel'),
    agent: to('agentId', 'Agent'),
    template: to('templateId', 'Template'),
    // Whoever may see a send may see whom it went to, even where the contact is no longer in its view by itself.
    contact: to('contactId', 'Contact', 'along'),
    retryOf: to('retryOfId', 'Send'),
    ticket: to('ticketId', 'Ticket', 'where allowed'),
  },
  Template: { channel: to('channelId', 'WhatsAppChannel') },
  TemplateActivation: { bot: to('botId', 'Bot'), template: to('templateId', 'Template') },
  Ticket: {
    bot: to('botId', 'Bot', 'along'),
    // Whoever sees the ticket sees whose it is, even where its other contacts are none of the caller's.
    contact: to('contactId', 'Contact', 'along'),
    agent: to('agentId', 'Agent'),
    reservedFor: to('reservedForId', 'Agent'),
    queue: to('queueId', 'Queue'),
    send: to('sendId', 'Send'),
    closedBy: to('closedById', 'Agent'),
    lastMessage: to('lastMessageId', 'TicketMessage', 'along'),
  },
  TicketMessage: { ticket: to('ticketId', 'Ticket', 'along'), author: to('authorId', 'Agent') },
  WhatsAppChannel: { bot: to('botId', 'Bot') },
} as const satisfies References;

export type ReferringKind = keyof typeof REFERENCES;

/** What a thing of this kind refers to. */
export const referencesOf = (kind: SeenKind): Readonly<Record<string, Reference>> =>
  (REFERENCES as References)[kind] ?? {};
