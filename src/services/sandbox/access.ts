import sql from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import { BotRow } from '../../entities/bot';
import { ContractRow } from '../../entities/contract';
import { ChannelProvider } from '../../entities/enums';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { notFound } from '../../problems';
import { authorize, reachOf } from '../access/access';
import type { Platform, ServiceContext } from '../context';

/** The sandbox is where these are, and nowhere else: no number of another provider is ever among them. */
const CONNECTED = sql`provider = ${ChannelProvider.SANDBOX} and disconnected_at is null`;

/** Whether any contract has a sandbox. */
export function isSandboxAnywhere(platform: Platform): Promise<boolean> {
  return platform.store.acrossContracts().exists(WhatsAppChannelRow, CONNECTED);
}

/** The connected sandbox numbers that match, whatever their contract: who asks must show their secret. */
export function sandboxChannelsWhere(
  platform: Platform,
  property: 'phoneNumberId' | 'businessAccountId' | 'id',
  value: string,
): Promise<WhatsAppChannelRow[]> {
  const columns = {
    phoneNumberId: sql`phone_number_id`,
    businessAccountId: sql`business_account_id`,
    id: sql`id`,
  };
  const where = sql`${CONNECTED} and ${columns[property]} = ${value}`;
  return platform.store.acrossContracts().find(WhatsAppChannelRow, { where });
}

/**
 * Lets in who may use the contract's sandbox: its admins, and everybody of a contract that is for trying out.
 * @throws Problem NOT_FOUND where the contract has no sandbox, FORBIDDEN where the caller may not use it.
 */
async function authorizeSandbox({ viewer, contractId }: ServiceContext, rows: Rows): Promise<void> {
  if (!(await rows.exists(WhatsAppChannelRow, CONNECTED))) {
    throw notFound(
      'This contract has no sandbox: an admin connects a number with `connectWhatsAppChannel` and `sandbox: true`.',
    );
  }
  if (reachOf(viewer, 'sandbox.use')) return;
  const contract = viewer.agent && (await rows.byId(ContractRow, contractId));
  if (contract?.demo !== true) authorize(viewer, 'sandbox.use');
}

/**
 * A connected sandbox number of the caller's contract.
 * @param rows where an act reads; the contract's as last committed unless told.
 * @throws Problem NOT_FOUND, FORBIDDEN
 */
export async function sandboxChannel(
  context: ServiceContext,
  channelId: string,
  rows: Rows = context.rows,
): Promise<WhatsAppChannelRow> {
  await authorizeSandbox(context, rows);
  const channel = await rows.first(WhatsAppChannelRow, sql`id = ${channelId} and ${CONNECTED}`);
  if (channel) return channel;
  throw notFound('There is no sandbox number of this id: take one that `GET /sandbox/api/channels` lists.');
}

/** A sandbox number for its page to choose from. */
export interface ListedChannel {
  id: string;
  phoneNumber: string;
  botName: string;
}

/** The contract's sandbox numbers, the oldest first. @throws Problem NOT_FOUND, FORBIDDEN */
export async function sandboxChannels(context: ServiceContext): Promise<ListedChannel[]> {
  await authorizeSandbox(context, context.rows);
  const channels = await context.rows.find(WhatsAppChannelRow, {
    where: CONNECTED,
    orderBy: sql`created_at, id`,
  });
  const bots = await context.rows.byIds(
    BotRow,
    channels.map(({ botId }) => botId),
  );
  const names = new Map(bots.map(({ id, name }) => [id, name]));
  return channels.map(({ id, phoneNumber, botId }) => ({ id, phoneNumber, botName: names.get(botId) ?? '' }));
}
