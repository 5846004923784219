import sql from 'sql-template-tag';
import type { ChannelCredentials } from '../../channels/channel';
import type { Transaction } from '../../database/transaction';
import { BotRow } from '../../entities/bot';
import { ContractRow } from '../../entities/contract';
import { ChannelProvider, ChannelState, TemplateStatus, UserErrorCode } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { normalisePhoneNumber } from '../../entities/phone-number';
import { TemplateRow } from '../../entities/template';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { authorize } from '../access/access';
import { audit, differences } from '../access/audit';
import { noSuchBot } from './bots';
import { found, textError } from '../bounded-text';
import { channelSecrets, recordStart, sealSecrets, startChannel, type ChannelSecrets } from './channels';
import type { ServiceContext } from '../context';
import { sandboxCredentials } from '../sandbox/credentials';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';

const LONGEST_SECRET = 4_096;
/** The provider's ids become parts of addresses: nothing that could lead elsewhere may be in them. */
const PROVIDER_ID = /^[A-Za-z0-9_-]{1,100}$/;

export interface ConnectInput {
  botId: string;
  phoneNumber: string;
  cloudApi?: ChannelCredentials | null;
  /** The number is one of the sandbox: what it is reached by is made here. */
  sandbox?: boolean | null;
}

export interface UpdateChannelInput extends Partial<Record<keyof ChannelSecrets, string | null>> {
  channelId: string;
}

function providerIdError(text: string, name: string): UserError | null {
  if (PROVIDER_ID.test(text)) return null;
  return userError(
    UserErrorCode.INVALID,
    `\`${name}\` is no id as WhatsApp gives them: give its digits, as the WhatsApp page of your Meta app shows them.`,
    ['input', 'cloudApi', name],
  );
}

function connectErrors(input: ConnectInput, phoneNumber: string | null): UserError[] {
  const { cloudApi, sandbox } = input;
  const phone = phoneNumber
    ? null
    : userError(
        UserErrorCode.PHONE_INVALID,
        'This is no possible phone number: give it with its country code, such as +55 11 4000-0000.',
        ['input', 'phoneNumber'],
      );
  if (sandbox === true) {
    const both = 'A number is reached in one way: give `cloudApi` or `sandbox: true`, not both.';
    return found(phone, cloudApi ? userError(UserErrorCode.INVALID, both, ['input', 'sandbox']) : null);
  }
  if (!cloudApi) {
    const missing =
      'It is not said how to reach the number: give `cloudApi` with the credentials of the Cloud API, or `sandbox: true`.';
    return found(phone, userError(UserErrorCode.INVALID, missing, ['input', 'cloudApi']));
  }
  const secret = (name: keyof ChannelSecrets) =>
    textError(cloudApi[name], ['input', 'cloudApi', name], LONGEST_SECRET);
  return found(
    phone,
    providerIdError(cloudApi.phoneNumberId, 'phoneNumberId'),
    providerIdError(cloudApi.businessAccountId, 'businessAccountId'),
    secret('accessToken'),
    secret('appSecret'),
    secret('verifyToken'),
  );
}

/** What of the contract already has what the input asks for. The contract is locked, so that none comes in between. */
async function takenErrors(
  transaction: Transaction,
  bot: BotRow,
  phoneNumber: string,
  phoneNumberId: string,
): Promise<UserError[]> {
  const connected = await transaction.find(WhatsAppChannelRow, {
    where: sql`disconnected_at is null and (phone_number = ${phoneNumber} or phone_number_id = ${phoneNumberId} or bot_id = ${bot.id})`,
  });
  const taken = (message: string, ...field: string[]) =>
    userError(UserErrorCode.TAKEN, message, ['input', ...field]);
  return found(
    connected.some((channel) => channel.phoneNumber === phoneNumber)
      ? taken(
          'This number is connected in this contract already: disconnect it first, or give another.',
          'phoneNumber',
        )
      : null,
    connected.some((channel) => channel.phoneNumberId === phoneNumberId)
      ? taken(
          'This `phoneNumberId` belongs to a number that is connected already: give the one of this number.',
          'cloudApi',
          'phoneNumberId',
        )
      : null,
    connected.some((channel) => channel.botId === bot.id)
      ? taken('This bot has a number already: disconnect that one first, or choose another bot.', 'botId')
      : null,
  );
}

/** Connects a number to a bot; one that was connected before comes back with its contacts and its past. */
export async function connectWhatsAppChannel(
  context: ServiceContext,
  input: ConnectInput,
): Promise<Outcome<{ channel: WhatsAppChannelRow }>> {
  authorize(context.viewer, 'channels.change');
  const phoneNumber = normalisePhoneNumber(input.phoneNumber);
  return context.transact(async (transaction) => {
    await transaction.lock(ContractRow, context.contractId);
    const bot = await transaction.byId(BotRow, input.botId);
    const errors = found(bot ? null : noSuchBot(), ...connectErrors(input, phoneNumber));
    if (!bot || phoneNumber === null || errors.length > 0) return refused(...errors);
    const former = await transaction.first(WhatsAppChannelRow, sql`phone_number = ${phoneNumber}`);
    // One that is connected still keeps what it is reached by for itself.
    const way = wayTo(input, former?.disconnectedAt === null ? null : former);
    const taken = await takenErrors(transaction, bot, phoneNumber, way.credentials.phoneNumberId);
    if (taken.length > 0) return refused(...taken);
    const channel = await storeChannel(context, transaction, bot, phoneNumber, former, way);
    const { provider, phoneNumberId, businessAccountId } = channel;
    const changes = { botId: bot.id, provider, phoneNumber, phoneNumberId, businessAccountId };
    await audit(
      transaction,
      context.viewer,
      'connectWhatsAppChannel',
      channel.id,
      differences<object>({}, changes),
    );
    return made({ channel });
  });
}

