import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUTH_SECRET, Caller } from '../kit/caller';
import { createTestDatabase, engine, type TestDatabase } from '../kit/database';
import { freePort } from '../kit/free-port';
import { commandLine, ServerProcess, type Finished } from '../kit/process';

let database: TestDatabase;
let environment: Record<string, string>;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  folder = mkdtempSync(path.join(tmpdir(), 'saludo-commands-'));
  environment = {
    DATABASE_URL: database.url,
    AUTH_JWT_SECRET: AUTH_SECRET,
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    LOG_LEVEL: 'warn',
  };
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...words: string[]): Promise<Finished> => commandLine(environment, ...words);
const failed = (error: RegExp): unknown =>
  expect.objectContaining({
    code: 1,
    error: expect.stringMatching(new RegExp(`^${error.source}[^\\n]*\\n$`)) as unknown,
  });

test('from an empty database to contacts and exports, while the server runs', async () => {
  expect(await run('--help')).toMatchObject({
    code: 0,
    out: expect.stringContaining('create-contract') as unknown,
  });
  expect(await run('token', '--email', 'ana@acme.test')).toEqual(failed(/error: No active agent/));
  const made = await run(
    'create-contract',
    '--name',
    'Acme',
    '--admin',
    'Ana@acme.test',
    '--admin-name',
    'Ana',
  );
  expect(made).toMatchObject({ code: 0, error: '' });
  expect(made.out).toMatch(/^Contract +ctr_\w+ \(Acme\)\nAdmin +agt_\w+ \(Ana, ana@acme\.test\)\n/);
  expect(await run('create-contract', '--name', 'Acme', '--admin', 'nonsense')).toEqual(
    failed(/error: EmailAddress/),
  );

  const port = await freePort();
  const server = await ServerProcess.start({ ...environment, PORT: String(port) });
  try {
    if (engine === 'sqlite') {
      const second = ServerProcess.start({ ...environment, PORT: String(await freePort()) });
      await expect(second).rejects.toThrow(
        /ended with 1: Saludo cannot start: Another server already runs on .+: stop it first/,
      );
    }
    const { out: token } = await run('token', '--email', 'ana@acme.test', '--ttl', 'PT5M');
    const admin = new Caller(() => server.url, token.trim(), '');
    const { bot } = await admin.act(
      'createBot',
      { name: 'Orders', identity: 'orders@msging.net', kind: 'SDK' },
      'bot { id }',
    );
    const file = path.join(folder, 'contacts.csv');
    writeFileSync(
      file,
      '\ufeffname;phone;email\n"Carla ""C."" Dias";+55 11 99999-0001;carla@x.test\nDavi;12;\n\n',
    );
    const early = await run('import-contacts', file, '--bot', bot.id as string);
    expect(early.code).toBe(1);
    expect(early.error).toMatch(/line 2: .*number/);
    await admin.act(
      'connectWhatsAppChannel',
      {
        botId: bot.id,
        phoneNumber: '+551130000000',
        cloudApi: {
          phoneNumberId: '1',
          businessAccountId: '2',
          accessToken: 't',
          appSecret: 's',
          verifyToken: 'v',
        },
      },
      'channel { id }',
    );
    const imported = await run('import-contacts', file, '--bot', bot.id as string);
    expect(imported.code).toBe(1);
    expect(imported.out).toBe('1 of 2 contacts imported.\n');
    expect(imported.error).toMatch(/^line 3: .*phone number.*\nerror: 1 of 2 lines were not imported/);
    const { contacts } = await admin.ask(
      'query ($bot: ID!) { contacts(botId: $bot) { nodes { name phone email } } }',
      { bot: bot.id },
    );
    expect(contacts.nodes).toEqual([
      { name: 'Carla "C." Dias', phone: '+5511999990001', email: 'carla@x.test' },
    ]);

    const out = path.join(folder, 'sends.csv');
    expect(await run('export-sends', '--out', out)).toMatchObject({
      code: 0,
      out: `0 sends written to ${out}.\n`,
    });
    expect(readFileSync(out, 'utf8')).toMatch(/^id,bot_id,/);

    const copy = path.join(folder, 'copy.db');
    const backup = await run('backup', copy);
    if (engine === 'sqlite') {
      expect(backup.code).toBe(0);
      const { out: same } = await commandLine(
        { ...environment, DATABASE_URL: `sqlite:${copy}` },
        'token',
        '--email',
        'ana@acme.test',
      );
      expect(same).toMatch(/^ey/);
      expect((await run('backup', copy)).code).toBe(1);
    } else {
      expect(backup).toEqual(failed(/error: backup copies SQLite/));
    }
  } finally {
    expect(await server.stop()).toBe(0);
  }
  expect(server.printed).toContain('Saludo is ready.');
}, 120_000);

test('what is typed wrong is answered with one line that leads to the help', async () => {
  const [unknown, option, argument, help] = await Promise.all([
    run('tokens'),
    run('create-contract', '--name', 'Acme'),
    run('backup'),
    run('token', '--help'),
  ]);
  expect(unknown).toEqual(failed(/error: unknown command 'tokens'.*\(add --help for what is possible\)/));
  expect(option).toEqual(failed(/error: required option '--admin <email>' not specified .*--help/));
  expect(argument).toEqual(failed(/error: missing required argument 'file' .*--help/));
  expect(help).toMatchObject({ code: 0, error: '', out: expect.stringContaining('--ttl') as unknown });
}, 120_000);

test('a value of the environment that is wrong ends both with one line that names it', async () => {
  const wrong = { ...environment, PORT: 'many' };
  expect(await commandLine(wrong, 'migrate')).toEqual(failed(/error: PORT is not usable/));
  await expect(ServerProcess.start(wrong)).rejects.toThrow(/Saludo cannot start: PORT is not usable/);
}, 120_000);

test('so does one that only turns out wrong when it is used', async () => {
  const nowhere = `sqlite:${path.join(folder, 'sends.csv')}/within/a/file.db`;
  const [database1, database2, host] = await Promise.allSettled([
    commandLine({ ...environment, DATABASE_URL: 'postgres://postgres@127.0.0.1:1/nothing' }, 'migrate'),
    commandLine({ ...environment, DATABASE_URL: nowhere }, 'migrate'),
    ServerProcess.start({ ...environment, PORT: String(await freePort()), HOST: '192.0.2.1' }),
  ]);
  for (const refused of [database1, database2])
    expect(refused).toEqual({ status: 'fulfilled', value: failed(/error: DATABASE_URL is not usable/) });
  expect(host).toMatchObject({
    reason: { message: expect.stringMatching(/Saludo cannot start: HOST is not usable[^\n]*\n$/) as unknown },
  });
}, 120_000);
