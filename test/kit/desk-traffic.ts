import { Presence } from '../../src/entities/enums';
import type { EventRow } from '../../src/entities/event';
import { Caller } from './caller';
import { Customer } from './customer';
import type { Desk } from './desk';
import { eventually } from './eventually';
import { scaled } from './scale';

/** Tries until it is done: the server may be killed meanwhile. */
async function persistently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What goes on at a desk while the servers that do it are killed now and then. */
export class Traffic {
  /** The sends that were acknowledged. */
  readonly sendIds: string[] = [];
  presences = 0;
  private customers = 0;

  private readonly admin: Caller;
  private readonly agents: readonly Caller[];

  constructor(
    private readonly desk: Desk,
    agents: readonly Caller[],
    private readonly idleAgentId: string,
    /** Which server is asked next. */
    private readonly url: () => string,
  ) {
    const there = ({ token, id }: Caller): Caller => new Caller(url, token, id);
    this.admin = there(desk.admin);
    this.agents = agents.map(there);
  }

  async work(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1)
      await Promise.all([this.changePresence(), ...this.agents.map((agent) => this.converse(agent))]);
  }

  /** Somebody comes and goes, as often as there are agents. */
  private async changePresence(): Promise<void> {
    for (let change = 0; change < 2 * this.agents.length; change += 1) {
      const presence = change % 2 === 0 ? Presence.PAUSED : Presence.ONLINE;
      const input = { agentId: this.idleAgentId, presence };
      await persistently(() => this.admin.act('setPresence', input, 'agent { id }'));
      this.presences += 1;
    }
  }

  /** The agent writes, WhatsApp reports, the customer reads and answers. */
  private async converse(agent: Caller): Promise<void> {
    const phone = `55119${10_000_000 + (this.customers += 1)}`;
    const input = this.desk.orderUpdate(`+${phone}`);
    const { send } = await persistently(() => agent.act('sendActiveMessage', input, 'send { id }'));
    this.sendIds.push(send.id as string);
    const messageId = await this.acceptedAs(send.id as string);
    // One that was on its way when the server was killed stays unknown for minutes.
    if (messageId === null) return;
    const customer = this.customer(phone);
    await persistently(() => customer.report('delivered', messageId));
    await persistently(() => customer.report('read', messageId));
    await persistently(() => customer.write('Yes, thank you', { context: messageId }));
  }

  private customer(phone: string): Customer {
    const { url, desk } = this;
    const { clock } = desk.door.app;
    const app = {
      clock,
      get url() {
        return url();
      },
    };
    return new Customer({ ...desk.door, app }, phone);
  }

  private async acceptedAs(id: string): Promise<string | null> {
    const document = 'query ($id: ID!) { send(id: $id) { providerMessageId outcomeUnknown } }';
    const ask = async () => (await persistently(() => this.admin.ask(document, { id }))).send;
    const isSettled = (send: { providerMessageId: string | null; outcomeUnknown: boolean }): boolean =>
      send.providerMessageId !== null || send.outcomeUnknown;
    const settled = await eventually(ask, isSettled, scaled(3_000, 20_000)).catch(() => null);
    return settled?.providerMessageId ?? null;
  }

  /** Works, and does something to the servers in the middle of it. */
  async workDuring(rounds: number, interruption: () => Promise<void>, patience: number): Promise<void> {
    const before = this.presences;
    const working = this.work(rounds);
    await eventually(
      () => this.presences - before,
      (changes) => changes >= this.agents.length,
      patience,
    );
    await interruption();
    await working;
  }

  /** What was acknowledged and is not in the log. */
  missingIn(log: readonly EventRow[]): string[] {
    const sendIds = new Set(log.map(({ kind, data }) => (kind === 'SendChanged' ? data['sendId'] : null)));
    const presences = log.filter(({ data }) => data['presence'] && data['agentId'] === this.idleAgentId);
    const missing = this.sendIds.filter((id) => !sendIds.has(id));
    return presences.length < this.presences ? [...missing, 'changes of presence'] : missing;
  }
}
