import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createServer, request as httpRequest, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { TestApp } from '../kit/app';
import { Audience } from '../kit/audience';
import { openPlatform } from '../kit/bare-platform';
import { BusyDesk, PATIENT, slowly } from '../kit/busy-desk';
import { Caller } from '../kit/caller';
import { freshMessageId, messagesBody, post } from '../kit/customer';
import { describeWhere } from '../kit/describe-where';
import { Desk } from '../kit/desk';
import { lost, repeated } from '../kit/findings';
import { freePort } from '../kit/free-port';
import { nginxObstacle, OwnNginx } from '../kit/own-nginx';
import { ServerProcess } from '../kit/process';
import { figure, scaled } from '../kit/scale';

const PROMISE = 'Several nodes';
const PATIENCE = scaled(40_000, 400_000);
/** How often each of the two nodes is replaced. */
const TURNS = scaled(1, 10);
const CLIENTS = scaled(12, 100);
/** Between two replacements so many answers come. */
const ANSWERS = scaled(20, 50);
/** What docs/operations.md says where the proxy is on the same machine. */
const BEHIND = { TRUSTED_PROXIES: '127.0.0.1' };

type Pair<Thing> = [Thing, Thing];

/** Asks for exports until told to stop. @returns how many came, and what was wrong with them. */
async function exportOnAndOn(
  url: string,
  token: string,
  goesOn: () => boolean,
): Promise<{ count: number; wrong: string[] }> {
  const wrong: string[] = [];
  let count = 0;
  while (goesOn()) {
    count += 1;
    const headers = { authorization: `Bearer ${token}` };
    try {
      const answer = await fetch(`${url}/exports/sends.ndjson`, { headers });
      const text = await answer.text();
      for (const line of text.split('\n').filter((one) => one !== '')) JSON.parse(line);
      if (answer.status !== 200 || !text.endsWith('\n')) wrong.push(`${answer.status} ${text.slice(-100)}`);
    } catch (error) {
      wrong.push(String(error));
    }
  }
  return { count, wrong };
}

describeWhere(nginxObstacle())('a rolling restart behind nginx', () => {
  let desk: BusyDesk;
  beforeAll(async () => {
    desk = await BusyDesk.open();
    desk.app.provider.answer(slowly);
  });
  afterAll(() => desk.app.stop());

  test(
    'fails no request, sends nothing twice, and subscribers hear all that is theirs, in order, each once',
    async () => {
      const { app, admin, senders, contractId } = desk;
      // There is something to export from the start.
      await desk.work([app.url], 5, () => Promise.resolve());
      const before = desk.acknowledged;
      const after = await admin.cursor();
      await app.restart(async (databaseUrl, given) => {
        const environment = { ...given, ...PATIENT, ...BEHIND, LOG_LEVEL: 'error' };
        const environments = await Promise.all(
          [0, 1].map(async () => ({ ...environment, PORT: String(await freePort()) })),
        );
        const nodes = (await Promise.all(
          environments.map((each) => ServerProcess.start(each)),
        )) as Pair<ServerProcess>;
        const nginx = await OwnNginx.start([nodes[0].url, nodes[1].url]);
        const url = (): string => nginx.url;
        const audience = new Audience({
          size: CLIENTS,
          overseers: [admin],
          agents: senders,
          url,
          after,
          contractId,
        });
        const reader = await openPlatform(databaseUrl, app.provider.url, app.clock);
        const exits: (number | null)[] = [];
        const replace = async (index: 0 | 1): Promise<void> => {
          exits.push(await nodes[index].stop());
          nodes[index] = await ServerProcess.start(environments[index] ?? {});
        };
        let isOver = false;
        const exporting = exportOnAndOn(nginx.url, admin.token, () => !isOver);
        try {
          for (let turn = 0; turn < TURNS; turn += 1)
            for (const index of [0, 1] as const) await desk.work([nginx.url], ANSWERS, () => replace(index));
          await desk.work([nginx.url], ANSWERS, () => Promise.resolve());
          isOver = true;
          const exports = await exporting;
          expect(exports.wrong).toEqual([]);
          expect([desk.unanswered, desk.turnedAway, desk.surprises]).toEqual([0, 0, []]);
          await audience.heardAll(reader.platform, PATIENCE);
          expect(audience.hearers).toBeGreaterThanOrEqual(scaled(CLIENTS, CLIENTS / 2));
          figure(PROMISE, 'replaced behind nginx under load, nodes', 2 * TURNS);
          figure(PROMISE, 'answered meanwhile, none with an error', desk.acknowledged - before);
          // Stopped, not killed: what waits for a recipient's turn may just be on its way to the provider.
          exits.push(...(await Promise.all(nodes.map((node) => node.stop()))));
          expect(exits).toEqual(Array.from({ length: 2 * TURNS + 2 }, () => 0));
          figure(PROMISE, 'exports streamed meanwhile, all whole', exports.count);
        } finally {
          isOver = true;
          await exporting;
          await audience.stop();
          await reader.close();
          await nginx.stop();
          await Promise.all(nodes.map((node) => node.kill()));
        }
        audience.keepFigures(PROMISE, 'behind nginx: ');
      });
      await desk.settle();
      expect(desk.unknown).toBe(0);
      expect(await lost(desk)).toEqual([]);
      expect(await repeated(desk)).toEqual([]);
    },
    scaled(120_000, 900_000),
  );
});

