import { bold, cyan, dim, green, red, yellow } from './colours';
import { customerName } from './customer-name';
import type {
  DeskListsQuery,
  DeskMessageFragment,
  DeskTicketFragment,
  ReplyRoutedSubscription,
  TicketChangedSubscription,
} from './operations.generated';
import type { Terminal } from './terminal';

type Listed = NonNullable<DeskListsQuery['tickets']>['nodes'][number];

const TICKS: Partial<Record<NonNullable<DeskMessageFragment['status']>, string>> = {
  DELIVERED: '✓✓ delivered',
  READ: '✓✓ read',
};

/**
 * The tickets that this person sees, and what is said in them. Lists and events overlap at the seam, and events of two
 * subscriptions may speak of the same message: everything is known by its id, and shown once.
 */
export class Tickets {
  private tickets = new Map<string, DeskTicketFragment>();
  /** Of every message that was shown or listed: how far it had come. */
  private readonly messages = new Map<string, DeskMessageFragment['status']>();

  constructor(
    private readonly terminal: Terminal,
    private readonly agentId: string,
  ) {}

  /** Takes the lists at the start: what was said before is not news. */
  begin(tickets: readonly Listed[]): void {
    for (const ticket of tickets)
      for (const { id, status } of ticket.messages.nodes) this.messages.set(id, status);
    this.tickets = new Map(tickets.map((ticket) => [ticket.id, ticket]));
  }

  /** Takes the lists after a time of which no events are left: shows what is new in them. */
  read(tickets: readonly Listed[]): void {
    this.tickets = new Map(tickets.map((ticket) => [ticket.id, ticket]));
    for (const ticket of tickets) for (const message of ticket.messages.nodes) this.say(ticket, message);
  }

  byNumber(number: number): DeskTicketFragment | undefined {
    return [...this.tickets.values()].find((ticket) => ticket.number === number);
  }

  byId(id: string): DeskTicketFragment | undefined {
    return this.tickets.get(id);
  }

  /** Shows a message that was not shown yet, or what has become of one that was. */
  say(ticket: DeskTicketFragment, message: DeskMessageFragment): void {
    const { id, status } = message;
    const known = this.messages.has(id);
    const before = this.messages.get(id);
    this.messages.set(id, status);
    if (!known) this.terminal.print(this.line(ticket, message));
    else if (before !== status && status) this.progress(ticket, message);
  }

  /** Shows a ticket's messages, whether they were shown before or not. */
  show(ticket: DeskTicketFragment, messages: readonly DeskMessageFragment[]): void {
    this.tickets.set(ticket.id, ticket);
    for (const message of messages) {
      this.messages.set(message.id, message.status);
      this.terminal.print(this.line(ticket, message));
    }
  }

  answered({ send, ticket }: ReplyRoutedSubscription['replyRouted']): void {
    const who = bold(customerName(send.contact));
    if (!ticket) {
      // By now it is somebody else's.
      this.terminal.print(`${who} answered ${send.template.name}; the ticket has left this desk.`);
      return;
    }
    this.tickets.set(ticket.id, ticket);
    this.terminal.print(`${who} answered ${send.template.name}: ${this.label(ticket)}`);
  }

  changed({ change, ticketId, ticket, status }: TicketChangedSubscription['ticketChanged']): void {
    const known = this.tickets.get(ticketId);
    // `change` and `status` are what they were then; `ticket` is as it is now, and null once out of sight.
    if (change === 'LEFT' || !ticket || ticket.status === 'CLOSED') {
      this.tickets.delete(ticketId);
      if (known)
        this.terminal.print(dim(`#${known.number} ${status === 'CLOSED' ? 'is closed' : 'has left'}`));
      return;
    }
    this.tickets.set(ticketId, ticket);
    const moved =
      known?.status !== ticket.status ||
      known.agent?.id !== ticket.agent?.id ||
      known.queue?.name !== ticket.queue?.name;
    if (moved) this.terminal.print(this.label(ticket));
  }

  list(): void {
    if (this.tickets.size === 0) this.terminal.print(dim('No open tickets.'));
    for (const ticket of this.tickets.values()) this.terminal.print(`  ${this.label(ticket)}`);
  }

  private label({
    number,
    contact,
    status,
    agent,
    reservedFor,
    queue,
    unreadCount,
  }: DeskTicketFragment): string {
    const open = agent?.id === this.agentId ? green('with you') : `with ${agent?.name ?? 'nobody'}`;
    const waiting = reservedFor
      ? `waiting for ${reservedFor.name}`
      : `waiting in ${queue?.name ?? 'no queue'}`;
    const unread = unreadCount > 0 ? yellow(`, ${unreadCount} unread`) : '';
    return `${cyan(`#${number}`)} ${bold(customerName(contact))}: ${status === 'OPEN' ? open : waiting}${unread}`;
  }

  private line({ number, contact }: DeskTicketFragment, message: DeskMessageFragment): string {
    const { direction, author, kind, text } = message;
    const colleague = author?.id === this.agentId ? 'you' : (author?.name ?? 'the desk');
    const who = direction === 'INBOUND' ? bold(customerName(contact)) : dim(colleague);
    const what = kind === 'text' || kind === 'button' ? (text ?? '') : `[${kind}] ${text ?? ''}`;
    return `${cyan(`#${number}`)} ${who}: ${what.trim()}`;
  }

  private progress({ number }: DeskTicketFragment, { status, text, failure }: DeskMessageFragment): void {
    const step = status && TICKS[status];
    if (step) this.terminal.print(`${cyan(`#${number}`)} ${green(step)}: ${text ?? ''}`);
    if (failure) this.terminal.print(`${cyan(`#${number}`)} ${red(`✗ ${text ?? ''}: ${failure.message}`)}`);
  }
}
