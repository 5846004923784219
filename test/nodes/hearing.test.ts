import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { TestApp } from '../kit/app';
import { Caller } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { freePort } from '../kit/free-port';
import type { Listener } from '../kit/listener';
import { ServerProcess } from '../kit/process';
import { figure, scaled } from '../kit/scale';

const PROMISE = 'Several nodes';
const SENDS = scaled(40, 400);
/** With the one that the test's own process runs. */
const NODES = 3;
const CUTS = scaled(5, 30);
/** What stands behind the announcements looks once a second. */
const LONGEST_LAG = 1_200;

const CONFIRMED = 'subscription ($after: String) { sendConfirmed(after: $after) { send { id } } }';
const PRESENCE = 'subscription ($after: String) { presenceChanged(after: $after) { agent { id } presence } }';

let app: TestApp;
let desk: Desk;
let agent: Caller;
let here: ServerProcess;
let there: ServerProcess;

beforeAll(async () => {
  const environment = { REQUESTS_PER_MINUTE: '1000000', SENDS_PER_MINUTE: '100000', PRESENCE_TIMEOUT: '0' };
  // The desk's own server is a third node, which is asked nothing more.
  app = await TestApp.start({ clock: new TestClock(Date.now()), environment });
  desk = await Desk.open(app);
  agent = await desk.agent('Bia');
  const start = async (): Promise<ServerProcess> =>
    ServerProcess.start({ ...app.environment, PORT: String(await freePort()), LOG_LEVEL: 'error' });
  [here, there] = await Promise.all([start(), start()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([here, there].map((node) => node.kill()));
  await app.stop();
});

const at = ({ url }: ServerProcess, { token, id }: Caller): Caller => new Caller(() => url, token, id);

/** When each thing was heard of, by what it says. */
function arrivals(listener: Listener, keyOf: (told: never) => string): Map<string, number> {
  const times = new Map<string, number>();
  listener.socket.on('message', (text: Buffer) => {
    const { payload } = JSON.parse(text.toString()) as { payload?: { data?: unknown } };
    if (payload?.data) times.set(keyOf(payload.data as never), performance.now());
  });
  return times;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

async function heardIn(times: Map<string, number>, key: string): Promise<number> {
  return (
    (await eventually(
      () => times.get(key),
      (time) => time !== undefined,
    )) ?? Number.NaN
  );
}

test('what is sent on one node is heard on another hardly later than on the same', async () => {
  const heardOn = async (
    node: ServerProcess,
  ): Promise<{ listener: Listener; times: Map<string, number> }> => {
    const listener = await at(node, agent).listen(CONFIRMED);
    type Told = { sendConfirmed: { send: { id: string } } };
    return { listener, times: arrivals(listener, ({ sendConfirmed }: Told) => sendConfirmed.send.id) };
  };
  const [same, other] = await Promise.all([heardOn(here), heardOn(there)]);
  const sender = at(here, agent);
  const lags: { same: number; other: number }[] = [];
  for (let index = 0; index < SENDS; index += 1) {
    const input = desk.orderUpdate(`+55119${30_000_000 + index}`);
    const { send } = await sender.act('sendActiveMessage', input, 'send { id }');
    const answered = performance.now();
    const [onSame, onOther] = await Promise.all(
      [same, other].map(({ times }) => heardIn(times, send.id as string)),
    );
    lags.push({ same: (onSame ?? 0) - answered, other: (onOther ?? 0) - answered });
  }
  for (const { listener } of [same, other]) listener.socket.close();
  const [p50Same, p50Other] = [
    percentile(
      lags.map((lag) => lag.same),
      0.5,
    ),
    percentile(
      lags.map((lag) => lag.other),
      0.5,
    ),
  ];
  figure(
    PROMISE,
    'mutation answered → sendConfirmed heard, p50, on the same node and on another, ms',
    `${p50Same.toFixed(1)}, ${p50Other.toFixed(1)}`,
  );
  expect(p50Other).toBeLessThanOrEqual(3 * p50Same);
}, 120_000);

test('where the connection that hears of other nodes is ended, events come at most 1.2 seconds late', async () => {
  const idle = await desk.agent('Idle');
  const listener = await at(there, desk.admin).listen(PRESENCE);
  type Told = { presenceChanged: { agent: { id: string }; presence: string } };
  const keyOf = ({ presenceChanged: told }: Told): string => `${told.agent.id} ${told.presence}`;
  const times = arrivals(listener, keyOf);
  const admin = at(here, desk.admin);
  const { reader } = app.platform.store.engine;
  const listening = sql`from pg_stat_activity
    where application_name = 'saludo announcements' and datname = current_database()`;
  const countListening = async (): Promise<unknown> =>
    (await reader.all(sql`select count(*)::int as count ${listening}`))[0]?.['count'];
  const lags: number[] = [];
  for (let cut = 0; cut < CUTS; cut += 1) {
    const presence = cut % 2 === 0 ? 'PAUSED' : 'ONLINE';
    times.clear();
    await eventually(countListening, (count) => count === NODES);
    await reader.all(sql`select pg_terminate_backend(pid) ${listening}`);
    await admin.act('setPresence', { agentId: idle.id, presence }, 'agent { id }');
    const answered = performance.now();
    lags.push((await heardIn(times, `${idle.id} ${presence}`)) - answered);
  }
  listener.socket.close();
  figure(
    PROMISE,
    'lag of events while announcements are cut off, longest of so many cuts, ms',
    `${Math.max(...lags).toFixed(0)} of ${CUTS}`,
  );
  expect(Math.max(...lags)).toBeLessThanOrEqual(LONGEST_LAG);
}, 120_000);
