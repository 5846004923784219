import 'reflect-metadata';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createProviderDouble } from '../test/kit/provider-double';
import { Contender } from './contender';
import { makeDataset, type Dataset } from './dataset';
import { Hearers, settle } from './hearers';
import { askOf, OPERATIONS, reportOf } from './operations';
import { formatted, machine } from './report';

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, write: { type: 'boolean', default: false } },
});
const MINUTE = 60_000;
const LASTING = Number(options.minutes) * MINUTE;
if (!(LASTING > 0)) throw new Error(`--minutes is a number of minutes, and not ${options.minutes}`);
const PAGE = path.resolve(__dirname, '../docs/endurance.md');
const SIZES = { sends: 30_000, deliveries: 20_000, contacts: 20_000, agents: 200, templates: 50 };
/** Each of these comes so often in a second. */
const PACE = 10;
const SUBSCRIPTIONS = 200;
/** Sockets that come and go, in each minute. */
const PASSING = 20;
const PARTS = 12;
const LOOK = 1_000;
const KIBIBYTES = 1_024;
const HEAR = 'subscription { sendStatusChanged { send { id status } previousStatus } }';

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

/** What comes in each beat: a send with its call, reports on two messages, a send and a page of sends that are asked for. */
async function beat(contender: Contender, dataset: Dataset, number: number): Promise<void> {
  const ask = (name: string): Promise<unknown> => {
    const operation = OPERATIONS.find((one) => one.name === name);
    if (!operation) throw new Error(`There is no operation ${name}`);
    return contender.answer(askOf(operation, 'ours', number, dataset));
  };
  const report = (place: number): Promise<unknown> => {
    const status = place % 2 === 0 ? 'delivered' : 'read';
    const sent = dataset.accepted[place % dataset.accepted.length];
    if (!sent) throw new Error('There is no send that could be reported on');
    return contender.answer(
      reportOf(dataset, { id: `wamid.${place}.${number}`, status, biz_opaque_callback_data: sent.id }),
    );
  };
  await Promise.all([ask('send'), ask('point'), ask('page'), report(2 * number), report(2 * number + 1)]);
}

/** Sockets of agents who look in and leave. */
async function lookIn(contender: Contender, dataset: Dataset): Promise<void> {
  const passing = new Hearers(contender, { each: 2, tokens: dataset.agentTokens, settling: LOOK });
  await passing.listen(HEAR, () => undefined);
  await passing.open(PASSING);
  passing.close();
}

/** The most memory in each part of the time, in MiB. */
async function endure(contender: Contender, dataset: Dataset): Promise<number[]> {
  const most = Array<number>(PARTS).fill(0);
  const begun = performance.now();
  let failure: unknown = null;
  const fail = (error: unknown): void => void (failure ??= error);
  let number = 0;
  let nextLook = 0;
  let nextGuests = 0;
  for (;;) {
    const passed = performance.now() - begun;
    if (passed >= LASTING) return most;
    if (failure) throw failure as Error;
    if (passed >= nextLook) {
      const part = Math.floor((passed / LASTING) * PARTS);
      most[part] = Math.max(most[part] ?? 0, contender.memory() / KIBIBYTES);
      nextLook += LOOK;
    }
    if (passed >= nextGuests) {
      say(`after ${(passed / MINUTE).toFixed(0)} min: ${(contender.memory() / KIBIBYTES).toFixed(0)} MiB`);
      lookIn(contender, dataset).catch(fail);
      nextGuests += MINUTE;
    }
    beat(contender, dataset, (number += 1)).catch(fail);
    await settle(Math.max(0, (number * 1_000) / PACE - (performance.now() - begun)));
  }
}

const rounded = (minutes: number): string => String(Math.round(minutes * 10) / 10);

function write(most: readonly number[]): void {
  const part = Number(options.minutes) / PARTS;
  const rows = most.map(
    (memory, index) =>
      `| ${rounded(index * part)}–${rounded((index + 1) * part)} min | ${memory.toFixed(0)} MiB |`,
  );
  writeFileSync(
    PAGE,
    `# Memory under load

Written by \`npm run bench:endurance\`. One server on SQLite has for ${options.minutes} minutes, in each second: ${PACE} sends and
their calls, ${2 * PACE} webhooks with a report, ${PACE} sends asked for by their id, ${PACE} pages of 50 sends; and all the time
${SUBSCRIPTIONS} subscriptions to the status of sends, with ${PASSING} more sockets that come and go in each minute.

Measured on ${machine()}.

| time | most memory |
| --- | ---: |
${rows.join('\n')}
`,
  );
  formatted(PAGE);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'saludo-endurance-'));
  const provider = await createProviderDouble();
  try {
    const dataset = await makeDataset(folder, SIZES);
    const contender = await Contender.start('ours', { dataset, postgres: null, providerUrl: provider.url });
    const hearers = new Hearers(contender, { each: 1, tokens: dataset.agentTokens, settling: LOOK });
    try {
      await hearers.listen(HEAR, () => undefined);
      await hearers.open(SUBSCRIPTIONS);
      const most = await endure(contender, dataset);
      say(most.map((memory) => memory.toFixed(0)).join(' '));
      if (options.write) write(most);
    } finally {
      hearers.close();
      await contender.stop();
    }
  } finally {
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
