import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AgentRow } from '../../src/entities/agent';
import { PresenceWatch } from '../../src/services/agents/presence';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers } from '../kit/provider-double';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
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
  await desk.turnOnDirectTransfer();
});
afterAll(async () => {
  await app.stop();
});

let phones = 0;
const phone = (): string => `+55119${String(60_000_000 + (phones += 1))}`;

async function ticketOf(caller: Caller, id: string): Promise<Data> {
  return (
    await caller.ask(
      'query ($id: ID!) { ticket(id: $id) { id status agent { id } reservedFor { id } queue { id isDefault } unreadCount serviceWindowClosesAt closedBy { id } messages { nodes { text direction status failure { code } author { id } } } } }',
      { id },
    )
  ).ticket;
}

/** A ticket that is open with the agent. */
async function openTicket(holder = agent): Promise<{ ticketId: string; number: string; contactId: string }> {
  const number = phone();
  const { id, contactId } = await desk.accepted(holder, number);
  await desk.customer(number.slice(1)).write('hello');
  const { ticket } = (await desk.sendWhen(holder, id, ({ replyState }) => replyState === 'REPLIED')) as Data;
  return { ticketId: ticket.id as string, number, contactId };
}

/** A ticket that waits in a queue of these agents. */
async function waitingTicket(...agents: Caller[]): Promise<string> {
  const { queue } = await desk.admin.act(
    'createQueue',
    {
      botId: desk.botId,
      name: 'Line',
      agentIds: agents.map(({ id }) => id),
      rules: [{ property: 'MESSAGE', relation: 'CONTAINS', values: ['line'] }],
    },
    'queue { id }',
  );
  await desk.customer(phone().slice(1)).write('to the line');
  const nodes = await eventually(
    async () =>
      (
        await desk.admin.ask(
          'query ($queue: [ID!]) { tickets(filter: { queueIds: $queue }) { nodes { id } } }',
          { queue: [queue.id] },
        )
      ).tickets.nodes as { id: string }[],
    (found) => found.length === 1,
  );
  return nodes[0]!.id;
}

describe('rule 34: free text', () => {
  test('while the service window is open', async () => {
    const { ticketId, number } = await openTicket();
    app.clock.advance(7_000);
    const { message } = await agent.act(
      'sendTicketMessage',
      { ticketId, text: 'How can I help?', idempotencyKey: 't1' },
      'message { id status direction author { id } }',
    );
    expect(message).toMatchObject({ status: 'QUEUED', direction: 'OUTBOUND', author: { id: agent.id } });
    const again = await agent.act(
      'sendTicketMessage',
      { ticketId, text: 'How can I help?', idempotencyKey: 't1' },
      'message { id }',
    );
    expect(again.message.id).toBe(message.id);
    const call = await app.provider.waitForCall(
      ({ body }) =>
        (body as { biz_opaque_callback_data?: string } | undefined)?.biz_opaque_callback_data === message.id,
    );
    expect(call.body).toMatchObject({ to: number.slice(1), text: { body: 'How can I help?' } });
    const accepted = await eventually(
      async () => (await ticketOf(agent, ticketId)).messages.nodes.at(-1),
      ({ status }) => status === 'ACCEPTED',
    );
    expect(accepted.text).toBe('How can I help?');
    app.clock.advance(25 * HOUR);
    const { userErrors } = await agent.attempt('sendTicketMessage', {
      ticketId,
      text: 'Still there?',
      idempotencyKey: 't2',
    });
    expect(userErrors).toEqual([
      expect.objectContaining({
        code: 'SERVICE_WINDOW_CLOSED',
        message: expect.stringMatching(/active message/),
      }),
    ]);
  });

  test('by its agent alone, in an open ticket', async () => {
    const { ticketId } = await openTicket();
    const write = (caller: Caller) =>
      caller.refusals('sendTicketMessage', { ticketId, text: 'x', idempotencyKey: crypto.randomUUID() });
    expect(await write(desk.admin)).toEqual(['TICKET_NOT_ASSIGNED_TO_AGENT']);
    expect(await write(await desk.agent('Caio'))).toEqual(['TICKET_NOT_FOUND']);
    await agent.act('closeTicket', { ticketId }, 'ticket { status }');
    expect(await write(agent)).toEqual(['TICKET_CLOSED']);
  });

  test('what WhatsApp refuses is told on the message', async () => {
    const { ticketId } = await openTicket();
    app.provider.answer([answers.error(131047)]);
    app.clock.advance(7_000);
    const told = await agent.listen(
      'subscription ($after: String, $id: ID) { ticketMessageChanged(ticketId: $id, after: $after) { message { status failure { code } } } }',
      { id: ticketId },
    );
    await agent.act('sendTicketMessage', { ticketId, text: 'x', idempotencyKey: 'x' }, 'message { id }');
    const failed = await eventually(
      async () => (await ticketOf(agent, ticketId)).messages.nodes.at(-1),
      ({ status }) => status === 'FAILED',
    );
    expect(failed.failure.code).toBe('SERVICE_WINDOW_CLOSED');
    await told.next();
    await told.close();
  });
});

