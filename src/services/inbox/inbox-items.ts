import sql from 'sql-template-tag';
import { withoutPerson } from '../../channels/cloud-api/webhook-erasure';
import { parseElement, parseWebhookText } from '../../channels/cloud-api/webhooks';
import type { ErasedPerson, WebhookItem } from '../../channels/webhook-items';
import type { Transaction } from '../../database/transaction';
import { ChannelProvider } from '../../entities/enums';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { changeMarketingPreference, changeNumber, changeUserId } from '../contacts/contacts';
import type { Platform } from '../context';
import { recordReport } from '../deliveries/deliveries';
import { PutAside } from './putting-aside';
import { receiveMessage } from '../tickets/replies';
import { applyTemplateItem } from '../templates/template-webhooks';

const CLOUD_API_READER = { readBody: parseWebhookText, readElement: parseElement, withoutPerson };

/** How each provider's bodies are taken apart: whole ones, and stored single elements; and a person out of them. */
export const WEBHOOK_READERS: Record<
  ChannelProvider,
  {
    readBody: (text: string) => WebhookItem[];
    readElement: (stored: unknown) => WebhookItem;
    withoutPerson: (text: string, person: ErasedPerson) => string | null;
  }
> = {
  [ChannelProvider.CLOUD_API]: CLOUD_API_READER,
  [ChannelProvider.SANDBOX]: CLOUD_API_READER,
};

/** The connected number that an item is about: of this contract only (rule 25). */
async function channelWhere(
  transaction: Transaction,
  property: 'phoneNumberId' | 'businessAccountId',
  value: string,
): Promise<WhatsAppChannelRow> {
  const named =
    property === 'phoneNumberId' ? sql`phone_number_id = ${value}` : sql`business_account_id = ${value}`;
  const where = sql`${named} and disconnected_at is null`;
  const channel = await transaction.first(WhatsAppChannelRow, where, sql`created_at, id`);
  if (channel) return channel;
  const what = property === 'phoneNumberId' ? 'phone number id' : 'business account id';
  throw new PutAside(`No connected number has the ${what} that this names: connect it, then try again.`);
}

/**
 * Does what one item of a webhook asks for.
 * @throws PutAside where it cannot be understood or placed, and whatever its handler throws.
 */
export async function workItem(
  platform: Platform,
  transaction: Transaction,
  item: WebhookItem,
): Promise<void> {
  switch (item.kind) {
    case 'echo':
    case 'ignored':
      return;
    case 'unreadable':
      throw new PutAside(item.reason);
    case 'template-status':
    case 'template-quality':
    case 'template-components':
    case 'template-category': {
      // It looks at every number of the account by itself.
      const channel = await channelWhere(transaction, 'businessAccountId', item.businessAccountId);
      return applyTemplateItem(platform, transaction, channel, item);
    }
    default:
      return workNumberItem(
        platform,
        transaction,
        await channelWhere(transaction, 'phoneNumberId', item.phoneNumberId),
        item,
      );
  }
}

type NumberItem = Extract<
  WebhookItem,
  { kind: 'message' | 'status' | 'number-changed' | 'user-id-changed' | 'marketing-preference' }
>;

async function workNumberItem(
  platform: Platform,
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  item: NumberItem,
): Promise<void> {
  switch (item.kind) {
    case 'message':
      return receiveMessage(platform, transaction, channel, item);
    case 'status':
      return recordReport(platform, transaction, channel, item);
    case 'number-changed':
      return changeNumber(transaction, channel, item);
    case 'user-id-changed':
      return changeUserId(transaction, channel, item);
    case 'marketing-preference':
      return changeMarketingPreference(transaction, channel, item);
  }
}
