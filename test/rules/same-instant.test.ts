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

test.each([
  ['updateAgent', 'slots', (value: number) => ({ agentId: desk.admin.id, slots: value }), 'agent { id }'],
  ['updateBot', 'name', (value: number) => ({ botId: desk.botId, name: `Bot ${value}` }), 'bot { id }'],
  [
    'setAdvancedSetting',
    'value',
    (value: number) => ({ botId: desk.botId, domain: 'a', key: 'b', value: `${value}` }),
    'settings { enabled }',
  ],
])('rule 41: %s by many at once tells of each what it was before', async (mutation, field, input, answer) => {
  const values = Array.from({ length: 12 }, (_, index) => 20 + index);
  await Promise.all(values.map((value) => desk.admin.act(mutation, input(value), answer)));
  const { auditLog } = await desk.admin.ask('{ auditLog(first: 100) { nodes { action changes } } }');
  const changes = (auditLog.nodes as Data[]).filter(({ action }) => action === mutation);
  const befores = changes.map((entry) => JSON.stringify(entry.changes[field].from));
  // All were different, so that none can have followed the same one as another.
  expect(befores).toHaveLength(values.length);
  expect(new Set(befores).size).toBe(values.length);
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
