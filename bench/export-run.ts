import { readFileSync } from 'node:fs';
import { setInterval } from 'node:timers';
import { freePort } from '../test/kit/free-port';
import { ServerProcess } from '../test/kit/process';
import type { GrownDesk } from './grown-desk';

const LOOK = 100;
const MEBIBYTE = 1024;
const LINE_END = 10;

/** How a server of its own does over a large database. */
export interface ServerRun {
  /** Seconds from nothing to ready. */
  start: number;
  /** Of the export: rows written in a second. */
  rowsPerSecond: number;
  rows: number;
  /** The most memory while the first tenth was exported, and while the rest was, in MiB. */
  memory: [beginning: number, rest: number];
}

function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / MEBIBYTE;
}

/** How many lines end in it: counted so that it takes nothing from the server beside it. */
function linesIn(part: Uint8Array): number {
  let lines = 0;
  for (let end = part.indexOf(LINE_END); end >= 0; end = part.indexOf(LINE_END, end + 1)) lines += 1;
  return lines;
}

/** Starts a server over the desk's database and exports as many sends as there are up to this instant. */
export async function runServer(
  grown: GrownDesk,
  environment: Record<string, string>,
  before: string,
  rows: number,
): Promise<ServerRun> {
  const begun = performance.now();
  const port = String(await freePort());
  const server = await ServerProcess.start({ ...environment, PORT: port, LOG_LEVEL: 'fatal' });
  try {
    const start = (performance.now() - begun) / 1_000;
    const memory: [number, number] = [0, 0];
    let lines = 0;
    const watch = setInterval(() => {
      const part = lines < rows / 10 ? 0 : 1;
      memory[part] = Math.max(memory[part], memoryOf(server.pid));
    }, LOOK);
    try {
      const asked = performance.now();
      const answer = await fetch(`${server.url}/exports/sends.ndjson?createdBefore=${before}`, {
        headers: { authorization: `Bearer ${grown.desk.admin.token}` },
      });
      const body = answer.body as AsyncIterable<Uint8Array> | null;
      for await (const part of body ?? []) lines += linesIn(part);
      const rowsPerSecond = (lines / (performance.now() - asked)) * 1_000;
      return { start, rowsPerSecond, rows: lines, memory };
    } finally {
      clearInterval(watch);
    }
  } finally {
    await server.stop();
  }
}
