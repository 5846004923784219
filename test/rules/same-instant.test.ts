import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { AgentRow } from '../../src/entities/agent';
import { Presence, TicketStatus } from '../../src/entities/enums';
import { TicketRow } from '../../src/entities/ticket';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { meanwhile } from '../kit/meanwhile';
import { answers } from '../kit/provider-double';

let app: TestApp;
let desk: Desk;

beforeAll(async () => {
  app = await TestApp.start();
});
beforeEach(async () => {
  app.provider.answer(answers.accept());
  desk = await Desk.open(app);
});
afterAll(async () => {
  await app.stop();
});

let phones = 0;
const phone = (): string => `+55119${String(80_000_000 + (phones += 1))}`;

async function queue(word: string, agents: readonly Caller[]): Promise<string> {
  const { queue: made } = await desk.admin.act(
    'createQueue',
    {
      botId: desk.botId,
      name: word,
      agentIds: agents.map(({ id }) => id),
      rules: [{ property: 'MESSAGE', relation: 'CONTAINS', values: [word] }],
    },
    'queue { id }',
  );
  return made.id as string;
}

/** The tickets of a queue, once there are so many. */
async function ticketsIn(queueId: string, count: number): Promise<Data[]> {
  const { tickets } = await eventually(
    () =>
      desk.admin.ask(
        'query ($queue: [ID!]) { tickets(filter: { queueIds: $queue }) { nodes { id status agent { id } } } }',
        { queue: [queueId] },
      ),
    ({ tickets: found }) => found.nodes.length === count,
  );
  return tickets.nodes as Data[];
}

test('rule 31: a ticket goes to whoever has the fewest, also where another queue of the same people is served', async () => {
  const [bia, caio] = [
    await desk.agent('Bia', { presence: 'PAUSED' }),
    await desk.agent('Caio', { presence: 'PAUSED' }),
  ];
  const [orders, returns] = [await queue('orders', [bia, caio]), await queue('returns', [bia, caio])];
  await desk.customer(phone().slice(1)).write('orders');
  const [first] = await ticketsIn(orders, 1);
  // Of two who have nothing yet it is the turn of the one who was added first.
  await app.platform.store.transact(desk.contractId, (transaction) =>
    transaction.update(AgentRow, { presence: Presence.ONLINE }, sql`id in (${bia.id}, ${caio.id})`),
  );
  await meanwhile(
    app,
    { contractId: desk.contractId, entity: AgentRow, id: bia.id },
    (transaction) =>
      transaction.update(
        TicketRow,
        { status: TicketStatus.OPEN, agentId: bia.id },
        sql`id = ${String(first?.id)}`,
      ),
    async () => {
      await desk.customer(phone().slice(1)).write('returns');
    },
  );
  expect(await ticketsIn(returns, 1)).toMatchObject([{ status: 'OPEN', agent: { id: caio.id } }]);
});

test('rule 36: who comes to the desk in the moment of being deactivated is OFFLINE afterwards', async () => {
  const bia = await desk.agent('Bia', { presence: 'OFFLINE' });
  const { agent } = await meanwhile(
    app,
    { contractId: desk.contractId, entity: AgentRow, id: bia.id },
    (transaction) => transaction.update(AgentRow, { presence: Presence.ONLINE }, sql`id = ${bia.id}`),
    () => desk.admin.act('updateAgent', { agentId: bia.id, active: false }, 'agent { active presence }'),
  );
  expect(agent).toEqual({ active: false, presence: 'OFFLINE' });
});
