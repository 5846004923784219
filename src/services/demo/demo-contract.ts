import sql from 'sql-template-tag';
import { ContractRow } from '../../entities/contract';
import { newId } from '../../entities/ids';
import type { Platform } from '../context';
import { setUpDesk } from './demo-desk';
import { tellStory } from './demo-story';
import { AGO } from './send-plan';

/** Told how far the seeding is. */
export type SeedingProgress = (done: number, of: number) => void;

/**
 * Makes the demo contract where the database has no contract yet, and the configuration asks for it. It is one unit of
 * work: whatever ends it early leaves nothing behind, and of several nodes that start at once on one database one
 * makes it while the others wait.
 * @returns whether it was made now.
 */
export async function seedDemo(
  platform: Platform,
  progress: SeedingProgress = () => undefined,
): Promise<boolean> {
  if (!platform.config.seedDemo) return false;
  const hasContracts = (): Promise<boolean> =>
    platform.store.acrossContracts().exists(ContractRow, sql`1 = 1`);
  if (await hasContracts()) return false;
  const contractId = newId('Contract');
  const now = platform.clock.now();
  return platform.store.transact(contractId, async (transaction) => {
    await transaction.lockName('the demo contract');
    // Whoever had the lock before has committed: this unit of work sees its own contract alone, a reader all.
    if (await hasContracts()) return false;
    transaction.retell(now - AGO.beginning);
    await tellStory(await setUpDesk(platform, transaction, contractId), now, progress);
    return true;
  });
}
