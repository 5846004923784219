import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from './eventually';
import { freePort } from './free-port';

const SHIPPED = path.resolve(__dirname, '../../deploy/nginx.conf');
/** Where Debian puts it. */
const PROGRAM = '/usr/sbin/nginx';
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** Why no nginx can be started here, in one line; null where it can. */
export function nginxObstacle(): string | null {
  return existsSync(PROGRAM) ? null : `there is no ${PROGRAM}`;
}

/** Replaces what must be there once: the shipped file would otherwise be tried with its own ports. */
function replaced(text: string, what: string, by: string): string {
  const parts = text.split(what);
  if (parts.length !== 2) throw new Error(`${SHIPPED} has "${what}" ${parts.length - 1} times`);
  return parts.join(by);
}

/** The shipped configuration as it stands, but for ports. */
function shippedFor(port: number, nodes: readonly [string, string]): string {
  let text = readFileSync(SHIPPED, 'utf8');
  for (const [index, url] of nodes.entries())
    text = replaced(text, `server 127.0.0.1:400${index + 1} `, `server ${new URL(url).host} `);
  return replaced(text, 'listen 80;', `listen 127.0.0.1:${port};`);
}

/** What Debian's own nginx.conf has around it, with everything that nginx writes in one folder. */
function mainFor(folder: string): string {
  // As root its workers would be nobody, who may not write there.
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  const temporary = TEMPORARY.map((kind) => `  ${kind}_temp_path ${folder}/${kind};\n`).join('');
  return `${user}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
${temporary}  include ${folder}/saludo.conf;
}
`;
}

/** nginx as a process of its own, with the shipped configuration, in front of two nodes. */
export class OwnNginx {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  /** @param changed what is other than in the shipped configuration, to see what that is for. */
  static async start(
    nodes: readonly [string, string],
    changed: (configuration: string) => string = (configuration) => configuration,
  ): Promise<OwnNginx> {
    const folder = mkdtempSync(path.join(tmpdir(), 'saludo-nginx-'));
    const port = await freePort();
    writeFileSync(path.join(folder, 'saludo.conf'), changed(shippedFor(port, nodes)));
    writeFileSync(path.join(folder, 'main.conf'), mainFor(folder));
    const words = ['-p', folder, '-c', path.join(folder, 'main.conf'), '-e', 'stderr'];
    const child = spawn(PROGRAM, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    let printed = '';
    child.stderr.on('data', (text: Buffer) => (printed += text.toString()));
    const nginx = new OwnNginx(`http://127.0.0.1:${port}`, child, folder);
    try {
      // Its own answer: the nodes need not be there.
      const listens = async (): Promise<number> => {
        if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}: ${printed}`);
        return fetch(`${nginx.url}/metrics`).then(
          ({ status }) => status,
          () => 0,
        );
      };
      await eventually(listens, (status) => status !== 0);
    } catch (error) {
      await nginx.stop();
      throw error;
    }
    return nginx;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      await once(this.child, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
