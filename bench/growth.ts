import 'reflect-metadata';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { raw } from 'sql-template-tag';
import { TestApp } from '../test/kit/app';
import type { Caller } from '../test/kit/caller';
import { TestClock } from '../test/kit/clock';
import { asAdministrator, dropOwner, newName, urlOf } from '../test/kit/postgres';
import { GrownDesk, type Administering, type Size } from './grown-desk';
import { writeGrowth, type Grown } from './growth-report';
import { QUESTIONS } from './growth-questions';
import { runServer, type ServerRun } from './export-run';

const { values: options } = parseArgs({
  options: {
    engine: { type: 'string' },
    most: { type: 'string', default: '5000000' },
    write: { type: 'boolean', default: false },
  },
});
const TIMES = 30;
const WARM = 3;
const EXPORTED = 1_000_000;
/** What a server is started with. */
const NODE_FLAGS = JSON.parse(
  readFileSync(path.resolve(__dirname, '../scripts/node-flags.json'), 'utf8'),
) as string[];
const SIZES: readonly Size[] = [
  { sends: 10_000, contacts: 1_000, tickets: 500 },
  { sends: 100_000, contacts: 10_000, tickets: 5_000 },
  { sends: 1_000_000, contacts: 100_000, tickets: 50_000 },
  { sends: 5_000_000, contacts: 1_000_000, tickets: 500_000 },
];

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

/** Milliseconds below which 95 of 100 answers stayed. */
async function timesOf(ask: (turn: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < WARM + TIMES; turn += 1) {
    const begun = performance.now();
    await ask(turn);
    if (turn >= WARM) times.push(performance.now() - begun);
  }
  times.sort((one, other) => one - other);
  return times[Math.floor(times.length * 0.95)] ?? 0;
}

interface GrowingDatabase {
  url: string;
  drop: () => Promise<void>;
  /** Runs a text in it past the server, which gives up on what takes long; null where the server does not. */
  administer: Administering | null;
}

async function databaseOf(engine: string): Promise<GrowingDatabase> {
  if (engine === 'postgres') {
    const owner = { name: newName(), password: newName() };
    await asAdministrator(`create role ${owner.name} login password '${owner.password}'`);
    await asAdministrator(`create database ${owner.name} owner ${owner.name}`);
    return {
      url: urlOf(owner.name, owner),
      drop: () => dropOwner(owner),
      administer: (text) => asAdministrator(text, owner.name),
    };
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'saludo-growth-'));
  return {
    url: `sqlite:${path.join(folder, 'saludo.db')}`,
    drop: () => {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
    administer: null,
  };
}

/** How long each question takes at each size, and how a server does at the largest. */
async function grow(engine: string, sizes: readonly Size[]): Promise<Grown> {
  const times = new Map<string, number[]>(QUESTIONS.map(({ name }) => [name, []]));
  const database = await databaseOf(engine);
  const app = await TestApp.start({
    clock: new TestClock(Date.now()),
    database,
    environment: { REQUESTS_PER_MINUTE: '10000000', PRESENCE_TIMEOUT: '0' },
  });
  try {
    const viaServer: Administering = (text) =>
      app.platform.store.transactAcrossContracts((connection) => connection.all(raw(text)));
    const grown = await GrownDesk.open(
      app,
      sizes.at(-1) ?? { sends: 0, contacts: 0, tickets: 0 },
      database.administer ?? viaServer,
    );
    let server: ServerRun | null = null;
    for (const size of sizes) {
      const begun = performance.now();
      await grown.grow(size);
      say(`${engine}: ${size.sends} sends, made in ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
      const rows = Math.min(EXPORTED, size.sends);
      // The last size's stays; each start settles what was written.
      await app.restart(async (_url, environment) => {
        const flags = { NODE_OPTIONS: NODE_FLAGS.join(' ') };
        server = await runServer(grown, { ...environment, ...flags }, grown.at(rows / size.sends), rows);
      });
      say(`${engine}: ${JSON.stringify(server)}`);
      const counting = performance.now();
      await grown.countSends();
      say(`${engine}: counted in ${((performance.now() - counting) / 1_000).toFixed(0)} s`);
      for (const { name, asker, ask } of QUESTIONS) {
        const caller: Caller = asker === 'agent' ? grown.agent : grown.desk.admin;
        const p95 = await timesOf(async (turn) => {
          const { document, variables } = ask(grown, turn);
          return caller.ask(document, variables);
        });
        times.get(name)?.push(p95);
        say(`${engine} ${size.sends} ${name}: ${p95.toFixed(1)} ms`);
      }
    }
    return { times, server };
  } finally {
    await app.stop();
    await database.drop();
  }
}

async function main(): Promise<void> {
  const sizes = SIZES.filter(({ sends }) => sends <= Number(options.most));
  const engines = options.engine === undefined ? ['sqlite', 'postgres'] : [options.engine];
  const all = new Map<string, Grown>();
  for (const engine of engines) all.set(engine, await grow(engine, sizes));
  if (options.write) writeGrowth(sizes, all);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
