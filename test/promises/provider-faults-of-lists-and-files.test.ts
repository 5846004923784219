import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { BUSY, Faults, freshNumber, PATIENCE, quotingError, UNTELLABLE } from '../kit/faults';
import { answers, type Script, type Step } from '../kit/provider-double';
import { scaled } from '../kit/scale';
import { LISTED_TEMPLATES } from '../kit/templates';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let app: TestApp;
let faults: Faults;

beforeAll(async () => {
  app = await TestApp.start({ environment: BUSY });
  faults = new Faults(app);
});
afterAll(async () => {
  jest.restoreAllMocks();
  await app.stop();
});

describe('rule 7: a list of templates that makes no sense', () => {
  let desk: Desk;
  const page = (paging: object, more = ''): Step =>
    answers.rawBody(200, JSON.stringify({ data: [LISTED_TEMPLATES[0]], paging }) + more);
  const goingOn = (after: string, more = ''): Step =>
    page({ next: 'https://x.invalid/', cursors: { after } }, more);

  beforeAll(async () => {
    desk = await Desk.open(app);
  });
  afterAll(() => app.provider.answerTemplates([]));

  const endless: [string, Script, RegExp, number][] = [
    ['ever new pages', (_call, index) => goingOn(`page ${index}`), /more than 1000 pages/, 1_000],
    ['large pages', (_call, index) => goingOn(`${index}`, ' '.repeat(7_900_000)), /128000000 bytes/, 17],
  ];
  test.each<[string, Script, RegExp, number]>([
    ['the same cursor for ever', () => goingOn('same'), /circle/, 2],
    ['a page without end', answers.rawBody(200, ' '.repeat(8_100_000)), /8000000 bytes/, 1],
    ['a token that expired', quotingError(190, 401), /refused: \(#190\) … to •••/, 1],
    ['no JSON', answers.rawBody(200, '<html>'), /something else/, 1],
    ['a redirect', answers.redirect('https://x.invalid/'), /307/, 1],
    ['a connection that breaks', answers.reset('mid-body'), /did not come/, 1],
    ...scaled([], endless),
  ])('%s: everything stays as it was, and the reason is said', async (_name, script, reason, calls) => {
    const before = app.provider.calls.length;
    app.provider.answerTemplates(script);
    const { userErrors } = await desk.admin.attempt('syncTemplates', { botId: desk.botId }, 'added');
    expect(userErrors).toMatchObject([
      { code: 'INVALID', message: expect.stringMatching(reason) as unknown },
    ]);
    expect(userErrors[0].message).not.toMatch(UNTELLABLE);
    expect(app.provider.calls.slice(before)).toHaveLength(calls);
    const { bot } = await desk.admin.ask(
      `query ($id: ID!) { bot(id: $id) { whatsAppChannel { health { state } templateSync { running error } } } }`,
      { id: desk.botId },
    );
    expect(bot.whatsAppChannel).toEqual({
      health: { state: 'OK' },
      templateSync: { running: false, error: expect.stringMatching(reason) as unknown },
    });
  });

  test('one that never comes is given up, and what is known can still be sent', async () => {
    app.provider.answerTemplates(answers.hang());
    const calls = app.provider.calls.length;
    const syncing = desk.admin.attempt('syncTemplates', { botId: desk.botId }, 'added');
    await app.provider.waitForCalls(calls + 1, PATIENCE);
    app.clock.advance(11 * MINUTE);
    expect((await syncing).userErrors[0].message).toMatch(/given up/);
    await desk.accepted(await desk.agent('Bia'), `+${freshNumber()}`);
  });
});

describe('files that customers sent', () => {
  test.each<[string, Step, number]>([
    ['a redirect', answers.redirect('https://x.invalid/'), 502],
    ['an answer without end', answers.rawBody(200, ' '.repeat(1_500_000)), 502],
    ['no JSON', answers.rawBody(200, '<html>'), 502],
    ['an expired token', quotingError(190, 401), 502],
    ['somebody else’s address', answers.rawBody(200, '{"url":"https://x.invalid/file"}'), 502],
  ])('%s in the place of one: nobody else sees the token', async (_name, step, status) => {
    const desk = await Desk.open(app);
    await desk
      .customer(freshNumber())
      .message({ type: 'image', image: { id: '901', mime_type: 'image/jpeg' } });
    const file = await eventually(
      async () =>
        (await desk.admin.ask('{ tickets { nodes { messages { nodes { media { url } } } } } }')).tickets
          .nodes[0]?.messages.nodes[0]?.media.url as string | undefined,
      (url) => url !== undefined,
      PATIENCE,
    );
    app.provider.answerMedia([step]);
    const url = `${app.url}${new URL(file ?? '').pathname}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${desk.admin.token}` } });
    expect([answer.status, await answer.text()]).toEqual([
      status,
      expect.not.stringMatching(UNTELLABLE) as unknown,
    ]);
  });
});

test('rule 42: the log told of all that without a token or a phone number', () => {
  expect(faults.logged).not.toHaveLength(0);
  expect(faults.untellable()).toEqual([]);
});
