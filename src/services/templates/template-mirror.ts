import sql, { join } from 'sql-template-tag';
import type { ProviderTemplate } from '../../channels/channel';
import { isSupported, parametersOf } from '../../channels/template-content';
import type { Transaction } from '../../database/transaction';
import { AuditEntryRow } from '../../entities/audit-entry';
import { TemplateStatus } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { TemplateRow } from '../../entities/template';
import { TemplateActivationRow } from '../../entities/template-activation';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';

/** How many templates a sync found new, changed and gone. */
export interface MirrorCounts {
  added: number;
  updated: number;
  removed: number;
}

type Mirrored = Omit<
  TemplateRow,
  'id' | 'contractId' | 'channelId' | 'webhookChangedAt' | 'createdAt' | 'updatedAt'
>;

const IDS_PER_STATEMENT = 500;

/** What identifies a template on its number (names have no spaces). */
export function templateKey({ name, language }: { name: string; language: string }): string {
  return `${name} ${language}`;
}

/** Why this server cannot fill a template in; null where it can. */
export function unsupportedReasonOf(components: TemplateRow['components']): string | null {
  const support = isSupported(components);
  return support.supported ? null : support.reason;
}

/**
 * Makes the rows of a number what the provider listed (domain rule 7).
 * @param since rows that a webhook changed at this instant or later know better than the list, and are left alone.
 */
export async function mirrorTemplates(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  listed: ReadonlyMap<string, ProviderTemplate>,
  since: number,
): Promise<MirrorCounts> {
  const rows = await transaction.find(TemplateRow, { where: sql`channel_id = ${channel.id}` });
  const known = new Map(rows.map((row) => [templateKey(row), row]));
  const unheard = sql`(webhook_changed_at is null or webhook_changed_at < ${since})`;
  const added = [...listed]
    .filter(([key]) => !known.has(key))
    .map(([, template]) => rowOf(transaction, channel, template));
  await transaction.insert(TemplateRow, ...added);

  let updated = 0;
  const unfit: string[] = [];
  for (const [key, template] of listed) {
    const before = known.get(key);
    const changes = before ? changesOf(before, mirrored(template)) : {};
    if (!before || Object.keys(changes).length === 0) continue;
    const guard = sql`id = ${before.id} and ${unheard}`;
    if ((await transaction.update(TemplateRow, { ...changes, updatedAt: transaction.now }, guard)) === 0)
      continue;
    updated += 1;
    if (needsEnablingAnew(before, { ...before, ...changes })) unfit.push(before.id);
  }
  await disableActivations(transaction, channel.contractId, 'syncTemplates', unfit);

  const gone = rows.filter((row) => row.status !== TemplateStatus.DELETED && !listed.has(templateKey(row)));
  let removed = 0;
  for (let start = 0; start < gone.length; start += IDS_PER_STATEMENT) {
    const ids = gone.slice(start, start + IDS_PER_STATEMENT).map(({ id }) => id);
    const changes = { status: TemplateStatus.DELETED, updatedAt: transaction.now };
    removed += await transaction.update(TemplateRow, changes, sql`id in (${join(ids)}) and ${unheard}`);
  }
  return { added: added.length, updated, removed };
}

function mirrored(template: ProviderTemplate): Mirrored {
  const { providerTemplateId, name, language, category, status, providerStatus } = template;
  const { components, parameterFormat, qualityScore, rejectionReason } = template;
  return {
    providerTemplateId,
    name,
    language,
    category,
    status,
    providerStatus,
    components,
    parameterFormat,
    qualityScore,
    rejectionReason,
    unsupportedReason: unsupportedReasonOf(components),
  };
}

function rowOf(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  template: ProviderTemplate,
): TemplateRow {
  return {
    id: newId('Template'),
    contractId: channel.contractId,
    channelId: channel.id,
    ...mirrored(template),
    webhookChangedAt: null,
    createdAt: transaction.now,
    updatedAt: transaction.now,
  };
}

function changesOf(before: TemplateRow, after: Mirrored): Partial<TemplateRow> {
  const fields = Object.keys(after) as (keyof Mirrored)[];
  const changed = fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
  return Object.fromEntries(changed.map((field) => [field, after[field]]));
}

function blanksOf({ components, parameterFormat }: TemplateRow): string {
  return JSON.stringify(parametersOf(components, parameterFormat).map(({ key, type }) => [key, type]));
}

/** Whether an admin has to look at the template again: it came back, or its blanks are others (domain rule 7). */
export function needsEnablingAnew(before: TemplateRow, after: TemplateRow): boolean {
  const cameBack = before.status === TemplateStatus.DELETED && after.status !== TemplateStatus.DELETED;
  return cameBack || blanksOf(before) !== blanksOf(after);
}

/** Disables these templates wherever they are enabled. The audit entries name nobody: no caller asked for it. */
export async function disableActivations(
  transaction: Transaction,
  contractId: string,
  action: string,
  templateIds: readonly string[],
): Promise<void> {
  for (let start = 0; start < templateIds.length; start += IDS_PER_STATEMENT) {
    const some = templateIds.slice(start, start + IDS_PER_STATEMENT);
    const rows = await transaction.find(TemplateActivationRow, {
      where: sql`enabled = 1 and template_id in (${join(some)})`,
    });
    if (rows.length === 0) continue;
    await transaction.change(
      TemplateActivationRow,
      { enabled: false, updatedAt: transaction.now },
      sql`enabled = 1 and template_id in (${join(some)})`,
    );
    const entries = rows.map((row): AuditEntryRow => ({
      id: newId('AuditEntry'),
      contractId,
      at: transaction.now,
      agentId: null,
      apiKeyId: null,
      action,
      subjectId: row.id,
      changes: { enabled: { from: true, to: false } },
    }));
    await transaction.insert(AuditEntryRow, ...entries);
  }
}
