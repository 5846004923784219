import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { Channel, OutgoingMessage, ProviderTemplate, SendAnswer } from '../../src/channels/channel';
import { createCloudApiChannel } from '../../src/channels/cloud-api/client';
import { answers, createProviderDouble, PROVIDER_TOKEN } from '../kit/provider-double';
import type { ProviderDouble, Script, Step } from '../kit/provider-double';

const credentials = {
  phoneNumberId: '5550001',
  businessAccountId: '7770001',
  accessToken: PROVIDER_TOKEN,
  appSecret: 'secret',
  verifyToken: 'verify',
};
const message: OutgoingMessage = { kind: 'text', text: 'Olá', correlation: 'msg_1' };
const to = { phone: '551187650001' };
const never = (): AbortSignal => new AbortController().signal;

let double: ProviderDouble;
let channel: Channel;
beforeEach(async () => {
  double = await createProviderDouble();
  channel = createCloudApiChannel({
    baseUrl: () => double.url,
    connectTimeoutMs: 1_000,
    answerTimeoutMs: 300,
  });
});
afterEach(async () => {
  await double.close();
  await channel.close();
});

async function* dripping(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.from(' ');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function firstPage(): Promise<void> {
  for await (const _page of channel.templates(credentials, never())) break;
}

const send = (signal = never()): Promise<SendAnswer> => channel.send(credentials, to, message, signal);

describe('send', () => {
  test('the call as the provider wants it', async () => {
    await send();
    expect(double.sends).toMatchObject([
      {
        method: 'POST',
        path: '/5550001/messages',
        headers: { authorization: `Bearer ${PROVIDER_TOKEN}`, 'content-type': 'application/json' },
        body: { to: '551187650001', type: 'text', biz_opaque_callback_data: 'msg_1' },
      },
    ]);
  });

  test.each<[string, Step, object]>([
    [
      'accepted',
      answers.accept({ messageId: 'wamid.1', waId: '5511987650001' }),
      { kind: 'accepted', held: false, providerMessageId: 'wamid.1', waId: '5511987650001' },
    ],
    [
      'accepted by id',
      answers.accept({ messageId: 'wamid.1', userId: 'BR.1' }),
      { kind: 'accepted', userId: 'BR.1' },
    ],
    [
      'held',
      answers.hold({ messageId: 'wamid.1' }),
      { kind: 'accepted', held: true, providerMessageId: 'wamid.1' },
    ],
    ['paused', answers.pause({ messageId: 'wamid.1' }), { kind: 'paused', providerMessageId: 'wamid.1' }],
    [
      'no wa_id',
      answers.rawBody(200, '{"messages":[{"id":"wamid.1"}]}'),
      { kind: 'accepted', held: false, providerMessageId: 'wamid.1' },
    ],
    ['201', answers.rawBody(201, '{"messages":[{"id":"wamid.1"}]}'), { kind: 'accepted' }],
    [
      'a masked wa_id',
      answers.rawBody(200, '{"contacts":[{"wa_id":"48XXXX "}],"messages":[{"id":"w"}]}'),
      { kind: 'accepted', held: false, providerMessageId: 'w' },
    ],
    [
      'refused',
      answers.error(131026, 400, { details: 'Not on WhatsApp' }),
      { kind: 'refused', failure: 'UNDELIVERABLE', retry: 'never', providerCode: 131026 },
    ],
    ['refused with 500', answers.error(131000, 500), { kind: 'refused', retry: 'transient' }],
    ['refused with 200', answers.error(190, 200), { kind: 'refused', retry: 'account' }],
    [
      'too many',
      answers.error(130429, 429, { headers: { 'retry-after': '3' } }),
      { kind: 'refused', retry: 'transient', retryAfterMs: 3_000 },
    ],
    [
      '429 in HTML',
      answers.rawBody(429, '<html>', { 'retry-after': '2' }),
      { kind: 'refused', retry: 'transient', retryAfterMs: 2_000 },
    ],
    [
      '403 in HTML',
      answers.rawBody(403, '<html>'),
      { kind: 'refused', retry: 'account', providerCode: null },
    ],
    [
      '400 in HTML',
      answers.rawBody(400, '<html>'),
      { kind: 'refused', retry: 'never', failure: 'REQUEST_REFUSED' },
    ],
    ['500 in HTML', answers.rawBody(500, '<html>'), { kind: 'unknown' }],
    ['503 empty', answers.rawBody(503, ''), { kind: 'unknown' }],
    ['408', answers.rawBody(408, '{}'), { kind: 'unknown' }],
    ['200 empty', answers.rawBody(200, ''), { kind: 'unknown' }],
    ['200 without an id', answers.rawBody(200, '{"messages":[{}]}'), { kind: 'unknown' }],
    ['200 as a list', answers.rawBody(200, '[]'), { kind: 'unknown' }],
    ['an endless body', answers.rawBody(200, ' '.repeat(1_100_000)), { kind: 'unknown' }],
    ['a redirect', answers.redirect('http://127.0.0.1:9/elsewhere'), { kind: 'unknown' }],
    ['reset before the answer', answers.reset('before'), { kind: 'unknown' }],
    ['reset within the answer', answers.reset('mid-body'), { kind: 'unknown' }],
    ['no answer', answers.hang(), { kind: 'unknown' }],
  ])('%s', async (_name, step, expected) => {
    double.answer(step);
    const answer = await send();
    expect(answer).toMatchObject(expected);
    expect(double.sends).toHaveLength(1);
  });

  test('a masked wa_id is not learnt', async () => {
    double.answer(answers.rawBody(200, '{"contacts":[{"wa_id":"48XXXX "}],"messages":[{"id":"w"}]}'));
    expect(await send()).toEqual({ kind: 'accepted', providerMessageId: 'w', held: false });
  });

  test('an answer that comes late is an answer; the wait can be given up', async () => {
    double.answer([answers.delay(100), answers.hang()]);
    expect(await send()).toMatchObject({ kind: 'accepted', waId: '551187650001' });
    const controller = new AbortController();
    const answer = send(controller.signal);
    await double.waitForSends(2);
    controller.abort();
    expect(await answer).toMatchObject({ kind: 'unknown' });
  });

  test('an id that is too long for one is none', async () => {
    const ids = { messages: [{ id: 'w'.repeat(501) }] };
    double.answer([
      answers.rawBody(200, JSON.stringify(ids)),
      answers.accept({ messageId: 'wamid.1', userId: 'u'.repeat(501) }),
    ]);
    expect(await send()).toMatchObject({ kind: 'unknown' });
    expect(await send()).toEqual({
      kind: 'accepted',
      providerMessageId: 'wamid.1',
      waId: to.phone,
      held: false,
    });
  });

  test('an answer that drips is given up as a whole, though it never stands still', async () => {
    double.answer(answers.bytes(Readable.from(dripping()), 'application/json'));
    expect(await send()).toEqual({ kind: 'unknown', reason: 'The answer takes more than 300 ms.' });
  });

  test('the token that an error quotes is not told', async () => {
    const message = `Malformed access token ${PROVIDER_TOKEN}`;
    double.answer(answers.error(190, 401, { message, details: `${PROVIDER_TOKEN} of 5511987650001` }));
    const answer = await send();
    expect(answer).toMatchObject({ message: 'Malformed access token …: … of •••', providerCode: 190 });
    double.answerTemplates(answers.error(190, 401, { message }));
    await expect(firstPage()).rejects.toThrow('refused: Malformed access token …');
    double.answerMedia(answers.error(190, 401, { message }));
    const file = channel.media(credentials, '901', never());
    await expect(file).rejects.toThrow('Malformed access token …');
  });

  test('a wrong token stops the number', async () => {
    double.tokens.clear();
    expect(await send()).toMatchObject({ kind: 'refused', retry: 'account', providerCode: 190 });
  });

  test.each(['', 'two words', 'a\nb', 'ç'])('a token that cannot be sent: %j', async (accessToken) => {
    const answer = await channel.send({ ...credentials, accessToken }, to, message, never());
    expect(answer).toMatchObject({ kind: 'refused', retry: 'account' });
    expect(double.calls).toHaveLength(0);
  });

  test('a message that cannot be written is refused before the call', async () => {
    const answer = await channel.send(credentials, to, { ...message, correlation: '' }, never());
    expect(answer).toMatchObject({ kind: 'refused', retry: 'never', failure: 'REQUEST_REFUSED' });
    expect(double.calls).toHaveLength(0);
  });

  test('an id cannot lead elsewhere', async () => {
    await channel.send({ ...credentials, phoneNumberId: '../a?b' }, to, message, never());
    expect(double.calls.map(({ path }) => path)).toEqual(['/..%2Fa%3Fb/messages']);
  });
});

describe('not sent', () => {
  const sendVia = async (baseUrl: string, signal = never()): Promise<SendAnswer> => {
    const other = createCloudApiChannel({
      baseUrl: () => baseUrl,
      connectTimeoutMs: 300,
      answerTimeoutMs: 300,
    });
    try {
      return await other.send(credentials, to, message, signal);
    } finally {
      await other.close();
    }
  };

  test('nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await sendVia(`http://127.0.0.1:${port}/v23.0`)).toMatchObject({ kind: 'not-sent' });
  });

  test('no such host', async () => {
    expect(await sendVia('http://provider.invalid/v23.0')).toMatchObject({ kind: 'not-sent' });
  });

  test('a connection without TLS where TLS is needed', async () => {
    expect(await sendVia(double.url.replace('http:', 'https:'))).toMatchObject({ kind: 'not-sent' });
    expect(double.calls).toHaveLength(0);
  });

  test('given up before it began', async () => {
    expect(await sendVia(double.url, AbortSignal.abort())).toMatchObject({ kind: 'not-sent' });
    expect(double.calls).toHaveLength(0);
  });
});

