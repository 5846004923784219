import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { eventually } from './eventually';

const ROOT = path.resolve(__dirname, '../..');
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
  const child = spawn(process.execPath, [...LOAD, path.join(ROOT, 'src/cli.ts'), ...words], {
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

  /** Starts it and waits until it is ready to serve. */
  static async start(environment: Record<string, string>): Promise<ServerProcess> {
    const child = spawn(process.execPath, [...LOAD, path.join(ROOT, 'src/main.ts')], {
      cwd: ROOT,
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
