import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import dns from 'node:dns';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload, type KeyLike } from 'jose';
import { AgentRow } from '../../src/entities/agent';
import sql from 'sql-template-tag';
import { TestApp } from '../kit/app';
import { AUTH_SECRET, personToken, type Caller } from '../kit/caller';
import { peopleIn, SECRETS, secretsIn, takeLeaks } from '../kit/canaries';
import { Desk, SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { Listener } from '../kit/listener';
import { answers } from '../kit/provider-double';
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

describe('the watch over all tests notices', () => {
  let app: TestApp;
  let desk: Desk;
  beforeAll(async () => {
    app = await TestApp.start();
    desk = await Desk.open(app);
  });

  test('a secret or a person in the log', async () => {
    const { secret } = await desk.admin.act('createApiKey', { name: 'x', scopes: ['READ'] }, 'secret');
    const token = await personToken(desk.contractId, EMAIL, app.clock.now());
    const log = (text: string): string[] => {
      app.platform.log.trace({ text }, 'something');
      return takeLeaks();
    };
    for (const one of [...Object.values(SECRETS), secret as string, token])
      expect(log(`x ${one} y`)).toHaveLength(1);
    await desk.customer('5511970000001').write('what nobody may read');
    for (const one of ['+5511970000001', '5511970000001', 'Carla', 'what nobody may read'])
      expect(log(`x ${one} y`)).toHaveLength(1);
    expect(log('nothing 1772452800000 to see')).toEqual([]);
  });

  test('a secret in an answer over HTTP or a socket', async () => {
    const name = `a bot called ${SECRETS.appSecret}`;
    await desk.admin.act('updateBot', { botId: desk.botId, name }, 'bot { id }');
    expect(takeLeaks()).toEqual([]);
    await desk.admin.ask('{ bots { nodes { name } } }');
    expect(takeLeaks()).toHaveLength(1);
    const listener = await Listener.connect(app.url, desk.admin.token);
    listener.subscribe('{ bots { nodes { name } } }');
    await listener.next();
    await listener.close();
    expect(takeLeaks()).toHaveLength(1);
    await expect(app.stop()).rejects.toThrow(/told appSecret/);
  });

  test('a secret that is stored in a table', async () => {
    const other = await TestApp.start();
    const { id } = await other.contract();
    await other.platform.store.transact(id, (transaction) =>
      transaction.update(AgentRow, { name: SECRETS.accessToken }, sql`1 = 1`),
    );
    await expect(other.stop()).rejects.toThrow(/told accessToken/);
  });

  test('nothing where there is nothing', () => {
    expect(secretsIn('sal_abcdefg eyJhbGciOiJub25lIn0')).toEqual([]);
    expect(peopleIn('4711 bot_01h455vb4pex5vsknk084sn02q 1772452800000 019a-551190000000')).toEqual([]);
  });
});

describe('errors quote no secret', () => {
  let app: TestApp;
  let desk: Desk;
  let agent: Caller;
  beforeAll(async () => {
    app = await TestApp.start();
    desk = await Desk.open(app);
    agent = await desk.agent('Bia');
  });
  afterAll(() => app.stop());

  /** Ways to give credentials wrongly, as variables. */
  const { accessToken, appSecret, verifyToken } = SECRETS;
  const WRONG: Record<string, unknown>[] = [
    { phoneNumberId: '1', businessAccountId: '2', accessToken, appSecret },
    { phoneNumberId: '1', businessAccountId: '2', accessToken, appSecret, verifyToken, more: 1 },
    { phoneNumberId: 1.5, businessAccountId: '2', accessToken: [accessToken], appSecret, verifyToken },
    {
      phoneNumberId: '1',
      businessAccountId: '2',
      accessToken: { token: accessToken },
      appSecret,
      verifyToken,
    },
  ];

  test('of the variables or the document that were sent', async () => {
    const document = `mutation ($input: ConnectWhatsAppChannelInput!) { connectWhatsAppChannel(input: $input) { channel { id } } }`;
    const inputs = WRONG.map((cloudApi) => ({ botId: desk.botId, phoneNumber: '+551130001111', cloudApi }));
    const said: string[] = [];
    for (const input of [...inputs, { cloudApi: WRONG[0] }, [accessToken], accessToken]) {
      const { errors } = await desk.admin.request(document, { input });
      said.push(...(errors ?? []).map(({ message, extensions }) => `${extensions?.code} ${message}`));
      const listener = await Listener.connect(app.url, desk.admin.token);
      listener.subscribe(document, { input });
      said.push(await listener.next().then(() => 'taken', String));
      await listener.close();
    }
    const literal = JSON.stringify(WRONG[0]).replaceAll(/"(\w+)":/g, '$1: ');
    for (const text of [
      `mutation { connectWhatsAppChannel(input: { botId: "x", phoneNumber: "x", cloudApi: ${literal} }) { channel { id } } }`,
      `mutation { connectWhatsAppChannel(input: { cloudApi: "${accessToken}" }) { channel { id } } }`,
      `mutation { updateWhatsAppChannel(input: { channelId: "x", accessToken: ["${accessToken}"] }) { channel { id } } }`,
      `mutation { updateWhatsAppChannel(input: { channelId: "x" "${accessToken}" }) { channel { id } } }`,
      `mutation { sendActiveMessage(input: "${accessToken}") { send { id } } }`,
      `{ sends(filter: { createdFrom: "${accessToken}" }) { totalCount } }`,
    ]) {
      const { errors } = await desk.admin.request(text);
      said.push(...(errors ?? []).map(({ message, extensions }) => `${extensions?.code} ${message}`));
    }
    expect(said.length).toBeGreaterThan(20);
    expect(
      said.filter(
        (one) => !/^(Error: |error: |)?(BAD_USER_INPUT|GRAPHQL_)|"code":"BAD_USER_INPUT"/.test(one),
      ),
    ).toEqual([]);
    for (const one of said) expect(secretsIn(one)).toEqual([]);
    expect(said).toContain(
      'BAD_USER_INPUT Variable "$input" got invalid value at "input.cloudApi"; Field "verifyToken" of required type "String!" was not provided.',
    );
    const unreadable = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${desk.admin.token}` },
      body: `{"variables": {"accessToken": "${accessToken}" oops`,
    });
    expect([unreadable.status, secretsIn(await unreadable.text())]).toEqual([400, []]);
  });

  test('of what the provider says of them', async () => {
    const message = `Malformed access token ${accessToken}`;
    const escaped = JSON.stringify({ error: { message, code: 190, type: 'OAuthException' } });
    app.provider.answer([answers.error(131000, 500, { message }), answers.rawBody(401, escaped)]);
    const { send } = await agent.act('sendActiveMessage', desk.orderUpdate('+5511970000002'), 'send { id }');
    const health = '{ bots { nodes { whatsAppChannel { health { state message } } } } }';
    const told = await eventually(
      async () => {
        app.clock.advance(10_000);
        return desk.admin.ask(health);
      },
      ({ bots }) => bots.nodes[0].whatsAppChannel.health.state === 'STOPPED',
    );
    expect(JSON.stringify(told)).toContain('Malformed access token …');
    const seen = await desk.sendWhen(agent, send.id as string, () => true);
    expect(secretsIn(JSON.stringify(seen))).toEqual([]);
  });

  test('a file of a header is an address by name, and nobody here goes there', async () => {
    const name = 'never-asked-for.saludo-test.example';
    const { botId, businessAccountId } = desk;
    const header = {
      type: 'HEADER',
      format: 'IMAGE',
      example: { header_handle: ['https://a.example/x.png'] },
    };
    app.provider.templates(businessAccountId, [
      {
        id: '1',
        name: 'picture',
        language: 'pt_BR',
        status: 'APPROVED',
        category: 'UTILITY',
        components: [header, { type: 'BODY', text: 'Olá' }],
      },
    ]);
    app.provider.answer(answers.accept());
    await desk.admin.act(
      'updateWhatsAppChannel',
      { channelId: desk.channelId, accessToken },
      'channel { id }',
    );
    await desk.admin.act('syncTemplates', { botId }, 'added');
    const { templates } = await desk.admin.ask(
      '{ templates(filter: { search: "picture" }) { nodes { id } } }',
    );
    const templateId = templates.nodes[0].id as string;
    await desk.admin.act(
      'enableTemplates',
      { botId, templateIds: [templateId], returnBlockId: SERVICE_BLOCK },
      'activations { id }',
    );
    const lookedUp: string[] = [];
    const lookup = jest.spyOn(dns, 'lookup').mockImplementation((host: string, ...rest: unknown[]) => {
      lookedUp.push(host);
      (rest.at(-1) as (error: Error) => void)(new Error('Nobody looks anything up here'));
    });
    const input = (value: string): Record<string, unknown> => ({
      botId,
      templateId,
      recipient: { phone: '+5511970000003' },
      parameters: [{ key: 'header.image', value }],
      idempotencyKey: crypto.randomUUID(),
    });
    for (const host of NOT_PUBLIC) {
      expect([host, await desk.admin.refusals('sendActiveMessage', input(`https://${host}/a.png`))]).toEqual([
        host,
        ['PARAMETER_INVALID'],
      ]);
    }
    const { send } = await desk.admin.act('sendActiveMessage', input(`https://${name}/a.png`), 'send { id }');
    await desk.sendWhen(desk.admin, send.id as string, ({ status }) => status === 'ACCEPTED');
    expect(JSON.stringify(app.provider.sends.at(-1)?.body)).toContain(`"link":"https://${name}/a.png"`);
    lookup.mockRestore();
    expect(lookedUp).toEqual([]);
  });
});

/** Hosts of addresses that lead into private networks, or to another host than it seems. */
const NOT_PUBLIC = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '0x7f.0.0.0x1',
  '127.0.0.1.',
  '１２７.0.0.1',
  '①27.0.0.1',
  '%31%32%37.0.0.1',
  '0',
  '10.0.0.8:8443',
  '169.254.169.254',
  '192.168.1',
  '8.8.8.8',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[fe80::1]',
  '[2606:4700::1111]',
  'localhost',
  'LOCALHOST.',
  'a.localhost',
  'printer.local',
  'metadata.google.internal',
  'box.lan',
  'a.localdomain',
  'nas.home.arpa',
  'wiki.intranet',
  'intranet',
  'user@example.com',
  '@example.com',
  ':@example.com',
  'user:pass@example.com',
  'example.com@127.0.0.1',
  '',
  '/example.com',
];

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
    await app.stop();
    expect(fetches).toBe(0);
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
    await app.stop();
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
    await app.stop();
  });
});
