import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { Presence } from '../../src/entities/enums';
import { EventRow } from '../../src/entities/event';
import type { Platform } from '../../src/services/context';
import { TestApp } from '../kit/app';
import { openPlatform } from '../kit/bare-platform';
import { Caller } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { Customer } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { freePort } from '../kit/free-port';
import { asHappenings, HEARINGS, HEARINGS_OF_ALL, type Hearing } from '../kit/hearings';
import { ServerProcess } from '../kit/process';
import { complaintAbout, ResumingClient, sequenceOf } from '../kit/resuming-client';
import { figure, scaled } from '../kit/scale';

const PROMISE = 'Subscriptions miss nothing';
/** For a machine that has ten other things to do; nothing waits for it to pass. */
const PATIENCE = scaled(25_000, 600_000);

const CLIENTS = scaled(36, 500);
const AGENTS = scaled(3, 25);
const KILLS = scaled(1, 5);
/** So many rounds of the desk's work between two kills. */
const ROUNDS = scaled(1, 3);
/** Every tenth client keeps its sockets, so that pings tell it its place. */
const isRestless = (index: number): boolean => index % 10 !== 9;

/** Numbers that look drawn, the same in each run. */
function drawn(): number {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
  return state / 2_147_483_648;
}
let state = 1;

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

/** What goes on at a desk while the server that does it is killed now and then. */
class Traffic {
  /** The sends that were acknowledged. */
  readonly sendIds: string[] = [];
  presences = 0;
  private customers = 0;

  constructor(
    private readonly desk: Desk,
    private readonly app: { url: string; clock: TestClock },
    private readonly admin: Caller,
    private readonly agents: Caller[],
    private readonly idleAgentId: string,
  ) {}

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
    const customer = new Customer({ ...this.desk.door, app: this.app }, phone);
    await persistently(() => customer.report('delivered', messageId));
    await persistently(() => customer.report('read', messageId));
    await persistently(() => customer.write('Yes, thank you', { context: messageId }));
  }

  private async acceptedAs(id: string): Promise<string | null> {
    const document = 'query ($id: ID!) { send(id: $id) { providerMessageId outcomeUnknown } }';
    const ask = async () => (await persistently(() => this.admin.ask(document, { id }))).send;
    const isSettled = (send: { providerMessageId: string | null; outcomeUnknown: boolean }): boolean =>
      send.providerMessageId !== null || send.outcomeUnknown;
    const settled = await eventually(ask, isSettled, scaled(3_000, 20_000)).catch(() => null);
    return settled?.providerMessageId ?? null;
  }
}

/** A client, with what it hears and as whom. */
interface Listening {
  client: ResumingClient;
  hearing: Hearing;
  agentId: string | null;
}

/** What is wrong with what they heard, by the log as it is in the database. */
async function complaintsOf(
  audience: readonly Listening[],
  { store }: Platform,
  contractId: string,
  after: string,
): Promise<string[]> {
  // A look at everybody costs much: not too often, where it is asked again and again.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const where = sql`sequence > ${sequenceOf(after)}`;
  const log = asHappenings(await store.rowsOf(contractId).find(EventRow, { where, orderBy: sql`sequence` }));
  return audience.flatMap(({ client, hearing, agentId }) => {
    const due = log.filter((event) => hearing.isFor(event, agentId)).map(({ sequence }) => sequence);
    const complaint = client.problem ?? complaintAbout(client.heard, due);
    return complaint === null ? [] : [`${agentId ?? 'all'}: ${complaint} of ${hearing.document}`];
  });
}

let app: TestApp;
// The server is a process of its own, whose clock is the machine's.
const clock = new TestClock(Date.now());
beforeAll(async () => {
  app = await TestApp.start({
    clock,
    environment: { REQUESTS_PER_MINUTE: '1000000', SENDS_PER_MINUTE: '100000', PRESENCE_TIMEOUT: '0' },
  });
});
afterAll(() => app.stop());

