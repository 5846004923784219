import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { eventually } from './eventually';

/** Where the project is. */
export const ROOT = path.resolve(__dirname, '../..');
const LOAD = ['-r', path.join(__dirname, 'loading/typescript.cjs')];

export interface Finished {
  code: number | null;
  out: string;
  error: string;
}

/** Runs the command line to its end, as a process of its own. */
export async function commandLine(
  environment: Record<string, string>,
  ...words: string[]
): Promise<Finished> {
  return run(['src/cli.ts', ...words], environment);
}

async function run(
  [file, ...words]: [string, ...string[]],
  environment: Record<string, string>,
): Promise<Finished> {
  const child = spawn(process.execPath, [...LOAD, path.join(ROOT, file), ...words], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'test', SEED_DEMO: 'false', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const finished = { code: null as number | null, out: '', error: '' };
  child.stdout.on('data', (text: Buffer) => (finished.out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (finished.error += text.toString()));
  [finished.code] = (await once(child, 'close')) as [number | null];
  return finished;
}

/** Starts the server where it cannot: what it said, and how long it took to end, in milliseconds. */
export async function endedStart(environment: Record<string, string>): Promise<Finished & { took: number }> {
  const begun = Date.now();
  const finished = await run(['src/main.ts'], environment);
  return { ...finished, took: Date.now() - begun };
}

/** The server as a process of its own, which can be killed. */
export class ServerProcess {
  printed = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    const keep = (text: Buffer): string => (this.printed += text.toString());
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  /**
   * Starts it and waits until it is ready to serve.
   * @param root where its sources are: those of another version, perhaps.
   */
  static async start(environment: Record<string, string>, root = ROOT): Promise<ServerProcess> {
    const child = spawn(process.execPath, [...LOAD, path.join(root, 'src/main.ts')], {
      cwd: root,
      env: { ...process.env, NODE_ENV: 'test', SEED_DEMO: 'false', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new ServerProcess(child, `http://127.0.0.1:${environment['PORT'] ?? ''}`);
    await eventually(
      async () => {
        if (child.exitCode !== null)
          throw new Error(`The server ended with ${child.exitCode}: ${server.printed}`);
        return fetch(`${server.url}/readyz`).then(
          ({ status }) => status,
          () => 0,
        );
      },
      (status) => status === 200,
      30_000,
    );
    return server;
  }

  /** Its number among the machine's processes. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Keeps it from running, in the middle of whatever it does: its connections stay open. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  /** Lets it go on after it was frozen. */
  wake(): void {
    this.child.kill('SIGCONT');
  }

  /** Ends it at once, in the middle of whatever it does. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Asks it to stop; its exit code. */
  async stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill(signal);
      await once(this.child, 'exit');
    }
    return this.child.exitCode;
  }
}
