import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { APP_SECRET } from '../test/kit/customer';
import { freePort } from '../test/kit/free-port';
import type { Dataset } from './dataset';
import type { Ask } from './ask';
import type { PostgresData } from './postgres';

/** The core that servers are pinned to; the load has the other one. PostgreSQL's processes are nobody's to pin here. */
const SERVER_CORE = '0';
const PATIENCE = 30_000;
const ROOT = path.resolve(__dirname, '..');
const PEERS = path.join(__dirname, 'peers');

/** Who is measured. */
export const CONTENDERS = [
  'ours',
  'mercurius',
  'yoga',
  'limit',
  'ours-postgres',
  'postgraphile',
  'limit-postgres',
] as const;
export type Name = (typeof CONTENDERS)[number];
/** Those that take a request which is no GraphQL. */
export const PLAIN: ReadonlySet<Name> = new Set<Name>(['ours', 'limit']);
/** Those that serve subscriptions here. */
export const LIVE: readonly Name[] = ['ours', 'mercurius', 'limit'];
/** Those whose data is in PostgreSQL. */
export const ON_POSTGRES: ReadonlySet<Name> = new Set<Name>([
  'ours-postgres',
  'postgraphile',
  'limit-postgres',
]);

export const isOurs = (name: Name): boolean => name.startsWith('ours');
/** Whom our figure is set against: our server over the same database. */
export const oursBeside = (name: Name): Name => (ON_POSTGRES.has(name) ? 'ours-postgres' : 'ours');

/** What contenders run over and call. */
export interface Surroundings {
  dataset: Dataset;
  /** Null where no PostgreSQL answers. */
  postgres: PostgresData | null;
  /** Where our server hands messages over. */
  providerUrl: string;
}

/** The data that a contender has for itself, since it writes: where it is, and how it goes away. */
interface OwnData {
  environment: Record<string, string>;
  remove: () => Promise<void>;
}

async function ownDataFor(name: Name, { dataset, postgres }: Surroundings): Promise<OwnData> {
  if (ON_POSTGRES.has(name)) {
    if (!postgres) throw new Error(`${name} needs PostgreSQL, and none answers`);
    const copy = await postgres.copy();
    const environment = { DATABASE_URL: isOurs(name) ? copy.url : copy.superuserUrl };
    return { environment, remove: () => copy.drop() };
  }
  const folder = mkdtempSync(path.join(path.dirname(dataset.file), `${name}-`));
  const file = path.join(folder, 'bench.db');
  copyFileSync(dataset.file, file);
  return {
    environment: isOurs(name) ? { DATABASE_URL: `sqlite:${file}` } : { DATABASE_FILE: file },
    remove: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
}

function scriptOf(name: Name): string {
  if (isOurs(name)) return path.join(ROOT, 'dist/main.js');
  return path.join(PEERS, name === 'postgraphile' ? 'postgraphile/server.mjs' : `${name}.mjs`);
}

const environmentOf = (name: Name, { dataset, providerUrl }: Surroundings): Record<string, string> =>
  isOurs(name)
    ? {
        ...dataset.environment,
        WHATSAPP_API_URL: providerUrl,
        LOG_LEVEL: 'fatal',
        REQUESTS_PER_MINUTE: '10000000',
        SENDS_PER_MINUTE: '10000',
        PRESENCE_TIMEOUT: '0',
        UNAUTHENTICATED_SOCKETS: '1000000',
      }
    : {
        CONTRACT_ID: dataset.contractId,
        AGENT_ID: dataset.agentId,
        APP_SECRET,
        // PostGraphile's build for newer versions of Node.js.
        GRAPHILE_TURBO: '1',
      };

/** One server under load: a process of its own on a core of its own. */
export class Contender {
  /** Those that have been started and not stopped yet. */
  static readonly running = new Set<Contender>();
  private stopping: Promise<void> | null = null;

  private constructor(
    private readonly child: ChildProcess,
    private readonly data: OwnData,
    readonly url: string,
  ) {}

  /**
   * Starts it over a copy of the data that is its own.
   * @param profiles the folder that its profile is written into once it stops; none is made where it is left out.
   */
  static async start(name: Name, surroundings: Surroundings, profiles?: string): Promise<Contender> {
    const port = String(await freePort());
    const data = await ownDataFor(name, surroundings);
    const environment = { ...environmentOf(name, surroundings), ...data.environment };
    const script = scriptOf(name);
    const ourFlags = readFileSync(path.join(ROOT, 'scripts/node-flags.json'), 'utf8');
    const flags = [
      ...(isOurs(name) ? (JSON.parse(ourFlags) as string[]) : []),
      ...(profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]),
    ];
    const child = spawn('taskset', ['-c', SERVER_CORE, process.execPath, ...flags, script], {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: 'production', ...environment, PORT: port },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const contender = new Contender(child, data, `http://127.0.0.1:${port}`);
    Contender.running.add(contender);
    try {
      await contender.begin(name);
    } catch (error) {
      await contender.stop();
      throw error;
    }
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

  /** Keeps it from doing anything: what it still has to do after a round would slow down whoever has the next one. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** How much memory it has, in kB. */
  memory(): number {
    const status = readFileSync(`/proc/${this.child.pid ?? 0}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  }

  /** @param signal `SIGTERM` lets it end by itself, such as where its profile is to be written. */
  stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    return (this.stopping ??= this.end(signal));
  }

  private async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.child.exitCode === null) {
      this.child.kill(signal);
      this.resume();
      await once(this.child, 'exit');
    }
    await this.data.remove();
    Contender.running.delete(this);
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
