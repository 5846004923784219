import sql, { join } from 'sql-template-tag';
import { DeliveryFactRow } from '../../entities/delivery-fact';
import { OrderDirection, SendOrderField, type SendFailureCode, type SendStatus } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import { encodeCursor } from '../../events/cursor';
import { listOf } from '../access/seeing';
import type { ServiceContext } from '../context';
import { statusSpokenFor } from '../deliveries/delivery-facts';
import { groupedBy } from '../grouping';
import type { Page, PageRequest } from '../pages';
import { retryable } from './retries';
import { matchingSends, type SendFilter } from './send-filter';

export interface SendOrder {
  field: SendOrderField;
  direction: OrderDirection;
}

const NEWEST_FIRST: SendOrder = { field: SendOrderField.CREATED_AT, direction: OrderDirection.DESC };

/** One page of the sends that match, of those that the caller may see. */
export async function listSends(
  context: ServiceContext,
  filter: SendFilter,
  order: SendOrder | null,
  page: PageRequest,
): Promise<Page<SendRow>> {
  const { field, direction } = order ?? NEWEST_FIRST;
  const sends = listOf(
    context,
    'Send',
    {
      where: await matchingSends(context, filter, field),
      order: { property: field === SendOrderField.CHANGED ? 'changedSequence' : 'createdAt', direction },
      of: ['sends', filter],
    },
    page,
  );
  // By changes a page's cursors are places in the log.
  return field === SendOrderField.CHANGED ? told(context, await sends) : sends;
}

/** Something with places in the log, which are told once they are on the disk. */
async function told<Placed>(context: ServiceContext, placed: Placed): Promise<Placed> {
  await context.synced();
  return placed;
}

/** One entry of a send's timeline. */
export interface SendTransition {
  kind: string;
  status: SendStatus | null;
  at: number;
  receivedAt: number;
  count: number;
}

/** Everything that is known of a send, in order of arrival; those of many sends are read together. */
export async function timelineOf(context: ServiceContext, sendId: string): Promise<SendTransition[]> {
  const facts = await context.loaders.batch('timelines', sendId, async (ids) => {
    const all: DeliveryFactRow[] = [];
    for (let start = 0; start < ids.length; start += 500) {
      const where = sql`delivery_id in (${join(ids.slice(start, start + 500))})`;
      all.push(...(await context.rows.find(DeliveryFactRow, { where, orderBy: sql`received_at, id` })));
    }
    return groupedBy(all, (fact) => fact.deliveryId);
  });
  return (facts ?? []).map((fact) => ({
    kind: fact.word,
    status: statusSpokenFor(fact),
    at: fact.at,
    receivedAt: fact.receivedAt,
    count: fact.count,
  }));
}

/** Whether `retrySend` would take this send; of all sends asked about in one turn, those retried are read together. */
export async function isRetryable(context: ServiceContext, send: SendRow): Promise<boolean> {
  const found = await context.loaders.batch('retryable sends', send.id, async (ids) => {
    const sends = await Promise.all(ids.map((id) => context.loaders.row(SendRow, id)));
    const free = await retryable(
      context.rows,
      sends.filter((row) => row !== null),
      context.now,
    );
    return new Map([...free].map((id) => [id, true]));
  });
  return found ?? false;
}

/** The place of a send's latest change in the contract's log, as callers see it. */
export async function changeCursorOf(context: ServiceContext, send: SendRow): Promise<string> {
  const epoch = await context.loaders.batch('epoch', context.contractId, async () => {
    const current = await context.platform.eventLog.epochOf(context.contractId);
    return new Map([[context.contractId, current]]);
  });
  return told(context, encodeCursor(epoch ?? '', send.changedSequence));
}

/** Why something was not delivered; null where it did not fail. */
export function failureOf(row: {
  failureCode: SendFailureCode | null;
  failureMessage: string | null;
  failureProviderCode: number | null;
}): { code: SendFailureCode; message: string; providerCode: number | null } | null {
  if (row.failureCode === null) return null;
  return {
    code: row.failureCode,
    message: row.failureMessage ?? 'The message was not delivered.',
    providerCode: row.failureProviderCode,
  };
}
