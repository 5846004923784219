import sql from 'sql-template-tag';
import { EventRow } from '../../src/entities/event';
import type { Platform } from '../../src/services/context';
import type { Caller } from './caller';
import { eventually } from './eventually';
import { asHappenings, HEARINGS, HEARINGS_OF_ALL, type Hearing } from './hearings';
import { complaintAbout, ResumingClient, sequenceOf } from './resuming-client';
import { figure, scaled } from './scale';

/** Every tenth client keeps its sockets, so that pings tell it its place. */
const isRestless = (index: number): boolean => index % 10 !== 9;

/** Numbers that look drawn, the same in each run. */
function drawn(): number {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
  return state / 2_147_483_648;
}
let state = 1;

const lifetime = (): number => scaled(200, 1_000) + drawn() * scaled(800, 4_000);

/** A client, with what it hears and as whom. */
interface Listening {
  client: ResumingClient;
  hearing: Hearing;
  agentId: string | null;
  isRestless: boolean;
}

export interface AudienceOptions {
  size: number;
  /** Who hears everything, and who its own. */
  overseers: readonly Caller[];
  agents: readonly Caller[];
  /** Where a client connects to next. */
  url: () => string;
  /** The place in the contract's log that all begin after. */
  after: string;
  contractId: string;
}

/** Many clients of different callers and subscriptions, most of which lose their sockets again and again. */
export class Audience {
  private readonly listening: readonly Listening[];

  constructor(private readonly options: AudienceOptions) {
    const { size, overseers, agents, url, after } = options;
    const people = [
      ...overseers.map(({ token }) => ({ token, agentId: null })),
      ...agents.map(({ token, id }) => ({ token, agentId: id })),
    ];
    this.listening = Array.from({ length: size }, (_, index) => {
      const { token, agentId } = people[index % people.length] as (typeof people)[number];
      const hearings = agentId === null ? HEARINGS_OF_ALL : HEARINGS;
      const hearing = hearings[Math.floor(index / people.length) % hearings.length] as Hearing;
      const { document, variables = {} } = hearing;
      const restless = isRestless(index);
      const client = new ResumingClient({
        ...{ url, token, document, variables, after },
        ...(restless && { lifetime }),
      });
      return { client, hearing, agentId, isRestless: restless };
    });
  }

  get clients(): readonly ResumingClient[] {
    return this.listening.map(({ client }) => client);
  }

  /** How many have heard anything: for an agent's own events there may have been none. */
  get hearers(): number {
    return this.clients.filter(({ heard }) => heard.length > 0).length;
  }

  /** Waits until everybody heard all that is in the log, and once more after those who come and go came again. */
  async heardAll(platform: Platform, patience: number): Promise<void> {
    await this.hasNoComplaint(platform, patience);
    // Once everybody has resumed again, what was repeated at the last seam has come too.
    const connections = this.clients.map((client) => client.connections);
    const resumed = (): boolean =>
      this.listening.every(
        (one, index) => !one.isRestless || one.client.connections > (connections[index] ?? 0) + 1,
      );
    await eventually(resumed, (all) => all, patience);
    await this.hasNoComplaint(platform, patience);
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.stop()));
  }

  /** Keeps what was measured for the table of promises. */
  keepFigures(promise: string, before = ''): void {
    const sum = (of: (client: ResumingClient) => number): number =>
      this.clients.reduce((total, client) => total + of(client), 0);
    const resumed = sum(({ connections }) => connections) - this.clients.length;
    figure(promise, `${before}times that a client resumed`, resumed);
    const positions = sum((client) => client.positions);
    figure(promise, `${before}places that pings told`, positions);
    const heard = sum((client) => client.heard.length);
    figure(promise, `${before}events heard, none missed, none twice`, heard);
  }

  private async hasNoComplaint(platform: Platform, patience: number): Promise<void> {
    await eventually(
      () => this.complaints(platform),
      (all) => all.length === 0,
      patience,
    );
  }

  /** What is wrong with what they heard, by the log as it is in the database. */
  private async complaints({ store }: Platform): Promise<string[]> {
    const { contractId, after } = this.options;
    // A look at everybody costs much: not too often, where it is asked again and again.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const where = sql`sequence > ${sequenceOf(after)}`;
    const log = asHappenings(
      await store.rowsOf(contractId).find(EventRow, { where, orderBy: sql`sequence` }),
    );
    return this.listening.flatMap(({ client, hearing, agentId }) => {
      const due = log.filter((event) => hearing.isFor(event, agentId)).map(({ sequence }) => sequence);
      const complaint = client.problem ?? complaintAbout(client.heard, due);
      return complaint === null ? [] : [`${agentId ?? 'all'}: ${complaint} of ${hearing.document}`];
    });
  }
}
