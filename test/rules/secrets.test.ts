import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pino from 'pino';
import { createApp, type App } from '../../src/app';
import { readConfig } from '../../src/config';
import { ALL_ENTITIES } from '../../src/entities/all';
import type { RowClass } from '../../src/database/rows';
import { describeError } from '../../src/platform';
import { createContract } from '../../src/services/access/contracts';
import { AUTH_SECRET, Caller, personToken } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { createTestDatabase, type TestDatabase } from '../kit/database';
import { createProviderDouble, type ProviderDouble } from '../kit/provider-double';

const CANARIES = {
  accessToken: 'canary-access-token-7f3a',
  appSecret: 'canary-app-secret-7f3a',
  verifyToken: 'canary-verify-token-7f3a',
};
const PHONE = '5511960000077';
const TEXT = 'canary text of a customer';

let database: TestDatabase;
let provider: ProviderDouble;
let app: App;
let logged = '';

beforeAll(async () => {
  [database, provider] = await Promise.all([createTestDatabase(), createProviderDouble()]);
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: database.url,
    AUTH_JWT_SECRET: AUTH_SECRET,
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    WHATSAPP_API_URL: provider.url,
  });
  const destination = new Writable({
    write(piece: Buffer, _encoding, done) {
      logged += piece.toString();
      done();
    },
  });
  app = await createApp(config, {
    clock: new TestClock(),
    log: pino({ level: 'trace', serializers: { err: describeError } }, destination),
  });
});
afterAll(async () => {
  await app.stop();
  await provider.close();
  await database.drop();
});

test('rule 42: secrets come out of nothing, and neither they nor what customers write are in the log', async () => {
  const { platform } = app;
  const { contract, admin } = await createContract(platform, {
    name: 'Acme',
    adminName: 'Ana',
    adminEmail: 'ana@acme.test',
  });
  const token = await personToken(contract.id, admin.email, platform.clock.now());
  const ana = new Caller(() => app.url, token, admin.id);
  const answers: string[] = [];
  const ask = async (document: string, variables: Record<string, unknown> = {}) => {
    const answer = await ana.request(document, variables);
    answers.push(JSON.stringify(answer));
    return answer;
  };
  const listener = await ana.listen(
    'subscription ($after: String) { channelHealthChanged(after: $after) { state channel { id } } }',
  );
  const act = async (name: string, input: Record<string, unknown>, selection: string) => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
    const { data } = await ask(
      `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code message field } } }`,
      { input },
    );
    return data?.[name];
  };
  const { bot } = await act(
    'createBot',
    { name: 'Orders', identity: 'o@msging.net', kind: 'SDK' },
    'bot { id }',
  );
  const channel = {
    botId: bot.id,
    phoneNumber: '+551130000077',
    cloudApi: { phoneNumberId: '1', businessAccountId: '2', ...CANARIES },
  };
  const connected = await act('connectWhatsAppChannel', channel, 'channel { id health { state } }');
  await act('connectWhatsAppChannel', { ...channel, phoneNumber: TEXT }, 'channel { id }');
  await act('updateWhatsAppChannel', { channelId: connected.channel.id, ...CANARIES }, 'channel { id }');
  await act('syncTemplates', { botId: bot.id }, 'channel { templateSync { error } health { state } }');
  await act('upsertContact', { botId: bot.id, phone: `+${PHONE}`, name: TEXT }, 'contact { id }');
  const key = await ana.act('createApiKey', { name: 'bi', scopes: ['READ'] }, 'apiKey { id } secret');
  await app.platform.store.rowsOf(contract.id).find(ALL_ENTITIES[0] as RowClass<object>);
  await ask(
    '{ apiKeys { id name hint } auditLog { nodes { action changes } } bots { nodes { whatsAppChannel { id webhookUrl health { state reason } templateSync { error } } } } deadLetters { nodes { reason payload } } }',
  );
  // Unexpected failures in the midst of it, whose errors quote what was being worked.
  const { engine } = platform.store;
  const all = engine.reader.all.bind(engine.reader);
  engine.reader.all = () =>
    Promise.reject(
      Object.assign(new Error('syntax error at select'), {
        detail: TEXT,
        parameters: [PHONE, CANARIES.appSecret],
      }),
    );
  answers.push(JSON.stringify(await ana.request('{ bots { nodes { id } } }')));
  answers.push(
    await (
      await fetch(`${app.url}/webhooks/whatsapp/${connected.channel.id}`, { method: 'POST', body: TEXT })
    ).text(),
  );
  engine.reader.all = all;
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  const machine = app.platform.store.rowsOf(contract.id);
  const stored: string[] = [];
  for (const entity of ALL_ENTITIES as readonly RowClass<object>[]) {
    stored.push(JSON.stringify(await machine.find(entity).catch(() => [])));
  }
  const told = [...answers, metrics, JSON.stringify(listener.frames)].join('\n');
  for (const secret of [...Object.values(CANARIES), key.secret as string, token]) {
    expect(told).not.toContain(secret);
    expect(logged).not.toContain(secret);
    expect(stored.join('\n')).not.toContain(secret);
  }
  expect(told).not.toContain('syntax error');
  expect(told).toContain('INTERNAL_SERVER_ERROR');
  for (const personal of [PHONE, TEXT]) expect(logged + metrics).not.toContain(personal);
  await listener.close();
});
