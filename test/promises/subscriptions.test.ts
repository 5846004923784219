import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EventRow } from '../../src/entities/event';
import { TestApp } from '../kit/app';
import { Audience } from '../kit/audience';
import { openPlatform } from '../kit/bare-platform';
import { TestClock } from '../kit/clock';
import { Desk } from '../kit/desk';
import { Traffic } from '../kit/desk-traffic';
import { freePort } from '../kit/free-port';
import { ServerProcess } from '../kit/process';
import { figure, scaled } from '../kit/scale';

const PROMISE = 'Subscriptions miss nothing';
/** For a machine that has ten other things to do; nothing waits for it to pass. */
const PATIENCE = scaled(25_000, 600_000);

const CLIENTS = scaled(36, 500);
const AGENTS = scaled(3, 25);
const KILLS = scaled(1, 5);
/** So many rounds of the desk's work between two kills. */
const ROUNDS = scaled(1, 3);

let app: TestApp;
// The server is a process of its own, whose clock is the machine's.
const clock = new TestClock(Date.now());
beforeAll(async () => {
  app = await TestApp.start({
    clock,
    environment: { REQUESTS_PER_MINUTE: '1000000', SENDS_PER_MINUTE: '100000', PRESENCE_TIMEOUT: '0' },
  });
});
afterAll(() => app.stop());

test(
  `${CLIENTS} clients that come and go hear all that is theirs, in order, each once, while the server is killed`,
  async () => {
    const desk = await Desk.open(app);
    await desk.turnOnDirectTransfer();
    const names = Array.from({ length: AGENTS }, (_, index) => `Agent${index}`);
    const agents = await Promise.all(names.map((name) => desk.agent(name)));
    const idle = await desk.agent('Idle');
    const { secret } = await desk.admin.act('createApiKey', { name: 'bi', scopes: ['READ'] }, 'secret');
    const overseers = [desk.admin, app.machine(secret as string)];
    const after = await desk.admin.cursor();

    await app.restart(async (databaseUrl) => {
      const port = String(await freePort());
      const environment = { ...app.environment, DATABASE_URL: databaseUrl, PORT: port, LOG_LEVEL: 'error' };
      let server = await ServerProcess.start(environment);
      const url = (): string => server.url;
      const traffic = new Traffic(desk, agents, idle.id, url);
      const { contractId } = desk;
      const audience = new Audience({ size: CLIENTS, overseers, agents, url, after, contractId });
      const reader = await openPlatform(databaseUrl, app.provider.url, clock);
      try {
        for (let kill = 0; kill < KILLS; kill += 1) {
          const replace = async (): Promise<void> => {
            await server.kill();
            server = await ServerProcess.start(environment);
          };
          await traffic.workDuring(ROUNDS, replace, PATIENCE);
        }
        await traffic.work(1);
        await audience.heardAll(reader.platform, PATIENCE);
        expect(audience.hearers).toBe(CLIENTS);
        expect(audience.clients.filter(({ connections }) => connections <= KILLS)).toEqual([]);
        // The log that everybody is measured by holds what was acknowledged.
        const log = await reader.platform.store.rowsOf(contractId).find(EventRow);
        expect(traffic.missingIn(log)).toEqual([]);
      } finally {
        await audience.stop();
        await reader.close();
        await server.kill();
      }
      figure(PROMISE, 'clients, and kills of their server', `${CLIENTS}, ${KILLS}`);
      audience.keepFigures(PROMISE);
    });
  },
  scaled(90_000, 1_200_000),
);