describe('templates', () => {
  const listed = async (over = channel): Promise<ProviderTemplate[][]> => {
    const pages: ProviderTemplate[][] = [];
    for await (const page of over.templates(credentials, never())) pages.push(page);
    return pages;
  };
  const many = (count: number): object[] =>
    Array.from({ length: count }, (_, at) => ({
      id: String(at),
      name: `t${at}`,
      language: 'pt_BR',
      status: 'APPROVED',
    }));

  test('one template in our words', async () => {
    const components = [{ type: 'BODY', text: '{{nome}}' }];
    double.templates('7770001', [
      {
        id: 44,
        name: 'lembrete',
        language: 'pt_BR',
        status: 'APPROVED',
        category: 'UTILITY',
        components,
        parameter_format: 'NAMED',
        quality_score: { score: 'GREEN', date: 1 },
        rejected_reason: 'NONE',
      },
      {
        name: 'novo',
        language: 'es',
        status: 'HIBERNATING',
        category: 'CHARITY',
        quality_score: 'UNKNOWN',
        rejected_reason: 'SPAM',
      },
      { id: '9', name: 'sem língua' },
      {},
    ]);
    expect(await listed()).toEqual([
      [
        {
          providerTemplateId: '44',
          name: 'lembrete',
          language: 'pt_BR',
          status: 'APPROVED',
          providerStatus: 'APPROVED',
          category: 'UTILITY',
          providerCategory: 'UTILITY',
          components,
          parameterFormat: 'NAMED',
          qualityScore: 'GREEN',
          rejectionReason: null,
        },
        {
          providerTemplateId: '',
          name: 'novo',
          language: 'es',
          status: 'UNKNOWN',
          providerStatus: 'HIBERNATING',
          category: 'UNKNOWN',
          providerCategory: 'CHARITY',
          components: [],
          parameterFormat: 'POSITIONAL',
          qualityScore: 'UNKNOWN',
          rejectionReason: 'SPAM',
        },
      ],
    ]);
  });

  test.each([0, 1, 100, 101, 250])('%d templates, page by page', async (count) => {
    double.templates('7770001', many(count));
    const pages = await listed();
    expect(pages.flat().map(({ name }) => name)).toEqual(
      many(count).map((one) => (one as { name: string }).name),
    );
    expect(double.calls).toHaveLength(Math.max(1, Math.ceil(count / 100)));
  });

  const page = (paging: object): Step => answers.rawBody(200, JSON.stringify({ data: many(1), paging }));
  test.each<[string, Step[], RegExp]>([
    ['refused', [answers.error(190, 401)], /190/],
    ['no JSON', [answers.rawBody(200, '<html>')], /something else/],
    ['no list', [answers.rawBody(200, '{"data":{}}')], /something else/],
    ['a server error', [answers.rawBody(502, '')], /502/],
    ['a redirect', [answers.redirect('http://127.0.0.1:9/')], /307/],
    ['reset', [answers.reset()], /did not come/],
    ['no cursor for the next page', [page({ next: 'https://x.invalid/' })], /does not say where/],
    ['a circle', Array.from({ length: 9 }, () => page({ next: 'x', cursors: { after: 'same' } })), /circle/],
  ])('fails: %s', async (_name, script, reason) => {
    double.answerTemplates(script);
    await expect(listed()).rejects.toMatchObject({
      name: 'ProviderError',
      message: expect.stringMatching(reason) as string,
    });
  });

  test('an endless list ends: of small pages after a thousand, of large ones by their bytes', async () => {
    const endless = (padding: number): Script => {
      const around = ' '.repeat(padding);
      return (_call, index) =>
        answers.rawBody(200, `{"data":[],"paging":{"next":"x","cursors":{"after":"${index}"}}}${around}`);
    };
    // As in a server: large pages take longer than the other tests are ready to wait.
    const patient = createCloudApiChannel({ baseUrl: () => double.url, now: () => Date.now() });
    double.answerTemplates(endless(0));
    await expect(listed(patient)).rejects.toThrow('more than 1000 pages');
    expect(double.calls).toHaveLength(1_000);
    double.answerTemplates(endless(7_900_000));
    await expect(listed(patient)).rejects.toThrow('more than 128000000 bytes');
    expect(double.calls).toHaveLength(1_017);
    double.answerTemplates(endless(8_000_000));
    await expect(listed(patient)).rejects.toThrow('more than 8000000 bytes');
    await patient.close();
  });

  test('a page that fails fails the whole list', async () => {
    double.templates('7770001', many(150));
    const second = answers.error(2, 500);
    double.answerTemplates((call) =>
      call.query.has('after') ? second : page({ next: 'https://next.invalid/', cursors: { after: 'b' } }),
    );
    await expect(listed()).rejects.toMatchObject({ providerCode: 2, retry: 'transient' });
  });

  test('a token that cannot be sent', async () => {
    const walk = async (): Promise<void> => {
      for await (const _page of channel.templates({ ...credentials, accessToken: 'a b' }, never())) break;
    };
    await expect(walk()).rejects.toMatchObject({ name: 'ProviderError', retry: 'account' });
  });
});
