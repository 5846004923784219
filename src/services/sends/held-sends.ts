import { UserErrorCode } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import { SendStatus } from '../../entities/enums';
import { DeliveryRow } from '../../entities/delivery';
import { authorize } from '../access/access';
import { audit } from '../access/audit';
import type { ServiceContext } from '../context';
import { releaseDeliveries } from '../deliveries/hold';
import { idsOf } from '../id-lists';
import { made, refused, userError, type Outcome } from '../outcome';

/**
 * Lets sends go out that a restore has kept back: those named, or everything that is held, the texts of tickets too.
 * One that is held no more, since a report has settled it or somebody was quicker, is passed over.
 */
export function releaseHeldSends(
  context: ServiceContext,
  input: { sendIds?: readonly string[] | null },
): Promise<Outcome<{ released: number }>> {
  authorize(context.viewer, 'holds.change');
  const ids = input.sendIds == null ? null : idsOf(input.sendIds, 'sendIds');
  return context.transact(async (transaction) => {
    const known = new Set((await transaction.byIds(SendRow, ids ?? [])).map(({ id }) => id));
    const unknown = (input.sendIds ?? []).flatMap((id, index) =>
      known.has(id)
        ? []
        : userError(
            UserErrorCode.NOT_FOUND,
            'There is no such send: name those that `sends` lists as held.',
            ['input', 'sendIds', String(index)],
          ),
    );
    if (unknown.length > 0) return refused(...unknown);
    const released = await releaseDeliveries(context.platform, transaction, ids);
    const { contractId } = context;
    await audit(transaction, context.viewer, 'releaseHeldSends', contractId, {
      sendIds: ids ?? 'all',
      released,
    });
    return made({ released });
  });
}

/** Whether a send is kept back; those of all sends asked about in one turn are read together. */
export async function isHeld({ loaders }: ServiceContext, { id, status }: SendRow): Promise<boolean> {
  if (status !== SendStatus.QUEUED) return false;
  const delivery = await loaders.row(DeliveryRow, id);
  return delivery !== null && delivery.heldSince !== null;
}