/** Through whom the number is reached, and with what. */
interface Way {
  provider: ChannelProvider;
  credentials: ChannelCredentials;
}

function wayTo({ cloudApi }: ConnectInput, former: WhatsAppChannelRow | null): Way {
  return cloudApi
    ? { provider: ChannelProvider.CLOUD_API, credentials: cloudApi }
    : { provider: ChannelProvider.SANDBOX, credentials: sandboxCredentials(former) };
}

async function storeChannel(
  context: ServiceContext,
  transaction: Transaction,
  bot: BotRow,
  phoneNumber: string,
  former: WhatsAppChannelRow | null,
  { provider, credentials }: Way,
): Promise<WhatsAppChannelRow> {
  const id = former?.id ?? newId('WhatsAppChannel');
  const { phoneNumberId, businessAccountId, accessToken, appSecret, verifyToken } = credentials;
  const current = {
    botId: bot.id,
    provider,
    phoneNumberId,
    businessAccountId,
    secrets: sealSecrets(context.platform, id, { accessToken, appSecret, verifyToken }),
    state: ChannelState.OK,
    stateSince: transaction.now,
    stateProviderCode: null,
    stateMessage: null,
    syncError: null,
    disconnectedAt: null,
  };
  if (former) {
    await transaction.change(WhatsAppChannelRow, current, sql`id = ${id}`);
    if (former.businessAccountId !== businessAccountId) await forgetTemplates(transaction, id);
    if (former.state === ChannelState.STOPPED) recordStart(context.platform, transaction, id);
    return (await transaction.byId(WhatsAppChannelRow, id)) ?? { ...former, ...current };
  }
  const channel: WhatsAppChannelRow = {
    id,
    contractId: bot.contractId,
    phoneNumber,
    ...current,
    stateSince: null,
    syncLeaseUntil: null,
    syncLastAttemptAt: null,
    syncLastSuccessAt: null,
    nextCallAt: 0,
    createdAt: transaction.now,
  };
  await transaction.insert(WhatsAppChannelRow, channel);
  return channel;
}

/** Templates belong to the business account: those of the former one are gone, as is a sync that fetches them now. */
async function forgetTemplates(transaction: Transaction, channelId: string): Promise<void> {
  const gone = { status: TemplateStatus.DELETED, updatedAt: transaction.now };
  await transaction.change(TemplateRow, gone, sql`channel_id = ${channelId}`);
  const anew = { syncLeaseUntil: null, syncLastAttemptAt: null, syncLastSuccessAt: null };
  await transaction.change(WhatsAppChannelRow, anew, sql`id = ${channelId}`);
}

async function connectedChannel(transaction: Transaction, id: string): Promise<WhatsAppChannelRow | null> {
  const channel = await transaction.lock(WhatsAppChannelRow, id);
  return channel?.disconnectedAt === null ? channel : null;
}

function noSuchChannel(): UserError {
  return userError(
    UserErrorCode.NOT_FOUND,
    "There is no connected number of this id: take the id of a bot's `whatsAppChannel`.",
    ['input', 'channelId'],
  );
}

/** Takes new credentials for a number, and starts it again where an error of its account had stopped it. */
export async function updateWhatsAppChannel(
  context: ServiceContext,
  input: UpdateChannelInput,
): Promise<Outcome<{ channel: WhatsAppChannelRow }>> {
  authorize(context.viewer, 'channels.change');
  const { accessToken, appSecret, verifyToken } = input;
  const given = Object.entries({ accessToken, appSecret, verifyToken }).filter(
    (entry): entry is [keyof ChannelSecrets, string] => typeof entry[1] === 'string',
  );
  return context.transact(async (transaction) => {
    const channel = await connectedChannel(transaction, input.channelId);
    const invalid = given.map(([name, secret]) => textError(secret, ['input', name], LONGEST_SECRET));
    const errors = found(channel ? null : noSuchChannel(), ...invalid);
    if (!channel || errors.length > 0) return refused(...errors);
    const secrets = { ...channelSecrets(context.platform, channel), ...Object.fromEntries(given) };
    const sealed = sealSecrets(context.platform, channel.id, secrets);
    await transaction.change(WhatsAppChannelRow, { secrets: sealed }, sql`id = ${channel.id}`);
    await startChannel(context.platform, transaction, channel.id);
    const after = (await transaction.byId(WhatsAppChannelRow, channel.id)) ?? channel;
    await audit(transaction, context.viewer, 'updateWhatsAppChannel', channel.id, {
      // That they changed is told, what they are never is.
      renewed: given.map(([name]) => name),
      ...differences<Partial<WhatsAppChannelRow>>(channel, { state: after.state }),
    });
    return made({ channel: after });
  });
}

/** Takes a number away from its bot. It keeps its contacts and sends; what still waits to go out fails at its check. */
export async function disconnectWhatsAppChannel(
  context: ServiceContext,
  input: { channelId: string },
): Promise<Outcome<{ bot: BotRow }>> {
  authorize(context.viewer, 'channels.change');
  return context.transact(async (transaction) => {
    const channel = await connectedChannel(transaction, input.channelId);
    const bot = channel && (await transaction.byId(BotRow, channel.botId));
    if (!channel || !bot) return refused(noSuchChannel());
    const changes = { disconnectedAt: transaction.now };
    await transaction.change(WhatsAppChannelRow, changes, sql`id = ${channel.id}`);
    await audit(transaction, context.viewer, 'disconnectWhatsAppChannel', channel.id, {
      botId: { from: bot.id, to: null },
      phoneNumber: { from: channel.phoneNumber, to: null },
    });
    transaction.afterCommit(() => context.platform.wakeUps.deliveries.ring());
    return made({ bot });
  });
}
