import sql from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { SandboxControlsRow, type SandboxDelivery } from '../../entities/sandbox-controls';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { Platform, ServiceContext } from '../context';
import { sandboxChannel } from './access';
import { tellChange } from './live';

/** How the sandbox of a number behaves, as its page shows it. */
export interface Controls {
  delaySeconds: number;
  copies: number;
  deliver: SandboxDelivery;
  nextError: number | null;
}

function initialControls({ id, contractId }: WhatsAppChannelRow): SandboxControlsRow {
  return {
    channelId: id,
    contractId,
    delaySeconds: 0,
    copies: 1,
    deliver: 'AT_ONCE',
    nextError: null,
    changes: 0,
  };
}

/** The controls of a number. */
export async function controlsOf(rows: Rows, channel: WhatsAppChannelRow): Promise<Controls> {
  const row = await rows.first(SandboxControlsRow, sql`channel_id = ${channel.id}`);
  const { delaySeconds, copies, deliver, nextError } = row ?? initialControls(channel);
  return { delaySeconds, copies, deliver, nextError };
}

/**
 * Begins an act in the sandbox of a number: others there wait for its end, and pages are told once it is committed.
 * @param waId whose conversation it is about; null for something that is no one's alone.
 */
export async function beginAct(
  platform: Platform,
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  waId: string | null,
): Promise<SandboxControlsRow> {
  const where = sql`channel_id = ${channel.id}`;
  const count = (): Promise<number> =>
    transaction.updateBy(SandboxControlsRow, sql`changes = changes + 1`, where);
  if ((await count()) === 0) {
    await transaction.insertUnlessPresent(SandboxControlsRow, initialControls(channel));
    await count();
  }
  const controls = await transaction.first(SandboxControlsRow, where);
  if (!controls) throw new Error('The controls of a number vanished while they were being changed');
  const { changes } = controls;
  transaction.afterCommit(() => tellChange(platform, { channelId: channel.id, waId, changes }));
  return controls;
}

/** Changes how the sandbox of a number behaves from now on. */
export function changeControls(
  context: ServiceContext,
  channelId: string,
  changes: Partial<Controls>,
): Promise<Controls> {
  return context.transact(async (transaction) => {
    const channel = await sandboxChannel(context, channelId, transaction);
    await beginAct(context.platform, transaction, channel, null);
    if (Object.keys(changes).length > 0) {
      await transaction.change(SandboxControlsRow, changes, sql`channel_id = ${channel.id}`);
    }
    return controlsOf(transaction, channel);
  });
}
