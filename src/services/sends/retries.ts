import sql, { join } from 'sql-template-tag';
import { MINUTE } from '../../clock';
import type { Rows } from '../../database/rows';
import { SendStatus } from '../../entities/enums';
import { SendRow } from '../../entities/send';

/** A failure that the provider reported may yet prove wrong for so long: it is not repeated before. */
const REPORT_SETTLES_AFTER = 10 * MINUTE;
const IDS_PER_STATEMENT = 500;

/** Whether a send failed so that the customer cannot have it, nor get it any more (DOMAIN.md 24). */
export function failedForSure(send: Pick<SendRow, 'status' | 'failedBy' | 'failedAt'>, now: number): boolean {
  if (send.status !== SendStatus.FAILED) return false;
  if (send.failedBy === 'own_check' || send.failedBy === 'answer') return true;
  const settled = send.failedBy === 'report' ? settlesAt(send) : null;
  return settled !== null && settled <= now;
}

/** From when on a failure that the provider reported counts as settled. */
export function settlesAt({ failedAt }: Pick<SendRow, 'failedAt'>): number | null {
  return failedAt === null ? null : failedAt + REPORT_SETTLES_AFTER;
}

/**
 * The ids of those of the sends that may be retried: they failed for sure, and so did everything that they are retries
 * of or were retried by. A retry that was canceled does not count.
 */
export async function retryable(rows: Rows, sends: readonly SendRow[], now: number): Promise<Set<string>> {
  const candidates = sends.filter((send) => failedForSure(send, now));
  const origins = await originsOf(rows, candidates);
  const live = new Set<string>();
  /** Sends of one generation, each with the send that all began with. */
  let generation = new Map([...new Set(origins.values())].map((origin) => [origin.id, origin]));
  for (const origin of generation.values()) if (!failedForSure(origin, now)) live.add(origin.id);
  while (generation.size > 0) {
    const next = new Map<string, SendRow>();
    for (const retry of await retriesOf(rows, [...generation.keys()])) {
      const origin = generation.get(retry.retryOfId ?? '');
      if (!origin) continue;
      if (!failedForSure(retry, now) && retry.status !== SendStatus.CANCELED) live.add(origin.id);
      next.set(retry.id, origin);
    }
    generation = next;
  }
  const free = candidates.filter(({ id }) => !live.has(origins.get(id)?.id ?? ''));
  return new Set(free.map(({ id }) => id));
}

/** By the id of each send, the one that it is a retry of in the end: mostly itself. */
async function originsOf(rows: Rows, sends: readonly SendRow[]): Promise<Map<string, SendRow>> {
  const origins = new Map(sends.map((send) => [send.id, send]));
  for (;;) {
    const above = new Set(
      [...origins.values()].map(({ retryOfId }) => retryOfId).filter((id) => id !== null),
    );
    if (above.size === 0) return origins;
    const found = new Map((await rows.byIds(SendRow, [...above])).map((send) => [send.id, send]));
    for (const [id, send] of origins) origins.set(id, found.get(send.retryOfId ?? '') ?? send);
  }
}

async function retriesOf(rows: Rows, ids: readonly string[]): Promise<SendRow[]> {
  const retries: SendRow[] = [];
  for (let start = 0; start < ids.length; start += IDS_PER_STATEMENT) {
    const some = ids.slice(start, start + IDS_PER_STATEMENT);
    retries.push(...(await rows.find(SendRow, { where: sql`retry_of_id in (${join(some)})` })));
  }
  return retries;
}
