import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { Transaction } from '../../src/database/transaction';
import { DeadLetterRow } from '../../src/entities/dead-letter';
import { newId } from '../../src/entities/ids';
import { TicketMessageRow } from '../../src/entities/ticket-message';
import { MOST_DEAD_LETTERS } from '../../src/services/inbox/putting-aside';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { APP_SECRET, deliver, freshMessageId, messagesBody } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { BUSY, Faults, freshNumber, PATIENCE } from '../kit/faults';
import { inTurns } from '../kit/in-turns';
import { PROVIDER_TOKEN } from '../kit/provider-double';
import { figure, scaled } from '../kit/scale';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** What a customer wrote: it must stand in no reason, no shown payload and no log. */
const TEXT = 'canary words of a customer';

let app: TestApp;
let faults: Faults;
let desk: Desk;

beforeAll(async () => {
  app = await TestApp.start({ environment: BUSY });
  faults = new Faults(app);
});
beforeEach(async () => {
  desk = await Desk.open(app);
});
afterEach(() => {
  for (const line of faults.logged) expect(line).not.toMatch(/canary|55119/);
});
afterAll(async () => {
  jest.restoreAllMocks();
  await app.stop();
});

interface Letter {
  id: string;
  reason: string;
  payload: object;
  attempts: number;
}

const LETTERS = '{ deadLetters(first: 50) { totalCount nodes { id reason payload attempts } } }';

async function letters(count: number, admin = desk.admin): Promise<Letter[]> {
  const { nodes } = await eventually(
    async () => (await admin.ask(LETTERS)).deadLetters as { totalCount: number; nodes: Letter[] },
    // They are counted after they are read.
    ({ totalCount, nodes: read }) => totalCount === count && read.length === count,
    PATIENCE,
  );
  for (const letter of nodes) expect(JSON.stringify(letter)).not.toMatch(/canary|55119/);
  return nodes;
}

const retry = async (ids: string[], caller = desk.admin): Promise<number> =>
  (await caller.act('retryDeadLetters', { ids }, 'retried')).retried as number;

function message(from = freshNumber(), text = TEXT): Record<string, unknown> {
  const timestamp = String(Math.floor(app.clock.now() / 1_000));
  return { from, id: freshMessageId(), timestamp, type: 'text', text: { body: text } };
}

/** A body of these messages, which came over the desk's number unless told. */
const bodyOf = (messages: unknown[], phoneNumberId = desk.phoneNumberId): object =>
  messagesBody({ ...desk.door, app, phoneNumberId }, { messages });

const changesOf = (...changes: unknown[]): object => ({
  object: 'whatsapp_business_account',
  entry: [{ id: desk.businessAccountId, changes }],
});

function templateReport(account: string, name: string, id = 900_000_000_000_001): object {
  const value = {
    event: 'PAUSED',
    message_template_id: id,
    message_template_name: name,
    message_template_language: 'pt_BR',
    reason: 'NONE',
  };
  const changes = [{ field: 'message_template_status_update', value }];
  return { object: 'whatsapp_business_account', entry: [{ id: account, changes }] };
}

async function writtenTo(admin: Caller): Promise<string[]> {
  const { tickets }: Data = await admin.ask(
    '{ tickets(first: 100) { nodes { messages(first: 100) { nodes { text } } } } }',
  );
  return (tickets.nodes as { messages: { nodes: { text: string }[] } }[]).flatMap(({ messages }) =>
    messages.nodes.map(({ text }) => text),
  );
}

/** Connects another number to the contract, under which the provider knows what came too early. */
async function connect(phoneNumberId: string, businessAccountId: string): Promise<string> {
  const { bot } = await desk.admin.act(
    'createBot',
    { name: 'Later', identity: `later${phoneNumberId}@msging.net`, kind: 'BUILDER' },
    'bot { id }',
  );
  const secrets = { accessToken: PROVIDER_TOKEN, appSecret: APP_SECRET, verifyToken: 'verify me' };
  const cloudApi = { phoneNumberId, businessAccountId, ...secrets };
  const phoneNumber = `+55114${phoneNumberId.slice(-7)}`;
  await desk.admin.act('connectWhatsAppChannel', { botId: bot.id, phoneNumber, cloudApi }, 'channel { id }');
  return bot.id as string;
}

