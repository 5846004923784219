import { RequestFailed, type Api } from './api';
import { bold, dim, green, red, yellow } from './colours';
import { LiveUpdates } from './live-updates';
import { writeMessage } from './new-message';
import {
  DeskListsDocument,
  MeDocument,
  ReplyRoutedDocument,
  SendConfirmedDocument,
  SendStatusChangedDocument,
  SetPresenceDocument,
  TicketChangedDocument,
  TicketMessageChangedDocument,
  type DeskListsQuery,
  type Presence,
} from './operations.generated';
import { describe } from './refusals';
import { Sent } from './sent';
import type { SignIn } from './sign-in';
import { Canceled, InputEnded, type Terminal } from './terminal';
import { TicketActs } from './ticket-acts';
import { Tickets } from './tickets';

const HELP = `  new          write an active message: template, recipient, blanks
  tickets      the open tickets
  open 7       go into ticket #7 (and accept it, where it waits): what you type is said to the customer
  sends        your latest messages
  online, paused, invisible, offline   your presence
  help, quit
In a ticket commands need their slash: /close ends it, /back leaves it open.`;

const PRESENCES: Record<string, Presence> = {
  online: 'ONLINE',
  paused: 'PAUSED',
  invisible: 'INVISIBLE',
  offline: 'OFFLINE',
};

/** How long leaving may take. */
const FAREWELL = 3_000;

interface Me {
  id: string;
  name: string;
}

/** One person's desk: the lists, what changes in them, and the commands that are typed. */
export class Desk {
  private readonly tickets: Tickets;
  private readonly sent: Sent;
  private readonly acts: TicketActs;
  private presence: Presence = 'ONLINE';
  /** The ticket that the person is in. */
  private ticketId: string | null = null;

  private constructor(
    private readonly api: Api,
    private readonly terminal: Terminal,
    private readonly me: Me,
  ) {
    this.tickets = new Tickets(terminal, me.id);
    this.sent = new Sent(terminal);
    this.acts = new TicketActs(api, terminal, this.tickets);
  }

  static async open(api: Api, terminal: Terminal): Promise<Desk> {
    const { viewer } = await api.run(MeDocument, {});
    if (!viewer.agent)
      throw new Error('A desk is for people: sign in with the token of one, not with an API key.');
    terminal.print(`${bold(viewer.agent.name)} at the desk of ${viewer.contract.name}`);
    return new Desk(api, terminal, viewer.agent);
  }

  /** Works until the person leaves; rejects where live updates are over before. */
  async run(signIn: SignIn): Promise<void> {
    // First, so that what was kept for this person while away is in the lists already.
    await this.setPresence('ONLINE');
    const { eventCursor, tickets, sends } = await this.lists();
    this.tickets.begin(tickets);
    this.sent.read(sends);
    this.tickets.list();
    const { live, over } = this.follow(signIn, eventCursor);
    try {
      await Promise.race([this.work(), over]);
      // A server that is away sets the presence by itself in the end.
      const patience = new Promise<void>((resolve) => setTimeout(resolve, FAREWELL));
      await Promise.race([this.setPresence('OFFLINE'), patience]);
    } finally {
      await live.close();
    }
  }

  private async lists(): Promise<{
    eventCursor: string;
    tickets: NonNullable<DeskListsQuery['tickets']>['nodes'];
    sends: NonNullable<DeskListsQuery['sends']>['nodes'];
  }> {
    const { eventCursor, tickets, sends } = await this.api.run(DeskListsDocument, { agentId: this.me.id });
    if (eventCursor == null) throw new Error('The server did not tell the position of its event log.');
    return { eventCursor, tickets: tickets?.nodes ?? [], sends: sends?.nodes ?? [] };
  }

