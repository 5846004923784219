import sql from 'sql-template-tag';
import { withChangedTexts } from '../../channels/template-changes';
import type {
  TemplateCategoryItem,
  TemplateComponentsItem,
  TemplateQualityItem,
  TemplateStatusItem,
} from '../../channels/webhook-items';
import type { Transaction } from '../../database/transaction';
import { TemplateStatus } from '../../entities/enums';
import { TemplateRow } from '../../entities/template';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { Platform } from '../context';
import { PutAside } from '../inbox/putting-aside';
import { disableActivations, needsEnablingAnew, unsupportedReasonOf } from './template-mirror';
import { refreshTemplatesAnew } from './template-sync';

export type TemplateWebhookItem =
  TemplateStatusItem | TemplateQualityItem | TemplateComponentsItem | TemplateCategoryItem;

/**
 * Applies what a webhook says about a template (domain rule 7), on every number of its business account.
 * @throws PutAside where no number has such a template.
 */
export async function applyTemplateItem(
  platform: Platform,
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  item: TemplateWebhookItem,
): Promise<void> {
  const rows = await templatesOf(transaction, channel, item);
  if (rows.length === 0) {
    throw new PutAside(
      `The template ${item.name} (${item.language}) is not known on this number: sync its templates, then try again.`,
    );
  }
  for (const before of rows) await apply(platform, transaction, before, item);
}

/** By the provider's id, compared as text, else by name and language. */
async function templatesOf(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  { providerTemplateId, name, language }: TemplateWebhookItem,
): Promise<TemplateRow[]> {
  const ofAccount =
    channel.businessAccountId === null
      ? sql`channel_id = ${channel.id}`
      : sql`channel_id in (select whatsapp_channels.id from whatsapp_channels
          where whatsapp_channels.contract_id = ${channel.contractId}
            and whatsapp_channels.business_account_id = ${channel.businessAccountId})`;
  if (providerTemplateId !== '') {
    const rows = await transaction.find(TemplateRow, {
      where: sql`${ofAccount} and provider_template_id = ${providerTemplateId}`,
      orderBy: sql`id`,
    });
    if (rows.length > 0) return rows;
  }
  const where = sql`${ofAccount} and name = ${name} and language = ${language}`;
  return transaction.find(TemplateRow, { where, orderBy: sql`id` });
}

async function apply(
  platform: Platform,
  transaction: Transaction,
  before: TemplateRow,
  item: TemplateWebhookItem,
): Promise<void> {
  if (isOfEarlierOne(before, item)) return;
  const { now } = transaction;
  const changes = { ...changesOf(before, item), webhookChangedAt: now, updatedAt: now };
  await transaction.change(TemplateRow, changes, sql`id = ${before.id}`);
  if (needsEnablingAnew(before, { ...before, ...changes })) {
    await disableActivations(transaction, before.contractId, 'templateWebhook', [before.id]);
  }
  if (item.kind === 'template-components') {
    // What the report leaves out (buttons, examples) is fetched once this is committed.
    transaction.afterCommit(
      () => void refreshTemplatesAnew(platform, before.contractId, before.channelId, now),
    );
  }
}

/** The end of a template that has been replaced by one with the same name and language says nothing of that one. */
function isOfEarlierOne(before: TemplateRow, item: TemplateWebhookItem): boolean {
  const isOther =
    item.providerTemplateId !== '' &&
    before.providerTemplateId !== '' &&
    item.providerTemplateId !== before.providerTemplateId;
  return isOther && item.kind === 'template-status' && item.status === TemplateStatus.DELETED;
}

function changesOf(before: TemplateRow, item: TemplateWebhookItem): Partial<TemplateRow> {
  switch (item.kind) {
    case 'template-status':
      return {
        status: item.status,
        providerStatus: item.event,
        rejectionReason: item.reason,
        ...(item.category && { category: item.category }),
      };
    case 'template-quality':
      return { qualityScore: item.qualityScore };
    case 'template-category':
      return { category: item.category };
    case 'template-components': {
      const components = withChangedTexts(before.components, item.content);
      return { components, unsupportedReason: unsupportedReasonOf(components) };
    }
  }
}
