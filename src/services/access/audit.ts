import type { Transaction } from '../../database/transaction';
import { AuditEntryRow } from '../../entities/audit-entry';
import { newId } from '../../entities/ids';
import type { Viewer } from './viewer';

/**
 * Notes in the same unit of work who changed what. `changes` holds, by field, what it was and what it is;
 * never a secret, nor a customer's data.
 */
export async function audit(
  transaction: Transaction,
  viewer: Viewer,
  action: string,
  subjectId: string,
  changes: Record<string, unknown>,
): Promise<void> {
  await transaction.insert(AuditEntryRow, {
    id: newId('AuditEntry'),
    contractId: viewer.contractId,
    at: transaction.now,
    agentId: viewer.agent?.id ?? null,
    apiKeyId: viewer.apiKey?.id ?? null,
    action,
    subjectId,
    changes,
  });
}

/** The fields that differ, each with what it was and what it is. */
export function differences<Row extends object>(
  before: Row,
  after: Partial<Row>,
): Record<string, { from: unknown; to: unknown }> {
  const changed = Object.entries(after).filter(
    ([field, to]) => JSON.stringify((before as Record<string, unknown>)[field]) !== JSON.stringify(to),
  );
  return Object.fromEntries(
    changed.map(([field, to]) => [field, { from: (before as Record<string, unknown>)[field] ?? null, to }]),
  );
}
