import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type KeyLike } from 'jose';
import { authenticate, issueToken } from '../../src/services/access/authentication';
import { TestApp } from '../kit/app';
import { RequestContext } from '../../src/server/request-context';
import { AUTH_SECRET, type Caller } from '../kit/caller';
import { Desk } from '../kit/desk';
import { replacing } from '../kit/weakened';

interface Claims {
  email?: string;
  sub?: string;
  contract?: string;
  iss?: string;
  aud?: string;
}

/** Seconds of the app's clock from now. */
const inSeconds = (app: TestApp, seconds: number): number => Math.floor(app.clock.now() / 1_000) + seconds;

describe('with a shared secret', () => {
  let app: TestApp;
  let contractId: string;

  beforeAll(async () => {
    app = await TestApp.start({ environment: { AUTH_ISSUER: 'https://id.test', AUTH_AUDIENCE: 'saludo' } });
    const made = await app.contract('Acme', 'ana@acme.test');
    contractId = made.id;
  });
  afterAll(() => app.stop());

  const token = (claims: Claims, seconds: number | null = 60, secret = AUTH_SECRET): Promise<string> => {
    const unsigned = new SignJWT({ iss: 'https://id.test', aud: 'saludo', ...claims }).setProtectedHeader({
      alg: 'HS256',
    });
    if (seconds !== null) unsigned.setExpirationTime(inSeconds(app, seconds));
    return unsigned.sign(new TextEncoder().encode(secret));
  };
  const whoIs = async (given: string | null, hint: string | null = null): Promise<string> => {
    const { viewer } = await authenticate(app.platform, given, hint);
    return viewer.agent?.email ?? 'a machine';
  };

  test('the e-mail names the agent, else the subject where it is one', async () => {
    expect(await whoIs(await token({ email: 'Ana@Acme.test', sub: 'x' }))).toBe('ana@acme.test');
    expect(await whoIs(await token({ sub: 'ana@acme.test' }))).toBe('ana@acme.test');
    await expect(whoIs(await token({ sub: '4711' }))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('what is not signed, not for here, or not any more is refused', async () => {
    const email = 'ana@acme.test';
    const [header = '', payload = ''] = (await token({ email })).split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const wrong = [
      null,
      '',
      'a.b.c',
      'x'.repeat(20_000),
      `${header}.${payload}.`,
      unsigned,
      await token({ email }, 60, 'another secret of at least 32 characters'),
      await token({ email }, -60),
      await token({ email }, null),
      await token({ email, iss: 'https://elsewhere.test' }),
      await token({ email, aud: 'another' }),
      await token({ email: 'nobody@acme.test' }),
      await token({ email, contract: 'ctr_01h455vb4pex5vsknk084sn02q' }),
    ];
    for (const one of wrong) await expect(whoIs(one)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('an e-mail in several contracts must say which', async () => {
    const other = await app.contract('Other', 'ana@acme.test');
    const email = 'ana@acme.test';
    await expect(whoIs(await token({ email }))).rejects.toThrow(
      /several contracts.*`contract`.*`X-Contract`/,
    );
    const { viewer } = await authenticate(app.platform, await token({ email }), other.id);
    expect(viewer.contractId).toBe(other.id);
    const claimed = await authenticate(app.platform, await token({ email, contract: contractId }), null);
    expect(claimed.viewer.contractId).toBe(contractId);
    await expect(whoIs(await token({ email, contract: contractId }), other.id)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  test('what this server issues it takes, until it ends', async () => {
    const issued = await issueToken(app.platform, { email: 'ana@acme.test', contractId }, 60_000);
    const { expiresAt } = await authenticate(app.platform, issued, null);
    expect(Math.abs((expiresAt ?? 0) - app.clock.now() - 60_000)).toBeLessThan(2_000);
  });
});

describe('with the keys of an identity provider', () => {
  let app: TestApp;
  let keys: Server;
  let pair: { privateKey: KeyLike; publicKey: KeyLike };
  let contractId: string;

  beforeAll(async () => {
    pair = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' };
    keys = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: [jwk] }));
    }).listen(0, '127.0.0.1');
    await once(keys, 'listening');
    const { port } = keys.address() as AddressInfo;
    app = await TestApp.start({
      environment: { AUTH_JWT_SECRET: '', AUTH_JWKS_URL: `http://127.0.0.1:${port}/keys` },
    });
    ({ id: contractId } = await app.contract());
  });
  afterAll(async () => {
    await app.stop();
    keys.close();
    keys.closeAllConnections();
  });

  test('a token of theirs is taken; one signed with the public key as a secret is not', async () => {
    const claims = { email: 'ana@acme.test', contract: contractId };
    const theirs = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setExpirationTime(inSeconds(app, 60))
      .sign(pair.privateKey);
    const { viewer } = await authenticate(app.platform, theirs, null);
    expect(viewer.agent?.email).toBe('ana@acme.test');
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(pair.publicKey)));
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setExpirationTime(inSeconds(app, 60))
      .sign(secret);
    await expect(authenticate(app.platform, confused, null)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await expect(issueToken(app.platform, { email: 'ana@acme.test', contractId }, 1_000)).rejects.toThrow(
      /AUTH_JWT_SECRET is not set/,
    );
  });
});

describe('machines', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  test('a key works until it is revoked; its last use is kept to the minute', async () => {
    const { id, admin } = await app.contract();
    const { apiKey, secret } = await admin.act(
      'createApiKey',
      { name: 'BI', scopes: ['READ'] },
      'apiKey { id } secret',
    );
    const machine = app.machine(secret as string);
    const usedAt = async (): Promise<number> => {
      const { apiKeys } = await admin.ask('{ apiKeys { lastUsedAt } }');
      return Date.parse(apiKeys[0].lastUsedAt as string);
    };
    expect((await machine.ask('{ viewer { agent { id } apiKey { id } contract { id } } }')).viewer).toEqual({
      agent: null,
      apiKey: { id: apiKey.id },
      contract: { id },
    });
    const first = await usedAt();
    await machine.ask('{ viewer { contract { id } } }');
    expect(await usedAt()).toBe(first);
    app.clock.advance(61_000);
    await machine.ask('{ viewer { contract { id } } }');
    expect(await usedAt()).toBeGreaterThanOrEqual(first + 60_000);
    await expect(authenticate(app.platform, secret as string, 'ctr_another')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await admin.act('revokeApiKey', { apiKeyId: apiKey.id }, 'apiKey { id }');
    expect(await machine.problem('{ viewer { contract { id } } }')).toBe('UNAUTHENTICATED');
  });

  test('an unknown agent and a deactivated one are told the same', async () => {
    const { id, admin } = await app.contract('Other', 'ana@other.test');
    const email = 'caio@other.test';
    const { agent } = await admin.act(
      'createAgent',
      { name: 'Caio', email, role: 'AGENT', slots: 1 },
      'agent { id }',
    );
    await admin.act('updateAgent', { agentId: agent.id, active: false }, 'agent { id }');
    const messages = await Promise.all(
      [email, 'nobody@other.test'].map(async (address) => {
        const caller = await app.person(id, address, '');
        return (await caller.request('{ viewer { contract { id } } }')).errors?.[0]?.message;
      }),
    );
    expect(messages[0]).toBe(messages[1]);
    expect(messages[0]).toMatch(/no active agent/);
  });
});

describe('a caller that is known from a moment ago', () => {
  const SEEN = '{ sends { nodes { id } } apiKeys { id } viewer { agent { name role } } }';
  let app: TestApp;
  let desk: Desk;
  let other: Caller;
  let email: string;
  let agentId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    desk = await Desk.open(app);
    const sender = await desk.agent('Ana');
    await sender.act('sendActiveMessage', desk.orderUpdate('+5511970000001'), 'send { id }');
    email = `bia@${desk.contractId}.test`.replace('_', '-');
    const { agent } = await desk.admin.act(
      'createAgent',
      { name: 'Bia', email, role: 'ADMIN', slots: 1 },
      'agent { id }',
    );
    agentId = agent.id as string;
    other = await app.person(desk.contractId, email, agentId);
  });
  afterAll(() => app.stop());
  const change = (changes: object): Promise<unknown> =>
    desk.admin.act('updateAgent', { agentId, ...changes }, 'agent { id }');
  const seenBy = async (caller: Caller): Promise<unknown[]> => {
    const { data, errors = [] } = await caller.request(SEEN);
    return [
      data?.sends?.nodes.length ?? null,
      data?.viewer?.agent ?? null,
      errors.map(({ path }) => path?.[0]),
    ];
  };
  const asAdmin = [1, { name: 'Bia', role: 'ADMIN' }, []];
  const asAgent = [0, { name: 'Bia', role: 'AGENT' }, ['apiKeys']];

  /** Whether the caller's next request is served by the rights it had before. */
  async function servedAsBefore(): Promise<boolean> {
    await change({ role: 'ADMIN', active: true });
    expect(await seenBy(other)).toEqual(asAdmin);
    await change({ role: 'AGENT' });
    const seen = await seenBy(other);
    if (JSON.stringify(seen) !== JSON.stringify(asAdmin)) expect(seen).toEqual(asAgent);
    return seen[0] === 1;
  }

  test('is served by the rights that it has now, from the next request on', async () => {
    expect(await servedAsBefore()).toBe(false);
    await change({ role: 'ADMIN', name: 'Beatriz' });
    expect(await seenBy(other)).toEqual([1, { name: 'Beatriz', role: 'ADMIN' }, []]);
    await change({ name: 'Bia' });
  });

  test('and it is noticed if nobody looks', async () => {
    expect(await servedAsBefore()).toBe(false);
    await change({ role: 'ADMIN' });
    expect(await seenBy(other)).toEqual(asAdmin);
    const unlooked = (): Promise<boolean> => Promise.resolve(true);
    expect(await replacing(RequestContext.prototype, 'confirmCaller', unlooked, servedAsBefore)).toBe(true);
  });

  test('is refused as a whole once it was deactivated, whatever it asks for', async () => {
    await change({ role: 'ADMIN', active: true });
    expect(await seenBy(other)).toEqual(asAdmin);
    await change({ active: false });
    const created = `mutation { createBot(input: { name: "Never", identity: "never@acme.test", kind: BUILDER }) { bot { id } } }`;
    for (const document of [SEEN, '{ nothing }', 'subscription { sendConfirmed { send { id } } }', created]) {
      const { status, data, errors } = await other.request(document);
      expect([status, data, errors?.map(({ extensions }) => extensions?.code)]).toEqual([
        401,
        undefined,
        ['UNAUTHENTICATED'],
      ]);
    }
    const { bots } = await desk.admin.ask('{ bots { nodes { name } } }');
    expect(bots.nodes).not.toContainEqual({ name: 'Never' });
  });
});
