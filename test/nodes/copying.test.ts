import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sql, { raw } from 'sql-template-tag';
import { createApp } from '../../src/app';
import { systemClock } from '../../src/clock';
import { readConfig } from '../../src/config';
import { tableOf } from '../../src/database/rows';
import { Store } from '../../src/database/store';
import { ALL_ENTITIES } from '../../src/entities/all';
import { Role } from '../../src/entities/enums';
import { countHeld } from '../../src/services/deliveries/hold';
import { beginAsCopy } from '../../src/services/restoring';
import { demoPeople } from '../../src/services/demo/demo-people';
import { AUTH_SECRET, Caller } from '../kit/caller';
import { createTestDatabase, type TestDatabase } from '../kit/database';
import { commandLine, type Finished } from '../kit/process';

let folder: string;
let file: string;
let target: TestDatabase;

const environmentOf = (databaseUrl: string): Record<string, string> => ({
  PORT: '0',
  DATABASE_URL: databaseUrl,
  AUTH_JWT_SECRET: AUTH_SECRET,
  SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
  LOG_LEVEL: 'silent',
});

/** What the demo's admin sees of everything, and the sends as they are exported. */
async function seenOn(databaseUrl: string): Promise<{ everything: unknown; csv: string }> {
  const app = await createApp(readConfig(environmentOf(databaseUrl)));
  try {
    const admin = (await demoPeople(app.platform)).find(({ role }) => role === Role.ADMIN);
    if (!admin) throw new Error('The demo has an admin');
    const caller = new Caller(() => app.url, admin.token, '');
    const everything: unknown = await caller.ask(
      `{ sends(first: 100) { totalCount nodes { id status replyState changeCursor timeline { at } } }
         tickets(first: 100) { totalCount nodes { id number status messages(first: 5) { nodes { text } } } }
         templates(first: 100) { nodes { id name status components } }
         bots { nodes { id name readiness { ready } } } agents { nodes { id email } } auditLog(first: 100) { totalCount } }`,
    );
    const csv = await fetch(`${app.url}/exports/sends.csv`, {
      headers: { authorization: `Bearer ${admin.token}` },
    });
    return { everything, csv: await csv.text() };
  } finally {
    await app.stop();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'saludo-copying-'));
  file = path.join(folder, 'saludo.db');
  target = await createTestDatabase({ empty: true });
});
afterAll(async () => {
  await target.drop();
  rmSync(folder, { recursive: true, force: true });
});

const copy = (from: string, to: string): Promise<Finished> =>
  commandLine({}, 'copy', '--from', from, '--to', to);
const refused = (sentence: string): unknown =>
  expect.objectContaining({ code: 1, error: expect.stringContaining(sentence) as unknown });

test('moves everything to PostgreSQL, compares it, and goes on there where it was', async () => {
  const before = await seenOn(`sqlite:${file}`);
  const moved = await copy(`sqlite:${file}`, target.url);
  expect(moved).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+ rows were copied, and compared/) as unknown,
  });
  const after = await seenOn(target.url);
  expect(after).toEqual(before);

  const open = (url: string): Promise<Store> =>
    Store.open({ url, clock: systemClock, complain: () => undefined });
  const [old, fresh] = await Promise.all([open(`sqlite:${file}`), open(target.url)]);
  try {
    for (const entity of ALL_ENTITIES) {
      const { name, columns } = tableOf(entity);
      // How far sends are counted is where the servers have got to since; what is copied is counted by the copying.
      if (['contract_logs', 'send_counts', 'send_count_marks'].includes(name.sql)) continue;
      const all = sql`select ${raw(columns.map(({ column }) => column).join(', '))} from ${name} order by 1, 2`;
      const [expected, found] = await Promise.all([old.engine.reader.all(all), fresh.engine.reader.all(all)]);
      // What servers did to presences and leases since is theirs.
      if (['agents', 'deliveries', 'whatsapp_channels', 'templates'].includes(name.sql))
        expect(found).toHaveLength(expected.length);
      else expect({ [name.sql]: found }).toEqual({ [name.sql]: expected });
    }
    // References are held again.
    await expect(
      fresh.transactAcrossContracts((connection) => connection.run(sql`delete from bots`)),
    ).rejects.toThrow('foreign key');
    // What stayed behind would send nothing by itself.
    expect(await beginAsCopy(old)).toBe(true);
    const due = await old.engine.reader.all(sql`select 1 from deliveries where due_at is not null`);
    expect([due.length, await countHeld(old.acrossContracts())]).toEqual([
      0,
      await countHeld(old.acrossContracts()),
    ]);
    expect(await beginAsCopy(fresh)).toBe(false);
  } finally {
    await Promise.all([old.close(), fresh.close()]);
  }
}, 60_000);

test('refuses a target that is not empty, and what cannot be moved, and changes nothing', async () => {
  expect(await copy(`sqlite:${file}`, target.url)).toEqual(
    refused('The target is not empty (there are rows in contracts)'),
  );
  expect(await copy(target.url, target.url)).toEqual(refused('--from takes sqlite:PATH'));
  expect(await copy(`sqlite:${file}`, `sqlite:${file}`)).toEqual(refused('--to takes postgres://'));
  const missing = path.join(folder, 'missing.db');
  expect(await copy(`sqlite:${missing}`, target.url)).toEqual(refused('There is no file'));
  expect(existsSync(missing)).toBe(false);
  const app = await createApp(readConfig(environmentOf(`sqlite:${file}`)));
  try {
    expect(await copy(`sqlite:${file}`, target.url)).toEqual(refused('Another server already runs'));
  } finally {
    await app.stop();
  }
}, 60_000);
