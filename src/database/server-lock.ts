import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Database } from 'sqlite3';

/** Another server has the database file. */
export class ServerRunning extends Error {
  override name = 'ServerRunning';
}

function execute(database: Database, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    database.exec(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function open(file: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const database = new Database(file, (error) => {
      if (error) reject(error);
      else resolve(database);
    });
  });
}

function close(database: Database): Promise<void> {
  return new Promise((resolve) => database.close(() => resolve()));
}

/**
 * Keeps other servers off a SQLite file: two would each tell subscribers of half of what happens. A file beside it is
 * locked by an open transaction, so that the lock ends with the process however it ends. Commands take no such lock.
 * @returns lets go of the lock.
 * @throws ServerRunning where another server has it.
 */
export async function lockForServer(file: string): Promise<() => Promise<void>> {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  const database = await open(`${file}.lock`);
  try {
    await execute(database, 'PRAGMA busy_timeout=0; BEGIN EXCLUSIVE;');
  } catch (error) {
    await close(database);
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new ServerRunning(
      `Another server already runs on ${file}: stop it first, or give this one another DATABASE_URL`,
    );
  }
  return () => close(database);
}