/** Storing a customer's message fails in a way that no rule foresees, with words that quote it. */
function breakStoring(): () => void {
  const original = Object.getOwnPropertyDescriptor(Transaction.prototype, 'insert')
    ?.value as Transaction['insert'];
  const spy = jest.spyOn(Transaction.prototype, 'insert').mockImplementation(function (
    this: Transaction,
    entity,
    ...rows
  ) {
    if ((entity as unknown) !== TicketMessageRow) return original.call(this, entity, ...rows);
    return Promise.reject(new TypeError(`cannot store ${JSON.stringify(rows)}`));
  });
  return () => spy.mockRestore();
}

describe('what cannot be understood or placed', () => {
  test('is listed with its reason and without the person, and its neighbours go on', async () => {
    const from = freshNumber();
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const unknown: [body: unknown, reason: RegExp][] = [
      [`{"from":"${from}","text":"${TEXT}`, /no JSON/],
      [JSON.stringify(bodyOf([message()])).replace(`"${TEXT}"`, deep), /too many levels/],
      [[TEXT], /no list of entries/],
      [{ object: 'whatsapp_business_account', entry: [{ [from]: TEXT }] }, /no list of changes/],
      [changesOf({ field: 'messages', value: TEXT }), /no value/],
      [changesOf({ field: 'brand_new', value: { from, text: TEXT } }), /field brand_new is not known/],
      [changesOf({ field: 'messages', value: { from, text: TEXT } }), /nothing that this server knows/],
      [messagesBody(desk.door, { rumours: [message()] }), /list rumours is not known/],
      [messagesBody(desk.door, { messages: message() }), /no list/],
      [bodyOf([{ ...message(), timestamp: TEXT }]), /timestamp/],
      [bodyOf([{ ...message(), id: null }]), /no id/],
      [bodyOf([TEXT]), /no object/],
      [bodyOf([message()], 'nobody'), /phone number id/],
      [templateReport('nobody', 'order_update'), /business account id/],
      [templateReport(desk.businessAccountId, 'unheard_of', 77), /sync its templates/],
    ];
    for (const [body] of unknown) expect(await deliver(desk.door, body)).toBe(200);
    const mixed = bodyOf([message(freshNumber(), 'one'), { id: 7 }, message(freshNumber(), 'two')]);
    expect(await deliver(desk.door, mixed)).toBe(200);
    const listed = await letters(unknown.length + 1);
    const reasons = listed.map(({ reason }) => reason);
    for (const [body, reason] of unknown)
      expect({ body, reasons }).toMatchObject({
        reasons: expect.arrayContaining([expect.stringMatching(reason)]) as unknown,
      });
    expect(listed.map(({ attempts }) => attempts)).toEqual(listed.map(() => 1));
    const written = await eventually(
      () => writtenTo(desk.admin),
      ({ length }) => length === 2,
      PATIENCE,
    );
    expect(written.sort()).toEqual(['one', 'two']);
    // In vain, each of them: all stay, with a reason, and the try is counted.
    const ids = listed.map(({ id }) => id);
    expect(await retry(ids)).toBe(0);
    const kept = await letters(ids.length);
    expect(kept.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(kept.map(({ attempts, reason }) => [attempts, reason !== ''])).toEqual(kept.map(() => [2, true]));
    const [first] = ids;
    expect(await desk.admin.act('discardDeadLetters', { ids: [first] }, 'discarded')).toMatchObject({
      discarded: 1,
    });
    await letters(ids.length - 1);
  });

  test('is kept too where its handler throws what nobody foresaw, and worked once when that is repaired', async () => {
    const repair = breakStoring();
    try {
      expect(await deliver(desk.door, bodyOf([message()]))).toBe(200);
      const [letter] = await letters(1);
      expect(letter?.reason).toMatch(/unforeseen.*log/);
      expect(faults.logged.join()).toMatch(/TypeError/);
      expect(await retry([letter!.id])).toBe(0);
      expect((await letters(1))[0]).toMatchObject({ attempts: 2, reason: letter?.reason });
    } finally {
      repair();
    }
    const [letter] = await letters(1);
    expect(await retry([letter!.id])).toBe(1);
    expect(await writtenTo(desk.admin)).toEqual([TEXT]);
    await letters(0);
    expect(await desk.admin.refusals('retryDeadLetters', { ids: [letter!.id] })).toEqual(['NOT_FOUND']);
  });
});

describe('trying again', () => {
  test('works an item exactly once, when its number is connected, whoever else delivers or retries it', async () => {
    const phoneNumberId = `7${desk.phoneNumberId}`;
    const body = bodyOf([message()], phoneNumberId);
    expect(await deliver(desk.door, body)).toBe(200);
    const ids = (await letters(1)).map(({ id }) => id);
    await connect(phoneNumberId, `7${desk.businessAccountId}`);
    const other = await desk.agent('Clara');
    await desk.admin.act('updateAgent', { agentId: other.id, role: 'ADMIN' }, 'agent { id }');
    // Two admins, each twice, and the provider once more.
    const tries = [desk.admin, other, desk.admin, other].map((admin) =>
      admin.attempt('retryDeadLetters', { ids }, 'retried'),
    );
    const [results, status] = await Promise.all([Promise.all(tries), deliver(desk.door, body)]);
    expect(results.map(({ retried }: Data) => retried as number).sort()).toEqual([0, 0, 0, 1]);
    expect(status).toBe(200);
    await letters(0);
    await eventually(
      () => writtenTo(desk.admin),
      (written) => written.length > 0,
      PATIENCE,
    );
    expect(await writtenTo(desk.admin)).toEqual([TEXT]);
  });

  test('works a report on a template, when its business account is connected and its templates are known', async () => {
    const account = `8${desk.businessAccountId}`;
    expect(await deliver(desk.door, templateReport(account, 'order_update'))).toBe(200);
    const ids = (await letters(1)).map(({ id }) => id);
    const botId = await connect(`8${desk.phoneNumberId}`, account);
    expect(await retry(ids)).toBe(0);
    expect((await letters(1))[0]).toMatchObject({
      attempts: 2,
      reason: expect.stringMatching(/sync/) as unknown,
    });
    app.provider.templates(account, [
      {
        id: '900000000000001',
        name: 'order_update',
        language: 'pt_BR',
        status: 'APPROVED',
        category: 'UTILITY',
        components: [{ type: 'BODY', text: 'Olá' }],
      },
    ]);
    await desk.admin.act('syncTemplates', { botId }, 'added');
    expect(await retry(ids)).toBe(1);
    const { templates } = await desk.admin.ask(
      'query ($bot: [ID!]) { templates(filter: { botIds: $bot }) { nodes { status } } }',
      { bot: [botId] },
    );
    expect(templates.nodes).toEqual([{ status: 'PAUSED' }]);
  });

  test('counts each try of several admins at once', async () => {
    expect(await deliver(desk.door, bodyOf([message()], 'nobody'))).toBe(200);
    const ids = (await letters(1)).map(({ id }) => id);
    const tries = Array.from({ length: 5 }, () => retry(ids));
    expect(await Promise.all(tries)).toEqual([0, 0, 0, 0, 0]);
    expect(await letters(1)).toMatchObject([{ id: ids[0], attempts: 6 }]);
  });
});

test('they are for admins of the contract alone', async () => {
  const other = await Desk.open(app);
  expect(await deliver(desk.door, bodyOf([message()], 'nobody'))).toBe(200);
  const ids = (await letters(1)).map(({ id }) => id);
  await letters(0, other.admin);
  for (const mutation of ['retryDeadLetters', 'discardDeadLetters'])
    expect(await other.admin.refusals(mutation, { ids })).toEqual(['NOT_FOUND']);
  const key = await desk.admin.act('createApiKey', { name: 'bi', scopes: ['READ'] }, 'secret');
  for (const caller of [await desk.agent('Bia'), app.machine(key.secret as string)]) {
    expect(await caller.problem(LETTERS)).toBe('FORBIDDEN');
    for (const [mutation, type] of [
      ['retryDeadLetters', 'RetryDeadLettersInput'],
      ['discardDeadLetters', 'DiscardDeadLettersInput'],
    ]) {
      const document = `mutation ($input: ${type}!) { ${mutation}(input: $input) { userErrors { code } } }`;
      expect(await caller.problem(document, { input: { ids } })).toBe('FORBIDDEN');
    }
  }
  expect((await letters(1))[0]?.attempts).toBe(1);
});

describe('they do not fill the disk', () => {
  const rowOf = (receivedAt: number): DeadLetterRow => ({
    id: newId('DeadLetter'),
    contractId: desk.contractId,
    channelId: desk.channelId,
    receivedAt,
    reason: 'It was put aside before.',
    payload: {},
    attempts: 1,
  });
  const insert = (...rows: DeadLetterRow[]): Promise<void> =>
    app.platform.store.transact(desk.contractId, (transaction) => transaction.insert(DeadLetterRow, ...rows));
  const count = (): Promise<number> =>
    app.platform.store.rowsOf(desk.contractId).count(DeadLetterRow, sql`1 = 1`);

  test('of too many the oldest go, and a metric tells how many', async () => {
    const begun = app.clock.now() - HOUR;
    const rows = Array.from({ length: MOST_DEAD_LETTERS }, (_, index) => rowOf(begun + index));
    await insert(...rows);
    const bad = Array.from({ length: scaled(120, 12_000) }, () => ({ id: 7 }));
    const bodies = Array.from({ length: Math.ceil(bad.length / 500) }, (_, part) =>
      bodyOf(bad.slice(part * 500, (part + 1) * 500)),
    );
    const started = performance.now();
    await inTurns(bodies, async (body) => expect(await deliver(desk.door, body)).toBe(200));
    const dropped = async (): Promise<number> =>
      (await app.platform.metrics.deadLettersDropped.get()).values[0]?.value ?? 0;
    await eventually(
      async () => (await count()) + (await dropped()),
      (number) => number === MOST_DEAD_LETTERS + bad.length,
      scaled(PATIENCE, 10 * PATIENCE),
    );
    // Some more than that are there for a while: what is put aside between two looks, and during one.
    expect(await dropped()).toBeGreaterThan(Math.max(0, bad.length - 200));
    const stored = app.platform.store.rowsOf(desk.contractId);
    expect(await stored.count(DeadLetterRow, sql`id = ${rows[0]!.id}`)).toBe(0);
    // All of the new ones are there, or as many as there may be.
    const fresh = await stored.count(DeadLetterRow, sql`reason <> 'It was put aside before.'`);
    expect(fresh).toBeGreaterThanOrEqual(Math.min(bad.length, MOST_DEAD_LETTERS));
    figure('Dead letters', 'bad items of a flood', bad.length);
    figure('Dead letters', 'seconds to put them aside', ((performance.now() - started) / 1_000).toFixed(1));
  });

  test('of a large one the beginning is kept', async () => {
    expect(await deliver(desk.door, `{"from":"${TEXT.repeat(100_000)}`)).toBe(200);
    expect(await deliver(desk.door, bodyOf([message(freshNumber(), TEXT.repeat(100_000))], 'nobody'))).toBe(
      200,
    );
    await letters(2);
    const stored = await app.platform.store.rowsOf(desk.contractId).find(DeadLetterRow);
    expect(stored.map(({ payload }) => String(payload['unreadable']).length)).toEqual([65_536, 65_536]);
  });

  test('after thirty days each goes', async () => {
    const now = app.clock.now();
    await insert(rowOf(now - 31 * DAY), rowOf(now - 29 * DAY));
    app.clock.advance(2 * HOUR);
    await eventually(count, (number) => number === 1, PATIENCE);
  });
});
