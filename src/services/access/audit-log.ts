import sql, { join, type Sql } from 'sql-template-tag';
import { AuditEntryRow } from '../../entities/audit-entry';
import { kindOfId } from '../../entities/ids';
import type { ServiceContext } from '../context';
import { idsOf } from '../id-lists';
import { type Page, type PageRequest } from '../pages';
import { listOf, seeAsked, type Seen } from './seeing';
import { isSeenKind, visible } from './visibility';

export interface AuditFilter {
  subjectId?: string | null;
  agentIds?: string[] | null;
  actions?: string[] | null;
  from?: number | null;
  before?: number | null;
}

function among(column: Sql, values: readonly string[] | null | undefined, name: string): Sql[] {
  if (!values) return [];
  const some = idsOf(values, name);
  return [some.length === 0 ? sql`1 = 0` : sql`${column} in (${join(some)})`];
}

/** Who changed what, the latest first. */
export async function listAuditEntries(
  context: ServiceContext,
  filter: AuditFilter,
  page: PageRequest,
): Promise<Page<AuditEntryRow>> {
  const { subjectId = null, agentIds, actions, from = null, before = null } = filter;
  const conditions = [
    visible(context.viewer, 'AuditEntry'),
    ...(subjectId === null ? [] : [sql`subject_id = ${subjectId}`]),
    ...among(sql`agent_id`, agentIds, 'agentIds'),
    ...among(sql`action`, actions, 'actions'),
    ...(from === null ? [] : [sql`at >= ${from}`]),
    ...(before === null ? [] : [sql`at < ${before}`]),
  ];
  const of = ['audit entries', subjectId, agentIds ?? null, actions ?? null, from, before];
  const where = join(conditions, ' and ');
  return listOf(context, 'AuditEntry', { where, order: { property: 'at', direction: 'DESC' }, of }, page);
}

/** What was changed, as it is now; null where it is gone or is nothing that the API shows. */
export function subjectOf(context: ServiceContext, entry: AuditEntryRow): Seen<{ id: string }> {
  const kind = entry.subjectId === null ? null : kindOfId(entry.subjectId);
  return isSeenKind(kind) ? seeAsked(context, kind, entry.subjectId) : null;
}
