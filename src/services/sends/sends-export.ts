import sql from 'sql-template-tag';
import { SendRow } from '../../entities/send';
import type { ServiceContext } from '../context';
import { matchingSends, type SendFilter } from './send-filter';

const SENDS_AT_ONCE = 500;

/**
 * All sends that match, of those that the caller may see, the oldest first, in parts: memory does not grow with their
 * number, and sends that come meanwhile repeat none and hide none.
 * @throws Problem FORBIDDEN or BAD_USER_INPUT with the first part.
 */
export async function* exportedSends(
  context: ServiceContext,
  filter: SendFilter,
): AsyncGenerator<SendRow[], void> {
  const matching = await matchingSends(context, filter);
  let last: SendRow | undefined;
  do {
    const after = last ? sql`(sends.created_at, sends.id) > (${last.createdAt}, ${last.id})` : sql`1 = 1`;
    const sends: SendRow[] = await context.rows.find(SendRow, {
      where: sql`(${matching}) and ${after}`,
      orderBy: sql`sends.created_at, sends.id`,
      limit: SENDS_AT_ONCE,
    });
    if (sends.length > 0) yield sends;
    last = sends.length === SENDS_AT_ONCE ? sends.at(-1) : undefined;
  } while (last);
}
