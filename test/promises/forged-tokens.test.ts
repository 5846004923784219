import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload, type KeyLike } from 'jose';
import { TestApp } from '../kit/app';
import { AUTH_SECRET } from '../kit/caller';
import { Listener } from '../kit/listener';
import { figure, scaled } from '../kit/scale';

const EMAIL = 'ana@acme.test';
const ISSUER = 'https://id.test';
const AUDIENCE = 'saludo';
const VIEWER = '{ viewer { contract { id } } }';

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What both doors say to who shows this token: the code over HTTP, and how the socket closes. */
async function refusalOf(app: TestApp, token: string): Promise<[string | undefined, number | undefined]> {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: VIEWER }),
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  const listener = await Listener.connect(app.url, token);
  const { closed } = listener;
  await listener.close();
  return [errors?.[0]?.extensions.code, closed?.code];
}

/** The clock of the library that fetches keys: it is loaded outside of what Jest makes for each test file. */
const LibraryDate = (fetch.constructor as FunctionConstructor)('return Date')() as DateConstructor;

describe('forged tokens are refused at every door', () => {
  let app: TestApp;
  let contractId: string;
  let rsa: { privateKey: KeyLike; publicKey: KeyLike };
  let other: { privateKey: KeyLike; publicKey: KeyLike };
  let elliptic: { privateKey: KeyLike; publicKey: KeyLike };
  let provider: Server;
  let fetches = 0;
  let keysAnswer: () => { status: number; body: string };
  let keys: object[];

  const now = (): number => Math.floor(app.clock.now() / 1_000);
  const claims = (): JWTPayload => ({
    email: EMAIL,
    contract: contractId,
    iss: ISSUER,
    aud: AUDIENCE,
    exp: now() + 600,
  });
  const signed = (
    header: { alg: string; kid?: string },
    payload: JWTPayload,
    key: KeyLike | Uint8Array,
  ): Promise<string> => new SignJWT(payload).setProtectedHeader(header).sign(key);
  const secret = (text: string): Uint8Array => new TextEncoder().encode(text);

  beforeAll(async () => {
    [rsa, other, elliptic] = await Promise.all([
      generateKeyPair('RS256', { extractable: true }),
      generateKeyPair('RS256', { extractable: true }),
      generateKeyPair('ES256', { extractable: true }),
    ]);
    keys = [
      { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256' },
      { ...(await exportJWK(elliptic.publicKey)), kid: 'elliptic', alg: 'ES256' },
    ];
    keysAnswer = () => ({ status: 200, body: JSON.stringify({ keys }) });
    provider = createServer((_request, response) => {
      fetches += 1;
      const { status, body } = keysAnswer();
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    }).listen(0, '127.0.0.1');
    await once(provider, 'listening');
  });
  afterEach(() => app.stop());
  afterAll(() => {
    provider.close();
    provider.closeAllConnections();
  });

  const startWith = async (environment: Record<string, string>): Promise<void> => {
    app = await TestApp.start({
      environment: { AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE, ...environment },
    });
    ({ id: contractId } = await app.contract('Acme', EMAIL));
  };
  const jwksUrl = (path: string): string =>
    `http://127.0.0.1:${(provider.address() as AddressInfo).port}/${path}`;

  /** Everything wrong with what is signed by whom this server trusts. */
  const wrongClaims = (): [string, JWTPayload][] => {
    const { exp: _exp, ...endless } = claims();
    const { iss: _iss, ...ofNobody } = claims();
    const { aud: _aud, ...forNobody } = claims();
    return [
      ['expired', { ...claims(), exp: now() - 60 }],
      ['without an end', endless],
      ['an end that is no number', { ...claims(), exp: 'never' as never }],
      ['not yet valid', { ...claims(), nbf: now() + 60 }],
      ['another issuer', { ...claims(), iss: 'https://elsewhere.test' }],
      ['no issuer', ofNobody],
      ['another audience', { ...claims(), aud: 'another' }],
      ['audiences without ours', { ...claims(), aud: ['one', 'two'] }],
      ['no audience', forNobody],
      ['nobody', { ...claims(), email: undefined }],
      ['somebody unknown', { ...claims(), email: 'nobody@acme.test' }],
      ['another contract', { ...claims(), contract: 'ctr_01h455vb4pex5vsknk084sn02q' }],
    ];
  };
  const unsigned = (): [string, string][] => {
    const payload = base64(claims());
    return ['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg): [string, string][] => [
      [`alg ${alg}`, `${base64({ alg })}.${payload}.`],
      [`alg ${alg} with a signature`, `${base64({ alg })}.${payload}.AAAA`],
      [`alg ${alg} and two parts`, `${base64({ alg })}.${payload}`],
    ]);
  };
  const tryAll = async (good: string[], bad: [string, string][]): Promise<void> => {
    for (const token of good) expect(await refusalOf(app, token)).toEqual([undefined, undefined]);
    for (const [what, token] of bad)
      expect([what, ...(await refusalOf(app, token))]).toEqual([what, 'UNAUTHENTICATED', 4403]);
    figure('Secrets and people', 'forged tokens refused over HTTP and WebSocket', bad.length);
  };

  test('with a shared secret', async () => {
    await startWith({});
    const good = await signed({ alg: 'HS256' }, claims(), secret(AUTH_SECRET));
    const [header = '', payload = '', signature = ''] = good.split('.');
    const longer = secret(AUTH_SECRET.repeat(2));
    const bad: [string, string][] = [
      ...unsigned(),
      ['another secret', await signed({ alg: 'HS256' }, claims(), secret('x'.repeat(40)))],
      ['another algorithm', await signed({ alg: 'HS512' }, claims(), longer)],
      ['HS384', await signed({ alg: 'HS384' }, claims(), longer)],
      ['a key pair of theirs', await signed({ alg: 'RS256' }, claims(), other.privateKey)],
      ['a changed payload', `${header}.${base64({ ...claims(), email: 'eva@acme.test' })}.${signature}`],
      ['a cut signature', `${header}.${payload}.${signature.slice(0, -4)}`],
      ['no signature', `${header}.${payload}.`],
      ['the secret itself', AUTH_SECRET.replaceAll(' ', '.')],
      ['an API key that is none', `sal_${'A'.repeat(43)}`],
      ...(await Promise.all(
        wrongClaims().map(async ([what, wrong]): Promise<[string, string]> => [
          what,
          await signed({ alg: 'HS256' }, wrong, secret(AUTH_SECRET)),
        ]),
      )),
    ];
    await tryAll([good], bad);
    expect(fetches).toBe(0);
  });

  test('a token that was found good is not once it has expired, nor before it holds', async () => {
    await startWith({});
    const soon = { ...claims(), nbf: now(), exp: now() + 20 };
    const token = await signed({ alg: 'HS256' }, soon, secret(AUTH_SECRET));
    expect((await refusalOf(app, token))[0]).toBeUndefined();
    // Beyond its end, and beyond what clocks may differ.
    app.clock.advance(26_000);
    expect(await refusalOf(app, token)).toEqual(['UNAUTHENTICATED', 4403]);
    const later = await signed({ alg: 'HS256' }, { ...claims(), nbf: now() }, secret(AUTH_SECRET));
    expect((await refusalOf(app, later))[0]).toBeUndefined();
    app.clock.set(app.clock.now() - 60_000);
    expect(await refusalOf(app, later)).toEqual(['UNAUTHENTICATED', 4403]);
  });

  test('with the keys of an identity provider; the public key is no shared secret', async () => {
    await startWith({ AUTH_JWT_SECRET: '', AUTH_JWKS_URL: jwksUrl('keys') });
    const good = [
      await signed({ alg: 'RS256', kid: 'rsa' }, claims(), rsa.privateKey),
      await signed({ alg: 'ES256', kid: 'elliptic' }, claims(), elliptic.privateKey),
    ];
    const pem = await exportSPKI(rsa.publicKey);
    const modulus = (keys[0] as { n: string }).n;
    const confused = [
      pem,
      pem.trim(),
      JSON.stringify(keys[0]),
      modulus,
      Buffer.from(modulus, 'base64url').toString('latin1'),
    ];
    const bad: [string, string][] = [
      ...unsigned(),
      ...(await Promise.all(
        confused.map(async (text, at): Promise<[string, string]> => [
          `the public key as a secret (${at})`,
          await signed({ alg: 'HS256', kid: 'rsa' }, claims(), secret(text)),
        ]),
      )),
      ['the secret of the tests', await signed({ alg: 'HS256', kid: 'rsa' }, claims(), secret(AUTH_SECRET))],
      [
        'another key under the same name',
        await signed({ alg: 'RS256', kid: 'rsa' }, claims(), other.privateKey),
      ],
      [
        'another algorithm with the right key',
        await signed({ alg: 'RS512', kid: 'rsa' }, claims(), rsa.privateKey),
      ],
      ['PS256', await signed({ alg: 'PS256', kid: 'rsa' }, claims(), rsa.privateKey)],
      ['the key of another kind', await signed({ alg: 'RS256', kid: 'elliptic' }, claims(), rsa.privateKey)],
      ['an unknown key', await signed({ alg: 'RS256', kid: 'unknown' }, claims(), other.privateKey)],
      ...(await Promise.all(
        wrongClaims().map(async ([what, wrong]): Promise<[string, string]> => [
          what,
          await signed({ alg: 'RS256', kid: 'rsa' }, wrong, rsa.privateKey),
        ]),
      )),
    ];
    await tryAll(good, bad);
  });

  test('a flood of unknown keys is no flood at the identity provider, also while that is down', async () => {
    await startWith({ AUTH_JWT_SECRET: '', AUTH_JWKS_URL: jwksUrl('flooded') });
    const flood = async (): Promise<number> => {
      const before = fetches;
      for (let round = 0; round < scaled(5, 50); round += 1) {
        await Promise.all(
          Array.from({ length: 20 }, async (_none, at) => {
            const token = await signed(
              { alg: 'ES256', kid: `${round}-${at}` },
              claims(),
              elliptic.privateKey,
            );
            await fetch(`${app.url}/exports/sends.csv`, {
              headers: { authorization: `Bearer ${token}` },
            }).then((one) => one.text());
          }),
        );
      }
      return fetches - before;
    };
    const good = await signed(
      { alg: 'ES256', kid: 'elliptic' },
      { ...claims(), exp: now() + 86_400 },
      elliptic.privateKey,
    );
    // However long it takes: what counts is the time between one try and the next.
    app.clock.freeze();
    keysAnswer = () => ({ status: 503, body: 'down' });
    expect(await flood()).toBe(1);
    keysAnswer = () => ({ status: 200, body: '{"no":"keys"}' });
    app.clock.advance(5_000);
    expect(await flood()).toBe(1);
    keysAnswer = () => ({ status: 200, body: JSON.stringify({ keys }) });
    app.clock.advance(5_000);
    expect(await refusalOf(app, good)).toEqual([undefined, undefined]);
    expect(await flood()).toBe(0);
    // Who is known stays so while unknown keys are asked for in vain.
    keysAnswer = () => ({ status: 503, body: 'down' });
    const later = jest.spyOn(LibraryDate, 'now').mockImplementation(() => Date.now() + 60_000);
    expect(await flood()).toBe(1);
    expect(await refusalOf(app, good)).toEqual([undefined, undefined]);
    later.mockRestore();
  });
});
