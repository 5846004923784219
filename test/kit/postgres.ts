import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Client } from 'pg';

const SERVER = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** The name of a database of the tests, of nobody else's. */
export const newName = (): string => `saludo_test_${randomBytes(8).toString('hex')}`;

/** Whom a database belongs to and is served as: nobody above row-level security. */
export interface Owner {
  name: string;
  password: string;
}

/** Where a database of the tests' server is. */
export function urlOf(name: string, owner: Owner): string {
  const url = new URL(SERVER);
  url.username = owner.name;
  url.password = owner.password;
  url.pathname = `/${name}`;
  // The tests kill servers, never PostgreSQL: what it has taken is kept without waiting for the disk each time.
  url.searchParams.set('options', '-c synchronous_commit=off');
  return url.toString();
}

/** Where a database is for whoever may do everything on the server. */
export function administratorsUrl(name: string): string {
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  return url.toString();
}

/** Runs one statement, outside of any database of the tests unless one is named; its rows. */
export async function asAdministrator(
  statement: string,
  database?: string,
): Promise<Record<string, unknown>[]> {
  const connectionString = database === undefined ? SERVER : administratorsUrl(database);
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Removes whom the databases of a run belonged to, with those that a test left behind when it was cut short. */
export async function dropOwner({ name }: Owner): Promise<void> {
  const owned = await asAdministrator(
    `select datname from pg_database join pg_roles on pg_roles.oid = datdba where rolname = '${name}'`,
  );
  for (const { datname } of owned)
    await asAdministrator(`drop database if exists ${datname as string} with (force)`);
  await asAdministrator(`drop role if exists ${name}`);
}

const run = promisify(execFile);

/** Without what is said to the server beside it: where an address has options, those of the environment do not count. */
function plainAddress(url: string): string {
  const plain = new URL(url);
  plain.search = '';
  return plain.toString();
}

/** Whether PostgreSQL's own tools for backups are on this machine. */
export const hasDumpTools = (): boolean => spawnSync('pg_dump', ['--version']).status === 0;

/** Backs a database up into a file as its owner, the way that the documentation says. */
export async function dump(url: string, file: string): Promise<void> {
  const words = [
    '--enable-row-security',
    '--format=custom',
    `--file=${file}`,
    `--dbname=${plainAddress(url)}`,
  ];
  await run('pg_dump', words, { env: { ...process.env, PGOPTIONS: '-c saludo.contract=*' } });
}

/** Makes a database of a backup. @returns its address. */
export async function restoreDump(file: string, name: string, owner: Owner): Promise<string> {
  await asAdministrator(`create database ${name} owner ${owner.name}`);
  const url = urlOf(name, owner);
  await run('pg_restore', ['--exit-on-error', `--dbname=${plainAddress(url)}`, file]);
  return url;
}
