import { describe, expect, test } from '@jest/globals';
import { ConfigurationError, readConfig } from '../../src/config';
import { openPlatform } from '../../src/platform';
import { createTestDatabase } from '../kit/database';

const SECRETS = { AUTH_JWT_SECRET: 'x'.repeat(32), SECRETS_KEY: Buffer.alloc(32, 7).toString('base64') };
const DAY = 86_400_000;

test('what is left out, or empty, is as the documentation says', () => {
  expect(readConfig({ ...SECRETS, PORT: '', LOG_LEVEL: '' })).toMatchObject({
    port: 4000,
    host: '127.0.0.1',
    publicUrl: null,
    databaseUrl: 'sqlite:./data/saludo.db',
    auth: { jwksUrl: null, issuer: null, audience: null },
    whatsAppApiUrl: 'https://graph.facebook.com/v23.0',
    replyWindow: DAY,
    outcomeUnknownAfter: 300_000,
    sendMaxAge: 3_600_000,
    presenceTimeout: 300_000,
    eventRetention: 7 * DAY,
    seedDemo: true,
    logLevel: 'info',
  });
  expect(readConfig({ ...SECRETS, NODE_ENV: 'production' }).seedDemo).toBe(false);
  expect(readConfig({ ...SECRETS, PRESENCE_TIMEOUT: '0' }).presenceTimeout).toBe(0);
});

describe('a wrong value is one line that names it and says what would be accepted', () => {
  test.each([
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['PUBLIC_URL', 'desk.example.com', 'a URL'],
    ['DATABASE_URL', 'mysql://localhost/saludo', 'sqlite:PATH or postgres://USER@HOST/DATABASE'],
    ['AUTH_JWT_SECRET', 'too short', 'at least 32 characters'],
    ['AUTH_JWKS_URL', 'file:///keys', 'a URL'],
    ['SECRETS_KEY', 'c2hvcnQ=', '32 bytes in base64'],
    ['WHATSAPP_API_URL', 'graph', 'a URL'],
    ['REPLY_WINDOW', '24h', 'an ISO 8601 duration such as PT24H'],
    ['REPLY_WINDOW', '0', 'an ISO 8601 duration such as PT24H'],
    ['OUTCOME_UNKNOWN_AFTER', 'PT0S', 'an ISO 8601 duration such as PT5M'],
    ['SEND_MAX_AGE', '0', 'an ISO 8601 duration such as PT1H'],
    ['PRESENCE_TIMEOUT', '5', 'an ISO 8601 duration such as PT5M, or 0'],
    ['EVENT_RETENTION', 'P0D', 'an ISO 8601 duration such as P7D'],
    [
      'TRUSTED_PROXIES',
      '10.0.0.1/33',
      'addresses or networks separated by commas, such as 10.0.0.5,10.1.0.0/16',
    ],
    ['SEED_DEMO', 'yes', 'true or false'],
    ['LOG_LEVEL', 'loud', 'fatal, error, warn, info, debug, trace, silent'],
  ])('%s=%s', (name, value, accepted) => {
    expect(() => readConfig({ ...SECRETS, [name]: value })).toThrow(
      new ConfigurationError(`${name} is not usable: expected ${accepted}`),
    );
  });

  test.each([
    ['AUTH_JWT_SECRET or AUTH_JWKS_URL', { NODE_ENV: 'production' }],
    ['AUTH_JWT_SECRET', { DATABASE_URL: 'postgres://localhost/saludo' }],
    ['SECRETS_KEY', { DATABASE_URL: 'postgres://localhost/saludo', AUTH_JWT_SECRET: 'x'.repeat(32) }],
  ])('so is %s where it is missing', (name, environment: Record<string, string>) => {
    expect(() => readConfig(environment)).toThrow(new RegExp(`^${name} is missing: [^\\n]*$`));
  });
});

test.each([
  ['http://127.0.0.1:4321', 'http://localhost:4321'],
  ['http://127.0.0.1', 'http://localhost:80'],
])('at %s, where nothing else is said, URLs begin with %s', async (own, told) => {
  const database = await createTestDatabase();
  const opened = await openPlatform(
    readConfig({ ...SECRETS, DATABASE_URL: database.url, LOG_LEVEL: 'silent' }),
  );
  opened.listensAt(own);
  expect(opened.platform.publicUrl()).toBe(told);
  await opened.close();
  await database.drop();
});
