import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import path from 'node:path';
import { chartOf } from './chart';
import { CONTENDERS, isOurs, oursBeside, type Name } from './contender';
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
  'ours-postgres': 'Saludo on PostgreSQL',
  postgraphile: 'PostGraphile 4 on PostgreSQL',
  'limit-postgres': 'the limit on PostgreSQL: no GraphQL',
};
const OTHERS = CONTENDERS.filter((name) => !isOurs(name));
const othersIn = ({ values }: Result): Name[] => OTHERS.filter((name) => values.has(name));

const medianOf = ({ values }: Result, name: Name): number => values.get(name)?.median ?? 0;
const ratioOf = (result: Result, name: Name): number =>
  medianOf(result, oursBeside(name)) / medianOf(result, name);

function tableOf(results: readonly Result[]): string {
  const cell = (result: Result, name: Name): string => {
    const values = result.values.get(name);
    if (!values) return '';
    const { median, least, most } = values;
    const digits = result.unit === '/s' ? 0 : 1;
    const ratio = isOurs(name) ? '' : `; ours is ${ratioOf(result, name).toFixed(2)} ×`;
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

/** Every contender has its place in the figures of each operation: null where it does not take part. */
function jsonOf(results: readonly Result[]): Record<string, unknown> {
  const figures = (result: Result): object => {
    const ofEach = (names: readonly Name[], figure: (name: Name) => number): object =>
      Object.fromEntries(names.map((name) => [name, result.values.has(name) ? figure(name) : null]));
    return {
      ...ofEach(CONTENDERS, (name) => medianOf(result, name)),
      ratios: ofEach(OTHERS, (name) => ratioOf(result, name)),
    };
  };
  const json: Record<string, object> = {};
  for (const result of results) {
    const { name, part } = result;
    json[name] = part === undefined ? figures(result) : { ...json[name], [part]: medianOf(result, 'ours') };
  }
  return json;
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

/** Has a page look as all pages do. */
export function formatted(file: string): void {
  execFileSync('npx', ['prettier', '--write', file], { cwd: path.dirname(DOCS), stdio: 'ignore' });
}

/** What it was measured on. */
export function machine(): string {
  const [processor] = cpus();
  return `${cpus().length} processors (${processor?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node.js ${process.version}`;
}

/** Writes a run into the documentation: the page, and the chart that it shows. */
export function writePage(
  results: readonly Result[],
  { seconds, rounds, sizes, profiles }: Circumstances,
): void {
  const had = Object.entries(sizes).map(([what, count]) => `${count.toLocaleString('en')} ${what}`);
  const page = `# Performance

Written by \`npm run bench\`. Each server runs on one core and the load on another, over copies of the same SQLite file with ${had.join(', ')}.
All are asked the same by 32 clients, and must answer the same. Saludo does so with all that it does for every request: who asks
is authenticated and looked up, the document is checked against its limits, rights hold for each row. The others know no callers.
While one is measured the others are stopped, with what they still have to do: Saludo hands over what it took, to the 80 messages
a second that WhatsApp lets one number send, and does so while it is measured itself.

PostGraphile is compared with Saludo on PostgreSQL, each over a copy of the same data in a database of its own. PostgreSQL's
processes are not bound to a core: they run on both, beside the server and beside the load, for the one as for the other.
PostGraphile connects as a superuser, whom row-level security does not hold for. Its send is one row written into the table, its own
create mutation, and the limit's beside it; the others write a new contact too, and Saludo all that the message needs on its way.

${tableOf(results)}

Medians of ${rounds} rounds of ${seconds} s in alternating order, the least and the most in brackets, measured on ${new Date().toISOString().slice(0, 10)} on
${machine()}.

## How events are caused

Those told to all are an agent's new presence, one after another. Those for one agent are reports of the provider on a message of
that agent, 32 on their way at once: a signed webhook, the new status on the disk, and the subscribers of that agent told. mercurius
has a filter in each subscription; the limit looks the agent's sockets up. What is measured up to \`sendConfirmed\` begins when the
provider answers and ends when the frame has come to its client, in rounds of 10 s.

## Where Saludo's time goes

${profileTable(profiles)}

Shares of the time in which its main thread was at work, by whose code it ran. What SQLite does itself is done on other
threads, and is not in it.

![How many answers each server gives while Saludo gives one](pictures/performance.svg)
`;
  const file = path.join(DOCS, 'performance.md');
  writeFileSync(file, page);
  formatted(file);
  const bars = results
    .filter(({ unit }) => unit === '/s')
    .flatMap((result) =>
      othersIn(result).map((name) => ({
        label: `${result.name}: ${TITLES[name]}`,
        value: ratioOf(result, name),
      })),
    );
  writeFileSync(path.join(DOCS, 'pictures/performance.svg'), chartOf('Saludo, times the other', bars));
}
