import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { BotRow } from '../../src/entities/bot';
import { TestApp } from '../kit/app';
import { personToken } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { RequestContext } from '../../src/server/request-context';
import { authenticate } from '../../src/services/access/authentication';
import { followPresence } from '../../src/services/subscriptions';
import { Listener } from '../kit/listener';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(async () => {
  await app.stop();
});

const PRESENCES = ['PAUSED', 'ONLINE', 'INVISIBLE', 'OFFLINE'];
const PRESENCE = 'subscription ($after: String) { presenceChanged(after: $after) { cursor presence } }';

interface PresenceEvent {
  cursor: string;
  presence: string;
}

async function heard(listener: Listener, count: number): Promise<PresenceEvent[]> {
  const events: PresenceEvent[] = [];
  while (events.length < count) events.push((await listener.next())['presenceChanged'] as PresenceEvent);
  return events;
}

describe('rule 37: committed events, in order, each once, resumed without gap or repeat', () => {
  test('across disconnects while events come, and a restart', async () => {
    const desk = await Desk.open(app);
    const start = await desk.admin.cursor();
    let last = start;
    const told: string[] = [];
    const expected: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      const socket = await Listener.connect(app.url, desk.admin.token);
      socket.subscribe(PRESENCE, { after: last });
      for (const presence of PRESENCES) {
        await desk.admin.act('setPresence', { presence }, 'agent { id }');
        expected.push(presence);
      }
      // Some of what was said is heard on this socket, the rest on the next one.
      for (const event of await heard(socket, round % 3)) {
        told.push(event.presence);
        last = event.cursor;
      }
      await socket.close();
      if (round === 3) await app.restart();
    }
    const socket = await Listener.connect(app.url, desk.admin.token);
    socket.subscribe(PRESENCE, { after: last });
    for (const { presence } of await heard(socket, expected.length - told.length)) told.push(presence);
    expect(told).toEqual(expected);
    expect(socket.pending).toBe(0);
    await socket.close();
  });

  test('what is rolled back is never told', async () => {
    const desk = await Desk.open(app);
    const listener = await desk.admin.listen(PRESENCE);
    await expect(
      app.platform.store.transact(desk.contractId, (transaction) => {
        transaction.record('PresenceChanged', { agentId: desk.admin.id, presence: 'OFFLINE' as never });
        throw new Error('after recording');
      }),
    ).rejects.toThrow('after recording');
    await desk.admin.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    expect(await heard(listener, 1)).toMatchObject([{ presence: 'PAUSED' }]);
    await listener.close();
  });

  test('many writers at once leave no gap in the log', async () => {
    const desk = await Desk.open(app);
    const listener = await desk.admin.listen(PRESENCE);
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        app.platform.store.transact(desk.contractId, async (transaction) => {
          if (index % 2 === 0) await transaction.first(BotRow, sql`1 = 1`);
          transaction.record('PresenceChanged', { agentId: desk.admin.id, presence: 'ONLINE' as never });
        }),
      ),
    );
    const cursors = (await heard(listener, 60)).map(({ cursor }) =>
      Number(Buffer.from(cursor, 'base64url').toString().split('.')[2]),
    );
    expect(cursors).toEqual(cursors.map((_, index) => (cursors[0] ?? 0) + index));
    await listener.close();
  });

  test('cursors fit every subscription; one of another log, and what is none, is refused', async () => {
    const desk = await Desk.open(app);
    const other = await Desk.open(app);
    for (const after of [await other.admin.cursor(), 'nonsense']) {
      const socket = await Listener.connect(app.url, desk.admin.token);
      socket.subscribe(PRESENCE, { after });
      await expect(socket.next()).rejects.toThrow('BAD_USER_INPUT');
      await socket.close();
    }
    const cursor = await desk.admin.cursor();
    const agent = await desk.agent('Bia');
    const socket = await Listener.connect(app.url, agent.token);
    socket.subscribe('subscription ($after: String) { sendConfirmed(after: $after) { outcome } }', {
      after: cursor,
    });
    await desk.accepted(agent, '+5511950000001');
    expect(await socket.next()).toEqual({ sendConfirmed: { outcome: 'ACCEPTED' } });
    await socket.close();
  });

  test('a cursor older than the retention ends the subscription', async () => {
    const desk = await Desk.open(app);
    const cursor = await desk.admin.cursor();
    await desk.admin.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    await app.platform.eventLog.prune(app.clock.now() + 1_000);
    const socket = await Listener.connect(app.url, desk.admin.token);
    socket.subscribe(PRESENCE, { after: cursor });
    await expect(socket.next()).rejects.toThrow('CURSOR_EXPIRED');
    await socket.close();
  });

  test('a quiet subscription tells its position in pings', async () => {
    const desk = await Desk.open(app);
    const agent = await desk.agent('Bia');
    const socket = await Listener.connect(app.url, agent.token);
    const id = socket.subscribe('subscription { sendConfirmed { outcome } }');
    // Once the server answers a ping, it has read what came before.
    socket.send({ type: 'ping' });
    await socket.until(() => socket.frames.some(({ type }) => type === 'pong'));
    await desk.admin.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    const position = await desk.admin.cursor();
    const told = await eventually(
      () => {
        app.clock.advance(20_000);
        return socket.frames
          .filter(({ type }) => type === 'ping')
          .map(({ payload }) => (payload as { positions: Record<string, string> }).positions[id]);
      },
      (positions) => positions.includes(position),
    );
    expect(told.length).toBeGreaterThan(0);
    await socket.close();
  });

  test('while an event is on its way its subscription tells no position, which could only lead back', async () => {
    const desk = await Desk.open(app);
    const { viewer } = await authenticate(app.platform, desk.admin.token, null);
    const context = new RequestContext(app.platform, viewer, 'a request');
    const before = await desk.admin.cursor();
    const events = (await followPresence(context, before))[Symbol.asyncIterator]();
    expect(context.position?.()).toBe(before);
    await desk.admin.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    const { cursor } = (await events.next()).value as { cursor: string };
    expect(context.position?.()).toBeNull();
    // The next one is asked for once this one was sent.
    const next = events.next();
    expect(context.position?.()).toBe(cursor);
    await events.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe('rule 38: rights of the moment', () => {
  test('an admin who becomes an agent hears no more of others', async () => {
    const desk = await Desk.open(app);
    const { agent: second } = await desk.admin.act(
      'createAgent',
      { name: 'Second', email: `second@${desk.phoneNumberId}.test`, role: 'ADMIN' },
      'agent { id }',
    );
    const caller = await app.person(
      desk.contractId,
      `second@${desk.phoneNumberId}.test`,
      second.id as string,
    );
    const agent = await desk.agent('Bia');
    const listener = await caller.listen(
      'subscription ($after: String) { sendConfirmed(after: $after) { send { id } } }',
    );
    const first = await desk.accepted(agent, '+5511950000010');
    expect(await listener.next()).toEqual({ sendConfirmed: { send: { id: first.id } } });
    await desk.admin.act('updateAgent', { agentId: second.id, role: 'AGENT' }, 'agent { role }');
    await desk.accepted(agent, '+5511950000011');
    await desk.grant(second.id as string);
    await caller.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
    const own = await desk.accepted(caller, '+5511950000012');
    expect(await listener.next()).toEqual({ sendConfirmed: { send: { id: own.id } } });
    await listener.close();
  });

  test('another agent is forbidden by name, and left out otherwise', async () => {
    const desk = await Desk.open(app);
    const [bia, caio] = [await desk.agent('Bia'), await desk.agent('Caio')];
    const documents = [
      'subscription ($agents: [ID!]) { replyRouted(agentIds: $agents) { ticketId } }',
      'subscription { flowOutdated { cursor } }',
    ];
    for (const document of documents) {
      const socket = await Listener.connect(app.url, bia.token);
      socket.subscribe(document, { agents: [caio.id] });
      await expect(socket.next()).rejects.toThrow('FORBIDDEN');
      await socket.close();
    }
  });

  test('a key that is revoked and a token that expires close the socket', async () => {
    const desk = await Desk.open(app);
    const { apiKey, secret } = await desk.admin.act(
      'createApiKey',
      { name: 'bi', scopes: ['READ'] },
      'apiKey { id } secret',
    );
    const machine = await app.machine(secret as string).listen(PRESENCE);
    await desk.admin.act('revokeApiKey', { apiKeyId: apiKey.id }, 'apiKey { revokedAt }');
    await machine.until(() => machine.closed !== null);
    expect(machine.closed?.code).toBe(4403);
    const { viewer } = await desk.admin.ask('{ viewer { agent { email } } }');
    const short = await Listener.connect(
      app.url,
      await personToken(desk.contractId, viewer.agent.email as string, app.clock.now(), 60),
    );
    expect(short.closed).toBeNull();
    app.clock.advance(61_000);
    await short.until(() => short.closed !== null);
    expect(short.closed?.code).toBe(4403);
  });

  test('a syntax error leaves the other subscriptions of its socket alive', async () => {
    const desk = await Desk.open(app);
    const listener = await desk.admin.listen(PRESENCE);
    listener.send({
      type: 'subscribe',
      id: 'broken',
      payload: { query: 'subscription { presenceChanged { ' },
    });
    await listener.until(() => listener.frames.some(({ type, id }) => type === 'error' && id === 'broken'));
    await desk.admin.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    await listener.until(() => listener.frames.some(({ type }) => type === 'next'));
    expect(listener.closed).toBeNull();
    await listener.close();
  });
});
