import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Data } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import {
  BUSY,
  Faults,
  freshNumber,
  numberCalled,
  PATIENCE,
  quotingError,
  reached,
  settled,
  TIME_LIMIT,
  UNTELLABLE,
  type SeenSend,
} from '../kit/faults';
import { freePort } from '../kit/free-port';
import { inTurns } from '../kit/in-turns';
import { answers, createProviderDouble, type ProviderDouble, type Step } from '../kit/provider-double';
import { figure } from '../kit/scale';
import { LISTED_TEMPLATES } from '../kit/templates';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let app: TestApp;
let faults: Faults;
/** Somebody else's server, to which answers lead: it must never be called. */
let foreign: ProviderDouble;

beforeAll(async () => {
  [app, foreign] = await Promise.all([TestApp.start({ environment: BUSY }), createProviderDouble()]);
  faults = new Faults(app);
});
afterAll(async () => {
  jest.restoreAllMocks();
  await app.stop();
  await foreign.close();
});

interface Ending {
  status: string;
  code?: string;
  providerCode?: number;
  attempts: number;
  /** The timeline after `queued`. */
  facts: string;
}

const ONCE_MORE: Ending = {
  status: 'ACCEPTED',
  attempts: 2,
  facts: 'call_started refused call_started accepted',
};
const AT_ONCE: Ending = { status: 'ACCEPTED', attempts: 1, facts: 'call_started accepted' };
const NEVER_KNOWN: Ending = {
  status: 'FAILED',
  code: 'OUTCOME_UNKNOWN',
  attempts: 1,
  facts: 'call_started no_answer failed',
};
const failed = (code: string, providerCode?: number): Ending => ({
  status: 'FAILED',
  code,
  ...(providerCode !== undefined && { providerCode }),
  attempts: 1,
  facts: 'call_started refused',
});

type Row = [name: string, steps: Step[], ending: Ending];

const TRANSIENT = [1, 2, 4, 17, 80007, 130429, 131000, 131016, 131057, 133004, 131056];
const FOR_GOOD: Record<string, number[]> = {
  RESTRICTED: [131048, 131049, 131064, 130472],
  UNDELIVERABLE: [131026, 131021, 131030, 131062, 137000],
  OPTED_OUT: [131050],
  SERVICE_WINDOW_CLOSED: [131047],
  TEMPLATE_REFUSED: [132000, 132001, 132005, 132007, 132008, 132012, 132016, 132068, 132069, 131063],
  TEMPLATE_PAUSED: [132015],
  REQUEST_REFUSED: [100, 131008, 131009, 131051, 131052, 131053],
  OTHER: [199, 300, 424242],
};

/** Every row of the providers' table that is about one message. */
function table(): Row[] {
  const elsewhere = `${foreign.url}/1/messages`;
  return [
    ...TRANSIENT.map((code): Row => [`error ${code}`, [quotingError(code, 500)], ONCE_MORE]),
    ['an error said to be transient', [quotingError(77, 400, { isTransient: true })], ONCE_MORE],
    ['an error unknown to us with 429', [quotingError(77, 429)], ONCE_MORE],
    ['429 in HTML', [answers.rawBody(429, '<html>')], ONCE_MORE],
    ['429 empty', [answers.rawBody(429, '', { 'retry-after': 'soon' })], ONCE_MORE],
    ['135000, then none', [quotingError(135000)], ONCE_MORE],
    [
      '135000 twice',
      [quotingError(135000), quotingError(135000)],
      { ...failed('OTHER', 135000), attempts: 2, facts: 'call_started refused call_started refused' },
    ],
    ...Object.entries(FOR_GOOD).flatMap(([failure, codes]) =>
      codes.map((code): Row => [`error ${code}`, [quotingError(code)], failed(failure, code)]),
    ),
    ['400 in HTML', [answers.rawBody(400, '<html>')], failed('REQUEST_REFUSED')],
    ['paused', [answers.pause()], failed('TEMPLATE_PAUSED')],
    ['held for its quality', [answers.hold()], AT_ONCE],
    ['slow', [answers.delay(1_500)], AT_ONCE],
    ...[408, 500, 502, 503, 504].flatMap((status): Row[] => [
      [`${status} empty`, [answers.rawBody(status, '')], NEVER_KNOWN],
      [`${status} in HTML`, [answers.rawBody(status, '<html>')], NEVER_KNOWN],
    ]),
    ['200 that is no JSON', [answers.rawBody(200, '{"messages":[{"id":"wamid')], NEVER_KNOWN],
    ['200 without an id', [answers.rawBody(200, '{"messages":[{}]}')], NEVER_KNOWN],
    ['200 empty', [answers.rawBody(200, '')], NEVER_KNOWN],
    ['204', [answers.rawBody(204, '')], NEVER_KNOWN],
    ['200 without end', [answers.rawBody(200, ' '.repeat(1_500_000))], NEVER_KNOWN],
    ...[301, 302, 303, 307, 308].map((status): Row => [
      `${status} elsewhere`,
      [answers.redirect(elsewhere, status)],
      NEVER_KNOWN,
    ]),
    ['reset before the answer', [answers.reset('before')], NEVER_KNOWN],
    ['reset within the answer', [answers.reset('mid-body')], NEVER_KNOWN],
    ['no answer', [answers.hang()], NEVER_KNOWN],
    ['an answer that stands still', [answers.stall()], NEVER_KNOWN],
  ];
}

