import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Store } from '../../../src/database/store';
import { systemClock } from '../../../src/clock';
import { asAdministrator, dropOwner, newName, urlOf, type Owner } from '../postgres';

/** Databases with the schema and no rows, by their engines: the file, and the name. */
export interface MigratedDatabases {
  sqlite?: string;
  postgres?: { name: string; owner: Owner };
}

async function migrate(url: string): Promise<void> {
  const complain = (error: Error): never => {
    throw error;
  };
  const store = await Store.open({ url, clock: systemClock, complain });
  await store.engine.migrate();
  await store.close();
}

async function make(engines: string[]): Promise<MigratedDatabases> {
  const made: MigratedDatabases = {};
  if (engines.includes('sqlite')) {
    made.sqlite = path.join(mkdtempSync(path.join(tmpdir(), 'saludo-migrated-')), 'saludo.db');
    await migrate(`sqlite:${made.sqlite}`);
  }
  if (engines.includes('postgres')) {
    const owner = { name: newName(), password: randomBytes(16).toString('hex') };
    const name = newName();
    await asAdministrator(`create role ${owner.name} login password '${owner.password}'`);
    await asAdministrator(`create database ${name} owner ${owner.name}`);
    made.postgres = { name, owner };
    await migrate(urlOf(name, owner));
  }
  return made;
}

async function remove({ sqlite, postgres }: MigratedDatabases): Promise<void> {
  if (sqlite !== undefined) rmSync(path.dirname(sqlite), { recursive: true, force: true });
  if (postgres !== undefined) await dropOwner(postgres.owner);
}

const [act, ...words] = process.argv.slice(2);
if (act === 'make') void make(words).then((made) => process.stdout.write(JSON.stringify(made)));
else void remove(JSON.parse(words[0] ?? '{}') as MigratedDatabases);
