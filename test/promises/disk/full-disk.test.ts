import path from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { BusyDesk, PATIENT } from '../../kit/busy-desk';
import { messagesBody, post } from '../../kit/customer';
import { eventually } from '../../kit/eventually';
import { lost, repeated } from '../../kit/findings';
import { freePort } from '../../kit/free-port';
import { copyDatabase, OwnDisk } from '../../kit/own-disk';
import { ServerProcess } from '../../kit/process';
import { figure, scaled } from '../../kit/scale';

jest.setTimeout(scaled(120_000, 600_000));

const TIMES = scaled(1, 10);
const MEGABYTES = 32;
const MANY = 40;
const SEND = `mutation ($input: SendActiveMessageInput!) {
  sendActiveMessage(input: $input) { send { id } userErrors { code } } }`;

let disk: OwnDisk;
let desk: BusyDesk;
let server: ServerProcess;

beforeEach(async () => {
  disk = OwnDisk.make(MEGABYTES);
  desk = await BusyDesk.open();
});
afterEach(async () => {
  await desk.app.stop();
  disk.remove();
});

function grows(count: () => number): Promise<number> {
  const enough = count() + MANY;
  return eventually(count, (now) => now >= enough, 60_000);
}

/** Asks again until it is refused: the last free places may still be there. */
const refusal = (ask: () => Promise<Response>): Promise<Response> =>
  eventually(ask, ({ status }) => status !== 200);

function send(): Promise<Response> {
  const caller = desk.senderAt(server.url);
  const input = desk.freshSend();
  desk.asked.push({ mutation: 'sendActiveMessage', caller, input, id: null });
  return fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${caller.token}` },
    body: JSON.stringify({ query: SEND, variables: { input } }),
  });
}

const webhook = (): Promise<Response> =>
  post({ app: server, channelId: desk.door.channelId }, messagesBody(desk.door, {}));

async function whileFull(): Promise<void> {
  await grows(() => desk.turnedAway);
  for (const ask of [send, webhook]) {
    const { status, headers } = await refusal(ask);
    expect({ status, retryAfter: headers.get('retry-after') }).toEqual({ status: 503, retryAfter: '5' });
  }
  const reader = desk.senderAt(server.url);
  for (let index = 0; index < MANY; index += 1) {
    const { sends } = await reader.ask('{ sends(first: 10) { nodes { id status timeline { kind } } } }');
    expect(sends.nodes.length).toBeGreaterThan(0);
  }
}

test('a full disk turns away what it cannot keep, lets everybody read, and is over as soon as there is room', async () => {
  await desk.app.restart(async (url, environment) => {
    const file = path.join(disk.path, 'saludo.db');
    const home = url.slice('sqlite:'.length);
    copyDatabase(home, file);
    const own = { DATABASE_URL: `sqlite:${file}`, PORT: String(await freePort()) };
    server = await ServerProcess.start({ ...environment, ...PATIENT, ...own });
    try {
      await desk.work([server.url], MANY, async () => {
        for (let time = 0; time < TIMES; time += 1) {
          disk.fill();
          await whileFull();
          disk.empty();
          await grows(() => desk.acknowledged);
        }
      });
    } finally {
      expect(await server.stop()).toBe(0);
    }
    copyDatabase(file, home);
  });
  await desk.settle();
  expect(desk.surprises).toEqual([]);
  expect(await lost(desk)).toEqual([]);
  expect(await repeated(desk)).toEqual([]);
  figure('Acknowledged means kept', 'times the disk was full under load', TIMES);
  figure('Acknowledged means kept', 'turned away meanwhile with 503', desk.turnedAway);
});
