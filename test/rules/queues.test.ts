import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
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
const phone = (): string => `+55119${String(30_000_000 + (phones += 1))}`;

const TICKETS =
  '{ tickets(first: 100, orderBy: { field: CREATED_AT, direction: ASC }) { nodes { id status queue { id isDefault } agent { id } reservedFor { id } send { id } } } }';

async function tickets(count: number): Promise<Data[]> {
  const { tickets: page } = await eventually(
    () => desk.admin.ask(TICKETS),
    ({ tickets: found }) => found.nodes.length === count,
  );
  return page.nodes as Data[];
}

async function queue(name: string, agents: Caller[], word: string): Promise<string> {
  const { queue: made } = await desk.admin.act(
    'createQueue',
    {
      botId: desk.botId,
      name,
      agentIds: agents.map(({ id }) => id),
      rules: [{ property: 'MESSAGE', relation: 'CONTAINS', values: [word] }],
    },
    'queue { id }',
  );
  return made.id as string;
}

const CHANGES =
  'subscription ($after: String) { ticketChanged(after: $after) { change ticketId status ticket { id } } }';

describe('rule 31: queues that change under their tickets', () => {
  test('new members see what waits, former ones are told that it left; who has a free slot gets it', async () => {
    const [bia, caio] = [await desk.agent('Bia', { slots: 0 }), await desk.agent('Caio', { slots: 0 })];
    const line = await queue('Line', [bia], 'help');
    await desk.customer(phone().slice(1)).write('help');
    const [{ id: ticketId }] = (await tickets(1)) as [Data];
    const [byBia, byCaio] = [await bia.listen(CHANGES), await caio.listen(CHANGES)];
    await desk.admin.act('updateQueue', { queueId: line, agentIds: [caio.id] }, 'queue { id }');
    expect(await byBia.next()).toEqual({
      ticketChanged: { change: 'LEFT', ticketId, status: 'WAITING', ticket: null },
    });
    expect(await byCaio.next()).toEqual({
      ticketChanged: { change: 'ENTERED', ticketId, status: 'WAITING', ticket: { id: ticketId } },
    });
    expect(await bia.refusals('acceptTicket', { ticketId })).toEqual(['TICKET_NOT_FOUND']);
    const dora = await desk.agent('Dora', { slots: 1 });
    await desk.admin.act('updateQueue', { queueId: line, agentIds: [caio.id, dora.id] }, 'queue { id }');
    expect(await tickets(1)).toMatchObject([{ status: 'OPEN', agent: { id: dora.id } }]);
    await eventually(
      () => byCaio.frames.filter(({ type }) => type === 'next').length,
      (count) => count === 3,
    );
    expect(await byCaio.next()).toMatchObject({ ticketChanged: { change: 'UPDATED', status: 'WAITING' } });
    expect(await byCaio.next()).toMatchObject({ ticketChanged: { change: 'LEFT', ticket: null } });
    await byBia.close();
    await byCaio.close();
  });

  test('a queue that is deleted while tickets come to it keeps none of them', async () => {
    for (let round = 0; round < 3; round += 1) {
      const line = await queue('Line', [], `round ${round}`);
      await Promise.all([
        ...Array.from({ length: 8 }, () => desk.customer(phone().slice(1)).write(`round ${round}`)),
        desk.admin.act('deleteQueue', { queueId: line }, 'deletedQueueId'),
      ]);
      const all = await tickets(8 * (round + 1));
      expect(all.every((ticket) => ticket.status === 'WAITING' && ticket.queue.isDefault)).toBe(true);
    }
    const { deadLetters } = await desk.admin.ask('{ deadLetters { nodes { reason } } }');
    expect(deadLetters.nodes).toEqual([]);
  });

  test('more slots and a transfer away make room for what waits', async () => {
    const bia = await desk.agent('Bia', { slots: 1 });
    const caio = await desk.agent('Caio', { presence: 'OFFLINE' });
    await queue('Line', [bia], 'help');
    for (let count = 1; count <= 3; count += 1) {
      await desk.customer(phone().slice(1)).write('help');
      await tickets(count);
      app.clock.advance(1_000);
    }
    const states = async () => (await tickets(3)).map(({ status }) => status as string);
    expect(await states()).toEqual(['OPEN', 'WAITING', 'WAITING']);
    await desk.admin.act('updateAgent', { agentId: bia.id, slots: 2 }, 'agent { slots }');
    expect(await states()).toEqual(['OPEN', 'OPEN', 'WAITING']);
    const [first] = await tickets(3);
    await bia.act('transferTicket', { ticketId: first.id, agentId: caio.id }, 'ticket { id }');
    expect(await tickets(3)).toMatchObject([
      { status: 'WAITING', reservedFor: { id: caio.id } },
      { status: 'OPEN', agent: { id: bia.id } },
      { status: 'OPEN', agent: { id: bia.id } },
    ]);
  });
});

