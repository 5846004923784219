import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import type { Customer } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers, createProviderDouble, PROVIDER_TOKEN } from '../kit/provider-double';

const PHOTO = Buffer.from('\xff\xd8\xff not quite a picture', 'latin1');
const SIZE_OF_CHUNK = 1_000_000;

let app: TestApp;
let desk: Desk;
let bia: Caller;
let caio: Caller;
let carla: Customer;
/** The ticket's photo, which is Bia's. */
let photo: { id: string; media: { url: string; mimeType: string; filename: string | null } };

const MESSAGES = `query ($ticket: ID!) { ticket(id: $ticket) { messages(last: 20) {
  nodes { id kind text direction media { url mimeType filename } } } } }`;

type Message = typeof photo & { kind: string; text: string | null; direction: string };
let ticketId: string;

async function messages(): Promise<Message[]> {
  return (await desk.admin.ask(MESSAGES, { ticket: ticketId })).ticket.messages.nodes as Message[];
}

/** The customer sends this; the message as the desk sees it. */
async function received(content: Record<string, unknown>): Promise<Message> {
  const before = new Set((await messages()).map(({ id }) => id));
  await carla.message(content);
  const found = await eventually(
    async () => (await messages()).find(({ id }) => !before.has(id)),
    (message) => message !== undefined,
  );
  if (!found) throw new Error('unreachable');
  return found;
}

