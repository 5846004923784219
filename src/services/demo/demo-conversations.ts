import type { MessageItem } from '../../channels/webhook-items';
import { MINUTE, SECOND } from '../../clock';
import type { ContactRow } from '../../entities/contact';
import { TicketStatus } from '../../entities/enums';
import type { TicketRow } from '../../entities/ticket';
import { addFacts } from '../deliveries/deliveries';
import { receiveMessage } from '../tickets/replies';
import { openTicketOf } from '../tickets/ticket-changes';
import { sendTicketMessage } from '../tickets/ticket-messages';
import { closeTicket, markTicketRead } from '../tickets/tickets';
import { granted, type DemoDesk } from './demo-desk';
import { DEMO_PEOPLE, type DemoName } from './demo-people';
import { factsOfMessage } from './message-facts';
import type { SeededRandom } from './seeded-random';
import { messageId } from './send-plan';

/** Something that happened at the demo's desk, told at its time. */
export interface Scene {
  readonly at: number;
  readonly act: () => Promise<unknown>;
}

/** What a customer writes, beside the text. */
export interface Writing {
  /** The message that is quoted, or whose button is tapped. */
  quoted?: string;
  tapped?: boolean;
}

/** The customers' and the agents' words, taken in and sent by the services that every conversation goes through. */
export class DemoConversations {
  /** By the id of a customer's message, the id of the one that it quotes. */
  readonly quotes = new Map<string, string>();
  private written = 0;

  constructor(
    private readonly desk: DemoDesk,
    private readonly random: SeededRandom,
    private readonly now: number,
  ) {}

  /** A customer writes. */
  writes(
    person: { phone: string; name: string },
    at: number,
    text: string,
    writing: Writing = {},
  ): Promise<void> {
    const { platform, transaction, channel } = this.desk;
    const waId = person.phone.replace('+', '');
    const providerMessageId = messageId(this.random);
    if (writing.quoted !== undefined) this.quotes.set(providerMessageId, writing.quoted);
    const item: MessageItem = {
      kind: 'message',
      phoneNumberId: channel.phoneNumberId ?? '',
      at: Math.floor(at / SECOND) * SECOND,
      payload: {},
      providerMessageId,
      from: { waId, phone: waId },
      profileName: person.name,
      type: writing.tapped ? 'button' : 'text',
      text,
      content: writing.tapped ? { payload: text, text } : { body: text },
      ...(writing.quoted !== undefined && { quotedMessageId: writing.quoted }),
      ...(writing.tapped && { buttonText: text, buttonPayload: text }),
      opensTicket: true,
    };
    return receiveMessage(platform, transaction, channel, item);
  }

  /** Whoever has the ticket of a contact writes in it, where somebody has; the customer reads it at once. */
  async answers(contact: ContactRow, text: string): Promise<void> {
    const { platform, transaction } = this.desk;
    const ticket = await openTicketOf(transaction, contact.id);
    const holder = ticket && this.holderOf(ticket);
    if (!ticket || !holder) return;
    const context = this.desk.as(holder);
    this.written += 1;
    const idempotencyKey = `demo-${this.written}`;
    await granted(markTicketRead(context, { ticketId: ticket.id }));
    const { message } = await granted(
      sendTicketMessage(context, { ticketId: ticket.id, text, idempotencyKey }),
    );
    const facts = factsOfMessage('READ_AT_ONCE', transaction.now, this.random, messageId(this.random));
    const known = facts.filter(({ kind, receivedAt }) => kind !== 'queued' && receivedAt <= this.now);
    await addFacts(platform, transaction, message.id, known);
  }

  /** Whoever has the ticket of a contact closes it; one that nobody has is the admin's to close. */
  async closes(contact: ContactRow): Promise<void> {
    const ticket = await openTicketOf(this.desk.transaction, contact.id);
    if (!ticket) return;
    const context = this.desk.as(this.holderOf(ticket) ?? 'Ana Ribeiro');
    await granted(markTicketRead(context, { ticketId: ticket.id }));
    await granted(closeTicket(context, { ticketId: ticket.id }));
  }

  /** A customer writes of their own accord; whom the service rules choose answers and closes. */
  visit(contact: ContactRow, at: number, lines: { text: string; answer: string }): Scene[] {
    const person = { phone: contact.phone ?? '', name: contact.name ?? '' };
    return [
      { at, act: () => this.writes(person, at, lines.text) },
      { at: at + 3 * MINUTE, act: () => this.answers(contact, lines.answer) },
      { at: at + 25 * MINUTE, act: () => this.closes(contact) },
    ];
  }

  /** Who has a ticket; nobody where the reply window is configured so short that it waits in a queue. */
  private holderOf({ status, agentId }: TicketRow): DemoName | null {
    if (status !== TicketStatus.OPEN) return null;
    return DEMO_PEOPLE.find(({ name }) => this.desk.agent(name).id === agentId)?.name ?? null;
  }
}
