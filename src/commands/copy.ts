import { existsSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../clock';
import { copyRows } from '../database/copying';
import { lockForServer } from '../database/server-lock';
import { sqliteFile, Store } from '../database/store';
import { markAsCopy } from '../services/restoring';
import { progressBar, say } from './running';

const complain = (error: Error): void => void process.stderr.write(`${error.message}\n`);

async function withStore<T>(url: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await Store.open({ url, clock: systemClock, complain });
  try {
    await store.engine.migrate();
    return await work(store);
  } finally {
    await store.close();
  }
}

/**
 * Moves everything from a SQLite database to an empty PostgreSQL database. What stays behind is marked as a copy, so that
 * a server that starts on it by mistake sends nothing that the new one sends.
 * @throws Error where the addresses are of another kind, a server has the file, or the target is not empty.
 */
export async function copy({ from, to }: { from: string; to: string }): Promise<void> {
  const file = sqliteFile(from);
  if (file === null) throw new Error('--from takes sqlite:PATH, the database to move');
  if (!existsSync(file)) throw new Error(`There is no file ${file}: name the SQLite database to move`);
  if (!/^postgres(ql)?:\/\//.test(to))
    throw new Error('--to takes postgres://USER@HOST/DATABASE, an empty database');
  const unlock = await lockForServer(file);
  try {
    await withStore(to, () => Promise.resolve());
    await withStore(from, async (source) => {
      say(
        `${await copied(source, to)} rows were copied, and compared: counts, and each contract's event log.`,
      );
      await markAsCopy(source);
    });
  } finally {
    await unlock();
  }
  say('Set DATABASE_URL to the new database. Give every server the same AUTH_JWT_SECRET and SECRETS_KEY:');
  say(
    `those made on the first start are in ${path.dirname(file)}. The SQLite database stays as it is, and would`,
  );
  say('hold what was not sent if a server started on it again.');
}

async function copied(source: Store, to: string): Promise<number> {
  const bar = progressBar('rows');
  let begun = false;
  try {
    return await copyRows(source.engine, to, (done, of) => {
      if (begun) bar.update(done);
      else bar.start(of, done);
      begun = true;
    });
  } finally {
    bar.stop();
  }
}
