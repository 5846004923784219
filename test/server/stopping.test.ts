import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { AUTH_SECRET, Caller } from '../kit/caller';
import { createTestDatabase } from '../kit/database';
import { eventually } from '../kit/eventually';
import { freePort } from '../kit/free-port';
import { commandLine, ServerProcess } from '../kit/process';

test('SIGTERM ends it with 0 within 10 seconds, with sockets open and a provider that hangs', async () => {
  const database = await createTestDatabase({ empty: true });
  const calls = new Set<Socket>();
  const hanging = createServer((socket) => {
    calls.add(socket);
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  const environment = {
    DATABASE_URL: database.url,
    AUTH_JWT_SECRET: AUTH_SECRET,
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    WHATSAPP_API_URL: `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`,
    LOG_LEVEL: 'error',
  };
  try {
    await commandLine(environment, 'create-contract', '--name', 'Acme', '--admin', 'ana@acme.test');
    const { out: token } = await commandLine(environment, 'token', '--email', 'ana@acme.test');
    const server = await ServerProcess.start({ ...environment, PORT: String(await freePort()) });
    const ana = new Caller(() => server.url, token.trim(), '');
    const { bot } = await ana.act(
      'createBot',
      { name: 'O', identity: 'o@msging.net', kind: 'BUILDER' },
      'bot { id }',
    );
    const cloudApi = {
      phoneNumberId: '1',
      businessAccountId: '2',
      accessToken: 't',
      appSecret: 's',
      verifyToken: 'v',
    };
    await ana.act(
      'connectWhatsAppChannel',
      { botId: bot.id, phoneNumber: '+551130000000', cloudApi },
      'channel { id }',
    );
    const listener = await ana.listen(
      'subscription ($after: String) { presenceChanged(after: $after) { presence } }',
    );
    // It waits for the provider, and is in the middle of it when the server is told to stop.
    const syncing = ana.attempt('syncTemplates', { botId: bot.id }).catch(() => null);
    await eventually(
      () => calls.size,
      (count) => count > 0,
    );
    const start = Date.now();
    expect(await server.stop()).toBe(0);
    expect(Date.now() - start).toBeLessThan(10_000);
    await listener.until(() => listener.closed !== null);
    expect(listener.closed?.code).toBe(1001);
    await syncing;
  } finally {
    for (const socket of calls) socket.destroy();
    hanging.close();
    await database.drop();
  }
}, 60_000);
