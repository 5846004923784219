import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { curvesOf } from './chart';
import type { ServerRun } from './export-run';
import type { Size } from './grown-desk';
import { formatted, machine } from './report';

const DOCS = path.resolve(__dirname, '../docs');
const KINDS = ['node', 'sends', 'tickets', 'contacts', 'statistics'] as const;
const TITLES: Readonly<Record<string, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };
/** Lists of which the larger part is left out of a picture, so that it can be read. */
const MOST_CURVES = 14;

/** What was measured on one engine. */
export interface Grown {
  /** Milliseconds below which 95 of 100 answers stayed, at each size, by what was asked. */
  times: ReadonlyMap<string, readonly number[]>;
  server: ServerRun | null;
}

const short = (count: number): string => count.toLocaleString('en');

/** Writes docs/growth.md, and its pictures. */
export function writeGrowth(sizes: readonly Size[], all: ReadonlyMap<string, Grown>): void {
  const heads = sizes.map(({ sends }) => short(sends));
  const parts: string[] = [];
  for (const [engine, { times, server }] of all) {
    const title = TITLES[engine] ?? engine;
    parts.push(`## ${title}\n`);
    if (server) {
      const [beginning, rest] = server.memory.map((memory) => memory.toFixed(0));
      parts.push(
        `At the largest size a server is ready ${server.start.toFixed(1)} s after it was started, and exports ${short(server.rows)} sends at ${short(Math.round(server.rowsPerSecond))} rows a second, with at most ${beginning ?? ''} MiB in the first tenth of them and ${rest ?? ''} MiB afterwards.\n`,
      );
    }
    for (const kind of KINDS) {
      const curves = [...times]
        .filter(([name]) => name.startsWith(kind))
        .map(([label, values]) => ({ label: label.slice(label.indexOf(',') + 2), values }));
      const picture = `growth-${kind}-${engine}.svg`;
      const shown = [...curves]
        .sort((one, other) => (other.values.at(-1) ?? 0) - (one.values.at(-1) ?? 0))
        .slice(0, MOST_CURVES);
      writeFileSync(path.join(DOCS, 'pictures', picture), curvesOf(`${kind} on ${title}, p95`, heads, shown));
      parts.push(`![How the time of ${kind} grows on ${title}](pictures/${picture})\n`);
    }
    const rows = [...times].map(
      ([name, values]) => `| ${name} | ${values.map((value) => value.toFixed(1)).join(' | ')} |`,
    );
    parts.push(
      `| p95 in ms, with so many sends | ${heads.join(' | ')} |`,
      `| --- |${heads.map(() => ' ---: |').join('')}`,
      `${rows.join('\n')}\n`,
    );
  }
  const contacts = sizes.map((size) => short(size.contacts)).join(', ');
  const tickets = sizes.map((size) => short(size.tickets)).join(', ');
  const file = path.join(DOCS, 'growth.md');
  writeFileSync(
    file,
    `# How cost grows

Written by \`npm run bench:growth\`. One desk grows, with its ${contacts} contacts and ${tickets} tickets; everything is asked over
HTTP, one request after the other, by an admin unless it says otherwise. Searches and ids are others each time. How few rows are
found among very many is told in [why contacts are found by three letters](decisions/contact-search.md).

Measured on ${machine()}.

${parts.join('\n')}`,
  );
  formatted(file);
}
