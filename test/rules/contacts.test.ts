import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { ContactRow } from '../../src/entities/contact';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { deliver, messagesBody } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { inboxWorked } from '../kit/inbox';
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
const phone = (): string => `+55119${String(40_000_000 + (phones += 1))}`;
const seconds = (instant: number): string => String(Math.floor(instant / 1_000));

const CONTACT =
  'query ($id: ID!) { contact(id: $id) { id name phone aliases optedOutAt marketingOptedOutAt } }';

async function contact(id: string, caller: Caller = desk.admin): Promise<Data> {
  return (await caller.ask(CONTACT, { id })).contact;
}

async function addContact(number: string, botId = desk.botId): Promise<string> {
  return (await desk.admin.act('upsertContact', { botId, phone: number }, 'contact { id }')).contact
    .id as string;
}

/** Who is found on the bot by the agent's search. */
async function listed(caller: Caller, botId = desk.botId): Promise<string[]> {
  const { contacts } = await caller.ask('query ($bot: ID!) { contacts(botId: $bot) { nodes { id } } }', {
    bot: botId,
  });
  return (contacts.nodes as { id: string }[]).map(({ id }) => id);
}

async function preference(wa: string, value: 'stop' | 'resume', at: number): Promise<void> {
  await deliver(
    desk.door,
    JSON.parse(
      JSON.stringify(
        messagesBody(desk.door, {
          contacts: [{ profile: { name: 'Carla' }, wa_id: wa }],
          user_preferences: [
            { wa_id: wa, detail: 'x', category: 'marketing_messages', value, timestamp: seconds(at) },
          ],
        }),
      ).replace('"field":"messages"', '"field":"user_preferences"'),
    ),
  );
}

describe('rule 26: one person, many addresses', () => {
  test('a new number is learnt and is the one to write to, unless another contact holds it', async () => {
    const [old, fresh, taken] = [phone(), phone(), phone()];
    const id = await addContact(old);
    await addContact(taken);
    const change = (waId: string) =>
      desk
        .customer(old.slice(1))
        .message({ type: 'system', system: { type: 'user_changed_number', wa_id: waId, body: 'x' } });
    await change(fresh.slice(1));
    expect(
      await eventually(
        () => contact(id),
        ({ phone: now }) => now === fresh,
      ),
    ).toMatchObject({
      aliases: [old.slice(1), fresh.slice(1)],
    });
    await change(taken.slice(1));
    await inboxWorked(app);
    expect(await contact(id)).toMatchObject({ phone: fresh, aliases: [old.slice(1), fresh.slice(1)] });
    await desk.customer(fresh.slice(1)).write('from my new phone');
    const { tickets } = await eventually(
      () => desk.admin.ask('{ tickets { nodes { contact { id } } } }'),
      ({ tickets: page }) => page.nodes.length === 1,
    );
    expect(tickets.nodes[0].contact.id).toBe(id);
  });

  test('a user id that is replaced leads to the same person', async () => {
    const number = phone();
    const id = await addContact(number);
    const body = (update: object) =>
      JSON.parse(
        JSON.stringify(messagesBody(desk.door, { user_id_update: [update] })).replace(
          '"field":"messages"',
          '"field":"user_id_update"',
        ),
      ) as object;
    const timestamp = seconds(app.clock.now());
    await deliver(desk.door, body({ wa_id: number.slice(1), timestamp, user_id: { current: 'BR.1' } }));
    await eventually(
      () => contact(id),
      ({ aliases }) => aliases.includes('BR.1'),
    );
    await deliver(desk.door, body({ timestamp, user_id: { previous: 'BR.1', current: 'BR.2' } }));
    await eventually(
      () => contact(id),
      ({ aliases }) => aliases.includes('BR.2'),
    );
    await deliver(
      desk.door,
      messagesBody(desk.door, {
        contacts: [{ profile: { name: 'Carla' }, user_id: 'BR.2' }],
        messages: [
          { from_user_id: 'BR.2', id: 'wamid.by.user.id', timestamp, type: 'text', text: { body: 'me' } },
        ],
      }),
    );
    const { tickets } = await eventually(
      () => desk.admin.ask('{ tickets { nodes { contact { id } } } }'),
      ({ tickets: page }) => page.nodes.length === 1,
    );
    expect(tickets.nodes[0].contact.id).toBe(id);
  });

  test('an address that another contact holds stays its own', async () => {
    const write = (from: object, by: object): Promise<number> =>
      deliver(
        desk.door,
        messagesBody(desk.door, {
          contacts: [{ profile: { name: 'Carla' }, ...by }],
          messages: [
            {
              ...from,
              id: `wamid.held.${JSON.stringify(from).length}`,
              timestamp: seconds(app.clock.now()),
              type: 'text',
              text: { body: 'me' },
            },
          ],
        }),
      );
    const number = phone();
    const id = await addContact(number);
    await write({ from_user_id: 'BR.9' }, { user_id: 'BR.9' });
    await inboxWorked(app);
    const waId = number.slice(1);
    await write({ from: waId, from_user_id: 'BR.9' }, { wa_id: waId, user_id: 'BR.9' });
    await inboxWorked(app);
    const contacts = await app.platform.store
      .rowsOf(desk.contractId)
      .find(ContactRow, { orderBy: sql`user_id` });
    expect(contacts.map(({ phone: held, userId }) => [held, userId]).sort()).toEqual([
      [number, null],
      [null, 'BR.9'],
    ]);
    expect((await contact(id)).aliases).toEqual([waId]);
  });

  test('strangers who arrive at once under two forms of one number are one contact with one ticket', async () => {
    const pairs = Array.from({ length: 8 }, (_, index) => [
      `551187651${String(100 + index)}`,
      `5511987651${String(100 + index)}`,
    ]);
    await Promise.all(pairs.flat().map((waId) => desk.customer(waId).write('hello')));
    const { tickets } = await eventually(
      () => desk.admin.ask('{ tickets(first: 100) { nodes { messages { nodes { id } } } } }'),
      ({ tickets: page }) =>
        page.nodes.flatMap(({ messages }: Data) => messages.nodes as Data[]).length === 16,
    );
    expect(tickets.nodes).toHaveLength(8);
    expect(new Set(await listed(desk.admin)).size).toBe(8);
  });
});

