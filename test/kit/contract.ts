import type { Store } from '../../src/database/store';
import { freshLog } from '../../src/database/transaction';
import { ContractRow } from '../../src/entities/contract';
import { ContractLogRow } from '../../src/entities/contract-log';
import { newId } from '../../src/entities/ids';

/** A contract with its log and nothing else; its id. */
export async function contractIn(store: Store, name: string): Promise<string> {
  const id = newId('Contract');
  await store.transact(id, async (transaction) => {
    await transaction.insert(ContractRow, { id, name, createdAt: 0, lastTicketNumber: 0, demo: false });
    await transaction.insert(ContractLogRow, freshLog(id, 'epoch'));
  });
  return id;
}