describe('rules 20 to 23: what the provider answers', () => {
  test(
    'ends in the right fact and status, once each, and holds up nobody else',
    async () => {
      const desk = await Desk.open(app);
      const bia = await desk.agent('Bia');
      const confirmations = await bia.listen(
        'subscription ($after: String) { sendConfirmed(after: $after) { outcome send { id } } }',
      );
      const rows = table();
      const sent = await inTurns(rows, async ([name, steps, ending]) => {
        const number = freshNumber();
        return { name, ending, number, id: await faults.send(desk, bia, number, [...steps]) };
      });
      const ids = sent.map(({ id }) => id);
      const isNeverKnown = ({ ending }: (typeof sent)[number]): boolean => ending === NEVER_KNOWN;
      // What was accepted at once was, though others hang.
      const open = sent.filter(({ name }) => name === 'no answer' || name === 'an answer that stands still');
      const held = sent.filter(({ ending }) => ending === AT_ONCE).map(({ id }) => id);
      const begun = open.map(({ id }) => id);
      await reached({ app, caller: bia }, begun, ({ attempts }) => attempts === 1);
      const early = await reached({ app, caller: bia }, held, ({ status }) => status === 'ACCEPTED');
      expect(begun.map((id) => early.get(id)!.timeline.at(-1)?.kind)).toEqual([
        'call_started',
        'call_started',
      ]);
      // What may be repeated is.
      const decided = sent.filter((one) => !isNeverKnown(one)).map(({ id }) => id);
      const watch = { app, caller: bia, hanging: faults.hanging };
      await reached(watch, decided, ({ status }) => status !== 'QUEUED', SECOND);
      // Then whoever waits for an answer gives up.
      await settled(app, faults.hanging);
      app.clock.advance(31 * SECOND);
      const unknown = sent.filter(isNeverKnown).map(({ id }) => id);
      await reached(watch, unknown, ({ status, outcomeUnknown }) => status === 'QUEUED' && outcomeUnknown);
      app.clock.advance(6 * MINUTE);
      const all = await reached({ app, caller: bia }, ids, ({ status }) => status !== 'QUEUED');

      for (const { name, ending, number, id } of sent) {
        const { status, failure, attempts, outcomeUnknown, timeline } = all.get(id)!;
        const facts = timeline.map(({ kind }) => kind).slice(1);
        const { code, providerCode } = failure ?? {};
        expect({
          name,
          status,
          code,
          providerCode,
          attempts,
          facts: facts.join(' '),
          outcomeUnknown,
        }).toEqual({
          name,
          code: undefined,
          ...ending,
          providerCode: ending.status === 'FAILED' ? (ending.providerCode ?? null) : undefined,
          outcomeUnknown: false,
        });
        expect([name, faults.callsTo(number).length]).toEqual([name, ending.attempts]);
        expect(failure?.message ?? '').not.toMatch(UNTELLABLE);
      }
      const confirmed = new Map<string, string[]>();
      for (const _one of sent) {
        const { sendConfirmed }: Data = await confirmations.next();
        const { id } = sendConfirmed.send as { id: string };
        confirmed.set(id, [...(confirmed.get(id) ?? []), sendConfirmed.outcome as string]);
      }
      expect(Object.fromEntries(confirmed)).toEqual(
        Object.fromEntries(sent.map(({ id, ending }) => [id, [ending.status]])),
      );
      expect(confirmations.pending).toBe(0);
      await confirmations.close();
      // Nobody was called but the provider, and what it said of templates made us look at them.
      expect(foreign.calls).toEqual([]);
      expect(
        app.provider.calls.filter(({ path }) => path.endsWith('/message_templates')).length,
      ).toBeGreaterThan(1);
      expect(
        faults.logged.filter((line) => line.includes('took the request for a message as wrong')),
      ).toHaveLength((FOR_GOOD['REQUEST_REFUSED']?.length ?? 0) + 1);
    },
    TIME_LIMIT,
  );

  test(
    'tells how long to wait, which delays that message alone',
    async () => {
      const desk = await Desk.open(app);
      const bia = await desk.agent('Bia');
      const limited = (retryAfter: string, body = ''): Step =>
        answers.rawBody(429, body, { 'retry-after': retryAfter });
      const date = new Date(app.clock.now() + 600 * SECOND).toUTCString();
      const scripts: Step[][] = [
        [limited('600')],
        [limited(date)],
        [quotingError(130429, 429, { headers: { 'retry-after': '600' } })],
        // A storm: each time anew, and a date that has passed.
        [limited('0'), limited('Thu, 01 Jan 1970 00:00:00 GMT'), limited('1'), limited('600')],
      ];
      const numbers = scripts.map(freshNumber);
      const ids = await Promise.all(
        scripts.map((steps, index) => faults.send(desk, bia, numbers[index] ?? '', [...steps])),
      );
      const calls = (): number[] => numbers.map((number) => faults.callsTo(number).length);
      await eventually(calls, (made) => made.every((number) => number > 0), PATIENCE);
      // The others go on meanwhile, and the storm's message is tried again as it is told.
      await eventually(
        async () => {
          await settled(app);
          app.clock.advance(SECOND);
          return calls();
        },
        ([, , , storm]) => storm === 4,
        PATIENCE,
      );
      const waited = await reached({ app, caller: bia }, [], () => true);
      expect(ids.map((id) => waited.get(id)!.status)).toEqual(ids.map(() => 'QUEUED'));
      await desk.accepted(bia, `+${freshNumber()}`);
      expect(calls()).toEqual([1, 1, 1, 4]);
      await reached({ app, caller: bia }, ids, ({ status }) => status === 'ACCEPTED', 20 * SECOND);
      expect(calls()).toEqual([2, 2, 2, 5]);
    },
    TIME_LIMIT,
  );

  test(
    'a provider that does not listen gets it once it does',
    async () => {
      const port = await freePort();
      const open = async (): Promise<ProviderDouble> => {
        const double = await createProviderDouble(port);
        double.answerTemplates(() => answers.rawBody(200, JSON.stringify({ data: LISTED_TEMPLATES })));
        return double;
      };
      let double = await open();
      const server = await TestApp.start({ environment: { WHATSAPP_API_URL: double.url } });
      try {
        const desk = await Desk.open(server);
        const bia = await desk.agent('Bia');
        await double.close();
        const number = freshNumber();
        const id = await faults.send(desk, bia, number);
        const isNotSent = ({ timeline }: SeenSend): boolean =>
          timeline.some(({ kind }) => kind === 'not_sent');
        await reached({ app, caller: bia }, [id], isNotSent);
        double = await open();
        const isAccepted = ({ status }: SeenSend): boolean => status === 'ACCEPTED';
        const all = await reached({ app: server, caller: bia }, [id], isAccepted, 5 * SECOND);
        expect(all.get(id)!.timeline.map(({ kind }) => kind)).not.toContain('no_answer');
        expect(double.sends.map(numberCalled)).toEqual([number]);
      } finally {
        await server.stop();
        await double.close();
      }
    },
    TIME_LIMIT,
  );
});

test('rule 42: the log told of all that without a token or a phone number', () => {
  expect(faults.logged).not.toHaveLength(0);
  expect(faults.untellable()).toEqual([]);
  figure('Provider faults', 'kinds of answers tried through the API', table().length);
});