describe('who may read contacts', () => {
  test('an agent those of bots where it may send or serves a queue, with the rights of the moment', async () => {
    const agent = await desk.agent('Bia', { granted: false });
    const id = await addContact(phone());
    const sees = async (): Promise<boolean[]> => [
      (await contact(id, agent)) !== null,
      (await listed(agent)).includes(id),
      (await agent.ask('query ($id: ID!) { node(id: $id) { id } }', { id })).node !== null,
    ];
    expect(await sees()).toEqual([false, false, false]);
    await desk.grant(agent.id);
    expect(await sees()).toEqual([true, true, true]);
    await desk.grant(agent.id, false);
    expect(await sees()).toEqual([false, false, false]);
    const { queue } = await desk.admin.act(
      'createQueue',
      { botId: desk.botId, name: 'Line', agentIds: [agent.id] },
      'queue { id }',
    );
    expect(await sees()).toEqual([true, true, true]);
    await desk.admin.act('updateQueue', { queueId: queue.id, agentIds: [] }, 'queue { id }');
    expect(await sees()).toEqual([false, false, false]);
    expect(await agent.refusals('setContactOptOut', { contactId: id, optedOut: true })).toEqual([
      'CONTACT_NOT_FOUND',
    ]);
    expect(
      await agent.problem(
        'mutation ($b: ID!) { upsertContact(input: { botId: $b, phone: "+5511999990000" }) { userErrors { code } } }',
        { b: desk.botId },
      ),
    ).toBe('FORBIDDEN');
  });

  test('rule 5: ROUTER shows an agent everyone on the number of a bot where it may send', async () => {
    const { bot: router } = await desk.admin.act(
      'createBot',
      { name: 'Main', identity: `main${desk.phoneNumberId}@msging.net`, kind: 'ROUTER' },
      'bot { id identity }',
    );
    await desk.admin.act(
      'connectWhatsAppChannel',
      {
        botId: router.id,
        phoneNumber: '+551133330000',
        cloudApi: {
          phoneNumberId: `9${desk.phoneNumberId}`,
          businessAccountId: `9${desk.businessAccountId}`,
          accessToken: 't',
          appSecret: 's',
          verifyToken: 'v',
        },
      },
      'channel { id }',
    );
    const botOf = async (name: string): Promise<string> => {
      const { bot } = await desk.admin.act(
        'createBot',
        { name, identity: `${name}${desk.phoneNumberId}@msging.net`, kind: 'BUILDER' },
        'bot { id }',
      );
      await desk.admin.act(
        'updateSettings',
        { botId: bot.id, routerIdentity: router.identity },
        'settings { routerIdentity }',
      );
      return bot.id as string;
    };
    const [sales, support] = [await botOf('sales'), await botOf('support')];
    const elsewhere = await addContact(phone());
    const ofSales = await addContact(phone(), sales);
    const ofSupport = await addContact(phone(), support);
    const agent = await desk.agent('Bia', { granted: false });
    await desk.admin.act(
      'setPermissions',
      { botId: sales, agentIds: [agent.id], permission: 'SEND_ACTIVE_MESSAGES', granted: true },
      'agents { id }',
    );
    expect(await listed(agent, sales)).toEqual([ofSales]);
    expect(await contact(ofSupport, agent)).toBeNull();
    await desk.admin.act(
      'updateSettings',
      { botId: sales, contactSearchLocation: 'ROUTER' },
      'settings { contactSearch { location } }',
    );
    expect(new Set(await listed(agent, sales))).toEqual(new Set([ofSales, ofSupport]));
    expect(await contact(ofSupport, agent)).not.toBeNull();
    expect(await contact(elsewhere, agent)).toBeNull();
    const other = await desk.agent('Caio');
    expect(await contact(ofSupport, other)).toBeNull();
  });
});

