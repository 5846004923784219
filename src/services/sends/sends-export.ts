import sql from 'sql-template-tag';
import { among, type RowClass } from '../../database/rows';
import { AgentRow } from '../../entities/agent';
import { BotRow } from '../../entities/bot';
import { ContactRow } from '../../entities/contact';
import { SendRow } from '../../entities/send';
import { TemplateRow } from '../../entities/template';
import type { ServiceContext } from '../context';
import { oneAhead } from '../one-ahead';
import { matchingSends, type SendFilter } from './send-filter';

const SENDS_AT_ONCE = 1_000;

/** What a file tells of a send, beside the names of what it points at. */
const TOLD = [
  'id',
  'botId',
  'agentId',
  'templateId',
  'contactId',
  'status',
  'outcomeUnknown',
  'replyState',
  'failureCode',
  'failureProviderCode',
  'retryOfId',
  'providerMessageId',
  'ticketId',
  'createdAt',
  'acceptedAt',
  'sentAt',
  'deliveredAt',
  'readAt',
  'failedAt',
  'repliedAt',
  'replyExpiresAt',
  'updatedAt',
  'changedSequence',
] as const satisfies readonly (keyof SendRow)[];
type ToldSend = Pick<SendRow, (typeof TOLD)[number]>;

/** A send with what the rows it points at are called. */
export interface ExportedSend {
  send: ToldSend;
  botName: string | null;
  agentName: string | null;
  templateName: string | null;
  contact: Pick<ContactRow, 'name' | 'phone'> | null;
}

/**
 * All sends that match, of those that the caller may see, the oldest first, in parts: memory does not grow with their
 * number, and sends that come meanwhile repeat none and hide none.
 * @throws Problem FORBIDDEN or BAD_USER_INPUT with the first part.
 */
export async function* exportedSends(
  context: ServiceContext,
  filter: SendFilter,
): AsyncGenerator<ExportedSend[], void> {
  for await (const sends of oneAhead(partsOf(context, filter))) yield await withNames(context, sends);
}

async function* partsOf(context: ServiceContext, filter: SendFilter): AsyncGenerator<ToldSend[], void> {
  const matching = await matchingSends(context, filter);
  let last: ToldSend | undefined;
  do {
    const after = last ? sql`(sends.created_at, sends.id) > (${last.createdAt}, ${last.id})` : sql`1 = 1`;
    const synced = context.platform.store.syncing();
    const sends: ToldSend[] = await context.rows.findOnly(SendRow, TOLD, {
      where: sql`(${matching}) and ${after}`,
      orderBy: sql`sends.created_at, sends.id`,
      limit: SENDS_AT_ONCE,
    });
    // Each bears the place of its latest change in the log.
    await synced();
    if (sends.length > 0) yield sends;
    last = sends.length === SENDS_AT_ONCE ? sends.at(-1) : undefined;
  } while (last);
}

async function withNames({ rows }: ServiceContext, sends: readonly ToldSend[]): Promise<ExportedSend[]> {
  const named = async <Row extends { id: string }, Property extends keyof Row & string>(
    entity: RowClass<Row>,
    reference: 'botId' | 'agentId' | 'templateId' | 'contactId',
    ...properties: Property[]
  ): Promise<ReadonlyMap<string, Pick<Row, Property | 'id'>>> => {
    const ids = [...new Set(sends.map((send) => send[reference]))];
    const where = among(rows.connection, sql`id`, ids);
    const found = await rows.findOnly<Row, Property | 'id'>(entity, ['id', ...properties], { where });
    return new Map(found.map((row) => [row.id, row]));
  };
  const [bots, agents, templates, contacts] = await Promise.all([
    named(BotRow, 'botId', 'name'),
    named(AgentRow, 'agentId', 'name'),
    named(TemplateRow, 'templateId', 'name'),
    named(ContactRow, 'contactId', 'name', 'phone'),
  ]);
  return sends.map((send) => ({
    send,
    botName: bots.get(send.botId)?.name ?? null,
    agentName: agents.get(send.agentId)?.name ?? null,
    templateName: templates.get(send.templateId)?.name ?? null,
    contact: contacts.get(send.contactId) ?? null,
  }));
}
