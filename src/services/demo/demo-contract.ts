import sql from 'sql-template-tag';
import { SECOND } from '../../clock';
import { ContractRow } from '../../entities/contract';
import { newId } from '../../entities/ids';
import type { Platform } from '../context';
import { setUpDesk } from './demo-desk';
import { tellStory } from './demo-story';
import { AGO } from './send-plan';

/** How often a node looks whether another one has made it. */
const LOOK_INTERVAL = SECOND / 5;

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
  for (;;) {
    if (await hasContracts(platform)) return false;
    if (await seedAlone(platform, progress)) return true;
    await new Promise<void>((resolve) => void platform.clock.after(LOOK_INTERVAL, resolve));
  }
}

/** Makes it unless another node is at it, which may take longer than a statement may wait; whether it was made. */
function seedAlone(platform: Platform, progress: SeedingProgress): Promise<boolean> {
  const contractId = newId('Contract');
  const now = platform.clock.now();
  return platform.store.transact(contractId, async (transaction) => {
    if (!(await transaction.tryLockName('the demo contract'))) return false;
    // Whoever had the lock before has committed: this unit of work sees its own contract alone, a reader all.
    if (await hasContracts(platform)) return false;
    transaction.retell(now - AGO.beginning);
    const within = { ...platform, store: platform.store.within(transaction) };
    await tellStory(await setUpDesk(within, transaction, contractId), now, progress);
    return true;
  });
}

function hasContracts({ store }: Platform): Promise<boolean> {
  return store.acrossContracts().exists(ContractRow, sql`1 = 1`);
}
