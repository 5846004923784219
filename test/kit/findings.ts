import sql from 'sql-template-tag';
import { DeliveryFactRow } from '../../src/entities/delivery-fact';
import { MessageDirection, SendFailureCode, SendStatus } from '../../src/entities/enums';
import { SendRow } from '../../src/entities/send';
import { TicketMessageRow } from '../../src/entities/ticket-message';
import { correlationOf, type BusyDesk } from './busy-desk';

/** How often each is there. */
export function countBy(keys: readonly (string | null)[]): Map<string | null, number> {
  const counts = new Map<string | null, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** What a busy desk's clients were told is kept and is not, or had not its effect exactly once; nothing, if all is well. */
export async function lost(desk: BusyDesk): Promise<string[]> {
  const rows = desk.app.platform.store.rowsOf(desk.contractId);
  const messages = await rows.find(TicketMessageRow);
  const made = new Set([...(await rows.find(SendRow)), ...messages].map(({ id }) => id));
  const received = countBy(
    messages.flatMap((one) => (one.direction === MessageDirection.INBOUND ? [one.providerMessageId] : [])),
  );
  const facts = await rows.find(DeliveryFactRow, { where: sql`kind = 'report' and word = 'delivered'` });
  const reports = new Map(facts.map(({ deliveryId, count }) => [deliveryId, count]));
  return [
    ...desk.asked.flatMap(({ id, mutation }) => (id === null || made.has(id) ? [] : [`${mutation}: ${id}`])),
    ...desk.messages.flatMap(({ about, taken }) => {
      const count = received.get(about) ?? 0;
      return taken === 0 || count === 1 ? [] : [`message ${about} is there ${count} times`];
    }),
    ...desk.reports.flatMap(({ about, attempts, taken }) => {
      const count = reports.get(about) ?? 0;
      return taken <= count && count <= attempts
        ? []
        : [`report on ${about}: ${count} of ${taken} are there`];
    }),
  ];
}

/** What a busy desk has twice, or sent twice, or shows other than it went; nothing, if all is well. */
export async function repeated(desk: BusyDesk): Promise<string[]> {
  const rows = desk.app.platform.store.rowsOf(desk.contractId);
  const calls = countBy(desk.app.provider.sends.map(correlationOf));
  const sends = await rows.find(SendRow);
  const texts = await rows.find(TicketMessageRow, { where: sql`direction = 'OUTBOUND'` });
  const made = countBy(desk.asked.map(({ mutation }) => mutation));
  return [
    ...[...calls].flatMap(([id, count]) => (count === 1 ? [] : [`${id} went out ${count} times`])),
    ...[...countBy(sends.map(({ contactId }) => contactId))].flatMap(([id, count]) =>
      count === 1 ? [] : [`${id} was sent ${count} messages`],
    ),
    ...[...sends, ...texts].flatMap(({ id, status, failureCode }) => {
      // A call that had begun when its server ended may not have left: where nothing is reported, that is our guess.
      const isTrue = calls.has(id)
        ? status !== SendStatus.FAILED
        : failureCode === SendFailureCode.OUTCOME_UNKNOWN;
      return isTrue ? [] : [`${id} is ${status} after ${calls.get(id) ?? 0} calls`];
    }),
    ...(
      [
        ['sendActiveMessage', sends],
        ['sendTicketMessage', texts],
      ] as const
    ).flatMap(([mutation, rowsMade]) =>
      rowsMade.length === (made.get(mutation) ?? 0)
        ? []
        : [`${made.get(mutation) ?? 0} times ${mutation} made ${rowsMade.length}`],
    ),
  ];
}
