import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { DeliveryRow } from '../../src/entities/delivery';
import { TestApp } from '../kit/app';
import type { Data } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import {
  BUSY,
  Faults,
  freshNumber,
  PATIENCE,
  quotingError,
  reached,
  sendsOf,
  TIME_LIMIT,
  UNTELLABLE,
} from '../kit/faults';
import { inTurns } from '../kit/in-turns';
import { answers, type Step } from '../kit/provider-double';
import { scaled } from '../kit/scale';

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

const ACCOUNT = [0, 3, 10, 200, 299, 131005, 131031, 131037, 131042, 131044, 131045, 133010, 368, 130497];

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

/** A desk whose number's calls are all answered so, until `repair` gives it a new token; and another in its contract. */
async function failingDesk(step: Step) {
  const desk = await Desk.open(app);
  const other = await Desk.open(app, { beside: desk });
  const olga = await other.agent('Olga');
  const bia = await desk.agent('Bia');
  const alerts = await desk.admin.listen(ALERTS);
  const token = `EAAGrenewed${desk.phoneNumberId}`;
  const numbers = [1, 2, 3].map(freshNumber);
  // Not before all are stored: a stopped number takes none.
  let begin = (): void => undefined;
  const stored = new Promise<void>((resolve) => (begin = resolve));
  const failing = answers.delay(stored, step);
  const ids = await Promise.all(numbers.map((number) => faults.send(desk, bia, number, [failing, failing])));
  begin();
  const repair = async (): Promise<void> => {
    app.provider.tokens.add(token);
    for (const number of numbers) faults.answer(number, []);
    const input = { channelId: desk.channelId, accessToken: token };
    await desk.admin.act('updateWhatsAppChannel', input, 'channel { id }');
  };
  return { desk, other, olga, bia, alerts, ids, numbers, token, repair };
}

const HEALTH = `query ($id: ID!) { bot(id: $id) { whatsAppChannel { health { state since providerCode message } } } }`;
const ALERTS = `subscription ($after: String) { channelHealthChanged(after: $after) { state channel { id } } }`;

describe('rule 21: an error of the account', () => {
  const rows: [string, Step, number | null][] = [
    ['an expired token', quotingError(190, 401), 190],
    ['a 403 in HTML', answers.rawBody(403, '<html>'), null],
    ...scaled([131042], ACCOUNT).map((code): [string, Step, number] => [`${code}`, quotingError(code), code]),
    ...scaled([], [401, 404, 407]).map((status): [string, Step, null] => [
      `a ${status} in HTML`,
      answers.rawBody(status, '<html>'),
      null,
    ]),
  ];
  test.each(rows)(
    '%s stops that number alone, says so, and nothing is lost or doubled',
    async (_name, step, code) => {
      const stops = await metric('saludo_channel_stops_total');
      const lines = faults.logged.length;
      const { desk, other, olga, bia, alerts, ids, numbers, token, repair } = await failingDesk(step);
      const healthOf = async (): Promise<Data> =>
        (await desk.admin.ask(HEALTH, { id: desk.botId })).bot.whatsAppChannel.health;
      const stopped = await eventually(healthOf, ({ state }) => state === 'STOPPED', PATIENCE);
      const alert = (state: string) => ({ channelHealthChanged: { state, channel: { id: desk.channelId } } });
      expect(await alerts.next()).toEqual(alert('STOPPED'));
      expect([stopped.providerCode, typeof stopped.since]).toEqual([code, 'string']);
      expect(stopped.message).toMatch(/updateWhatsAppChannel/);
      expect(stopped.message).not.toMatch(UNTELLABLE);
      // Those that were being called when it stopped are kept too, however long a while it takes.
      await eventually(
        () => app.platform.store.rowsOf(desk.contractId).count(DeliveryRow, sql`lease_until is not null`),
        (count) => count === 0,
        PATIENCE,
      );
      const made = numbers.map((number) => faults.callsTo(number).length);
      app.clock.advance(10 * MINUTE);
      await other.accepted(olga, `+${freshNumber()}`);
      expect(numbers.map((number) => faults.callsTo(number).length)).toEqual(made);
      expect([...(await sendsOf(bia)).values()].map(({ status, failure }) => [status, failure])).toEqual(
        ids.map(() => ['QUEUED', null]),
      );
      expect(await bia.refusals('sendActiveMessage', desk.orderUpdate(`+${freshNumber()}`))).toEqual([
        'CHANNEL_STOPPED',
      ]);
      expect((await metric('saludo_channel_stops_total')) - stops).toBe(1);
      const about = (): string[] =>
        faults.logged.slice(lines).filter((line) => line.includes(desk.channelId));
      expect(about()).toEqual([expect.stringContaining('stopped a number')]);

      await repair();
      await reached({ app, caller: bia }, ids, ({ status }) => status === 'ACCEPTED', SECOND);
      expect(await healthOf()).toMatchObject({ state: 'OK', providerCode: null, message: null });
      numbers.forEach((number, index) => {
        const calls = faults.callsTo(number).slice(made[index]);
        expect(calls.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${token}`]);
      });
      expect(await alerts.next()).toEqual(alert('OK'));
      expect([about().length, alerts.pending]).toEqual([2, 0]);
      await alerts.close();
    },
    TIME_LIMIT,
  );
});

test(
  'rules 20 and 21: a number whose calls all hang holds up no other',
  async () => {
    const [hanging, other] = [await Desk.open(app), await Desk.open(app)];
    const [bia, olga] = [await hanging.agent('Bia'), await other.agent('Olga')];
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const numbers = Array.from({ length: 140 }, freshNumber);
    const ids = await inTurns(numbers, (number) =>
      faults.send(hanging, bia, number, [answers.delay(answered)]),
    );
    const made = (): number => numbers.filter((number) => faults.callsTo(number).length > 0).length;
    // As many as one number may have on their way; the others wait for them.
    await eventually(made, (count) => count === 128, PATIENCE);
    await other.accepted(olga, `+${freshNumber()}`);
    expect(made()).toBe(128);
    answer();
    await reached({ app, caller: bia }, ids, ({ status }) => status === 'ACCEPTED');
    expect(numbers.map((number) => faults.callsTo(number).length)).toEqual(numbers.map(() => 1));
  },
  TIME_LIMIT,
);

test('rule 42: the log told of all that without a token or a phone number', () => {
  expect(faults.logged).not.toHaveLength(0);
  expect(faults.untellable()).toEqual([]);
});
