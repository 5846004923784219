import { Readable } from 'node:stream';
import type { Channel, MediaFile } from '../../src/channels/channel';
import { ProviderError } from '../../src/channels/channel';
import { createCloudApiChannel } from '../../src/channels/cloud-api/client';
import { fileAddress } from '../../src/channels/cloud-api/media';
import { answers, createProviderDouble, PROVIDER_TOKEN } from '../kit/provider-double';
import type { ProviderDouble, Step } from '../kit/provider-double';

const credentials = {
  phoneNumberId: '5550001',
  businessAccountId: '7770001',
  accessToken: PROVIDER_TOKEN,
  appSecret: 'secret',
  verifyToken: 'verify',
};
const PHOTO = Buffer.from('\xff\xd8\xff not quite a picture', 'latin1');

let double: ProviderDouble;
let channel: Channel;
beforeEach(async () => {
  double = await createProviderDouble();
  double.media('901', PHOTO, 'image/jpeg');
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

const open = (id = '901', signal = new AbortController().signal): Promise<MediaFile | null> =>
  channel.media(credentials, id, signal);

async function bytesOf(file: MediaFile | null): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of file?.content ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const about = (url: string, more: object = {}): Step =>
  answers.rawBody(200, JSON.stringify({ url, ...more }));

async function failure(work: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}

test('asks for the address, then for the bytes, with the token both times', async () => {
  const file = await open();
  expect(file).toMatchObject({ mimeType: 'image/jpeg', size: PHOTO.length });
  expect(await bytesOf(file)).toEqual(PHOTO);
  expect(double.calls).toMatchObject([
    { method: 'GET', path: '/901', headers: { authorization: `Bearer ${PROVIDER_TOKEN}` } },
    { method: 'GET', path: '/files/901', headers: { authorization: `Bearer ${PROVIDER_TOKEN}` } },
  ]);
  expect(double.calls[0]?.query.get('phone_number_id')).toBe('5550001');
  expect(double.calls[1]?.headers['user-agent']).toBe('saludo');
});

test.each<[string, string, Step | null, Step | null]>([
  ['an id that it does not know', '902', null, null],
  ['404 for the id', '901', answers.rawBody(404, ''), null],
  ['404 for the bytes', '901', null, answers.rawBody(404, '')],
  ['410 for the bytes', '901', null, answers.rawBody(410, '')],
])('%s: it is no longer there', async (_what, id, aboutStep, bytesStep) => {
  if (aboutStep) double.answerMedia(aboutStep);
  if (bytesStep) double.answerDownloads(bytesStep);
  expect(await open(id)).toBeNull();
});

test('an id that would lead elsewhere is never asked for', async () => {
  expect(await open('..')).toBeNull();
  expect(await open('901/../../me')).toBeNull();
  expect(double.calls).toEqual([]);
});

describe('the token goes to the provider alone', () => {
  let foreign: ProviderDouble;
  beforeEach(async () => {
    foreign = await createProviderDouble();
    foreign.media('901', PHOTO, 'image/jpeg');
  });
  afterEach(() => foreign.close());

  test('not to another origin, not by a redirect', async () => {
    double.answerMedia(about(`${foreign.url}/files/901`));
    const named = await failure(open());
    expect(named.retry).toBe('never');
    expect(named.message).toContain(new URL(foreign.url).origin);
    double.answerMedia([]);
    double.answerDownloads(answers.redirect(`${foreign.url}/files/901`, 302));
    expect((await failure(open())).message).toContain('HTTP 302');
    double.answerMedia(answers.redirect(`${foreign.url}/901`));
    await failure(open());
    expect(foreign.calls).toEqual([]);
  });

  test.each([
    'http://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1',
    'https://lookaside.fbsbx.com.evil.test/x',
    'https://evilfbsbx.com/x',
    'https://lookaside.fbsbx.com:8443/x',
    'https://lookaside.fbsbx.com@evil.test/x',
    'https://127.0.0.1/x',
    'file:///etc/passwd',
    'no address',
    '',
  ])('not to %s', async (url) => {
    double.answerMedia(about(url));
    expect((await failure(open())).providerCode).toBeNull();
    expect(double.calls).toHaveLength(1);
  });

  test.each([
    'https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1',
    'https://lookaside.fbsbx.com:443/x',
    'https://mmg.whatsapp.net/x',
    'https://graph.facebook.com/x',
    'http://127.0.0.1:4711/v23.0/files/901',
  ])('but to %s', (url) => {
    expect(fileAddress(url, 'http://127.0.0.1:4711').href).toBe(new URL(url).href);
  });
});

describe('what goes wrong', () => {
  test('a token that the provider refuses is an error of the account', async () => {
    double.tokens.clear();
    expect(await failure(open())).toMatchObject({ providerCode: 190, retry: 'account', timedOut: false });
    const unusable = channel.media({ ...credentials, accessToken: '' }, '901', new AbortController().signal);
    expect((await failure(unusable)).retry).toBe('account');
  });

  test.each<[string, Step | null, Step | null, object]>([
    ['the address never comes', answers.hang(), null, { timedOut: true, retry: 'transient' }],
    ['the bytes never come', null, answers.hang(), { timedOut: true, retry: 'transient' }],
    ['a reset before the address', answers.reset(), null, { timedOut: false, retry: 'transient' }],
    ['a reset before the bytes', null, answers.reset(), { timedOut: false, retry: 'transient' }],
    ['an error of the server', null, answers.rawBody(503, ''), { retry: 'transient' }],
    ['a page in the place of the address', answers.rawBody(200, '<html>'), null, { retry: 'transient' }],
    ['too many calls', answers.error(4, 400), null, { retry: 'transient', providerCode: 4 }],
    [
      'a file that says it is too large',
      about('https://lookaside.fbsbx.com/x', { file_size: 104_857_601 }),
      null,
      { retry: 'never' },
    ],
    [
      'bytes that say so',
      null,
      answers.rawBody(200, '', { 'content-length': '104857601' }),
      { retry: 'never' },
    ],
  ])('%s', async (_what, aboutStep, bytesStep, expected) => {
    if (aboutStep) double.answerMedia(aboutStep);
    if (bytesStep) double.answerDownloads(bytesStep);
    expect(await failure(open())).toMatchObject(expected);
  });

  test('bytes that break off, stand still, or come without end', async () => {
    double.answerDownloads([
      answers.reset('mid-body'),
      answers.stall(),
      answers.bytes(Readable.from(endless()), 'video/mp4'),
    ]);
    expect((await failure(bytesOf(await open()))).message).toMatch(/^The file broke off: /);
    expect(await failure(bytesOf(await open()))).toMatchObject({ timedOut: true });
    const file = await open();
    expect(file?.size).toBeNull();
    let size = 0;
    const reading = (async () => {
      for await (const chunk of file?.content ?? []) size += (chunk as Buffer).length;
    })();
    expect((await failure(reading)).message).toBe('The file has more than 104857600 bytes.');
    expect(size).toBeGreaterThan(100_000_000);
  });

  test('whoever gives up ends the call, at either step', async () => {
    const leaving = new AbortController();
    double.answerMedia(answers.hang());
    const opening = open('901', leaving.signal);
    await double.waitForCalls(1);
    leaving.abort();
    expect((await failure(opening)).timedOut).toBe(false);

    double.answerMedia([]);
    const source = Readable.from(endless());
    const closed = new Promise((resolve) => source.once('close', resolve));
    double.answerDownloads(answers.bytes(source, 'video/mp4'));
    const file = await open();
    // Without a byte read.
    file?.content.destroy();
    await closed;
  });
});

function* endless(): Generator<Buffer> {
  const chunk = Buffer.alloc(1_000_000);
  for (;;) yield chunk;
}
