import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import path from 'node:path';
import { CONTENDERS, type Name } from './contender';
import { chartOf } from './chart';
import type { Result } from './measured';
import { PARTS, type Part } from './profile';

const DOCS = path.resolve(__dirname, '../docs');

export interface Circumstances {
  seconds: number;
  rounds: number;
  sizes: Readonly<Record<string, number>>;
  /** What our server's time goes into, by operation. */
  profiles: ReadonlyMap<string, ReadonlyMap<Part, number>>;
}

export interface Report {
  table: string;
  json: Record<string, unknown>;
}

const TITLES: Record<Name, string> = {
  ours: 'Saludo',
  mercurius: 'mercurius 16 with JIT',
  yoga: 'graphql-yoga 5',
  limit: 'the limit: no GraphQL',
};
const othersOf = ({ values }: Result): Name[] => [...values.keys()].filter((name) => name !== 'ours');

const medianOf = ({ values }: Result, name: Name): number => values.get(name)?.median ?? 0;
const ratioOf = (result: Result, name: Name): number => medianOf(result, 'ours') / medianOf(result, name);

function tableOf(results: readonly Result[]): string {
  const cell = (result: Result, name: Name): string => {
    const values = result.values.get(name);
    if (!values) return '';
    const { median, least, most } = values;
    const digits = result.unit === '/s' ? 0 : 1;
    const ratio = name === 'ours' ? '' : `; ours is ${ratioOf(result, name).toFixed(2)} ×`;
    return `${median.toFixed(digits)}${result.unit} (${least.toFixed(digits)}–${most.toFixed(digits)})${ratio}`;
  };
  return [
    `| operation | ${CONTENDERS.map((name) => TITLES[name]).join(' | ')} |`,
    `| --- |${CONTENDERS.map(() => ' --- |').join('')}`,
    ...results.map(
      (result) => `| ${result.title} | ${CONTENDERS.map((name) => cell(result, name)).join(' | ')} |`,
    ),
  ].join('\n');
}

function jsonOf(results: readonly Result[]): Record<string, unknown> {
  return Object.fromEntries(
    results.map((result) => [
      result.name,
      {
        ...Object.fromEntries([...result.values].map(([name, { median }]) => [name, median])),
        ratios: Object.fromEntries(othersOf(result).map((name) => [name, ratioOf(result, name)])),
      },
    ]),
  );
}

function profileTable(profiles: Circumstances['profiles']): string {
  const row = (shares: ReadonlyMap<Part, number>): string =>
    PARTS.map((part) => `${((shares.get(part) ?? 0) * 100).toFixed(0)} %`).join(' | ');
  return [
    `| operation | ${PARTS.join(' | ')} |`,
    `| --- |${PARTS.map(() => ' --- |').join('')}`,
    ...[...profiles].map(([name, shares]) => `| ${name} | ${row(shares)} |`),
  ].join('\n');
}

/** The table and the figures of a run. */
export function reportOn(results: readonly Result[]): Report {
  return { table: tableOf(results), json: jsonOf(results) };
}

/** Writes a run into the documentation: the page, and the chart that it shows. */
export function writePage(
  results: readonly Result[],
  { seconds, rounds, sizes, profiles }: Circumstances,
): void {
  const [processor] = cpus();
  const machine = `${cpus().length} processors (${processor?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node.js ${process.version}`;
  const had = Object.entries(sizes).map(([what, count]) => `${count.toLocaleString('en')} ${what}`);
  const page = `# Performance

Written by \`npm run bench\`. Each server runs on one core and the load on another, over the same SQLite file with ${had.join(', ')}.
All are asked the same by 32 clients, and must answer the same. Saludo does so with all that it does for every request: who asks
is authenticated and looked up, the document is checked against its limits, rights hold for each row. The others know no callers.

${tableOf(results)}

Medians of ${rounds} rounds of ${seconds} s in alternating order, the least and the most in brackets, measured on ${new Date().toISOString().slice(0, 10)} on
${machine}.

## Where Saludo's time goes

${profileTable(profiles)}

Shares of the time in which its main thread was at work, by whose code it ran. What SQLite does itself is done on other
threads, and is not in it.

![How many answers each server gives while Saludo gives one](pictures/performance.svg)
`;
  const file = path.join(DOCS, 'performance.md');
  writeFileSync(file, page);
  execFileSync('npx', ['prettier', '--write', file], { cwd: path.dirname(DOCS), stdio: 'ignore' });
  const bars = results
    .filter(({ unit }) => unit === '/s')
    .flatMap((result) =>
      othersOf(result).map((name) => ({
        label: `${result.name}: ${TITLES[name]}`,
        value: ratioOf(result, name),
      })),
    );
  writeFileSync(path.join(DOCS, 'pictures/performance.svg'), chartOf('Saludo, times the other', bars));
}