const get = (caller: Caller | null, id: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${app.url}/media/${id}`, {
    headers: caller ? { authorization: `Bearer ${caller.token}` } : {},
    ...(signal && { signal }),
  });

async function refusal(response: Promise<Response>): Promise<[number, string, string]> {
  const answer = await response;
  const { errors } = (await answer.json()) as {
    errors: { message: string; extensions: { code: string } }[];
  };
  return [answer.status, errors[0]?.extensions.code ?? '', errors[0]?.message ?? ''];
}

beforeAll(async () => {
  app = await TestApp.start();
  desk = await Desk.open(app);
  bia = await desk.agent('Bia');
  caio = await desk.agent('Caio');
  carla = desk.customer('5511990000001');
  await desk.accepted(bia, '+5511990000001');
  app.provider.media('901', PHOTO, 'image/jpeg');
  await carla.message({ type: 'image', image: { id: '901', mime_type: 'image/jpeg', caption: 'Look' } });
  const found = await eventually(
    async () =>
      (await bia.ask('{ tickets(filter: { mine: true }, first: 1) { nodes { id } } }')).tickets.nodes[0]
        ?.id as string | undefined,
    (id) => id !== undefined,
  );
  ticketId = found ?? '';
  [photo] = (await messages()) as [Message];
});
afterAll(() => app.stop());

test('the message tells of its file, and the address gives it', async () => {
  expect(photo).toMatchObject({
    kind: 'image',
    text: 'Look',
    media: { mimeType: 'image/jpeg', filename: null },
  });
  expect(new URL(photo.media.url).pathname).toBe(`/media/${photo.id}`);
  const response = await fetch(photo.media.url, { headers: { authorization: `Bearer ${bia.token}` } });
  expect(response.status).toBe(200);
  expect(Buffer.from(await response.arrayBuffer())).toEqual(PHOTO);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'image/jpeg',
    'content-length': String(PHOTO.length),
    'content-disposition': `inline; filename="image.jpeg"; filename*=UTF-8''image.jpeg`,
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, max-age=3600',
    vary: 'Authorization',
  });
});

test('exactly who may read the message gets its file; to others it is not there', async () => {
  const key = async (...scopes: string[]): Promise<Caller> => {
    const { secret } = await desk.admin.act('createApiKey', { name: 'Machine', scopes }, 'secret');
    return app.machine(secret as string);
  };
  const other = await Desk.open(app);
  const calls = app.provider.calls.length;
  const notThere = await refusal(get(desk.admin, 'msg_01h455vb4pex5vsknk084sn02q'));
  expect(notThere.slice(0, 2)).toEqual([404, 'NOT_FOUND']);
  for (const [caller, id] of [
    [caio, photo.id],
    [other.admin, photo.id],
    [desk.admin, ticketId],
    [desk.admin, 'msg_'],
    [desk.admin, '%00'],
  ] as const) {
    expect(await refusal(get(caller, id))).toEqual(notThere);
  }
  expect((await refusal(get(null, photo.id))).slice(0, 2)).toEqual([401, 'UNAUTHENTICATED']);
  expect((await refusal(get(await key('PUBLISH_FLOWS'), photo.id))).slice(0, 2)).toEqual([403, 'FORBIDDEN']);
  expect(app.provider.calls).toHaveLength(calls);
  for (const caller of [desk.admin, await key('READ')]) {
    const response = await get(caller, photo.id);
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  }
});

test('a message without a file has none: in, and out', async () => {
  const text = await received({ type: 'text', text: { body: 'Hi' } });
  expect(text.media).toBeNull();
  expect(await refusal(get(bia, text.id))).toEqual([
    404,
    'NOT_FOUND',
    'This message holds no file: its field `media` is null.',
  ]);
  await bia.act('acceptTicket', { ticketId }, 'ticket { id }');
  const { message } = await bia.act(
    'sendTicketMessage',
    { ticketId, text: 'Hello', idempotencyKey: 'hello' },
    'message { id media { url } }',
  );
  expect(message.media).toBeNull();
  expect((await refusal(get(bia, message.id as string)))[0]).toBe(404);
});

describe('what a browser makes of it', () => {
  let media = 1_000;
  const served = async (kind: string, mimeType: string, filename?: string): Promise<string[]> => {
    const id = String((media += 1));
    app.provider.media(id, PHOTO, mimeType);
    const content = { id, mime_type: mimeType, ...(filename !== undefined && { filename }) };
    const message = await received({ type: kind, [kind]: content });
    expect(message.media).toMatchObject({ mimeType, filename: filename ?? null });
    const response = await get(bia, message.id);
    await response.arrayBuffer();
    expect(response.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    return [
      response.headers.get('content-type') ?? '',
      response.headers.get('content-disposition')?.replace(/; filename\*.*/, '') ?? '',
      decodeURIComponent(
        /filename\*=UTF-8''(.*)$/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? '',
      ),
    ];
  };

  test('pictures, voices and films are shown; the rest is saved; what would run is bytes', async () => {
    const bytes = 'application/octet-stream';
    expect(await served('audio', 'audio/ogg; codecs=opus')).toEqual([
      'audio/ogg; codecs=opus',
      'inline; filename="audio.ogg"',
      'audio.ogg',
    ]);
    expect(await served('document', 'application/pdf', 'nota fiscal nº 1.pdf')).toEqual([
      'application/pdf',
      'attachment; filename="nota fiscal n_ 1.pdf"',
      'nota fiscal nº 1.pdf',
    ]);
    expect(await served('document', 'text/html', '../../x\u202e".html\r\nset-cookie: a=b')).toEqual([
      bytes,
      'attachment; filename="_.._x__.html__set-cookie_ a=b"',
      '_.._x__.html__set-cookie_ a=b',
    ]);
    expect(await served('image', 'image/svg+xml')).toEqual([bytes, 'attachment; filename="image"', 'image']);
    expect((await served('document', 'image/png\r\nx: y', 'a.png')).slice(0, 2)).toEqual([
      bytes,
      'attachment; filename="a.png"',
    ]);
    expect(
      (
        await served(
          'document',
          'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
          'a.docx',
        )
      )[0],
    ).toContain('openxml');
  });
});

describe('when the provider fails', () => {
  test('what it let go of is gone, and an account that fails stops no number', async () => {
    app.provider.answerMedia([answers.error(100, 400, { subcode: 33 }), answers.error(190, 401)]);
    expect((await refusal(get(bia, photo.id))).slice(0, 2)).toEqual([410, 'GONE']);
    const account = await refusal(get(bia, photo.id));
    expect(account.slice(0, 2)).toEqual([502, 'PROVIDER_UNAVAILABLE']);
    expect(account[2]).toContain('An admin must repair');
    const { bot } = await desk.admin.ask(
      'query ($id: ID!) { bot(id: $id) { whatsAppChannel { health { state } } } }',
      {
        id: desk.botId,
      },
    );
    expect(bot.whatsAppChannel.health.state).toBe('OK');
  });

  test('what may pass says when to try again', async () => {
    app.provider.answerDownloads([answers.rawBody(503, ''), answers.reset()]);
    for (let time = 0; time < 2; time += 1) {
      const response = await get(bia, photo.id);
      expect(response.headers.get('retry-after')).toBe('5');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('content-disposition')).toBeNull();
      expect((await refusal(Promise.resolve(response))).slice(0, 2)).toEqual([502, 'PROVIDER_UNAVAILABLE']);
    }
  });

  test('a file that breaks off is never taken for a whole one', async () => {
    app.provider.answerDownloads([
      answers.reset('mid-body'),
      answers.bytes(Readable.from(brokenOff()), 'video/mp4'),
    ]);
    for (let time = 0; time < 2; time += 1) {
      const response = await get(bia, photo.id);
      expect(response.status).toBe(200);
      await expect(response.arrayBuffer()).rejects.toThrow();
    }
  });

  test('an address elsewhere never sees the token', async () => {
    const elsewhere = await createProviderDouble();
    elsewhere.media('901', PHOTO, 'image/jpeg');
    app.provider.answerMedia([
      answers.rawBody(200, JSON.stringify({ url: `${elsewhere.url}/files/901`, mime_type: 'image/jpeg' })),
    ]);
    const refused = await refusal(get(bia, photo.id));
    expect(refused.slice(0, 2)).toEqual([502, 'PROVIDER_UNAVAILABLE']);
    expect(refused[2]).not.toContain(PROVIDER_TOKEN);
    expect(elsewhere.calls).toEqual([]);
    await elsewhere.close();
  });
});

test('a large file comes as fast as it is taken, and stops when its reader leaves', async () => {
  let made = 0;
  function* film(): Generator<Buffer> {
    for (; made < 90; made += 1) yield Buffer.alloc(SIZE_OF_CHUNK);
  }
  const source = Readable.from(film());
  const closed = new Promise((resolve) => source.once('close', resolve));
  app.provider.answerDownloads([answers.bytes(source, 'video/mp4')]);
  const leaving = new AbortController();
  const response = await get(bia, photo.id, leaving.signal);
  const reader = response.body?.getReader();
  await reader?.read();
  // What stands between the two is buffers of the network: the source stands still once they are full.
  let before = -1;
  await eventually(
    async () => {
      [before] = [made];
      await new Promise((resolve) => setTimeout(resolve, 100));
      return made - before;
    },
    (more) => more === 0,
  );
  expect(made).toBeLessThan(60);
  leaving.abort();
  await closed;
  expect(made).toBeLessThan(60);
});

test('whoever leaves while the provider is asked ends the question', async () => {
  app.provider.answerMedia([answers.hang()]);
  const before = app.provider.calls.length;
  const leaving = new AbortController();
  const response = get(bia, photo.id, leaving.signal);
  const [asked] = (await app.provider.waitForCalls(before + 1)).slice(before);
  leaving.abort();
  await expect(response).rejects.toThrow();
  await asked?.closed;
  expect(asked?.path).toBe('/901');
});

function* brokenOff(): Generator<Buffer> {
  yield Buffer.alloc(1_000);
  throw new Error('The test wants it so.');
}
