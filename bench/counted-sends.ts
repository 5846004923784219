import sql from 'sql-template-tag';
import { SendCountMarkRow } from '../src/entities/send-count-mark';
import type { Platform } from '../src/services/context';
import { countChangedSends } from '../src/services/statistics/send-counts';
import { eventually } from '../test/kit/eventually';

/** Milliseconds: millions may be to be counted. */
const PATIENCE = 3_600_000;

/** What the background does for statistics, for all sends of a contract at once: they came past the log. */
export async function countSends(platform: Platform, contractId: string): Promise<void> {
  await platform.store.transactAcrossContracts((connection) =>
    connection.run(sql`delete from send_count_marks`),
  );
  await countChangedSends(platform, () => true);
  // The server may have been quicker to begin.
  const isDone = sql`counted_before is null`;
  await eventually(
    () => platform.store.rowsOf(contractId).count(SendCountMarkRow, isDone),
    (count) => count === 1,
    PATIENCE,
  );
}
