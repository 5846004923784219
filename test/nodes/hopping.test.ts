import { expect, test } from '@jest/globals';
import { EventRow } from '../../src/entities/event';
import { TestApp } from '../kit/app';
import { Audience } from '../kit/audience';
import { openPlatform } from '../kit/bare-platform';
import { TestClock } from '../kit/clock';
import { describeWhere } from '../kit/describe-where';
import { Desk } from '../kit/desk';
import { Traffic } from '../kit/desk-traffic';
import { Nodes } from '../kit/nodes';
import { clusterObstacle, OwnCluster } from '../kit/own-cluster';
import { figure, scaled } from '../kit/scale';

const PROMISE = 'Several nodes';
const PATIENCE = scaled(40_000, 400_000);

const CLIENTS = scaled(20, 500);
const AGENTS = scaled(3, 25);
const NODES = scaled(2, 3);
/** Between two interruptions. */
const ROUNDS = 1;

describeWhere(clusterObstacle())('subscribers that hop between nodes', () => {
  test(
    `${CLIENTS} hear all that is theirs, in order, each once, while ${NODES} nodes are killed in turn and PostgreSQL is restarted`,
    async () => {
      const cluster = await OwnCluster.make();
      // Processes have the machine's time.
      const clock = new TestClock(Date.now());
      const app = await TestApp.start({
        clock,
        environment: {
          DATABASE_URL: cluster.url,
          REQUESTS_PER_MINUTE: '1000000',
          SENDS_PER_MINUTE: '100000',
          PRESENCE_TIMEOUT: '0',
        },
      });
      try {
        const desk = await Desk.open(app);
        await desk.turnOnDirectTransfer();
        const names = Array.from({ length: AGENTS }, (_, index) => `Agent${index}`);
        const agents = await Promise.all(names.map((name) => desk.agent(name)));
        const idle = await desk.agent('Idle');
        const after = await desk.admin.cursor();
        await app.restart(async (_, environment) => {
          const nodes = await Nodes.start(NODES, environment);
          const url = (): string => nodes.next();
          const { contractId, admin } = desk;
          const traffic = new Traffic(desk, agents, idle.id, url);
          const audience = new Audience({
            size: CLIENTS,
            overseers: [admin],
            agents,
            url,
            after,
            contractId,
          });
          try {
            for (let node = 0; node < NODES; node += 1)
              await traffic.workDuring(ROUNDS, () => nodes.replace(node), PATIENCE);
            for (const how of ['fast', 'immediate'] as const)
              await traffic.workDuring(ROUNDS, () => cluster.restart(how), PATIENCE);
            await traffic.work(1);
            // It keeps a connection, and so is opened when no more of them are cut off.
            const reader = await openPlatform(cluster.url, app.provider.url, clock);
            try {
              await audience.heardAll(reader.platform, PATIENCE);
              expect(audience.hearers).toBe(CLIENTS);
              const log = await reader.platform.store.rowsOf(contractId).find(EventRow);
              expect(traffic.missingIn(log)).toEqual([]);
            } finally {
              await reader.close();
            }
          } finally {
            await audience.stop();
            await nodes.stop();
          }
          figure(
            PROMISE,
            'hopping subscribers, nodes killed in turn, restarts of PostgreSQL',
            `${CLIENTS}, ${NODES}, 2`,
          );
          audience.keepFigures(PROMISE, 'hopping: ');
        });
      } finally {
        await app.stop();
        await cluster.remove();
      }
    },
    scaled(120_000, 900_000),
  );
});
