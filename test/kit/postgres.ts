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

/** Runs one statement outside of any database of the tests. */
export async function asAdministrator(statement: string): Promise<void> {
  const client = new Client({ connectionString: SERVER });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

const run = promisify(execFile);
/** These tools read an address by its percent signs alone. */
const addressOf = (url: string): string => url.replaceAll('+', '%20');

/** Whether PostgreSQL's own tools for backups are on this machine. */
export const hasDumpTools = (): boolean => spawnSync('pg_dump', ['--version']).status === 0;

/** Backs a database up into a file, as its administrators do. */
export async function dump(url: string, file: string): Promise<void> {
  await run('pg_dump', ['--format=custom', `--file=${file}`, `--dbname=${addressOf(url)}`]);
}

/** Makes a database of a backup. @returns its address. */
export async function restoreDump(file: string, name: string): Promise<string> {
  await asAdministrator(`create database ${name}`);
  const url = urlOf(name);
  await run('pg_restore', ['--exit-on-error', `--dbname=${addressOf(url)}`, file]);
  return url;
}