describe('rule 44: opting out', () => {
  test("WhatsApp's own reports record and lift it for marketing, in whatever order they are told", async () => {
    const number = phone();
    const id = await addContact(number);
    const start = app.clock.now();
    await preference(number.slice(1), 'stop', start);
    await eventually(
      () => contact(id),
      ({ marketingOptedOutAt }) => marketingOptedOutAt !== null,
    );
    await preference(number.slice(1), 'resume', start + 5_000);
    await eventually(
      () => contact(id),
      ({ marketingOptedOutAt }) => marketingOptedOutAt === null,
    );
    await preference(number.slice(1), 'stop', start + 9_000);
    await eventually(
      () => contact(id),
      ({ marketingOptedOutAt }) => marketingOptedOutAt !== null,
    );
    // The earlier lift is told again.
    await preference(number.slice(1), 'resume', start + 5_000);
    await inboxWorked(app);
    expect(await contact(id)).toMatchObject({ optedOutAt: null, marketingOptedOutAt: expect.any(String) });
    await preference(number.slice(1), 'resume', start + 20_000);
    await eventually(
      () => contact(id),
      ({ marketingOptedOutAt }) => marketingOptedOutAt === null,
    );
    // So is the wish to stop that was lifted since.
    await preference(number.slice(1), 'stop', start + 9_000);
    await inboxWorked(app);
    expect(await contact(id)).toMatchObject({ optedOutAt: null, marketingOptedOutAt: null });
  });

  test('a report of error 131050 that is told again does not undo what was lifted since', async () => {
    const number = phone();
    const { contactId, providerMessageId } = await desk.accepted(desk.admin, number);
    const at = app.clock.now();
    const report = () =>
      desk.customer(number.slice(1)).report('failed', providerMessageId, { at, errorCode: 131050 });
    await report();
    await eventually(
      () => contact(contactId),
      ({ marketingOptedOutAt }) => marketingOptedOutAt !== null,
    );
    app.clock.advance(60_000);
    await desk.admin.act(
      'setContactOptOut',
      { contactId, scope: 'MARKETING', optedOut: false },
      'contact { id }',
    );
    await report();
    await inboxWorked(app);
    expect(await contact(contactId)).toMatchObject({ optedOutAt: null, marketingOptedOutAt: null });
  });

  test('a failure that is reported again does not undo what the customer has wished since', async () => {
    const agent = await desk.agent('Bia');
    const number = phone();
    const { providerMessageId, contactId } = await desk.accepted(agent, number);
    const at = app.clock.now();
    const report = () =>
      desk.customer(number.slice(1)).report('failed', providerMessageId, { at, errorCode: 131050 });
    await report();
    await eventually(
      () => contact(contactId),
      ({ marketingOptedOutAt }) => marketingOptedOutAt !== null,
    );
    await preference(number.slice(1), 'resume', at + 5_000);
    await eventually(
      () => contact(contactId),
      ({ marketingOptedOutAt }) => marketingOptedOutAt === null,
    );
    await report();
    await inboxWorked(app);
    expect(await contact(contactId)).toMatchObject({ marketingOptedOutAt: null });
  });

  test('an agent records it for the customer of a ticket that it sees', async () => {
    const agent = await desk.agent('Bia');
    await desk.turnOnDirectTransfer();
    const number = phone();
    const { contactId } = await desk.accepted(agent, number);
    await desk.customer(number.slice(1)).write('stop writing to me');
    await eventually(
      () => agent.ask('{ tickets { totalCount } }'),
      ({ tickets }) => tickets.totalCount === 1,
    );
    await agent.act('setContactOptOut', { contactId, optedOut: true }, 'contact { optedOutAt }');
    expect((await contact(contactId)).optedOutAt).not.toBeNull();
  });
});
