import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { APP_SECRET } from '../test/kit/customer';
import { freePort } from '../test/kit/free-port';
import type { Dataset } from './dataset';
import type { Ask } from './operations';

/** The core that servers are pinned to; the load has the other one. */
const SERVER_CORE = '0';
const PATIENCE = 30_000;
const ROOT = path.resolve(__dirname, '..');
const PEERS = path.join(__dirname, 'peers');

/** Who is measured. */
export const CONTENDERS = ['ours', 'mercurius', 'yoga', 'limit'] as const;
export type Name = (typeof CONTENDERS)[number];
/** Those that take a request which is no GraphQL. */
export const PLAIN: ReadonlySet<Name> = new Set<Name>(['ours', 'limit']);
/** Those that serve subscriptions here. */
export const LIVE: readonly Name[] = ['ours', 'mercurius', 'limit'];

/** One server under load: a process of its own on a core of its own. */
export class Contender {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /**
   * Starts it over a copy of the data that is its own, since it writes.
   * @param providerUrl where our server hands messages over.
   * @param profiles the folder that its profile is written into once it stops; none is made where it is left out.
   */
  static async start(
    name: Name,
    dataset: Dataset,
    providerUrl: string,
    profiles?: string,
  ): Promise<Contender> {
    const port = String(await freePort());
    // Never over the remains of one that was killed.
    const file = `${dataset.file}.${port}`;
    copyFileSync(dataset.file, file);
    const environment =
      name === 'ours'
        ? {
            ...dataset.environment,
            DATABASE_URL: `sqlite:${file}`,
            WHATSAPP_API_URL: providerUrl,
            LOG_LEVEL: 'fatal',
            REQUESTS_PER_MINUTE: '10000000',
            SENDS_PER_MINUTE: '1000000',
            PRESENCE_TIMEOUT: '0',
            UNAUTHENTICATED_SOCKETS: '1000000',
          }
        : {
            DATABASE_FILE: file,
            CONTRACT_ID: dataset.contractId,
            AGENT_ID: dataset.agentId,
            APP_SECRET,
          };
    const script = name === 'ours' ? path.join(ROOT, 'dist/main.js') : path.join(PEERS, `${name}.mjs`);
    const ourFlags = readFileSync(path.join(ROOT, 'scripts/node-flags.json'), 'utf8');
    const flags = [
      ...(name === 'ours' ? (JSON.parse(ourFlags) as string[]) : []),
      ...(profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]),
    ];
    const child = spawn('taskset', ['-c', SERVER_CORE, process.execPath, ...flags, script], {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: 'production', ...environment, PORT: port },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const contender = new Contender(child, `http://127.0.0.1:${port}`);
    await contender.begin(name);
    return contender;
  }

  /** What it answers, as a client sees it; null where the answer is empty. */
  async answer({ path: at, headers, body }: Ask): Promise<unknown> {
    const response = await fetch(`${this.url}${at}`, { method: 'POST', headers, body });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${this.url}${at} answered ${response.status} ${text}`);
    if (text === '') return null;
    const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: unknown };
    if (errors) throw new Error(`${this.url}${at} answered ${JSON.stringify(errors)}`);
    return data;
  }

  /** How much memory it has, in kB. */
  memory(): number {
    const status = readFileSync(`/proc/${this.child.pid ?? 0}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  }

  /** @param signal `SIGTERM` lets it end by itself, such as where its profile is to be written. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill(signal);
    await once(this.child, 'exit');
  }

  private async begin(name: Name): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (!(await fetch(this.url).catch(() => null))) {
      if (this.child.exitCode !== null) throw new Error(`${name} ended with ${this.child.exitCode}`);
      if (Date.now() > end) throw new Error(`${name} did not begin to listen within ${PATIENCE} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
