import pino from 'pino';
import { createCloudApiChannel } from '../../src/channels/cloud-api/client';
import { readConfig } from '../../src/config';
import { Store } from '../../src/database/store';
import type { AgentRow } from '../../src/entities/agent';
import {
  BotKind,
  ChannelProvider,
  ChannelState,
  ContactField,
  ContactLocation,
} from '../../src/entities/enums';
import { BotRow } from '../../src/entities/bot';
import { newId } from '../../src/entities/ids';
import { WhatsAppChannelRow } from '../../src/entities/whatsapp-channel';
import { EventLog } from '../../src/events/event-log';
import { ServiceContext, type Platform } from '../../src/services/context';
import { createContract } from '../../src/services/access/contracts';
import { Metrics } from '../../src/services/metrics';
import { SecretBox } from '../../src/services/secret-box';
import { WakeUp } from '../../src/services/wake-up';
import type { TestClock } from './clock';
import { PROVIDER_TOKEN } from './provider-double';

/** One node without doors and without background work, for tests that ask services what several nodes do. */
export async function openPlatform(
  databaseUrl: string,
  providerUrl: string,
  clock: TestClock,
): Promise<{ platform: Platform; close: () => Promise<void> }> {
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    AUTH_JWT_SECRET: 'x'.repeat(32),
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    WHATSAPP_API_URL: providerUrl,
  });
  const complain = (error: unknown): never => {
    throw error;
  };
  const store = await Store.open({ url: databaseUrl, clock, complain });
  await store.engine.migrate();
  const channel = createCloudApiChannel({ baseUrl: () => providerUrl, now: () => clock.now() });
  const platform: Platform = {
    config,
    clock,
    store,
    eventLog: new EventLog(store, clock, complain),
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
    secrets: new SecretBox(config.secretsKey),
    channels: { [ChannelProvider.CLOUD_API]: channel, [ChannelProvider.SANDBOX]: channel },
    wakeUps: { deliveries: new WakeUp(), inbox: new WakeUp(), sandboxWebhooks: new WakeUp() },
    listeningSince: () => 0,
    ownUrl: () => 'http://localhost:4000',
    publicUrl: () => 'http://localhost:4000',
  };
  const close = async (): Promise<void> => {
    await platform.eventLog.close();
    await channel.close();
    await store.close();
  };
  return { platform, close };
}

/** A contract with an admin, a builder's bot and its number. */
export async function contractWithNumber(
  platform: Platform,
  businessAccountId: string,
): Promise<{ admin: AgentRow; bot: BotRow; channel: WhatsAppChannelRow; context: ServiceContext }> {
  const { contract, admin } = await createContract(platform, {
    name: 'Acme',
    adminName: 'Ana',
    adminEmail: 'ana@acme.test',
  });
  const bot: BotRow = {
    id: newId('Bot'),
    contractId: contract.id,
    name: 'Orders',
    identity: 'orders@msging.net',
    kind: BotKind.BUILDER,
    enabled: true,
    directTransferEnabled: false,
    routerIdentity: null,
    contactSearchFields: [ContactField.NAME],
    contactSearchLocation: ContactLocation.CHATBOT,
    publishedFlowId: null,
    createdAt: platform.clock.now(),
  };
  const channelId = newId('WhatsAppChannel');
  const secrets = { accessToken: PROVIDER_TOKEN, appSecret: 'app secret', verifyToken: 'verify me' };
  const channel: WhatsAppChannelRow = {
    id: channelId,
    contractId: contract.id,
    botId: bot.id,
    provider: ChannelProvider.CLOUD_API,
    phoneNumber: '+551130000000',
    phoneNumberId: '1',
    businessAccountId,
    secrets: platform.secrets.seal(secrets, channelId),
    state: ChannelState.OK,
    stateSince: null,
    stateProviderCode: null,
    stateMessage: null,
    syncLeaseUntil: null,
    syncLastAttemptAt: null,
    syncLastSuccessAt: null,
    syncError: null,
    nextCallAt: 0,
    createdAt: platform.clock.now(),
    disconnectedAt: null,
  };
  await platform.store.transact(contract.id, async (transaction) => {
    await transaction.insert(BotRow, bot);
    await transaction.insert(WhatsAppChannelRow, channel);
  });
  const context = new ServiceContext(platform, { contractId: contract.id, agent: admin, apiKey: null });
  return { admin, bot, channel, context };
}
