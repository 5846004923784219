import sql, { join, raw, type Sql } from 'sql-template-tag';
import { amongSelected, unindexed } from '../../database/rows';
import { ContactField, SendOrderField, type ReplyState, type SendStatus } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import type { ServiceContext } from '../context';
import { IS_HELD } from '../deliveries/hold';
import { idsOf } from '../id-lists';
import { contains, fasterWay, idsOfSought, lookedUpIfRare, soughtContacts } from '../searching';
import { visible } from '../access/visibility';

/** Which sends: conditions that are left out, or null, do not narrow. */
export interface SendFilter {
  botIds?: string[] | null;
  agentIds?: string[] | null;
  templateIds?: string[] | null;
  contactId?: string | null;
  statuses?: SendStatus[] | null;
  replyStates?: ReplyState[] | null;
  createdFrom?: number | null;
  createdBefore?: number | null;
  /** A cursor of the contract's log. */
  changedAfter?: string | null;
  /** Kept back after a restore. */
  held?: boolean | null;
  search?: string | null;
}

const AMONG = [
  ['botIds', 'bot_id'],
  ['agentIds', 'agent_id'],
  ['templateIds', 'template_id'],
  ['statuses', 'status'],
  ['replyStates', 'reply_state'],
] as const;

/**
 * The condition that leaves, of the sends that the caller may see, those that match.
 * @param order what the sends are listed by.
 * @throws Problem FORBIDDEN, BAD_USER_INPUT for lists and texts that are too long and cursors of another log, or CURSOR_EXPIRED.
 */
export async function matchingSends(
  context: ServiceContext,
  filter: SendFilter,
  order: SendOrderField = SendOrderField.CREATED_AT,
): Promise<Sql> {
  const conditions = [sql`(${visible(context.viewer, 'Send')})`];
  const lists = AMONG.map(async ([name, column]) => {
    const values = filter[name];
    if (values == null) return [];
    const wanted = idsOf(values, name);
    if (wanted.length === 0) return [sql`1 = 0`];
    const condition = (of: Sql): Sql => sql`${of} in (${join(wanted)})`;
    const found = raw(`sends.${column}`);
    const frequent =
      order === SendOrderField.CREATED_AT
        ? condition(found)
        : condition(unindexed(context.rows.connection, found));
    return [await lookedUpIfRare(context.rows, SendRow, condition(found), frequent)];
  });
  conditions.push(...(await Promise.all(lists)).flat());
  if (filter.contactId != null) conditions.push(sql`sends.contact_id = ${filter.contactId}`);
  if (filter.createdFrom != null) conditions.push(sql`sends.created_at >= ${filter.createdFrom}`);
  if (filter.createdBefore != null) conditions.push(sql`sends.created_at < ${filter.createdBefore}`);
  if (filter.changedAfter != null) {
    const sequence = await context.platform.eventLog.sequenceOf(context.contractId, filter.changedAfter);
    conditions.push(sql`sends.changed_sequence > ${sequence}`);
  }
  if (filter.held != null) {
    const held = sql`(select deliveries.id from deliveries
      where deliveries.contract_id = ${context.contractId} and ${IS_HELD})`;
    conditions.push(filter.held ? sql`sends.id in ${held}` : sql`sends.id not in ${held}`);
  }
  const search = filter.search?.trim() ?? '';
  if (search !== '') conditions.push(await found(context, search, join(conditions, ' and ')));
  return join(conditions, ' and ');
}

/** By part of the contact's name or phone number, or of the template's name; of those that meet the other conditions. */
function found({ rows }: ServiceContext, search: string, others: Sql): Promise<Sql> {
  const sought = soughtContacts(search, [ContactField.NAME, ContactField.PHONE]);
  const ids = idsOfSought(rows, sought);
  const named = contains(sql`lower(templates.name)`, search.toLowerCase());
  const templateIds = sql`select templates.id from templates
    where templates.contract_id = ${rows.contractId} and ${named}`;
  const ofTemplates = amongSelected(rows.connection, sql`sends.template_id`, templateIds);
  const ofContacts = sql`exists (select 1 from contacts where contacts.id = sends.contact_id and ${sought.matches})`;
  return fasterWay(rows, SendRow, others, {
    walking: sql`(${ofContacts} or ${ofTemplates})`,
    lookingUp: ids && sql`(${amongSelected(rows.connection, sql`sends.contact_id`, ids)} or ${ofTemplates})`,
  });
}
