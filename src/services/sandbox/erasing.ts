import sql, { join } from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import { SandboxFileRow } from '../../entities/sandbox-file';
import { SandboxMessageRow } from '../../entities/sandbox-message';
import { SandboxPhoneRow } from '../../entities/sandbox-phone';
import { SandboxWebhookRow } from '../../entities/sandbox-webhook';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { Platform } from '../context';
import { beginAct } from './controls';

/**
 * Takes a person's phone out of the sandbox of a number, with its conversation, its files and its webhooks.
 * @param isAboutThem whether a webhook's body is: each body of the sandbox is about one person.
 */
export async function eraseSandboxPhone(
  platform: Platform,
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  { addresses, isAboutThem }: { addresses: readonly string[]; isAboutThem: (body: string) => boolean },
): Promise<void> {
  await beginAct(platform, transaction, channel, null);
  const onNumber = sql`channel_id = ${channel.id}`;
  const webhooks = await transaction.find(SandboxWebhookRow, { where: onNumber });
  for (const { id, body } of webhooks) {
    if (isAboutThem(body)) await transaction.remove(SandboxWebhookRow, sql`id = ${id}`);
  }
  const phones = sql`select sandbox_phones.id from sandbox_phones
    where sandbox_phones.channel_id = ${channel.id} and sandbox_phones.wa_id in (${join([...addresses])})`;
  const files = await transaction.select(SandboxMessageRow, sql`distinct file_id`, {
    where: sql`phone_id in (${phones}) and file_id is not null`,
  });
  await transaction.remove(SandboxMessageRow, sql`phone_id in (${phones})`);
  await transaction.remove(
    SandboxPhoneRow,
    sql`${onNumber} and sandbox_phones.wa_id in (${join([...addresses])})`,
  );
  for (const fileId of files.map((row) => row['file_id'] as string)) {
    // The same file may have been sent from another phone too.
    const isSentElsewhere = await transaction.exists(SandboxMessageRow, sql`file_id = ${fileId}`);
    if (!isSentElsewhere) await transaction.remove(SandboxFileRow, sql`id = ${fileId}`);
  }
}
