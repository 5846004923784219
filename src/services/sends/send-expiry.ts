import sql, { join } from 'sql-template-tag';
import { ContactRow } from '../../entities/contact';
import { DeliveryRow } from '../../entities/delivery';
import { ReplyState, SendFailureCode } from '../../entities/enums';
import { ParkedReportRow } from '../../entities/parked-report';
import { SendRow } from '../../entities/send';
import type { Platform } from '../context';
import { addFacts, factsOf, ownFact, settleParked } from '../deliveries/deliveries';
import { deriveDelivery } from '../deliveries/delivery-facts';
import { groupedBy } from '../grouping';
import { recordSendChange } from './send-changes';

const BATCH = 500;

/** Turns sends whose reply window has passed unanswered to EXPIRED (DOMAIN.md 32); how many. */
export async function expireReplies(platform: Platform): Promise<number> {
  let expired = 0;
  for (;;) {
    const passed = await platform.store.acrossContracts().select(SendRow, sql`id, contract_id`, {
      where: sql`reply_state = ${ReplyState.AWAITING} and reply_expires_at < ${platform.clock.now()}`,
      orderBy: sql`reply_expires_at`,
      limit: BATCH,
    });
    const byContract = groupedBy(passed, (row) => row['contract_id'] as string);
    for (const [contractId, rows] of byContract) {
      expired += await expireSends(
        platform,
        contractId,
        rows.map((row) => row['id'] as string),
      );
    }
    if (passed.length < BATCH) return expired;
  }
}

/** Turns those of these sends to EXPIRED whose window has passed unanswered by now; how many. */
export function expireSends(platform: Platform, contractId: string, ids: readonly string[]): Promise<number> {
  return platform.store.transact(contractId, async (transaction) => {
    // The condition is looked at again: an answer that comes at this instant has the better claim.
    const changed = await transaction.connection.all(sql`
      update sends set reply_state = ${ReplyState.EXPIRED}, updated_at = ${transaction.now}
      where contract_id = ${contractId} and id in (${join([...ids])}) and reply_state = ${ReplyState.AWAITING}
        and reply_expires_at < ${transaction.now} returning id`);
    const sends = await transaction.byIds(
      SendRow,
      changed.map((row) => row['id'] as string),
    );
    for (const send of sends) recordSendChange(transaction, send, send.status);
    return sends.length;
  });
}

/**
 * Gives up messages that were handed over and of which nothing was heard any more (DOMAIN.md 21). What was unknown
 * before this server started gets its whole time from the start, since reports may have come while nobody listened.
 * So does what was unknown before its clock was set, since nobody can tell for how long.
 */
export async function giveUpUnknown(platform: Platform): Promise<void> {
  const { clock, config, store } = platform;
  const before = clock.now() - config.outcomeUnknownAfter;
  if (platform.listeningSince() > before) return;
  const silent = await store.acrossContracts().find(DeliveryRow, {
    where: sql`unknown_since <= ${before}`,
    orderBy: sql`unknown_since`,
    limit: BATCH,
  });
  for (const delivery of silent) await giveUp(platform, delivery);
}

function giveUp(platform: Platform, { id, contractId, contactId }: DeliveryRow): Promise<void> {
  return platform.store.transact(contractId, async (transaction) => {
    await transaction.lock(ContactRow, contactId);
    const state = deriveDelivery(await factsOf(transaction, id), platform.config.replyWindow);
    if (!state.outcomeUnknown) return;
    const fact = ownFact('gave_up', transaction.now, {
      failureCode: SendFailureCode.OUTCOME_UNKNOWN,
      message:
        'The message was handed over, and WhatsApp never said what became of it: the customer may have it.',
    });
    await addFacts(platform, transaction, id, [fact]);
  });
}

/** Applies reports that were parked at the very instant at which their message became known on another node. */
export async function settleParkedReports(platform: Platform): Promise<void> {
  const parked = await platform.store.acrossContracts().select(
    ParkedReportRow,
    sql`parked_reports.contract_id as contract_id, (
      select min(deliveries.id) from deliveries where deliveries.channel_id = parked_reports.channel_id
        and deliveries.provider_message_id = parked_reports.provider_message_id) as delivery_id`,
    {
      where: sql`exists (select 1 from deliveries where deliveries.channel_id = parked_reports.channel_id
      and deliveries.provider_message_id = parked_reports.provider_message_id)`,
      limit: BATCH,
    },
  );
  for (const row of parked) {
    await platform.store.transact(row['contract_id'] as string, (transaction) =>
      settleParked(platform, transaction, row['delivery_id'] as string),
    );
  }
}