  private follow(signIn: SignIn, position: string): { live: LiveUpdates; over: Promise<never> } {
    let end: (reason: unknown) => void;
    const over = new Promise<never>((_resolve, reject) => (end = reject));
    const live = new LiveUpdates(this.api.url, signIn, position, {
      readAnew: async () => {
        const { eventCursor, tickets, sends } = await this.lists();
        this.tickets.read(tickets);
        this.sent.read(sends);
        return eventCursor;
      },
      lost: (why) => this.terminal.print(yellow(`Connection lost, ${why}: connecting again …`)),
      resumed: () => {
        this.terminal.print(green('Connected again, going on where it broke off.'));
        // Whoever was out of sight for some minutes was set OFFLINE.
        this.setPresence(this.presence).catch(end);
      },
      ended: (why) => end(new Error(`Live updates have ended: ${why}`)),
    });
    const { id: agentId } = this.me;
    live.follow(SendConfirmedDocument, { agentId }, (event) => this.sent.confirmed(event));
    live.follow(SendStatusChangedDocument, { agentId }, (event) => this.sent.changed(event));
    live.follow(ReplyRoutedDocument, { agentId }, (event) => this.tickets.answered(event));
    live.follow(TicketChangedDocument, {}, (event) => this.tickets.changed(event));
    live.follow(TicketMessageChangedDocument, {}, ({ message }) => this.tickets.say(message.ticket, message));
    return { live, over };
  }

  private async work(): Promise<void> {
    this.terminal.print(dim('new writes to a customer, help tells the rest.'));
    for (;;) {
      const ticket = this.ticketId === null ? undefined : this.tickets.byId(this.ticketId);
      try {
        const line = await this.terminal.next(ticket ? `#${ticket.number}> ` : '> ');
        if (line === '') continue;
        if (ticket && !line.startsWith('/')) await this.acts.say(ticket, line);
        else if (await this.command(line.replace(/^\//, ''))) return;
      } catch (error) {
        if (error instanceof InputEnded) return;
        this.complain(error);
      }
    }
  }

  /** @returns whether the person leaves. */
  private async command(line: string): Promise<boolean> {
    const [word = '', argument = ''] = line.toLowerCase().split(/\s+/);
    const presence = PRESENCES[word];
    if (presence) await this.setPresence(presence);
    else if (word === 'new') this.sent.add(await writeMessage(this.api, this.terminal));
    else if (word === 'tickets') this.tickets.list();
    else if (word === 'sends') this.sent.list();
    else if (word === 'open') await this.enter(Number(argument.replace('#', '')));
    else if (word === 'close') await this.close();
    else if (word === 'back') this.ticketId = null;
    else if (word === 'help') this.terminal.print(HELP);
    else if (word === 'quit') return true;
    else this.terminal.print(red(`There is no command ${word}: help lists them.`));
    return false;
  }

  private async enter(number: number): Promise<void> {
    const ticket = this.tickets.byNumber(number);
    if (!ticket) this.terminal.print(red('There is no such ticket here: tickets lists them.'));
    else if (await this.acts.open(ticket)) this.ticketId = ticket.id;
  }

  private async close(): Promise<void> {
    const ticket = this.ticketId === null ? undefined : this.tickets.byId(this.ticketId);
    if (!ticket) this.terminal.print(red('Open the ticket first.'));
    else if (await this.acts.close(ticket)) this.ticketId = null;
  }

  private async setPresence(presence: Presence): Promise<void> {
    const { setPresence } = await this.api.run(SetPresenceDocument, { presence });
    setPresence?.userErrors.forEach((refusal) => this.terminal.print(describe(refusal)));
    if (this.presence !== presence) this.terminal.print(dim(`You are ${presence.toLowerCase()}.`));
    this.presence = presence;
  }

  private complain(error: unknown): void {
    if (error instanceof Canceled) this.terminal.print(dim('Nothing was sent.'));
    else if (error instanceof RequestFailed) this.terminal.print(red(`✗ ${error.message} (${error.code})`));
    else throw error;
  }
}
