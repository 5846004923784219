import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AgentRow } from '../../src/entities/agent';
import { Role } from '../../src/entities/enums';
import { SharedAnswers } from '../../src/server/shared-answers';
import type { Viewer } from '../../src/services/access/viewer';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { Desk, flowOf } from '../kit/desk';
import type { Listener } from '../kit/listener';

const viewerOf = (id: string, role: keyof typeof Role, contractId = 'ours'): Viewer => ({
  contractId,
  agent: { id, role: Role[role], name: `Agent ${id}` } as AgentRow,
  apiKey: null,
});

describe('answers to one event', () => {
  const clock = new TestClock();
  let answers: SharedAnswers;
  let made: number;
  /** Counts itself; what it looks at of the viewer is for the test to say. */
  const make =
    (look: (viewer: Viewer) => unknown, isForAll = true) =>
    (viewer: Viewer) => {
      made += 1;
      return Promise.resolve({ text: `${made}: ${String(look(viewer))}`, isForAll });
    };
  const role = ({ agent }: Viewer): unknown => agent?.role;
  beforeAll(() => {
    answers = new SharedAnswers(clock);
    made = 0;
  });

  const event = { cursor: '1' };
  test.each([
    ['the same caller', viewerOf('a', 'AGENT'), 'question', event, true],
    ['another of the same role', viewerOf('b', 'AGENT'), 'question', event, true],
    ['another role', viewerOf('b', 'ADMIN'), 'question', event, false],
    ['another contract', viewerOf('b', 'AGENT', 'theirs'), 'question', event, false],
    ['another document or other variables', viewerOf('b', 'AGENT'), 'another', event, false],
    ['another event', viewerOf('b', 'AGENT'), 'question', { cursor: '2' }, false],
    ['other facts of it', viewerOf('b', 'AGENT'), 'question', { cursor: '1', change: 'LEFT' }, false],
  ])('are shared, or not, with %s', async (_who, viewer, question, heard, isShared) => {
    answers = new SharedAnswers(clock);
    const first = await answers.to(event, 'question', viewerOf('a', 'AGENT'), make(role));
    const second = await answers.to(heard, question, viewer, make(role));
    expect(second === first).toBe(isShared);
  });

  test('are not shared where anything of the person was looked at, nor where they tell of an error', async () => {
    for (const look of [
      ({ agent }: Viewer) => agent?.id,
      ({ agent }: Viewer) => ({ ...agent }).name,
      ({ agent }: Viewer) => Object.keys(agent ?? {}).length,
    ]) {
      answers = new SharedAnswers(clock);
      const texts = [];
      for (const id of ['a', 'b', 'c'])
        texts.push(await answers.to(event, 'question', viewerOf(id, 'AGENT'), make(look)));
      expect(new Set(texts).size).toBe(3);
    }
    answers = new SharedAnswers(clock);
    const failing = [];
    for (const id of ['a', 'b'])
      failing.push(await answers.to(event, 'question', viewerOf(id, 'AGENT'), make(role, false)));
    expect(new Set(failing).size).toBe(2);
  });

  test('are made anew for who comes later', async () => {
    answers = new SharedAnswers(clock);
    const first = await answers.to(event, 'question', viewerOf('a', 'AGENT'), make(role));
    clock.advance(1_000);
    expect(await answers.to(event, 'question', viewerOf('b', 'AGENT'), make(role))).not.toBe(first);
  });
});

describe('over sockets', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const hear = (callers: readonly Caller[], document: string): Promise<Listener[]> =>
    Promise.all(callers.map((caller) => caller.listen(document)));

  test('what an event tells is read once, however many hear it', async () => {
    const desk = await Desk.open(app);
    const document =
      'subscription ($after: String) { presenceChanged(after: $after) { presence agent { id name role } } }';
    const agents = await Promise.all(['Ana', 'Bia', 'Caio', 'Davi'].map((name) => desk.agent(name)));
    const listeners = await hear(agents, document);
    const statements = await app.statementsOf(async () => {
      await desk.admin.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
      const heard = await Promise.all(listeners.map((listener) => listener.next()));
      for (const one of heard)
        expect(one).toMatchObject({ presenceChanged: { presence: 'PAUSED', agent: { id: desk.admin.id } } });
    });
    // Not those of who hears it, whose rights are looked at one by one.
    const reads = statements.filter((text) =>
      /from agents where .*\(agents\.id = \S+ and \(1 = 1\)\)/.test(text),
    );
    expect(reads).toHaveLength(1);
    for (const listener of listeners) await listener.close();
  });

  test('what depends on who hears it is told to each as it is', async () => {
    const desk = await Desk.open(app);
    const { agent } = await desk.admin.act(
      'createAgent',
      { name: 'Second', email: `second@${desk.phoneNumberId}.test`, role: 'ADMIN', slots: 1 },
      'agent { id }',
    );
    const second = await app.person(desk.contractId, `second@${desk.phoneNumberId}.test`, agent.id as string);
    await desk.admin.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
    await second.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    const document =
      'subscription ($after: String) { flowOutdated(after: $after) { bot { sendEligibility { allowed } } } }';
    const listeners = await hear([desk.admin, second], document);
    const definition = flowOf('desk:other');
    await desk.admin.act('publishFlow', { botId: desk.botId, definition }, 'flow { id }');
    const heard = await Promise.all(listeners.map((listener) => listener.next()));
    expect(heard.map((one) => (one['flowOutdated'] as { bot: object }).bot)).toEqual([
      { sendEligibility: { allowed: true } },
      { sendEligibility: { allowed: false } },
    ]);
    for (const listener of listeners) await listener.close();
  });
});
