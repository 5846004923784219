import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Data } from '../kit/caller';
import { APP_SECRET, Customer } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers, PROVIDER_TOKEN } from '../kit/provider-double';

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
const phone = (): string => `+55119${String(90_000_000 + (phones += 1))}`;

/** The latest ticket of the desk, once it has so many. */
async function latest(count: number): Promise<Data> {
  const { tickets } = await eventually(
    () =>
      desk.admin.ask(
        '{ tickets(orderBy: { field: CREATED_AT, direction: DESC }) { nodes { id status bot { id } queue { id isDefault } agent { id } } } }',
      ),
    ({ tickets: found }) => found.nodes.length === count,
  );
  return (tickets.nodes as Data[])[0] ?? {};
}

async function bot(name: string, kind: 'ROUTER' | 'SDK'): Promise<{ id: string; identity: string }> {
  const identity = `${name}@msging.net`;
  const { bot: made } = await desk.admin.act('createBot', { name, identity, kind }, 'bot { id }');
  return { id: made.id as string, identity };
}

/** A number that a router holds, and whoever writes to it. */
async function number(routerId: string): Promise<(waId: string) => Customer> {
  const phoneNumberId = `9${desk.phoneNumberId}`;
  const { channel } = await desk.admin.act(
    'connectWhatsAppChannel',
    {
      botId: routerId,
      phoneNumber: '+551144440000',
      cloudApi: {
        phoneNumberId,
        businessAccountId: '9000',
        accessToken: PROVIDER_TOKEN,
        appSecret: APP_SECRET,
        verifyToken: 'verify me',
      },
    },
    'channel { id }',
  );
  const door = { app, channelId: channel.id as string, phoneNumberId, businessAccountId: '9000' };
  return (waId) => new Customer(door, waId);
}

const defaultQueue = async (botId: string): Promise<string> => {
  const { queues } = await desk.admin.ask('query ($bot: ID!) { queues(botId: $bot) { id isDefault } }', {
    bot: botId,
  });
  return (queues as Data[]).find(({ isDefault }) => isDefault)?.id as string;
};

const routeTo = async ({ identity }: { identity: string }, ...bots: { id: string }[]): Promise<void> => {
  for (const { id } of bots)
    await desk.admin.act(
      'updateSettings',
      { botId: id, routerIdentity: identity },
      'settings { routerIdentity }',
    );
};

describe('rule 31: which bot serves whoever writes by themselves', () => {
  test("the last one that did, else the router's oldest, else the router's default queue", async () => {
    const router = await bot('router', 'ROUTER');
    const customers = await number(router.id);
    await customers(phone().slice(1)).write('nobody serves here yet');
    expect(await latest(1)).toMatchObject({
      bot: { id: router.id },
      queue: { id: await defaultQueue(router.id), isDefault: true },
    });
    const [sales, support] = [await bot('sales', 'SDK'), await bot('support', 'SDK')];
    await routeTo(router, support, sales);
    const known = customers(phone().slice(1));
    await known.write('the oldest');
    const { id: ticketId, ...first } = await latest(2);
    expect(first).toMatchObject({ bot: { id: sales.id } });
    await desk.admin.act(
      'transferTicket',
      { ticketId, queueId: await defaultQueue(support.id) },
      'ticket { id }',
    );
    await desk.admin.act('closeTicket', { ticketId }, 'ticket { id }');
    await known.write('the last one');
    expect(await latest(3)).toMatchObject({ bot: { id: support.id } });
  });
});

test('rule 35: a ticket goes to a queue of a bot on its own number alone', async () => {
  const router = await bot('router', 'ROUTER');
  const customers = await number(router.id);
  const support = await bot('support', 'SDK');
  await routeTo(router, support);
  await customers(phone().slice(1)).write('hello');
  const { id: ticketId } = await latest(1);
  const elsewhere = await defaultQueue(desk.botId);
  expect(await desk.admin.refusals('transferTicket', { ticketId, queueId: elsewhere })).toEqual([
    'NOT_FOUND',
  ]);
  const near = await defaultQueue(router.id);
  await desk.admin.act('transferTicket', { ticketId, queueId: near }, 'ticket { id }');
  expect(await latest(1)).toMatchObject({ bot: { id: router.id }, queue: { id: near } });
});

test('rule 31: of those with as few tickets the one whose last assignment is oldest', async () => {
  const agents = [await desk.agent('Bia'), await desk.agent('Caio'), await desk.agent('Dora')];
  await desk.admin.act(
    'createQueue',
    {
      botId: desk.botId,
      name: 'Line',
      agentIds: agents.map(({ id }) => id),
      rules: [{ property: 'MESSAGE', relation: 'CONTAINS', values: ['help'] }],
    },
    'queue { id }',
  );
  const turns: string[] = [];
  for (let count = 1; count <= 6; count += 1) {
    await desk.customer(phone().slice(1)).write('help');
    const { id: ticketId, agent } = await latest(count);
    turns.push(agent.id as string);
    await desk.admin.act('closeTicket', { ticketId }, 'ticket { id }');
    app.clock.advance(1_000);
  }
  expect(new Set(turns.slice(0, 3)).size).toBe(3);
  expect(turns.slice(3)).toEqual(turns.slice(0, 3));
});
