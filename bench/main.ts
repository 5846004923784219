import 'reflect-metadata';
import { deepStrictEqual } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createProviderDouble, type ProviderDouble } from '../test/kit/provider-double';
import { Confirmations, SENDS_PER_SECOND, type Times } from './confirmed';
import { CONTENDERS, Contender, LIVE, ON_POSTGRES, PLAIN, type Name, type Surroundings } from './contender';
import { makeDataset, type Dataset } from './dataset';
import { measureFanout, type Fanout } from './fanout';
import { Hearers } from './hearers';
import { paceOf, type Pace } from './load';
import { spreadOf, type Result } from './measured';
import { askOf, OPERATIONS, type Operation } from './operations';
import { PostgresData } from './postgres';
import { sharesIn, type Part } from './profile';
import { reportOn, writePage } from './report';
import { measureRouted, type Routed } from './routed';

const ROUNDS = 3;
const LOAD_CORE = '1';
const PEERS = path.join(__dirname, 'peers');
/** Each with packages of its own: PostGraphile needs another version of graphql than the others. */
const PACKAGES = [PEERS, path.join(PEERS, 'postgraphile')];

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const seconds = options.quick ? 1 : 8;
/** Long enough for V8 to have compiled what runs all the time: a few thousand requests. */
const warmingUp = options.quick ? 2 : 12;
const confirmedSeconds = options.quick ? 3 : 10;
const settling = options.quick ? 1_500 : 3_000;
const SIZES = {
  ...(options.quick ? { sends: 30_000, deliveries: 5_000 } : { sends: 100_000, deliveries: 20_000 }),
  contacts: 20_000,
  agents: 200,
  templates: 50,
};
/** Sockets of the subscribers, and the subscriptions on each: an agent has at most 20 sockets at Saludo. */
const [SOCKETS, EACH] = [2_500, 2];

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

type Contenders = ReadonlyMap<Name, Contender>;

/** All must tell the same, or what is compared is not the same work. */
function checkTheSame(what: string, told: ReadonlyMap<Name, unknown>): void {
  for (const [name, one] of told)
    deepStrictEqual(one, told.get('ours'), `${name} answers ${what} otherwise than we do`);
}

/** Numbers of requests: no two are the same where that matters. */
function counter(): () => number {
  let number = 0;
  return () => (number += 1);
}

async function checkEqual(
  contenders: Contenders,
  operation: Operation,
  dataset: Dataset,
  next: () => number,
): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const number = next();
    const answers = new Map<Name, unknown>();
    for (const [name, contender] of contenders) {
      const answer = await contender.answer(askOf(operation, name, number, dataset));
      answers.set(name, operation.otherWords?.[name]?.translated(answer) ?? answer);
    }
    checkTheSame(operation.name, answers);
  }
}

/** Alternating, so that what changes in the machine meanwhile meets all alike. */
const inRound = <T>(round: number, all: readonly T[]): readonly T[] =>
  round % 2 === 0 ? all : [...all].reverse();

