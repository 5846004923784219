import 'reflect-metadata';
import { deepStrictEqual } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createProviderDouble } from '../test/kit/provider-double';
import { CONTENDERS, Contender, LIVE, PLAIN, type Name } from './contender';
import { makeDataset, type Dataset } from './dataset';
import { checkTellTheSame, Hearers, SUBSCRIPTIONS } from './hearers';
import { paceOf, type Pace } from './load';
import { spreadOf, type Result } from './measured';
import { OPERATIONS, type Ask, type Operation } from './operations';
import { sharesIn, type Part } from './profile';
import { reportOn, writePage } from './report';

const ROUNDS = 3;
const SIZES = { sends: 100_000, contacts: 20_000, agents: 200, templates: 50 };
const LOAD_CORE = '1';
const PEERS = path.join(__dirname, 'peers');

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const seconds = options.quick ? 3 : 10;

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

type Contenders = ReadonlyMap<Name, Contender>;

/** Requests of one operation, each with a number of its own. */
function asksOf(operation: Operation, dataset: Dataset): () => Ask {
  let number = 0;
  return () => operation.ask((number += 1), dataset);
}

/** Everybody must answer the same, or what is compared is not the same work. */
async function checkEqual(contenders: Contenders, { name: what }: Operation, next: () => Ask): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const ask = next();
    const answers = new Map<Name, unknown>();
    for (const [name, contender] of contenders) answers.set(name, await contender.answer(ask));
    for (const [name, answer] of answers)
      deepStrictEqual(answer, answers.get('ours'), `${name} answers ${what} otherwise than we do`);
  }
}

/** Rounds in alternating order, one server under load at a time, after each was warmed up. */
async function measure(contenders: Contenders, operation: Operation, next: () => Ask): Promise<Result> {
  const paces = new Map<Name, Pace[]>([...contenders.keys()].map((name) => [name, []]));
  for (const contender of contenders.values()) await paceOf(contender, next, seconds / 2);
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 === 0 ? [...contenders] : [...contenders].reverse();
    for (const [name, contender] of order) {
      const pace = await paceOf(contender, next, seconds);
      paces.get(name)?.push(pace);
      say(
        `${operation.name}, round ${round + 1}: ${name} ${pace.rate.toFixed(0)}/s, p99 ${pace.p99.toFixed(1)} ms`,
      );
    }
  }
  const { name, title } = operation;
  const values = new Map([...paces].map(([who, all]) => [who, spreadOf(all.map(({ rate }) => rate))]));
  return { name, title, unit: '/s', values };
}

/** Measures one operation on servers that were started for it, so that nothing of another is still under way. */
async function compare(operation: Operation, dataset: Dataset, providerUrl: string): Promise<Result> {
  const contenders = new Map<Name, Contender>();
  const next = asksOf(operation, dataset);
  try {
    for (const name of CONTENDERS.filter((one) => operation.isGraphQl || PLAIN.has(one)))
      contenders.set(name, await Contender.start(name, dataset, providerUrl));
    await checkEqual(contenders, operation, next);
    return await measure(contenders, operation, next);
  } finally {
    for (const contender of contenders.values()) await contender.stop();
  }
}

/** What our server's main thread spends its time on in one operation, of 1. */
async function profile(
  operation: Operation,
  dataset: Dataset,
  providerUrl: string,
): Promise<ReadonlyMap<Part, number>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'saludo-profile-'));
  try {
    const contender = await Contender.start('ours', dataset, providerUrl, folder);
    await paceOf(contender, asksOf(operation, dataset), 2 * seconds);
    await contender.stop('SIGTERM');
    return sharesIn(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Measures how events reach all who subscribe, and what a subscription costs that hears nothing. */
async function compareLive(dataset: Dataset, providerUrl: string): Promise<Result[]> {
  const rates = new Map<Name, number[]>(LIVE.map((name) => [name, []]));
  const memory = new Map<Name, number[]>(LIVE.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    const told: unknown[] = [];
    for (const name of round % 2 === 0 ? LIVE : [...LIVE].reverse()) {
      const contender = await Contender.start(name, dataset, providerUrl);
      try {
        const { hearers, memoryOfEach } = await Hearers.open(contender, dataset);
        told.push(await hearers.event(), await hearers.event());
        const rate = await hearers.pace(seconds);
        hearers.close();
        rates.get(name)?.push(rate);
        memory.get(name)?.push(memoryOfEach);
        say(
          `events, round ${round + 1}: ${name} ${rate.toFixed(0)}/s, ${memoryOfEach.toFixed(1)} kB a subscription`,
        );
      } finally {
        await contender.stop();
      }
    }
    checkTellTheSame(told.filter((_one, index) => index % 2 === 0));
  }
  const spreads = (all: ReadonlyMap<Name, number[]>): Result['values'] =>
    new Map([...all].map(([name, values]) => [name, spreadOf(values)]));
  const hearing = `${SUBSCRIPTIONS.toLocaleString('en')} subscriptions of one document`;
  return [
    { name: 'fanout', title: `an event told to ${hearing}`, unit: '/s', values: spreads(rates) },
    { name: 'memory', title: `memory for each of ${hearing}`, unit: ' kB', values: spreads(memory) },
  ];
}

async function main(): Promise<void> {
  execFileSync('taskset', ['-pc', LOAD_CORE, String(process.pid)]);
  if (!existsSync(path.join(PEERS, 'node_modules'))) {
    say('Installing the peers …');
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: PEERS, stdio: 'inherit' });
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'saludo-bench-'));
  const provider = await createProviderDouble();
  try {
    say('Making the data …');
    const dataset = await makeDataset(folder, SIZES);
    const results: Result[] = [];
    for (const operation of OPERATIONS) results.push(await compare(operation, dataset, provider.url));
    results.push(...(await compareLive(dataset, provider.url)));
    const { table, json } = reportOn(results);
    process.stdout.write(`${table}\n`);
    if (!options.quick) {
      const profiles = new Map<string, ReadonlyMap<Part, number>>();
      for (const operation of OPERATIONS)
        profiles.set(operation.name, await profile(operation, dataset, provider.url));
      writePage(results, { seconds, rounds: ROUNDS, sizes: SIZES, profiles });
    }
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(json, null, 2)}\n`);
  } finally {
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
