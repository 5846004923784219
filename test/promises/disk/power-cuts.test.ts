import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { BusyDesk, PATIENT } from '../../kit/busy-desk';
import { lost, repeated } from '../../kit/findings';
import { freePort } from '../../kit/free-port';
import { copyDatabase, OwnDisk } from '../../kit/own-disk';
import { commandLine, ServerProcess } from '../../kit/process';
import { figure, scaled } from '../../kit/scale';

jest.setTimeout(scaled(120_000, 600_000));

const CUTS = scaled(2, 20);
const MOST_ANSWERS = 60;
const MEGABYTES = 48;
/** Makes a server that does not wait for its disk: the counter-example. */
const UNSYNCED = `-r ${path.resolve(__dirname, '../../kit/loading/unsynced.cjs')}`;

let disk: OwnDisk;
let desk: BusyDesk | null = null;

beforeEach(() => {
  disk = OwnDisk.make(MEGABYTES);
});
afterEach(async () => {
  await desk?.app.stop();
  desk = null;
  disk.remove();
});

/**
 * Cuts the power of server and disk. What a server says after that nobody hears: as long as it runs on here, a sync that
 * was under way may be told to it as done.
 */
function cutUnder(busy: BusyDesk): Promise<void> {
  busy.hangUp();
  disk.cut();
  return Promise.resolve();
}

/** A desk whose database lies on the disk while it is busy, and whose servers lose their power again and again. */
async function underPowerCuts(cuts: number, environment: Record<string, string> = {}): Promise<BusyDesk> {
  const busy = await BusyDesk.open();
  desk = busy;
  await busy.app.restart(async (url, given) => {
    const file = path.join(disk.path, 'saludo.db');
    const home = url.slice('sqlite:'.length);
    copyDatabase(home, file);
    for (let cut = 0; cut < cuts; cut += 1) {
      const own = { DATABASE_URL: `sqlite:${file}`, PORT: String(await freePort()) };
      const server = await ServerProcess.start({ ...given, ...PATIENT, ...environment, ...own });
      try {
        const answers = 10 + Math.floor(Math.random() * MOST_ANSWERS);
        await busy.work([server.url], answers, () => cutUnder(busy));
      } finally {
        await server.kill();
      }
      disk.mend();
    }
    copyDatabase(file, home);
  });
  return busy;
}

test('a power cut loses nothing that was acknowledged', async () => {
  const busy = await underPowerCuts(CUTS);
  await busy.settle();
  expect(busy.surprises).toEqual([]);
  expect(await lost(busy)).toEqual([]);
  expect(await repeated(busy)).toEqual([]);
  figure('Acknowledged means kept', 'power cuts under load', CUTS);
  figure('Acknowledged means kept', 'acknowledged before or between them, none lost', busy.acknowledged);
});

test('it would, if the server did not wait for its disk: this test can fail', async () => {
  const busy = await underPowerCuts(1, { NODE_OPTIONS: UNSYNCED });
  const missing = await lost(busy);
  expect(missing.length).toBeGreaterThan(0);
  figure(
    'Acknowledged means kept',
    'lost in one power cut without waiting for the disk (counter-example)',
    `${missing.length} of ${busy.acknowledged}`,
  );
});

test('a first start has kept what it said is there: the contract, and the keys that it made', async () => {
  const folder = path.join(disk.path, 'data');
  const environment = { DATABASE_URL: `sqlite:${path.join(folder, 'saludo.db')}`, LOG_LEVEL: 'silent' };
  const contract = ['create-contract', '--name', 'Acme', '--admin', 'ana@acme.test'];
  expect(await commandLine(environment, ...contract)).toMatchObject({ code: 0 });
  const secrets = (): string[] =>
    ['auth.secret', 'secrets.key'].map((name) => readFileSync(path.join(folder, name), 'utf8'));
  const before = secrets();
  disk.cut();
  disk.mend();
  expect(secrets()).toEqual(before);
  expect(await commandLine(environment, 'token', '--email', 'ana@acme.test')).toMatchObject({ code: 0 });
});