test(
  `${CLIENTS} clients that come and go hear all that is theirs, in order, each once, while the server is killed`,
  async () => {
    const desk = await Desk.open(app);
    await desk.turnOnDirectTransfer();
    const names = Array.from({ length: AGENTS }, (_, index) => `Agent${index}`);
    const agents = await Promise.all(names.map((name) => desk.agent(name)));
    const idle = await desk.agent('Idle');
    const { secret } = await desk.admin.act('createApiKey', { name: 'bi', scopes: ['READ'] }, 'secret');
    const after = await desk.admin.cursor();

    await app.restart(async (databaseUrl) => {
      const port = String(await freePort());
      const environment = { ...app.environment, DATABASE_URL: databaseUrl, PORT: port, LOG_LEVEL: 'error' };
      let server = await ServerProcess.start(environment);
      const { url } = server;
      const there = ({ token, id }: Caller): Caller => new Caller(() => url, token, id);
      const traffic = new Traffic(desk, { url, clock }, there(desk.admin), agents.map(there), idle.id);

      const people = [desk.admin, app.machine(secret as string), ...agents];
      const audience = Array.from({ length: CLIENTS }, (_, index): Listening => {
        const caller = people[index % people.length] as Caller;
        const agentId = agents.includes(caller) ? caller.id : null;
        const hearings = agentId === null ? HEARINGS_OF_ALL : HEARINGS;
        const hearing = hearings[Math.floor(index / people.length) % hearings.length] as Hearing;
        const { document, variables = {} } = hearing;
        const lifetime = (): number => scaled(200, 1_000) + drawn() * scaled(800, 4_000);
        const client = new ResumingClient({
          ...{ url, token: caller.token, document, variables, after },
          ...(isRestless(index) && { lifetime }),
        });
        return { client, hearing, agentId };
      });
      const reader = await openPlatform(databaseUrl, app.provider.url, clock);
      try {
        for (let kill = 0; kill < KILLS; kill += 1) {
          const before = traffic.presences;
          const working = traffic.work(ROUNDS);
          // In the middle of the first round.
          await eventually(
            () => traffic.presences - before,
            (changes) => changes >= AGENTS,
            PATIENCE,
          );
          await server.kill();
          server = await ServerProcess.start(environment);
          await working;
        }
        await traffic.work(1);
        const complaints = () => complaintsOf(audience, reader.platform, desk.contractId, after);
        await eventually(complaints, (all) => all.length === 0, PATIENCE);
        // Once everybody has resumed again, what was repeated at the last seam has come too.
        const connections = audience.map(({ client }) => client.connections);
        const resumed = (): boolean =>
          audience.every(
            ({ client }, index) => !isRestless(index) || client.connections > (connections[index] ?? 0) + 1,
          );
        await eventually(resumed, (all) => all, PATIENCE);
        expect(await complaints()).toEqual([]);
        expect(audience.filter(({ client }) => client.heard.length === 0)).toEqual([]);
        expect(audience.filter(({ client }) => client.connections <= KILLS)).toEqual([]);
        // The log that everybody is measured by holds what was acknowledged.
        const told = await reader.platform.store.rowsOf(desk.contractId).find(EventRow);
        const sendIds = new Set(
          told.map(({ kind, data }) => (kind === 'SendChanged' ? data['sendId'] : null)),
        );
        expect(traffic.sendIds.filter((id) => !sendIds.has(id))).toEqual([]);
        const presences = told.filter(({ data }) => data['presence'] && data['agentId'] === idle.id);
        expect(presences.length).toBeGreaterThanOrEqual(traffic.presences);
      } finally {
        await Promise.all(audience.map(({ client }) => client.stop()));
        await reader.close();
        await server.kill();
      }
      const sum = (of: (client: ResumingClient) => number): number =>
        audience.reduce((total, { client }) => total + of(client), 0);
      figure(PROMISE, 'clients, and kills of their server', `${CLIENTS}, ${KILLS}`);
      figure(PROMISE, 'times that a client resumed', sum(({ connections }) => connections) - CLIENTS);
      figure(
        PROMISE,
        'places that pings told',
        sum(({ positions }) => positions),
      );
      figure(
        PROMISE,
        'events heard, none missed, none twice',
        sum(({ heard }) => heard.length),
      );
    });
  },
  scaled(90_000, 1_200_000),
);
