import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { BusyDesk, PATIENT } from '../kit/busy-desk';
import type { Caller } from '../kit/caller';
import { engine } from '../kit/database';
import { lost, repeated } from '../kit/findings';
import { freePort } from '../kit/free-port';
import { ServerProcess } from '../kit/process';
import { figure, scaled } from '../kit/scale';

jest.setTimeout(scaled(180_000, 1_200_000));

const KILLS = scaled(3, 100);
/** Between two kills a few answers come, and up to so many more. */
const MOST_ANSWERS = 25;
/** PostgreSQL serves several nodes at once, of which one is killed at a time. */
const NODES = engine === 'postgres' ? 2 : 1;

let desk: BusyDesk;

beforeAll(async () => {
  desk = await BusyDesk.open();
});
afterAll(async () => {
  await desk.app.stop();
});

/** Fifty calls with one key at the same instant, spread over the nodes, make one send: looked at in the end, too. */
async function askEverybody(nodes: readonly ServerProcess[]): Promise<void> {
  const input = desk.freshSend();
  const callers = Array.from({ length: 50 }, (_, index) =>
    desk.senderAt(nodes[index % nodes.length]?.url ?? ''),
  );
  const made = await Promise.all(
    callers.map(
      async (caller) => (await caller.act('sendActiveMessage', input, 'send { id }')).send.id as string,
    ),
  );
  const [caller] = callers as [Caller];
  expect(new Set(made).size).toBe(1);
  desk.asked.push({ mutation: 'sendActiveMessage', caller, input, id: made[0] ?? null });
}

/** Kills one node after another under load, each at a moment of its own, and starts another one. */
async function killAgainAndAgain(environment: Record<string, string>): Promise<void> {
  const nodes: ServerProcess[] = [];
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      while (nodes.length < NODES)
        nodes.push(await ServerProcess.start({ ...environment, PORT: String(await freePort()) }));
      if (kill === 0) await askEverybody(nodes);
      const urls = nodes.map(({ url }) => url);
      const answers = 5 + Math.floor(Math.random() * MOST_ANSWERS);
      await desk.work(urls, answers, async () => {
        // One of the first calls is never answered: whoever has made it ends before it knows.
        await desk.app.provider.waitForSends(4, 60_000);
        await nodes.shift()?.kill();
      });
    }
  } finally {
    for (const node of nodes) await node.kill();
  }
}

describe('servers that are killed', () => {
  beforeAll(async () => {
    await desk.app.restart((_url, environment) => killAgainAndAgain({ ...environment, ...PATIENT }));
    await desk.settle();
  });

  test('answer nothing but what is so, or that they cannot', () => {
    expect(desk.surprises).toEqual([]);
  });

  test('keep what they acknowledged, with its effects exactly once', async () => {
    expect(await lost(desk)).toEqual([]);
    figure('Acknowledged means kept', 'kills of a server under load', KILLS);
    figure('Acknowledged means kept', 'acknowledged before or after them, none lost', desk.acknowledged);
  });

  test('send nothing twice, and show what they cannot know', async () => {
    expect(await repeated(desk)).toEqual([]);
    expect(desk.unknown).toBeGreaterThan(0);
    figure('Never twice', 'messages handed over, none twice', desk.app.provider.sends.length);
    figure('Never twice', 'of which no server knew what became', desk.unknown);
  });
});