describeWhere(nginxObstacle())('the shipped configuration of nginx', () => {
  const REQUESTS = 40;
  let app: TestApp;
  let desk: Desk;
  let nginx: OwnNginx | null = null;
  const failing: Server[] = [];
  beforeAll(async () => {
    app = await TestApp.start({ environment: { ...BEHIND, REQUESTS_PER_MINUTE: String(REQUESTS) } });
    desk = await Desk.open(app);
  });
  afterEach(async () => {
    await nginx?.stop();
    for (const server of failing.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
  afterAll(() => app.stop());

  /** A node with which something is wrong. */
  async function nodeThat(answers: RequestListener): Promise<string> {
    const server = createServer(answers).listen(0, '127.0.0.1');
    failing.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const stopping = (): Promise<string> =>
    nodeThat((request, response) => {
      request.resume().once('end', () => response.writeHead(503).end('{}'));
    });
  const dying = (): Promise<string> =>
    nodeThat((request) => {
      request.resume().once('end', () => request.socket.destroy());
    });
  const withoutNext = (configuration: string): string =>
    configuration.replace(/^ *proxy_next_upstream .*$/m, '');

  /** What mutations are answered, one after the other, so that both nodes have their turn. */
  async function statuses(url: string): Promise<number[]> {
    app.clock.advance(60_000);
    const caller = new Caller(() => url, desk.admin.token, desk.admin.id);
    const all: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const document = 'mutation { setPresence(input: { presence: ONLINE }) { agent { id } } }';
      all.push(
        await caller.request(document).then(
          ({ status }) => status,
          () => 0,
        ),
      );
    }
    return all;
  }

  test.each([
    ['is stopping', stopping],
    ['fails in the middle of a request', dying],
  ])(
    'has the next node asked where one %s, and without proxy_next_upstream callers see it',
    async (_, node) => {
      const other = await node();
      nginx = await OwnNginx.start([other, app.url]);
      expect(await statuses(nginx.url)).toEqual([200, 200, 200, 200]);
      await nginx.stop();
      nginx = await OwnNginx.start([other, app.url], withoutNext);
      expect((await statuses(nginx.url)).filter((status) => status !== 200)).not.toEqual([]);
    },
  );

  test('keeps metrics from the outside, and lets large webhooks and whole exports through', async () => {
    app.clock.advance(60_000);
    nginx = await OwnNginx.start([app.url, app.url]);
    expect((await fetch(`${nginx.url}/metrics`)).status).toBe(403);
    expect((await fetch(`${app.url}/metrics`)).status).toBe(200);

    const from = '5511987654321';
    const message = { from, id: freshMessageId(), timestamp: '1', type: 'text', text: { body: 'Hello' } };
    const body = { ...messagesBody(desk, { messages: [message] }), padding: 'x'.repeat(2_900_000) };
    expect((await post({ app: nginx, channelId: desk.channelId }, body)).status).toBe(200);

    await desk.admin.act('sendActiveMessage', desk.orderUpdate('+5511987654322'), 'send { id }');
    const headers = { authorization: `Bearer ${desk.admin.token}` };
    const answer = await fetch(`${nginx.url}/exports/sends.ndjson`, { headers });
    // Of unknown length: it is streamed.
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, null]);
    expect((await answer.text()).trim().split('\n')).toHaveLength(1);
  });

  test('has limits count the address of the caller, whatever that says of itself', async () => {
    app.clock.advance(60_000);
    nginx = await OwnNginx.start([app.url, app.url]);
    const url = `${nginx.url}/exports/sends.csv`;
    const statusFrom = async (localAddress: string, forwarded: string): Promise<number> => {
      const call = httpRequest(url, { localAddress, headers: { 'x-forwarded-for': forwarded } }).end();
      const [answer] = (await once(call, 'response')) as [{ statusCode: number; resume: () => void }];
      answer.resume();
      return answer.statusCode;
    };
    const fromOne: number[] = [];
    for (let turn = 0; turn <= REQUESTS; turn += 1)
      fromOne.push(await statusFrom('127.0.0.2', `10.0.0.${turn}`));
    expect(new Set(fromOne.slice(0, REQUESTS))).toEqual(new Set([401]));
    expect(fromOne.at(-1)).toBe(429);
    expect(await statusFrom('127.0.0.3', '127.0.0.2')).toBe(401);
  });
});