describe('rule 30: turning direct transfer on', () => {
  test('at the same instant as answers arrive and agents come back leaves nothing reserved', async () => {
    const [bia, caio] = [await desk.agent('Bia'), await desk.agent('Caio')];
    const [first, second] = [Array.from({ length: 5 }, phone), Array.from({ length: 3 }, phone)];
    await Promise.all([
      ...first.map((number) => desk.accepted(bia, number)),
      ...second.map((number) => desk.accepted(caio, number)),
    ]);
    await caio.act('setPresence', { presence: 'OFFLINE' }, 'agent { id }');
    for (const number of second) await desk.customer(number.slice(1)).write('hi');
    await tickets(3);
    await Promise.all([
      ...first.map((number) => desk.customer(number.slice(1)).write('hi')),
      caio.act('setPresence', { presence: 'ONLINE' }, 'agent { id }'),
      desk.turnOnDirectTransfer(),
    ]);
    const all = await tickets(8);
    expect(all.map(({ status }) => status as string)).toEqual(Array.from({ length: 8 }, () => 'OPEN'));
  });
});

describe('rule 36: an agent who is deactivated', () => {
  test('with a reserved ticket: it goes through the service rules, and others who wait get it', async () => {
    const bia = await desk.agent('Bia');
    const number = phone();
    const { id } = await desk.accepted(bia, number);
    await bia.act('setPresence', { presence: 'OFFLINE' }, 'agent { id }');
    const caio = await desk.agent('Caio');
    const line = await queue('Line', [caio], 'hello');
    await desk.customer(number.slice(1)).write('Hello again');
    expect(await tickets(1)).toMatchObject([{ status: 'WAITING', reservedFor: { id: bia.id }, queue: null }]);
    const late = phone();
    const { id: unanswered } = await desk.accepted(desk.admin, late);
    await desk.admin.act('updateAgent', { agentId: bia.id, active: false }, 'agent { active presence }');
    expect(await tickets(1)).toMatchObject([
      { status: 'OPEN', agent: { id: caio.id }, reservedFor: null, queue: { id: line }, send: { id } },
    ]);
    expect((await desk.sendWhen(desk.admin, unanswered, () => true)).replyState).toBe('AWAITING');
    expect(await desk.admin.refusals('setPresence', { agentId: bia.id, presence: 'ONLINE' })).toEqual([
      'INVALID',
    ]);
    expect(
      await caio.refusals('transferTicket', { ticketId: (await tickets(1))[0].id, agentId: bia.id }),
    ).toEqual(['NOT_FOUND']);
  });
});

describe('rule 43: as many statements for many tickets as for few', () => {
  test('with everything that is nested in them', async () => {
    const bia = await desk.agent('Bia', { slots: 50 });
    await queue('Line', [bia], 'help');
    for (let index = 0; index < 12; index += 1) await desk.customer(phone().slice(1)).write('help');
    await tickets(12);
    const document = `query ($first: Int) { tickets(first: $first) { totalCount nodes {
      id bot { name settings { enabled } } contact { name aliases bots { id } channel { id } openTicket { id } awaitingReplyTo { id } sends(first: 2) { nodes { id } } tickets(last: 3) { nodes { id } } }
      agent { name } reservedFor { id } queue { name waitingTickets agents { id } } send { id } closedBy { id }
      lastMessage { text author { id } ticket { id } } messages(first: 5) { nodes { text author { id } } pageInfo { hasNextPage } } } } }`;
    const count = async (first: number): Promise<number> =>
      (await app.statementsOf(() => desk.admin.ask(document, { first }))).filter((text) =>
        /^select/i.test(text),
      ).length;
    await count(2);
    const few = await count(2);
    expect(await count(12)).toBeLessThanOrEqual(few + 3);
  });
});

describe('rule 43: pages within pages', () => {
  test('each ticket has its own messages, and its cursors go on from there', async () => {
    const numbers = Array.from({ length: 3 }, phone);
    for (const number of numbers)
      for (const text of ['one', 'two', 'three']) {
        await desk.customer(number.slice(1)).write(`${number} ${text}`);
        app.clock.advance(1_000);
      }
    await eventually(
      () => desk.admin.ask('{ tickets { nodes { unreadCount } } }'),
      ({ tickets: page }) => page.nodes.filter((node: Data) => node.unreadCount === 3).length === 3,
    );
    const { tickets: page } = await desk.admin.ask(
      '{ tickets { nodes { id contact { phone } messages(first: 2) { totalCount nodes { text } pageInfo { hasNextPage endCursor } } } } }',
    );
    for (const { id, contact, messages } of page.nodes as Data[]) {
      expect(messages).toMatchObject({
        totalCount: 3,
        nodes: [{ text: `${contact.phone} one` }, { text: `${contact.phone} two` }],
        pageInfo: { hasNextPage: true },
      });
      const { ticket } = await desk.admin.ask(
        'query ($id: ID!, $after: String) { ticket(id: $id) { messages(after: $after) { nodes { text } } last: messages(last: 1) { nodes { text } pageInfo { hasPreviousPage } } } }',
        { id, after: messages.pageInfo.endCursor },
      );
      expect(ticket).toEqual({
        messages: { nodes: [{ text: `${contact.phone} three` }] },
        last: { nodes: [{ text: `${contact.phone} three` }], pageInfo: { hasPreviousPage: true } },
      });
    }
  });
});