describe('rule 35: accept, transfer, close', () => {
  test('accepting needs presence, ignores slots, is idempotent; of two at once one gets it', async () => {
    await desk.admin.act('updateAgent', { agentId: agent.id, slots: 0 }, 'agent { id }');
    const caio = await desk.agent('Caio', { slots: 0 });
    const ticketId = await waitingTicket(agent, caio);
    await agent.act('setPresence', { presence: 'INVISIBLE' }, 'agent { id }');
    expect(await agent.refusals('acceptTicket', { ticketId })).toEqual(['AGENT_NOT_ONLINE']);
    await agent.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
    const codes = await Promise.all([
      agent.refusals('acceptTicket', { ticketId }),
      caio.refusals('acceptTicket', { ticketId }),
    ]);
    expect(codes.flat()).toEqual(['TICKET_ALREADY_ACCEPTED']);
    const winner = codes[0].length === 0 ? agent : caio;
    expect(await winner.refusals('acceptTicket', { ticketId })).toEqual([]);
    expect(await ticketOf(winner, ticketId)).toMatchObject({ status: 'OPEN', agent: { id: winner.id } });
  });

  test('transfer to an agent who is present, to one who is not, and to a queue', async () => {
    const { ticketId } = await openTicket();
    const caio = await desk.agent('Caio');
    const dora = await desk.agent('Dora', { presence: 'OFFLINE' });
    expect(await agent.refusals('transferTicket', { ticketId })).toEqual(['TRANSFER_TARGET_REQUIRED']);
    const { queues } = await agent.ask('query ($bot: ID!) { queues(botId: $bot) { id } }', {
      bot: desk.botId,
    });
    expect(
      await agent.refusals('transferTicket', { ticketId, agentId: caio.id, queueId: queues[0].id }),
    ).toEqual(['TRANSFER_TARGET_AMBIGUOUS']);
    const heard = await agent.listen(
      'subscription ($after: String) { ticketChanged(after: $after) { change ticketId ticket { id } } }',
    );
    await agent.act('transferTicket', { ticketId, agentId: caio.id }, 'userErrors { code }');
    expect(await heard.next()).toEqual({ ticketChanged: { change: 'LEFT', ticketId, ticket: null } });
    expect(await ticketOf(caio, ticketId)).toMatchObject({ status: 'OPEN', agent: { id: caio.id } });
    expect(await ticketOf(agent, ticketId)).toBeNull();
    await caio.act('transferTicket', { ticketId, agentId: dora.id }, 'userErrors { code }');
    expect(await ticketOf(desk.admin, ticketId)).toMatchObject({
      status: 'WAITING',
      reservedFor: { id: dora.id },
      agent: null,
    });
    await desk.admin.act('transferTicket', { ticketId, queueId: queues[0].id }, 'ticket { id }');
    expect(await ticketOf(desk.admin, ticketId)).toMatchObject({
      status: 'WAITING',
      reservedFor: null,
      queue: { isDefault: true },
    });
    await heard.close();
  });

  test("closing ends it, and the customer's next message starts anew", async () => {
    const { ticketId, number } = await openTicket();
    expect(await agent.refusals('sendActiveMessage', desk.orderUpdate(number))).toEqual([
      'CONTACT_HAS_OPEN_TICKET',
    ]);
    await agent.act('markTicketRead', { ticketId }, 'ticket { unreadCount }');
    expect((await ticketOf(agent, ticketId)).unreadCount).toBe(0);
    await agent.act('closeTicket', { ticketId }, 'ticket { status }');
    expect(await ticketOf(agent, ticketId)).toMatchObject({ status: 'CLOSED', closedBy: { id: agent.id } });
    await desk.customer(number.slice(1)).write('one more thing');
    await eventually(
      async () => (await desk.admin.ask('{ tickets { totalCount } }')).tickets.totalCount,
      (count) => count === 2,
    );
  });
});

