import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type KeyLike } from 'jose';
import sql from 'sql-template-tag';
import { createApp } from '../../src/app';
import { AgentRow } from '../../src/entities/agent';
import { ContractRow } from '../../src/entities/contract';
import { newId } from '../../src/entities/ids';
import { authenticate, reviewViewer } from '../../src/services/access/authentication';
import type { Platform } from '../../src/services/context';
import { TestApp } from '../kit/app';
import { AUTH_SECRET, type Caller } from '../kit/caller';
import { deliver, messagesBody } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { Listener } from '../kit/listener';
import { mutated, mutatedServer } from '../kit/mutated';
import { figure, scaled } from '../kit/scale';

type Authentication = typeof import('../../src/services/access/authentication');
type Change = readonly [from: string, to: string];

const EMAIL = 'ana@acme.test';
const AUTHENTICATION = 'src/services/access/authentication';

describe('each check of a token has a token that it alone refuses', () => {
  let app: TestApp;
  let platform: Platform;
  let contractId: string;
  let admin: Caller;
  let pair: { privateKey: KeyLike; publicKey: KeyLike };
  let keys: Server;
  /** The same server, in production and with an identity provider's keys beside the secret. */
  const configured = (more: Partial<Platform['config']>): Platform => ({
    ...platform,
    config: { ...platform.config, ...more },
  });

  beforeAll(async () => {
    pair = await generateKeyPair('RS256', { extractable: true });
    const { alg: _alg, ...jwk } = { ...(await exportJWK(pair.publicKey)), kid: 'one' } as Record<
      string,
      unknown
    >;
    keys = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
    keys.listen(0, '127.0.0.1');
    await once(keys, 'listening');
    app = await TestApp.start({ environment: { AUTH_ISSUER: 'https://id.test', AUTH_AUDIENCE: 'saludo' } });
    ({ platform } = app);
    const { id } = await app.contract('Acme', EMAIL);
    contractId = id;
    await app.contract('Other', EMAIL);
    const signed = await token({});
    admin = app.machine(signed);
  });
  afterAll(async () => {
    keys.close();
    keys.closeAllConnections();
    await app.stop();
  });

  const token = async (
    claims: Record<string, unknown>,
    { alg = 'HS256', key }: { alg?: string; key?: KeyLike | Uint8Array } = {},
  ): Promise<string> => {
    const now = Math.floor(app.clock.now() / 1_000);
    const all = {
      email: EMAIL,
      contract: contractId,
      iss: 'https://id.test',
      aud: 'saludo',
      exp: now + 600,
      ...claims,
    };
    return new SignJWT(JSON.parse(JSON.stringify(all)) as Record<string, unknown>)
      .setProtectedHeader({ alg, kid: 'one' })
      .sign(key ?? new TextEncoder().encode(AUTH_SECRET));
  };
  const past = (): number => Math.floor(app.clock.now() / 1_000) - 600;
  const withKeys = (): Platform =>
    configured({
      auth: { ...platform.config.auth, jwksUrl: `http://127.0.0.1:${(keys.address() as AddressInfo).port}/` },
    });
  const newAgent = async (email: string): Promise<string> => {
    const made = await admin.act(
      'createAgent',
      { name: 'Caio', email, role: 'AGENT', slots: 1 },
      'agent { id }',
    );
    return made.agent.id as string;
  };
  const newKey = async () =>
    (await admin.act('createApiKey', { name: 'x', scopes: ['READ'] }, 'apiKey { id } secret')) as {
      apiKey: { id: string };
      secret: string;
    };

  interface Case {
    change: Change[];
    given: () => Promise<{ token: string; hint?: string; platform?: Platform }>;
  }
  const CASES: Record<string, Case> = {
    issuer: {
      change: [['...(issuer !== null && { issuer }),', '']],
      given: async () => ({ token: await token({ iss: 'https://elsewhere.test' }) }),
    },
    audience: {
      change: [['...(audience !== null && { audience }),', '']],
      given: async () => ({ token: await token({ aud: 'another' }) }),
    },
    'an end': {
      change: [["requiredClaims: ['exp'],", '']],
      given: async () => ({ token: await token({ exp: undefined }) }),
    },
    'that the end has not come': {
      change: [['currentDate: new Date(platform.clock.now()),', 'currentDate: new Date(0),']],
      given: async () => ({ token: await token({ exp: past() }) }),
    },
    'that the beginning has come': {
      change: [
        [
          'currentDate: new Date(platform.clock.now()),',
          'currentDate: new Date(platform.clock.now() + 3e5),',
        ],
      ],
      given: async () => ({ token: await token({ nbf: past() + 700 }) }),
    },
    'the algorithm of the secret': {
      change: [
        ["{ ...options, algorithms: ['HS256'] }", "{ ...options, algorithms: ['HS512'] }"],
        ["algorithm === 'HS256' ||", 'true ||'],
      ],
      given: async () => ({
        token: await token({}, { alg: 'HS512', key: new TextEncoder().encode(AUTH_SECRET) }),
      }),
    },
    'the algorithms of the keys': {
      change: [["algorithms: ['RS256', 'ES256']", "algorithms: ['PS256']"]],
      given: async () => ({
        token: await token({}, { alg: 'PS256', key: pair.privateKey }),
        platform: withKeys(),
      }),
    },
    'the signature': {
      change: [
        [
          "(await jwtVerify(token, key, { ...options, algorithms: ['HS256'] })).payload",
          'JSON.parse(atob(token.split(".")[1]))',
        ],
      ],
      given: async () => ({ token: await token({}, { key: new TextEncoder().encode('x'.repeat(40)) }) }),
    },
    'that the agent is active': {
      change: [
        [
          'email = ${email} and active = 1${withoutDemo(platform)}`\n        : sql`contract_id = ${contractId} and email = ${email} and active = 1',
          'email = ${email}`\n        : sql`contract_id = ${contractId} and email = ${email}',
        ],
      ],
      given: async () => {
        const agentId = await newAgent('caio@acme.test');
        await admin.act('updateAgent', { agentId, active: false }, 'agent { id }');
        return { token: await token({ email: 'caio@acme.test' }) };
      },
    },
    'which contract an address is of': {
      change: [['  if (another) {', '  if (another && false) {']],
      given: async () => ({ token: await token({ contract: undefined }) }),
    },
    'that the token and the header name the same contract': {
      change: [['if (claimed !== null && hint !== null && claimed !== hint) throw noSuchAgent();', '']],
      given: async () => ({ token: await token({}), hint: newId('Contract') }),
    },
    'that the contract of the token is the one of the agent': {
      change: [
        ['sql`contract_id = ${contractId} and email', 'sql`email'],
        ['  if (another) {', '  if (another && false) {'],
      ],
      given: async () => ({ token: await token({ contract: newId('Contract') }) }),
    },
    'that nobody of the demo signs in in production': {
      change: [['config.production ? NOT_OF_DEMO : empty', 'config ? empty : empty']],
      given: async () => {
        const demo = await app.contract('Demo', 'demo@demo.test');
        await platform.store.transact(demo.id, (transaction) =>
          transaction.update(ContractRow, { demo: true }, sql`id = ${demo.id}`),
        );
        return {
          token: await token({ email: 'demo@demo.test', contract: demo.id }),
          platform: configured({ production: true }),
        };
      },
    },
    'that a key is not revoked': {
      change: [
        [
          '  if (!apiKey || apiKey.revokedAt !== null) throw noSuchKey();\n  if (hint',
          '  if (!apiKey) throw noSuchKey();\n  if (hint',
        ],
      ],
      given: async () => {
        const { apiKey, secret } = await newKey();
        await admin.act('revokeApiKey', { apiKeyId: apiKey.id }, 'apiKey { id }');
        return { token: secret };
      },
    },
    'that a key is of the contract that the header names': {
      change: [['if (hint !== null && hint !== apiKey.contractId) throw noSuchKey();', '']],
      given: async () => ({ token: (await newKey()).secret, hint: newId('Contract') }),
    },
  };

  test.each(Object.entries(CASES))('%s', async (_name, { change, given }) => {
    const { token: shown, hint = null, platform: at = platform } = await given();
    await expect(authenticate(at, shown, hint)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const weak = mutated(AUTHENTICATION, change) as Authentication;
    await expect(weak.authenticate(at, shown, hint)).resolves.toMatchObject({ viewer: {} });
  });

  test('somebody who is looked at again: still active, still not revoked', async () => {
    const agentId = await newAgent('rui@acme.test');
    const { apiKey, secret } = await newKey();
    const { viewer: machine } = await authenticate(platform, secret, null);
    const agent = await platform.store.rowsOf(contractId).byId(AgentRow, agentId);
    if (!agent) throw new Error('An agent that was made is there');
    await admin.act('updateAgent', { agentId, active: false }, 'agent { id }');
    await admin.act('revokeApiKey', { apiKeyId: apiKey.id }, 'apiKey { id }');
    const weak = mutated(AUTHENTICATION, [
      ['if (!agent?.active) throw', 'if (!agent) throw'],
      [
        'byId(ApiKeyRow, viewer.apiKey.id);\n  if (!apiKey || apiKey.revokedAt !== null)',
        'byId(ApiKeyRow, viewer.apiKey.id);\n  if (!apiKey)',
      ],
    ]) as Authentication;
    for (const viewer of [machine, { contractId, agent, apiKey: null }]) {
      await expect(reviewViewer(platform, viewer)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(weak.reviewViewer(platform, viewer)).resolves.toMatchObject({ contractId });
    }
    figure('Tenants', 'checks of tokens, weakened and noticed', Object.keys(CASES).length + 2);
  });
});

/** A check at a door, how it is weakened, and who gets through then: the first digit of what they are told, or a word. */
interface Door {
  file: string;
  change: Change[];
  told: (app: TestApp, desk: Desk) => Promise<string>;
  refused: string;
}

const status = async (response: Promise<Response>): Promise<string> => {
  const { status: code, body } = await response;
  await body?.cancel();
  return `${code}`;
};

const DOORS: Record<string, Door> = {
  'the signature of webhooks': {
    file: 'src/server/webhooks',
    change: [
      [
        "if (!isSignatureValid(raw, request.headers['x-hub-signature-256'], appSecret)) {",
        'if (!appSecret) {',
      ],
    ],
    told: async (app, { channelId, door }) =>
      `${await deliver({ app, channelId }, messagesBody(door, {}), 'a guess')}`,
    refused: '401',
  },
  'the verify token': {
    file: 'src/server/webhooks',
    change: [
      ['if (challenge === null) {', 'if (challenge === undefined) {'],
      ['.send(challenge)', ".send('1')"],
    ],
    told: (app, { channelId }) =>
      status(
        fetch(
          `${app.url}/webhooks/whatsapp/${channelId}?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1`,
        ),
      ),
    refused: '403',
  },
  'webhooks of a number that was disconnected': {
    file: 'src/server/webhooks',
    change: [['return channel?.disconnectedAt === null ? channel : null;', 'return channel;']],
    told: async (app, { admin, channelId, door }) => {
      await admin.act('disconnectWhatsAppChannel', { channelId }, 'bot { id }');
      return `${await deliver({ app, channelId }, messagesBody(door, {}))}`;
    },
    refused: '404',
  },
  "files of messages that are not the caller's to see": {
    file: 'src/services/tickets/message-media',
    change: [
      [
        "const message = await see(context, 'TicketMessage', isMessageId ? messageId : null);",
        "const message = isMessageId ? await context.rows.byId(require('../../entities/ticket-message').TicketMessageRow, messageId) : null;",
      ],
    ],
    told: async (app, desk) => {
      app.provider.media('901', Buffer.from('x'), 'image/jpeg');
      await desk
        .customer('5511985000001')
        .message({ type: 'image', image: { id: '901', mime_type: 'image/jpeg' } });
      const { tickets } = await eventually(
        () => desk.admin.ask('{ tickets { nodes { messages { nodes { id } } } } }'),
        (data) => data.tickets.nodes.length === 1,
      );
      const eva = await desk.agent('Eva', { granted: false, presence: null });
      const address = `${app.url}/media/${tickets.nodes[0].messages.nodes[0].id as string}`;
      return status(fetch(address, { headers: { authorization: `Bearer ${eva.token}` } }));
    },
    refused: '404',
  },
  "the sandbox's tokens": {
    file: 'src/services/sandbox/graph',
    change: [
      ['isSameSecret(token, channelSecrets(platform, channel).accessToken)', 'isSameSecret(token, token)'],
    ],
    told: async (app, { admin }) => {
      const bot = { name: 'Sandbox', identity: 'sandbox@msging.net', kind: 'BUILDER' };
      const made = await admin.act('createBot', bot, 'bot { id }');
      const connecting = { botId: made.bot.id, phoneNumber: '+551133330000', sandbox: true };
      const { channel } = await admin.act(
        'connectWhatsAppChannel',
        connecting,
        'channel { id cloudApi: id }',
      );
      const [row] = await app.platform.store.engine.reader.all(
        sql`select business_account_id as account from whatsapp_channels where id = ${channel.id as string}`,
      );
      const address = `${app.url}/sandbox/graph/v23.0/${String(row?.['account'])}/message_templates`;
      return status(fetch(address, { headers: { authorization: 'Bearer a-guess' } }));
    },
    refused: '401',
  },
  'whom the demo shows its people': {
    file: 'src/server/demo',
    change: [['isAddressedHere(platform, request.headers.host) ?', 'request.headers.host ?']],
    told: async (app) => {
      const { request } = await import('node:http');
      return new Promise((resolve, reject) => {
        const { port } = new URL(app.url);
        request({ port, path: '/demo/people', headers: { host: 'evil.example' } }, (response) => {
          response.resume();
          resolve(`${response.statusCode}`);
        })
          .on('error', reject)
          .end();
      });
    },
    refused: '404',
  },
  'from which pages a socket is opened': {
    file: 'src/server/sockets',
    change: [['else if (!isAllowedOrigin(this.platform, request)) refuseUpgrade(socket, 403);', '']],
    told: (app, { admin }) =>
      Listener.connect(app.url, admin.token, 'https://evil.example').then(
        async (listener) => {
          await listener.close();
          return 'open';
        },
        () => 'refused',
      ),
    refused: 'refused',
  },
  'that a token which runs out ends its socket': {
    file: 'src/server/sockets',
    change: [['if (expiresAt !== null) session.expireAt(expiresAt);', '']],
    told: async (app, { admin }) => {
      const listener = await Listener.connect(app.url, admin.token);
      app.clock.advance(8 * 86_400_000);
      // What answers, or closes, comes after it.
      listener.send({ type: 'ping' });
      await listener.until(
        () => listener.closed !== null || listener.frames.some(({ type }) => type === 'pong'),
      );
      const told = listener.closed === null ? 'open' : `${listener.closed.code}`;
      await listener.close();
      return told;
    },
    refused: '4403',
  },
};

describe('each check at a door is noticed when it is missing', () => {
  const all = Object.entries(DOORS);

  test.each(
    scaled(
      all.filter((_door, at) => at % 3 === 0),
      all,
    ),
  )('%s', async (name, { file, change, told, refused }) => {
    const environment = { SEED_DEMO: name.includes('demo') ? 'true' : 'false', PRESENCE_TIMEOUT: '0' };
    const answers: string[] = [];
    for (const create of [createApp, mutatedServer(file, ...change).createApp]) {
      const app = await TestApp.start({ environment, create });
      answers.push(await told(app, await Desk.open(app)));
      await app.stop();
    }
    expect(answers[0]).toBe(refused);
    expect(answers[1]).not.toBe(refused);
    if (name === all.at(-1)?.[0]) figure('Tenants', 'checks at doors, weakened and noticed', all.length);
  });
});