/** Rounds in alternating order, one server under load at a time, after each was warmed up. */
async function measure(
  contenders: Contenders,
  operation: Operation,
  dataset: Dataset,
  next: () => number,
): Promise<Result> {
  const paces = new Map<Name, Pace[]>([...contenders.keys()].map((name) => [name, []]));
  const run = async (name: Name, contender: Contender, lasting: number): Promise<Pace> => {
    contender.resume();
    const pace = await paceOf(contender, () => askOf(operation, name, next(), dataset), lasting);
    contender.pause();
    return pace;
  };
  for (const contender of contenders.values()) contender.pause();
  for (const [name, contender] of contenders) await run(name, contender, warmingUp);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, contender] of inRound(round, [...contenders])) {
      const pace = await run(name, contender, seconds);
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
async function compare(operation: Operation, surroundings: Surroundings): Promise<Result> {
  const { dataset, postgres } = surroundings;
  const next = counter();
  const names = CONTENDERS.filter(
    (name) => (operation.isGraphQl || PLAIN.has(name)) && (postgres || !ON_POSTGRES.has(name)),
  );
  const started = await Promise.allSettled(names.map((name) => Contender.start(name, surroundings)));
  const contenders = new Map<Name, Contender>();
  try {
    for (const [index, name] of names.entries()) {
      const one = started[index];
      if (one?.status === 'rejected') throw one.reason;
      if (one) contenders.set(name, one.value);
    }
    await checkEqual(contenders, operation, dataset, next);
    return await measure(contenders, operation, dataset, next);
  } finally {
    for (const contender of Contender.running) await contender.stop();
  }
}

/** What our server's main thread spends its time on in one operation, of 1. */
async function profile(operation: Operation, surroundings: Surroundings): Promise<ReadonlyMap<Part, number>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'saludo-profile-'));
  const next = counter();
  try {
    const contender = await Contender.start('ours', surroundings, folder);
    await paceOf(contender, () => askOf(operation, 'ours', next(), surroundings.dataset), 2 * seconds);
    await contender.stop('SIGTERM');
    return sharesIn(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Everything that is measured of subscriptions at one server. */
interface Live {
  fanout: Fanout;
  routed: Routed;
}

async function measureLive(contender: Contender, dataset: Dataset): Promise<Live> {
  const hearers = new Hearers(contender, { each: EACH, tokens: dataset.agentTokens, settling });
  try {
    const fanout = await measureFanout(contender, hearers, dataset, { sockets: SOCKETS, seconds });
    return { fanout, routed: await measureRouted(contender, hearers, dataset, { seconds }) };
  } finally {
    hearers.close();
  }
}

/** Measures in rounds how events reach who subscribes, at one freshly started server at a time. */
async function compareLive(surroundings: Surroundings): Promise<Result[]> {
  const all = new Map<Name, Live[]>(LIVE.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    const told = new Map<Name, unknown>();
    for (const name of inRound(round, LIVE)) {
      const contender = await Contender.start(name, surroundings);
      try {
        const live = await measureLive(contender, surroundings.dataset);
        all.get(name)?.push(live);
        told.set(name, [live.fanout.told, live.routed.told]);
        say(
          `events, round ${round + 1}: ${name} ${live.fanout.rate.toFixed(0)}/s to all, ${live.routed.rate.toFixed(0)}/s to one agent, ${live.fanout.memoryOfEach.toFixed(1)} kB a subscription`,
        );
      } finally {
        await contender.stop();
      }
    }
    checkTheSame('subscriptions', told);
  }
  const spreads = (figure: (live: Live) => number): Result['values'] =>
    new Map([...all].map(([name, some]) => [name, spreadOf(some.map(figure))]));
  const [count, agents] = [SOCKETS * EACH, surroundings.dataset.agentTokens.length];
  const subscriptions = `${count.toLocaleString('en')} subscriptions`;
  return [
    {
      name: 'fanout',
      title: `an event told to ${subscriptions} of one document: deliveries`,
      unit: '/s',
      values: spreads(({ fanout }) => fanout.rate),
    },
    {
      name: 'routed',
      title: `an event told to its one agent's ${count / agents} of ${subscriptions} (${agents} agents): events`,
      unit: '/s',
      values: spreads(({ routed }) => routed.rate),
    },
    {
      name: 'memory',
      title: `memory for each of ${subscriptions} of one document`,
      unit: ' kB',
      values: spreads(({ fanout }) => fanout.memoryOfEach),
    },
  ];
}

/** How long our server takes to tell an agent that WhatsApp took its message. */
async function measureConfirmed(surroundings: Surroundings, provider: ProviderDouble): Promise<Result[]> {
  const { dataset } = surroundings;
  const contender = await Contender.start('ours', surroundings);
  const confirmations = await Confirmations.open(contender, dataset, provider);
  const times: Times[] = [];
  try {
    await confirmations.measure(warmingUp);
    for (let round = 0; round < ROUNDS; round += 1) {
      const measured = await confirmations.measure(confirmedSeconds);
      times.push(measured);
      say(
        `confirmed, round ${round + 1}: p50 ${measured.p50.toFixed(1)} ms, p99 ${measured.p99.toFixed(1)} ms`,
      );
    }
  } finally {
    confirmations.close();
    await contender.stop();
  }
  return (['p50', 'p99'] as const).map((part) => ({
    name: 'confirmed',
    part,
    title: `from WhatsApp's answer to \`sendConfirmed\` at the client, at ${SENDS_PER_SECOND} sends/s: ${part}`,
    unit: ' ms',
    values: new Map([['ours', spreadOf(times.map((one) => one[part]))]]),
  }));
}

async function measureAll(surroundings: Surroundings, provider: ProviderDouble): Promise<void> {
  const results: Result[] = [];
  for (const operation of OPERATIONS) results.push(await compare(operation, surroundings));
  results.push(...(await compareLive(surroundings)), ...(await measureConfirmed(surroundings, provider)));
  const { table, json } = reportOn(results);
  process.stdout.write(`${table}\n`);
  if (!options.quick) {
    const profiles = new Map<string, ReadonlyMap<Part, number>>();
    for (const operation of OPERATIONS) profiles.set(operation.name, await profile(operation, surroundings));
    writePage(results, { seconds, rounds: ROUNDS, sizes: SIZES, profiles });
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(json, null, 2)}\n`);
}

/** Rejects where this process is to end before its work is done: what it has made elsewhere is to go first. */
const interrupted = (): Promise<never> =>
  new Promise((_resolve, reject) => {
    process.once('uncaughtException', reject);
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`Stopped by ${signal}`)));
  });

async function main(): Promise<void> {
  execFileSync('taskset', ['-pc', LOAD_CORE, String(process.pid)]);
  for (const packages of PACKAGES) {
    if (existsSync(path.join(packages, 'node_modules'))) continue;
    say(`Installing the peers in ${path.relative(process.cwd(), packages)} …`);
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: packages, stdio: 'inherit' });
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'saludo-bench-'));
  const provider = await createProviderDouble();
  let postgres: PostgresData | null = null;
  const interruption = interrupted();
  interruption.catch(() => undefined);
  try {
    say('Making the data …');
    const dataset = await makeDataset(folder, SIZES);
    postgres = await PostgresData.make(dataset.file, dataset.environment);
    if (!postgres) say('No PostgreSQL answers: what is measured on it is left out.');
    await Promise.race([
      measureAll({ dataset, postgres, providerUrl: provider.url }, provider),
      interruption,
    ]);
  } finally {
    for (const contender of Contender.running) await contender.stop();
    await postgres?.drop();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
