import { lockForServer } from '../database/server-lock';
import { sqliteFile } from '../database/store';
import { heldNotice } from '../greeting';
import type { Platform } from '../services/context';
import { beginAsCopy, markAsCopy } from '../services/restoring';
import { say } from './running';

/**
 * Treats the database as a restored copy, whatever way it was restored.
 * @throws ServerRunning where a server has the SQLite file: it would go on telling cursors of before.
 */
export async function hold(platform: Platform): Promise<void> {
  const file = sqliteFile(platform.config.databaseUrl);
  const unlock = file === null ? () => Promise.resolve() : await lockForServer(file);
  try {
    await markAsCopy(platform.store);
    await beginAsCopy(platform.store);
  } finally {
    await unlock();
  }
  say(`${(await heldNotice(platform)) ?? 'Nothing waits to be sent, so that nothing is held'}.`);
  say('Cursors from before have expired.');
}
