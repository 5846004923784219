import { randomUUID } from 'node:crypto';
import type { Api } from './api';
import { dim, yellow } from './colours';
import {
  AcceptTicketDocument,
  CloseTicketDocument,
  MarkTicketReadDocument,
  SendTicketMessageDocument,
  TicketMessagesDocument,
  type DeskTicketFragment,
  type RefusalFragment,
} from './operations.generated';
import { describe } from './refusals';
import type { Terminal } from './terminal';
import type { Tickets } from './tickets';

/** What a person does in a ticket. */
export class TicketActs {
  constructor(
    private readonly api: Api,
    private readonly terminal: Terminal,
    private readonly tickets: Tickets,
  ) {}

  /** Shows a ticket's messages; one that waits is accepted first. @returns whether it can be worked on. */
  async open({ id, status }: DeskTicketFragment): Promise<boolean> {
    if (status === 'WAITING') {
      const { acceptTicket } = await this.api.run(AcceptTicketDocument, { ticketId: id });
      if (this.refused(acceptTicket?.userErrors)) return false;
    }
    const { ticket } = await this.api.run(TicketMessagesDocument, { id });
    if (!ticket) {
      this.terminal.print(yellow('This ticket is out of your sight by now.'));
      return false;
    }
    this.tickets.show(ticket, ticket.messages.nodes);
    const { markTicketRead } = await this.api.run(MarkTicketReadDocument, { ticketId: id });
    this.refused(markTicketRead?.userErrors);
    const until = ticket.serviceWindowClosesAt;
    if (until != null)
      this.terminal.print(dim(`Free text is possible until ${new Date(until).toLocaleString()}.`));
    return true;
  }

  async say(ticket: DeskTicketFragment, text: string): Promise<void> {
    // One key for one line typed: `run` repeats it with the same, should the network fail.
    const input = { ticketId: ticket.id, text, idempotencyKey: randomUUID() };
    const { sendTicketMessage } = await this.api.run(SendTicketMessageDocument, { input });
    this.refused(sendTicketMessage?.userErrors);
    if (sendTicketMessage?.message) this.tickets.say(ticket, sendTicketMessage.message);
  }

  /** @returns whether it is closed. */
  async close({ id }: DeskTicketFragment): Promise<boolean> {
    const { closeTicket } = await this.api.run(CloseTicketDocument, { ticketId: id });
    return !this.refused(closeTicket?.userErrors);
  }

  private refused(refusals: readonly RefusalFragment[] = []): boolean {
    refusals.forEach((refusal) => this.terminal.print(describe(refusal)));
    return refusals.length > 0;
  }
}