describe('rule 36: people who leave', () => {
  test('deactivating closes sockets, re-places tickets and releases sends', async () => {
    const { ticketId } = await openTicket();
    const { id: awaiting } = await desk.accepted(agent, phone());
    const socket = await agent.listen('subscription { presenceChanged { presence } }');
    await desk.admin.act('updateAgent', { agentId: agent.id, active: false }, 'agent { active presence }');
    await socket.until(() => socket.closed !== null);
    expect(socket.closed?.code).toBe(4403);
    expect(await agent.problem('{ viewer { agent { id } } }')).toBe('UNAUTHENTICATED');
    expect(await ticketOf(desk.admin, ticketId)).toMatchObject({
      status: 'WAITING',
      agent: null,
      queue: { isDefault: true },
    });
    await desk.sendWhen(desk.admin, awaiting, ({ replyState }) => replyState === 'RELEASED');
  });

  test('the last active admin stays', async () => {
    expect(await desk.admin.refusals('updateAgent', { agentId: desk.admin.id, active: false })).toEqual([
      'LAST_ADMIN',
    ]);
    expect(await desk.admin.refusals('updateAgent', { agentId: desk.admin.id, role: 'AGENT' })).toEqual([
      'LAST_ADMIN',
    ]);
    await desk.admin.act('updateAgent', { agentId: agent.id, role: 'ADMIN' }, 'agent { role }');
    const both = await Promise.all([
      desk.admin.refusals('updateAgent', { agentId: desk.admin.id, role: 'AGENT' }),
      desk.admin.refusals('updateAgent', { agentId: agent.id, role: 'AGENT' }).catch(() => ['FORBIDDEN']),
    ]);
    expect(both.flat()).toHaveLength(1);
  });

  test('who was not seen for five minutes becomes OFFLINE, with an event', async () => {
    const heard = await desk.admin.listen(
      'subscription ($after: String) { presenceChanged(after: $after) { presence agent { id } } }',
    );
    for (let minute = 0; minute < 7; minute += 1) {
      app.clock.advance(MINUTE);
      await desk.admin.ask('{ viewer { agent { id } } }');
    }
    expect(await heard.next()).toEqual({ presenceChanged: { presence: 'OFFLINE', agent: { id: agent.id } } });
    const { viewer } = await desk.admin.ask('{ viewer { agent { presence } } }');
    expect(viewer.agent.presence).toBe('ONLINE');
    await heard.close();
  });

  test('five minutes from when any of the nodes saw it last', async () => {
    const caio = await desk.agent('Caio');
    const presence = async () =>
      (await app.platform.store.rowsOf(desk.contractId).byId(AgentRow, caio.id))?.presence;
    await caio.ask('{ viewer { agent { id } } }');
    app.clock.advance(50_000);
    const seenAt = app.clock.now();
    await caio.ask('{ viewer { agent { id } } }');
    // The node that saw it goes on with its own rounds.
    for (let round = 0; round < 8; round += 1) {
      app.clock.advance(30_000);
      await desk.admin.ask('{ viewer { agent { id } } }');
    }
    await eventually(
      () => app.platform.store.rowsOf(desk.contractId).byId(AgentRow, caio.id),
      (agent) => (agent?.lastSeenAt ?? 0) >= seenAt,
    );
    const another = new PresenceWatch({ ...app.platform, listeningSince: () => 0 });
    await another.sweep();
    expect(await presence()).toBe('ONLINE');
    app.clock.advance(70_000);
    await another.sweep();
    expect(await presence()).toBe('OFFLINE');
  });
});
