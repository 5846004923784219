import dns from 'node:dns';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { AgentRow } from '../../src/entities/agent';
import sql from 'sql-template-tag';
import { TestApp } from '../kit/app';
import { personToken, type Caller } from '../kit/caller';
import { peopleIn, SECRETS, secretsIn, takeLeaks } from '../kit/canaries';
import { Desk, SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { Listener } from '../kit/listener';
import { answers } from '../kit/provider-double';

const EMAIL = 'ana@acme.test';

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
