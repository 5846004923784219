import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openPlatform } from '../kit/bare-platform';
import { Asker } from '../kit/asker';
import { Audience } from '../kit/audience';
import { BusyDesk, PATIENT } from '../kit/busy-desk';
import { describeWhere } from '../kit/describe-where';
import { eventually } from '../kit/eventually';
import { lost, repeated } from '../kit/findings';
import { Nodes } from '../kit/nodes';
import { clusterObstacle, OwnCluster } from '../kit/own-cluster';
import { networkObstacle, OwnNetwork } from '../kit/own-network';
import { endedStart } from '../kit/process';
import { atLength, figure, scaled } from '../kit/scale';

const PROMISE = 'Several nodes';
const SECOND = 1_000;
const PATIENCE = scaled(60, 300) * SECOND;
const TIME_LIMIT = scaled(150, 600) * SECOND;
/** No request is waited for longer. */
const LONGEST_WAIT = 10 * SECOND;
/** After the outage everything goes on by itself within this. */
const RECOVERY = 15 * SECOND;
const NODES = 2;
const CLIENTS = scaled(8, 60);
const ANSWERS = scaled(20, 400);

/** A silent outage has to be longer than the longest wait, to show one. */
interface Outage {
  seconds: number;
  begin: () => void | Promise<void>;
  end: () => void | Promise<void>;
}

let network: OwnNetwork | null = null;
let cluster: OwnCluster;
let desk: BusyDesk;

async function open(): Promise<void> {
  cluster = await OwnCluster.make(network ? { host: network.host, within: network.within } : {});
  desk = await BusyDesk.open({ DATABASE_URL: cluster.url, PRESENCE_TIMEOUT: '0' });
}
afterEach(async () => {
  await desk.app.stop();
  await cluster.remove();
  network?.remove();
  network = null;
});

async function timed<Answer>(work: Promise<Answer>): Promise<{ answer: Answer; isQuick: boolean }> {
  const begun = Date.now();
  const answer = await work;
  return { answer, isQuick: Date.now() - begun < LONGEST_WAIT };
}

/** The database goes away under load and comes back; what must hold of it, whatever was in the way. */
async function survives(what: string, { seconds, begin, end }: Outage): Promise<void> {
  const { app, admin, senders, door, contractId } = desk;
  const after = await admin.cursor();
  await app.restart(async (_, environment) => {
    const nodes = await Nodes.start(NODES, { ...environment, ...PATIENT });
    const leaving = await Nodes.start(1, environment);
    const url = (): string => nodes.next();
    const audience = new Audience({
      size: CLIENTS,
      overseers: [admin],
      agents: senders,
      url,
      after,
      contractId,
    });
    const askers = nodes.urls.map((one) => new Asker(one, admin, door));
    try {
      let back = 0;
      await desk.work(nodes.urls, ANSWERS, async () => {
        await begin();
        const starting = endedStart(environment);
        const stopping = timed(leaving.node(0).stop());
        await new Promise((resolve) => setTimeout(resolve, seconds * SECOND));
        expect(await stopping).toMatchObject({ answer: 0, isQuick: true });
        const { code, error, took } = await starting;
        expect(error).toMatch(
          /^Saludo cannot start: DATABASE_URL is not usable: PostgreSQL cannot serve now: .+\n$/,
        );
        expect(code).toBe(1);
        expect(took).toBeLessThan(LONGEST_WAIT);
        await end();
        const ended = Date.now();
        const acknowledged = desk.acknowledged;
        const moreThan = (count: number, patience: number): Promise<number> =>
          eventually(
            () => desk.acknowledged,
            (now) => now > acknowledged + count,
            patience,
          );
        await moreThan(0, RECOVERY);
        back = Date.now() - ended;
        await moreThan(ANSWERS, PATIENCE);
      });
      await Promise.all(askers.map((asker) => asker.stop()));
      const reader = await openPlatform(cluster.url, app.provider.url, app.clock);
      try {
        await audience.heardAll(reader.platform, PATIENCE);
      } finally {
        await reader.close();
      }
      expect(audience.hearers).toBeGreaterThanOrEqual(scaled(CLIENTS, CLIENTS / 2));
      expect([...new Set(askers.flatMap(({ surprises }) => surprises))]).toEqual([]);
      for (const { served, turnedAway } of askers) {
        expect(served).toBeGreaterThan(0);
        expect(turnedAway).toBeGreaterThan(0);
      }
      const longest = Math.max(...askers.map((asker) => asker.longest));
      expect(longest).toBeLessThanOrEqual(LONGEST_WAIT);
      figure(
        PROMISE,
        `${what} for ${seconds} s: longest wait for an answer, and for the first one afterwards`,
        `${longest} ms, ${back} ms`,
      );
      audience.keepFigures(PROMISE, `${what}: `);
    } finally {
      await Promise.all(askers.map((asker) => asker.stop()));
      await audience.stop();
      await Promise.all([nodes.stop(), leaving.stop()]);
    }
  });
  await desk.settle();
  expect(desk.surprises).toEqual([]);
  expect(await lost(desk)).toEqual([]);
  expect(await repeated(desk)).toEqual([]);
  figure(
    PROMISE,
    `${what}: acknowledged, none lost; turned away`,
    `${desk.acknowledged}; ${desk.turnedAway}`,
  );
}

describeWhere(clusterObstacle())('a PostgreSQL that goes away and comes back', () => {
  beforeEach(open);

  test(
    'is waited for by no request longer than 10 s, where it was stopped',
    () =>
      survives('PostgreSQL stopped', {
        seconds: scaled(2, 30),
        begin: () => cluster.stop('immediate'),
        end: () => cluster.start(),
      }),
    TIME_LIMIT,
  );

  (atLength ? test : test.skip)(
    'is waited for by no request longer than 10 s, where it hangs',
    () =>
      survives('PostgreSQL frozen', {
        seconds: 30,
        begin: () => cluster.freeze(),
        end: () => cluster.wake(),
      }),
    TIME_LIMIT,
  );
});

describeWhere(clusterObstacle() ?? networkObstacle())('the network between nodes and PostgreSQL', () => {
  beforeEach(async () => {
    network = OwnNetwork.make();
    await open();
  });

  test(
    'is cut, and no request waits longer than 10 s',
    () =>
      survives('network cut', {
        seconds: scaled(11, 30),
        begin: () => network?.cut(),
        end: () => network?.mend(),
      }),
    TIME_LIMIT,
  );
});
