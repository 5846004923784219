import sql from 'sql-template-tag';
import type { Store } from '../database/store';

/**
 * Ends what a former server had claimed, so that nobody waits for its claims to run out: calls that it had begun become
 * unknown, everything else is taken up at once. Only for a database that no other server can be working on.
 */
export async function endFormerClaims(store: Store): Promise<void> {
  await store.transactAcrossContracts(async (connection) => {
    for (const table of [sql`deliveries`, sql`inbox_bodies`, sql`sandbox_webhooks`]) {
      await connection.run(sql`update ${table} set lease_until = 0 where lease_until is not null`);
    }
  });
}
