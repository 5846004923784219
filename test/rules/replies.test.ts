import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { deliver, freshMessageId, messagesBody } from '../kit/customer';
import { Desk, SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { inboxWorked } from '../kit/inbox';
import { answers } from '../kit/provider-double';

const HOUR = 3_600_000;
let app: TestApp;
let desk: Desk;
let agent: Caller;

beforeAll(async () => {
  app = await TestApp.start();
});
beforeEach(async () => {
  app.provider.answer(answers.accept());
  desk = await Desk.open(app);
  agent = await desk.agent('Bia');
});
afterAll(async () => {
  await app.stop();
});

let phones = 0;
const phone = (): string => `+55119${String(70_000_000 + (phones += 1))}`;
const digits = (number: string): string => number.slice(1);

const TICKET =
  'id number status origin matchedBy entryBlockId unreadCount agent { id } reservedFor { id } queue { id } send { id } bot { id } contact { id name } messages { nodes { id kind text direction } }';

/** All tickets of the desk, oldest first, once there are so many. */
async function tickets(count: number, caller = desk.admin): Promise<Data[]> {
  const { nodes } = await eventually(
    async () =>
      (
        await caller.ask(
          `{ tickets(orderBy: { field: CREATED_AT, direction: ASC }) { nodes { ${TICKET} } } }`,
        )
      ).tickets as { nodes: Data[] },
    (found) => found.nodes.length === count,
  );
  return nodes;
}

describe('rules 25 and 26: recognising messages and people', () => {
  test('a repeat changes nothing', async () => {
    const customer = desk.customer(digits(phone()));
    const id = await customer.write('once');
    await customer.write('once', { id });
    await customer.write('once', { id });
    await inboxWorked(app);
    const [ticket] = await tickets(1);
    expect(ticket.messages.nodes).toHaveLength(1);
    expect(ticket.unreadCount).toBe(1);
  });

  test('reactions, system notices, unsupported messages and echoes open no ticket and create no contact', async () => {
    const customer = desk.customer(digits(phone()));
    await customer.message({ type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍' } });
    await customer.message({ type: 'unsupported', errors: [{ code: 131051, title: 'Unsupported' }] });
    await customer.message({ type: 'system', system: { type: 'customer_identity_changed', body: 'x' } });
    await inboxWorked(app);
    await tickets(0);
    const { contacts } = await desk.admin.ask(
      'query ($bot: ID!, $search: String) { contacts(botId: $bot, search: $search) { totalCount } }',
      { bot: desk.botId, search: customer.waId },
    );
    expect(contacts.totalCount).toBe(0);
    await customer.write('now one');
    await customer.message({ type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍' } });
    const [ticket] = await eventually(
      () => tickets(1),
      ([one]) => one.messages.nodes.length === 2,
    );
    expect(ticket.messages.nodes.map(({ kind }: { kind: string }) => kind)).toEqual(['text', 'reaction']);
  });

  test.each([
    ['a Brazilian mobile without its ninth digit', '+5511987650001', '551187650001'],
    ['a Brazilian mobile with it', '+551187650002', '5511987650002'],
    ['a Mexican number with the old 1', '+525512345678', '5215512345678'],
    ['an Argentinian number without the 9', '+5491123456789', '541123456789'],
  ])('%s is the same person', async (_name, called, answering) => {
    const { contactId } = await desk.accepted(agent, called);
    await desk.customer(answering).write('hello');
    const [ticket] = await tickets(1);
    expect(ticket).toMatchObject({ origin: 'ACTIVE_MESSAGE_REPLY', contact: { id: contactId } });
  });

  test("the provider's wa_id is learnt, unless another contact holds it", async () => {
    app.provider.answer([answers.accept({ waId: '551144445555' }), answers.accept({ waId: '551144445555' })]);
    const first = await desk.accepted(agent, phone());
    const second = await desk.accepted(agent, phone());
    const aliases = async (id: string) =>
      (await desk.admin.ask('query ($id: ID!) { contact(id: $id) { aliases } }', { id })).contact
        .aliases as string[];
    expect(await aliases(first.contactId)).toContain('551144445555');
    expect(await aliases(second.contactId)).not.toContain('551144445555');
  });

  test('contacts are never merged: of two forms of a number the one exactly as written decides', async () => {
    const [long, short] = ['+5511976540001', '551176540001'];
    const first = await desk.accepted(agent, long);
    app.provider.answer([answers.accept({ waId: short })]);
    const second = await desk.accepted(agent, phone());
    await desk.customer(short).write('from the short form');
    await desk.customer(digits(long)).write('from the long form');
    const byText = Object.fromEntries(
      (await tickets(2)).map(({ messages, contact }) => [messages.nodes[0].text, contact.id]),
    ) as Record<string, string>;
    expect(byText).toEqual({
      'from the short form': second.contactId,
      'from the long form': first.contactId,
    });
  });

  test('what names another number goes to that channel, or to the dead letters', async () => {
    const body = messagesBody(
      { ...desk.door, app, channelId: desk.channelId, businessAccountId: 'x', phoneNumberId: 'nobody' },
      {
        messages: [
          {
            from: '5511999990000',
            id: freshMessageId(),
            timestamp: '1700000000',
            type: 'text',
            text: { body: 'lost' },
          },
        ],
      },
    );
    expect(await deliver(desk, body)).toBe(200);
    const letters = await eventually(
      async () =>
        (await desk.admin.ask('{ deadLetters { nodes { id reason payload attempts } } }')).deadLetters
          .nodes as Data[],
      (nodes) => nodes.length === 1,
    );
    expect(letters[0].reason).toMatch(/nobody|number/);
    expect(JSON.stringify(letters[0].payload)).not.toContain('5511999990000');
  });

  test('a bad item is put aside with its reason, and its neighbours go on', async () => {
    const customer = desk.customer(digits(phone()));
    const good = (text: string): object => ({
      from: customer.waId,
      id: freshMessageId(),
      timestamp: String(Math.floor(app.clock.now() / 1_000)),
      type: 'text',
      text: { body: text },
    });
    const body = messagesBody(desk, { messages: [good('one'), { id: 7, type: ['?'] }, good('two')] });
    expect(await deliver(desk, body)).toBe(200);
    await inboxWorked(app);
    const [ticket] = await tickets(1);
    expect(ticket.messages.nodes.map(({ text }: { text: string }) => text)).toEqual(['one', 'two']);
    const { deadLetters } = await desk.admin.ask('{ deadLetters { nodes { id reason attempts } } }');
    expect(deadLetters.nodes).toHaveLength(1);
    const { retried } = await desk.admin.act(
      'retryDeadLetters',
      { ids: [deadLetters.nodes[0].id] },
      'retried',
    );
    expect(retried).toBe(0);
    expect(
      await desk.admin.act('discardDeadLetters', { ids: [deadLetters.nodes[0].id] }, 'discarded'),
    ).toMatchObject({ discarded: 1 });
  });

  test('a bad signature is 401 and changes nothing', async () => {
    const body = messagesBody(desk, {
      messages: [
        {
          from: '5511999990001',
          id: 'wamid.f',
          timestamp: '1700000000',
          type: 'text',
          text: { body: 'forged' },
        },
      ],
    });
    expect(await deliver(desk, body, 'another secret')).toBe(401);
    await inboxWorked(app);
    await tickets(0);
  });
});

describe('rules 27 to 29: whose answer it is', () => {
  test('the answer opens a ticket in the list of the agent who wrote', async () => {
    await desk.turnOnDirectTransfer();
    const number = phone();
    const routed = await agent.listen(
      'subscription ($after: String) { replyRouted(after: $after) { ticketId matchedBy agent { id } message { text } } }',
    );
    const { id } = await desk.accepted(agent, number);
    await desk.customer(digits(number)).write('hi');
    const [ticket] = await tickets(1);
    expect(ticket).toMatchObject({
      status: 'OPEN',
      origin: 'ACTIVE_MESSAGE_REPLY',
      matchedBy: 'LATEST',
      entryBlockId: SERVICE_BLOCK,
      agent: { id: agent.id },
      reservedFor: null,
      queue: null,
      send: { id },
      bot: { id: desk.botId },
    });
    expect(await routed.next()).toEqual({
      replyRouted: {
        ticketId: ticket.id,
        matchedBy: 'LATEST',
        agent: { id: agent.id },
        message: { text: 'hi' },
      },
    });
    expect(await desk.sendWhen(agent, id, ({ replyState }) => replyState === 'REPLIED')).toMatchObject({
      ticket: { id: ticket.id },
    });
    await routed.close();
  });

  test.each([
    ['ONLINE', true, 'OPEN'],
    ['PAUSED', true, 'OPEN'],
    ['INVISIBLE', true, 'WAITING'],
    ['OFFLINE', true, 'WAITING'],
    ['ONLINE', false, 'WAITING'],
  ])('agent %s, direct transfer %s: %s', async (presence, directTransfer, status) => {
    await desk.turnOnDirectTransfer(directTransfer);
    const number = phone();
    const { id } = await desk.accepted(agent, number);
    await agent.act('setPresence', { presence }, 'agent { id }');
    const routed = await agent.listen(
      'subscription ($after: String) { replyRouted(after: $after) { ticketId send { id } ticket { status } } }',
    );
    await desk.customer(digits(number)).write('hi');
    const [ticket] = await tickets(1);
    expect(await routed.next()).toEqual({
      replyRouted: { ticketId: ticket.id, send: { id }, ticket: { status } },
    });
    await routed.close();
    expect(ticket).toMatchObject(
      status === 'OPEN'
        ? { status, agent: { id: agent.id }, reservedFor: null }
        : { status, agent: null, reservedFor: { id: agent.id }, queue: null },
    );
  });

  test('the quoted send wins over the latest; every other one is released', async () => {
    const number = phone();
    const colleague = await desk.agent('Caio');
    const first = await desk.accepted(agent, number);
    app.clock.advance(7_000);
    const second = await desk.accepted(colleague, number);
    await desk
      .customer(digits(number))
      .message(
        { type: 'button', button: { payload: 'p', text: 'Obrigada' } },
        { context: first.providerMessageId },
      );
    const [ticket] = await tickets(1);
    expect(ticket).toMatchObject({
      matchedBy: 'QUOTED',
      send: { id: first.id },
      reservedFor: { id: agent.id },
    });
    await desk.sendWhen(colleague, second.id, ({ replyState }) => replyState === 'RELEASED');
  });

  test('a ticket that is not closed takes the message, and a quoted send becomes replied by it', async () => {
    const number = phone();
    const customer = desk.customer(digits(number));
    const { id, providerMessageId } = await desk.accepted(agent, number);
    await agent.act('releaseReply', { sendId: id }, 'send { replyState }');
    await customer.write('for anybody');
    const [ticket] = await tickets(1);
    expect(ticket).toMatchObject({ origin: 'CUSTOMER', send: null });
    await customer.write('and this', { context: providerMessageId });
    await eventually(
      () => tickets(1),
      ([one]) => one.messages.nodes.length === 2,
    );
    expect((await desk.sendWhen(agent, id, () => true)).replyState).toBe('RELEASED');
  });

  test.each([
    ['at the last millisecond of the window', 0, 'ACTIVE_MESSAGE_REPLY'],
    ['a second after it', 1_000, 'CUSTOMER'],
  ])('%s', async (_name, late, origin) => {
    const number = phone();
    const { id, providerMessageId } = await desk.accepted(agent, number);
    const customer = desk.customer(digits(number));
    // The provider's own time of acceptance is in whole seconds, so that the window ends on one.
    const sentAt = Math.floor(app.clock.now() / 1_000) * 1_000 - 1_000;
    await customer.report('sent', providerMessageId, { at: sentAt });
    const { replyExpiresAt } = (await desk.sendWhen(
      agent,
      id,
      (send) => (send as Data).sentAt !== null,
    )) as Data;
    const end = Date.parse(replyExpiresAt as string);
    expect(end).toBe(sentAt + 24 * HOUR);
    await customer.write('an answer', { at: end + late });
    const [ticket] = await tickets(1);
    expect(ticket.origin).toBe(origin);
  });

  test("the message's own time counts, not its arrival", async () => {
    const number = phone();
    const { id } = await desk.accepted(agent, number);
    const written = app.clock.now() + 60_000;
    app.clock.advance(25 * HOUR);
    await desk.sendWhen(agent, id, ({ replyState }) => replyState === 'EXPIRED');
    await desk.customer(digits(number)).write('delayed by the network', { at: written });
    const [ticket] = await tickets(1);
    expect(ticket).toMatchObject({ origin: 'ACTIVE_MESSAGE_REPLY', send: { id } });
  });
});

describe('rule 30: reserved tickets', () => {
  test('for that agent alone; they move to its list when it comes back', async () => {
    await desk.turnOnDirectTransfer();
    const colleague = await desk.agent('Caio');
    const number = phone();
    await desk.accepted(agent, number);
    await agent.act('setPresence', { presence: 'OFFLINE' }, 'agent { id }');
    await desk.customer(digits(number)).write('anybody?');
    const [ticket] = await tickets(1);
    expect(ticket.reservedFor.id).toBe(agent.id);
    expect(await colleague.refusals('acceptTicket', { ticketId: ticket.id })).toEqual(['TICKET_NOT_FOUND']);
    expect(await desk.admin.refusals('acceptTicket', { ticketId: ticket.id })).toEqual([
      'TICKET_RESERVED_FOR_ANOTHER_AGENT',
    ]);
    await agent.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    expect((await tickets(1))[0]).toMatchObject({
      status: 'OPEN',
      agent: { id: agent.id },
      reservedFor: null,
    });
  });

  test('or when direct transfer is turned on while it is present', async () => {
    const number = phone();
    await desk.accepted(agent, number);
    await desk.customer(digits(number)).write('hello');
    expect((await tickets(1))[0]).toMatchObject({ status: 'WAITING', reservedFor: { id: agent.id } });
    await desk.turnOnDirectTransfer();
    expect((await tickets(1))[0]).toMatchObject({ status: 'OPEN', agent: { id: agent.id } });
  });
});

describe('rule 31: ordinary service', () => {
  const queue = async (name: string, agentIds: string[], rules: object[] = []): Promise<string> =>
    (await desk.admin.act('createQueue', { botId: desk.botId, name, agentIds, rules }, 'queue { id }')).queue
      .id as string;

  test('the first queue whose rules all hold, else the default one', async () => {
    const { queues } = await desk.admin.ask(
      'query ($bot: ID!) { queues(botId: $bot) { id name isDefault rules { property } } }',
      { bot: desk.botId },
    );
    expect(queues).toEqual([expect.objectContaining({ isDefault: true, rules: [] })]);
    await queue('By transfer alone', [agent.id]);
    const invoices = await queue(
      'Invoices',
      [],
      [
        { property: 'MESSAGE', relation: 'CONTAINS', values: ['FATURA', 'cobrança'] },
        { property: 'CONTACT_NAME', relation: 'NOT_EQUALS', values: ['Bot'] },
      ],
    );
    await desk.customer(digits(phone())).write('minha COBRANCA?');
    await desk.customer(digits(phone())).write('something else');
    const both = await tickets(2);
    expect(both.map(({ queue: { id } }: { queue: { id: string } }) => id)).toEqual([invoices, queues[0].id]);
    expect(both[0]).toMatchObject({ status: 'WAITING', origin: 'CUSTOMER' });
    expect(await desk.admin.refusals('deleteQueue', { queueId: queues[0].id })).toEqual(['DEFAULT_QUEUE']);
  });

  test('to the one with the fewest open tickets and a free slot; waiting ones are handed out as soon as someone can', async () => {
    await desk.admin.act('updateAgent', { agentId: agent.id, slots: 1 }, 'agent { id }');
    const caio = await desk.agent('Caio', { slots: 1 });
    await queue(
      'All',
      [agent.id, caio.id],
      [{ property: 'MESSAGE', relation: 'CONTAINS', values: ['help'] }],
    );
    for (const text of ['help one', 'help two', 'help three']) {
      await desk.customer(digits(phone())).write(text);
      await inboxWorked(app);
      app.clock.advance(1_000);
    }
    const all = await tickets(3);
    expect(new Set(all.slice(0, 2).map(({ agent: holder }: { agent: { id: string } }) => holder.id))).toEqual(
      new Set([agent.id, caio.id]),
    );
    expect(all[2]).toMatchObject({ status: 'WAITING', agent: null });
    const freed = all.find((ticket) => ticket.agent?.id === caio.id);
    await caio.act('closeTicket', { ticketId: freed.id }, 'ticket { status }');
    expect((await tickets(3))[2]).toMatchObject({ status: 'OPEN', agent: { id: caio.id } });
  });
});

test('rule 32: a window that passes unanswered turns into EXPIRED by itself, as a change of the send', async () => {
  const { id } = await desk.accepted(agent, phone());
  const { send: before } = await agent.ask('query ($id: ID!) { send(id: $id) { changeCursor replyState } }', {
    id,
  });
  expect(before.replyState).toBe('AWAITING');
  app.clock.advance(24 * HOUR + 61_000);
  await desk.sendWhen(agent, id, ({ replyState }) => replyState === 'EXPIRED');
  const { sends } = await desk.admin.ask(
    'query ($after: String) { sends(filter: { changedAfter: $after }, orderBy: { field: CHANGED, direction: ASC }) { nodes { id replyState } } }',
    { after: before.changeCursor },
  );
  expect(sends.nodes).toEqual([{ id, replyState: 'EXPIRED' }]);
});

test('rule 33: an album opens one ticket', async () => {
  const customer = desk.customer(digits(phone()));
  await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      customer.message({
        type: 'image',
        image: { id: `media-${index}`, mime_type: 'image/jpeg', sha256: 'x', caption: `${index}` },
      }),
    ),
  );
  const [ticket] = await eventually(
    () => tickets(1),
    ([one]) => one.messages.nodes.length === 10 && one.unreadCount === 10,
  );
  expect(ticket.unreadCount).toBe(10);
});
