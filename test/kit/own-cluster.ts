import { execFile, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePort } from './free-port';

const INSTALLED = '/usr/lib/postgresql';
/** Seconds that it may take to start or stop, on a machine that has much else to do. */
const PATIENCE = '60';
const OWNER = 'saludo';
const DATABASE = 'saludo';
const LOCALHOST = '127.0.0.1';

const run = promisify(execFile);

/** Where PostgreSQL's own programs are, of the newest version; null where there are none. */
function programs(): string | null {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number).filter(Number.isFinite) : [];
  const folders = versions
    .sort((one, other) => other - one)
    .map((version) => path.join(INSTALLED, String(version), 'bin'));
  return folders.find((folder) => existsSync(path.join(folder, 'initdb'))) ?? null;
}

const isRoot = (): boolean => process.getuid?.() === 0;
/** PostgreSQL refuses to run as root. */
const AS_POSTGRES = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];

function idOfPostgres(flag: '-u' | '-g'): number {
  return Number(spawnSync('id', [flag, 'postgres']).stdout.toString());
}

/** Where clusters may lie: a folder for temporary files that is root's alone is closed to the user postgres. */
function parentOfClusters(): string | undefined {
  if (!isRoot()) return tmpdir();
  const [command = '', ...words] = AS_POSTGRES;
  return [tmpdir(), '/dev/shm', '/tmp'].find(
    (folder) => spawnSync(command, [...words, 'test', '-x', folder]).status === 0,
  );
}

/** Why no cluster can be made here, in one line; null where it can. */
export function clusterObstacle(): string | null {
  if (programs() === null) return `${INSTALLED} has no initdb`;
  if (parentOfClusters() === undefined) return 'root cannot become the user postgres with setpriv';
  return null;
}

export interface ClusterOptions {
  /** The address that it listens on. */
  host?: string;
  /** Words that come before the command which starts it, to run it somewhere else: in a network namespace. */
  within?: readonly string[];
  /** Of its configuration, beside those that all have. */
  settings?: Readonly<Record<string, string>>;
}

/** A PostgreSQL of the tests' own, which can be stopped, frozen and started; what it acknowledges is kept. */
export class OwnCluster {
  private readonly data: string;

  private constructor(
    private readonly folder: string,
    private readonly programs: string,
    private readonly host: string,
    private readonly port: number,
    private readonly within: readonly string[],
    private readonly settings: Readonly<Record<string, string>>,
  ) {
    this.data = path.join(folder, 'data');
  }

  /** Makes one and starts it, with an empty database. */
  static async make({
    host = LOCALHOST,
    within = [],
    settings = {},
  }: ClusterOptions = {}): Promise<OwnCluster> {
    const folder = mkdtempSync(path.join(parentOfClusters() ?? tmpdir(), 'saludo-cluster-'));
    const cluster = new OwnCluster(folder, programs() ?? '', host, await freePort(), within, settings);
    try {
      if (isRoot()) chownSync(cluster.folder, idOfPostgres('-u'), idOfPostgres('-g'));
      const words = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
      await cluster.do('initdb', `--pgdata=${cluster.data}`, ...words);
      // It listens where it was told, and nowhere else.
      appendFileSync(path.join(cluster.data, 'pg_hba.conf'), 'host all all all trust\n');
      await cluster.start();
      await cluster.makeDatabase();
      return cluster;
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  /** The address of its database, as the role that owns it and is not above row-level security. */
  get url(): string {
    return this.urlOf(OWNER, DATABASE);
  }

  /** Starts it and waits until it takes connections. */
  async start(): Promise<void> {
    const settings = {
      listen_addresses: this.host,
      port: this.port,
      unix_socket_directories: '',
      // The machine goes on, whatever becomes of the cluster: what the system has been given is kept.
      fsync: 'off',
      synchronous_commit: 'on',
      // In its own folder, so that nothing of it is left elsewhere.
      dynamic_shared_memory_type: 'mmap',
      max_connections: 100,
      ...this.settings,
    };
    const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value || "''"}`);
    const log = path.join(this.folder, 'log');
    await this.control([...this.within], 'start', `--log=${log}`, `--options=${options.join(' ')}`);
  }

  /**
   * Stops it.
   * @param how `fast`: it ends every connection with a word and writes down what it has; `immediate`: as if it crashed.
   */
  async stop(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.control([], 'stop', `--mode=${how}`);
  }

  async restart(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.stop(how);
    await this.start();
  }

  /** Keeps all of its processes from running: connections stay open, and nobody answers on them. */
  freeze(): void {
    // The one that would start others first.
    process.kill(this.processId(), 'SIGSTOP');
    for (const child of this.children()) process.kill(child, 'SIGSTOP');
  }

  /** Lets it go on after it was frozen. */
  wake(): void {
    for (const child of [...this.children(), this.processId()]) process.kill(child, 'SIGCONT');
  }

  /** Ends it, whatever state it is in, and leaves nothing behind. */
  async remove(): Promise<void> {
    if (this.isRunning()) {
      this.wake();
      await this.stop('immediate');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async makeDatabase(): Promise<void> {
    const client = new Client({ connectionString: this.urlOf('postgres', 'postgres') });
    await client.connect();
    try {
      await client.query(`create role ${OWNER} login`);
      await client.query(`create database ${DATABASE} owner ${OWNER}`);
    } finally {
      await client.end();
    }
  }

  private urlOf(role: string, database: string): string {
    return `postgres://${role}@${this.host}:${this.port}/${database}`;
  }

  private isRunning(): boolean {
    return existsSync(path.join(this.data, 'postmaster.pid'));
  }

  private processId(): number {
    const [line = ''] = readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n');
    return Number(line);
  }

  private children(): number[] {
    const id = this.processId();
    const children = readFileSync(`/proc/${id}/task/${id}/children`, 'utf8');
    return children.trim().split(' ').filter(Boolean).map(Number);
  }

  private async control(within: readonly string[], ...words: string[]): Promise<void> {
    await this.execute(within, 'pg_ctl', [
      ...words,
      `--pgdata=${this.data}`,
      '--silent',
      '--wait',
      `--timeout=${PATIENCE}`,
    ]);
  }

  private do(program: string, ...words: string[]): Promise<void> {
    return this.execute([], program, words);
  }

  private async execute(within: readonly string[], program: string, words: string[]): Promise<void> {
    const [command = '', ...rest] = [
      ...within,
      ...(isRoot() ? AS_POSTGRES : []),
      path.join(this.programs, program),
      ...words,
    ];
    // From a folder that the user postgres may be in.
    await run(command, rest, { cwd: this.folder });
  }
}
