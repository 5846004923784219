import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MigratedDatabases } from './migrated/databases';
import { asAdministrator, newName, urlOf } from './postgres';

declare global {
  /** The engine that this run of a suite is for; set by jest's configuration. */
  var DATABASE_ENGINE: 'sqlite' | 'postgres' | undefined;
}

export const engine = globalThis.DATABASE_ENGINE ?? 'sqlite';

const migrated = JSON.parse(process.env['MIGRATED_DATABASES'] ?? '{}') as MigratedDatabases;

export interface TestDatabase {
  url: string;
  /** Removes it, and everything that was in it. */
  drop(): Promise<void>;
}

const TRIES = 100;
const PAUSE = 50;

/**
 * A pool tells that it has ended a moment before its last connections are gone; cutting these off would make them
 * report an error to nobody.
 */
async function dropOnceUnused(name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await asAdministrator(`drop database if exists ${name}`);
      return;
    } catch (error) {
      if (attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

/**
 * A database of the engine that this run is for, of nobody else's.
 * @param empty without even the tables, which otherwise are there.
 */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  if (engine === 'postgres') {
    if (migrated.postgres === undefined) throw new Error('The set-up of the run made no PostgreSQL database');
    const { name: template, owner } = migrated.postgres;
    const name = newName();
    await asAdministrator(
      `create database ${name} owner ${owner.name}${empty ? '' : ` template ${template}`}`,
    );
    return { url: urlOf(name, owner), drop: () => dropOnceUnused(name) };
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'saludo-test-'));
  const file = path.join(folder, 'saludo.db');
  if (!empty && migrated.sqlite !== undefined) copyFileSync(migrated.sqlite, file);
  return {
    url: `sqlite:${file}`,
    drop: () => {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}
