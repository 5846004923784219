import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestApp } from '../kit/app';
import { AUTH_SECRET, Caller, personToken } from '../kit/caller';
import { freshMessageId } from '../kit/customer';
import { CuttableLine } from '../kit/cuttable-line';
import { createTestDatabase, type TestDatabase } from '../kit/database';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { freePort } from '../kit/free-port';
import { commandLine, ServerProcess } from '../kit/process';
import { createProviderDouble, type ProviderDouble } from '../kit/provider-double';

const ROOT = path.resolve(__dirname, '../..');
const CUSTOMER = '5511987654321';

let provider: ProviderDouble;
let database: TestDatabase;
let environment: Record<string, string>;
let server: ServerProcess;
/** The desk reaches the server over this line; webhooks come by another way. */
let line: CuttableLine;

beforeAll(async () => {
  const port = await freePort();
  [provider, database, line] = await Promise.all([
    createProviderDouble(),
    createTestDatabase(),
    CuttableLine.to(port),
  ]);
  environment = {
    PORT: String(port),
    DATABASE_URL: database.url,
    AUTH_JWT_SECRET: AUTH_SECRET,
    SECRETS_KEY: Buffer.alloc(32, 3).toString('base64'),
    WHATSAPP_API_URL: provider.url,
    LOG_LEVEL: 'warn',
  };
  server = await ServerProcess.start(environment);
}, 120_000);

afterAll(async () => {
  await line.close();
  await server.stop();
  await provider.close();
  await database.drop();
}, 120_000);

/** The kit's way to a server in this process, for one that is a process of its own. */
function asApp(): TestApp {
  const person = async (contractId: string, email: string, agentId: string): Promise<Caller> =>
    new Caller(() => server.url, await personToken(contractId, email, Date.now()), agentId);
  const app = {
    provider,
    person,
    get url() {
      return server.url;
    },
    clock: { now: () => Date.now() },
    contract: async (name: string) => {
      const words = ['create-contract', '--name', name, '--admin', 'ana@desk.test', '--admin-name', 'Ana'];
      const { out } = await commandLine(environment, ...words);
      const id = /ctr_[0-9a-z]{26}/.exec(out)?.[0] ?? '';
      return { id, admin: await person(id, 'ana@desk.test', '') };
    },
  };
  return app as unknown as TestApp;
}

/** The desk as a person runs it, with a pipe for a keyboard. */
class DeskProcess {
  printed = '';
  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, Readable>) {
    child.stdout.on('data', (text: Buffer) => (this.printed += text.toString()));
    child.stderr.on('data', (text: Buffer) => (this.printed += text.toString()));
  }

  static start(...words: string[]): DeskProcess {
    const load = path.join(ROOT, 'test/kit/loading/typescript.cjs');
    const main = path.join(ROOT, 'examples/desk-cli/main.ts');
    return new DeskProcess(
      spawn(process.execPath, ['-r', load, main, ...words], { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] }),
    );
  }

  type(...lines: string[]): void {
    this.child.stdin.write(lines.map((text) => `${text}\n`).join(''));
  }

  async shows(text: string): Promise<void> {
    await eventually(
      () => this.printed,
      (printed) => printed.includes(text),
      20_000,
    );
  }

  times(text: string): number {
    return this.printed.split(text).length - 1;
  }

  /** Its exit code. */
  async end(): Promise<number | null> {
    this.child.stdin.end();
    if (this.child.exitCode === null) await once(this.child, 'exit');
    return this.child.exitCode;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

test('a person at the terminal sends, sees it confirmed and answered, and misses and repeats nothing when the server is killed', async () => {
  const setUp = await Desk.open(asApp());
  await setUp.turnOnDirectTransfer();
  const bia = await setUp.agent('Bia', { presence: null });
  const carla = setUp.customer(CUSTOMER);
  const desk = DeskProcess.start('--token', bia.token, '--url', line.url);
  try {
    await desk.shows('No open tickets.');

    // A number that is none, and a blank left empty, are refused with their fields and asked for again.
    desk.type(
      'new',
      'order_update',
      '1',
      '+55 1',
      '',
      '+55 11 98765-4321',
      'Carla',
      '',
      'Carla',
      '42',
      'yes',
    );
    await desk.shows('WhatsApp took order_update to Carla');
    expect(desk.printed).toMatch(/✗ Phone number: .*\(PHONE_INVALID\)/);
    expect(desk.printed).toMatch(/✗ .*body\.1.*\(PARAMETER_MISSING\)/);
    expect(desk.printed).toContain('│ Olá Carla, seu pedido 42 chegou.');
    expect(provider.sends).toHaveLength(1);

    const { sends } = await bia.ask('{ sends { nodes { providerMessageId } } }');
    const messageId = sends.nodes[0].providerMessageId as string;
    await carla.report('read', messageId);
    await desk.shows('read by Carla: order_update');
    const first = freshMessageId();
    await carla.write('Chegou, obrigada!', { id: first, context: messageId });
    await desk.shows('Carla answered order_update: #1 Carla: with you');
    await desk.shows('#1 Carla: Chegou, obrigada!');
    desk.type('open 1');
    await desk.shows('Free text is possible until');
    expect(desk.times('#1 Carla: Chegou, obrigada!')).toBe(2);

    // The server dies. What the provider could not deliver it will deliver again; what the agent says waits.
    await server.kill();
    line.cut();
    await desk.shows('Connection lost');
    const second = freshMessageId();
    await expect(carla.write('Você está aí?', { id: second })).rejects.toThrow();
    desk.type('Já vejo!');
    await desk.shows('The server does not answer');

    // It comes back, and takes messages before the desk has found it again.
    server = await ServerProcess.start(environment);
    await carla.write('Chegou, obrigada!', { id: first, context: messageId });
    await carla.write('Você está aí?', { id: second });
    await carla.write('É sobre a nota fiscal.');
    line.mend();
    await desk.shows('Connected again');
    await desk.shows('#1 Carla: Você está aí?');
    await desk.shows('#1 Carla: É sobre a nota fiscal.');
    await desk.shows('#1 you: Já vejo!');
    await carla.write('Achei!');
    await desk.shows('#1 Carla: Achei!');
    desk.type('/close', '/quit');
    expect(await desk.end()).toBe(0);
    const once = [
      '#1 Carla: Você está aí?',
      '#1 Carla: É sobre a nota fiscal.',
      '#1 Carla: Achei!',
      '#1 you: Já vejo!',
    ];
    expect(once.map((text) => desk.times(text))).toEqual([1, 1, 1, 1]);
    expect(desk.times('#1 Carla: Chegou, obrigada!')).toBe(2);
    expect(desk.times('Carla answered order_update')).toBe(1);
    const { tickets, viewer } = await bia.ask(
      '{ tickets { nodes { status messages { totalCount } } } viewer { agent { presence } } }',
    );
    expect(tickets.nodes).toEqual([{ status: 'CLOSED', messages: { totalCount: 5 } }]);
    expect(viewer.agent.presence).toBe('OFFLINE');
  } finally {
    desk.kill();
  }
}, 120_000);
