import sql, { join, raw, type Sql } from 'sql-template-tag';
import { amongSelected, unindexed } from '../../database/rows';
import { ContactField, SendOrderField, type ReplyState, type SendStatus } from '../../entities/enums';
import { SendRow } from '../../entities/send';
import { TemplateRow } from '../../entities/template';
import type { ServiceContext } from '../context';
import { IS_HELD } from '../deliveries/hold';
import { idsOf } from '../id-lists';
import { contains, fasterWay, idsOfSought, lookedUpIfRare, ofSought, soughtContacts } from '../searching';
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
  const search = filter.search?.trim() ?? '';
  const [templateIds, ...narrowing] = await Promise.all([
    search === '' ? [] : templatesNamed(context, search),
    ...lists,
  ]);
  conditions.push(...narrowing.flat());
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
  if (search !== '') conditions.push(await found(context, search, templateIds, join(conditions, ' and ')));
  return join(conditions, ' and ');
}

/** Read beforehand: PostgreSQL would take it that some are found, and go through all sends for theirs. */
async function templatesNamed({ rows }: ServiceContext, search: string): Promise<string[]> {
  const where = contains(sql`lower(templates.name)`, search.toLowerCase());
  return (await rows.findOnly(TemplateRow, ['id'], { where })).map(({ id }) => id);
}

/** By part of the contact's name or phone number, or by these templates; of those that meet the other conditions. */
async function found(
  { rows }: ServiceContext,
  search: string,
  templateIds: readonly string[],
  others: Sql,
): Promise<Sql> {
  const sought = await soughtContacts(rows, search, [ContactField.NAME, ContactField.PHONE]);
  const contactIds = idsOfSought(rows, sought);
  const ofTemplates =
    templateIds.length === 0 ? sql`1 = 0` : sql`sends.template_id in (${join([...templateIds])})`;
  const among = (column: Sql, select: Sql): Sql => amongSelected(rows.connection, column, select);
  const ofContacts = ofSought(sql`sends.contact_id`, sought);
  // Each by an index of its own, and not both in one condition.
  const either = (ids: Sql): Sql => sql`${rows.idsOf(SendRow, among(sql`sends.contact_id`, ids))}
    union all ${rows.idsOf(SendRow, ofTemplates)}`;
  return fasterWay(rows, SendRow, others, {
    walking: sql`(${ofContacts} or ${ofTemplates})`,
    lookingUp: contactIds && among(sql`sends.id`, either(contactIds)),
  });
}
