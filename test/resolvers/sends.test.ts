import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { DeliveryRow } from '../../src/entities/delivery';
import { addFacts, ownFact } from '../../src/services/deliveries/deliveries';
import { Dispatcher } from '../../src/services/deliveries/dispatcher';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers } from '../kit/provider-double';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let app: TestApp;
let desk: Desk;
let agent: Caller;

beforeAll(async () => {
  app = await TestApp.start({ environment: { SENDS_PER_MINUTE: '120' } });
});
beforeEach(async () => {
  app.provider.answer(answers.accept());
  desk = await Desk.open(app);
  agent = await desk.agent('Bia');
});
afterAll(async () => {
  await app.stop();
});

let phones = 0;
/** A mobile number of Brazil that no other test has. */
const phone = (): string => `+55119${String(60_000_000 + (phones += 1))}`;
const callsTo = (number: string) =>
  app.provider.sends.filter(({ body }) => (body as { to?: string }).to === number.slice(1));
const now = async (id: string) => desk.sendWhen(agent, id, () => true);

async function queued(number: string): Promise<string> {
  const { send } = await agent.act('sendActiveMessage', desk.orderUpdate(number), 'send { id }');
  return send.id as string;
}

describe('rule 20: leases', () => {
  test('several nodes call every message once, at the pace of the number', async () => {
    const others = [new Dispatcher(app.platform), new Dispatcher(app.platform)];
    for (const other of others) other.start();
    const numbers = Array.from({ length: 60 }, phone);
    const began = app.provider.sends.length;
    const ids = await Promise.all(numbers.map(queued));
    for (const id of ids) await desk.sendWhen(agent, id, ({ status }) => status === 'ACCEPTED');
    await Promise.all(others.map((other) => other.stop()));
    expect(numbers.map((number) => callsTo(number).length)).toEqual(numbers.map(() => 1));
    const calls = app.provider.sends.slice(began);
    // 60 calls at 80 a second; the first may have begun late.
    expect(calls.at(-1)!.at - calls[0]!.at).toBeGreaterThan(500);
  });

  test('a call that a node began and never ended is unknown, and is not made again', async () => {
    const number = phone();
    await desk.accepted(agent, number);
    // Within the recipient's pause nobody claims it, so that the other node can be played here.
    const id = await queued(number);
    const { platform } = app;
    await platform.store.transact(desk.contractId, async (transaction) => {
      await addFacts(platform, transaction, id, [ownFact('call_started', transaction.now, { attempt: 1 })]);
      const lease = { leaseOwner: 'another node', leaseUntil: transaction.now + 1_000 };
      await transaction.update(DeliveryRow, lease, sql`id = ${id}`);
    });
    app.clock.advance(7_000);
    const unknown = await desk.sendWhen(agent, id, ({ outcomeUnknown }) => outcomeUnknown);
    expect(unknown).toMatchObject({ status: 'QUEUED', attempts: 1, replyState: 'AWAITING' });
    app.clock.advance(7_000);
    await desk.accepted(agent, phone());
    expect(callsTo(number)).toHaveLength(1);
  });

  test('canceling twice is as good as once', async () => {
    const number = phone();
    await desk.accepted(agent, number);
    const id = await queued(number);
    for (let time = 0; time < 2; time += 1) {
      const { send } = await agent.act('cancelSend', { sendId: id }, 'send { status timeline { kind } }');
      expect(send).toEqual({ status: 'CANCELED', timeline: [{ kind: 'queued' }, { kind: 'canceled' }] });
    }
    expect(await agent.refusals('cancelSend', { sendId: 'snd_01h455vb4pex5vsknk084sn02q' })).toEqual([
      'NOT_FOUND',
    ]);
  });
});

describe('rules 21 and 22: what was unknown', () => {
  test('a failure reported after our guess is told no more; a delivery after it is, once', async () => {
    app.provider.answer([answers.reset('before')]);
    const confirmations = await agent.listen(
      'subscription ($after: String) { sendConfirmed(after: $after) { outcome send { id } } }',
    );
    const number = phone();
    const id = await queued(number);
    await desk.sendWhen(agent, id, ({ outcomeUnknown }) => outcomeUnknown);
    app.clock.advance(6 * MINUTE);
    await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED');
    const customer = desk.customer(number.slice(1));
    await customer.report('failed', 'wamid.guessed', { correlation: id, errorCode: 131026 });
    await eventually(
      () => now(id),
      (send) => (send['failure'] as { code: string }).code === 'UNDELIVERABLE',
    );
    await customer.report('delivered', 'wamid.guessed');
    await desk.sendWhen(agent, id, ({ status }) => status === 'DELIVERED');
    await customer.report('read', 'wamid.guessed');
    await desk.sendWhen(agent, id, ({ status }) => status === 'READ');
    const last = await desk.accepted(agent, phone());
    const told = [await confirmations.next(), await confirmations.next(), await confirmations.next()];
    expect(told).toEqual([
      { sendConfirmed: { outcome: 'FAILED', send: { id } } },
      { sendConfirmed: { outcome: 'ACCEPTED', send: { id } } },
      { sendConfirmed: { outcome: 'ACCEPTED', send: { id: last.id } } },
    ]);
    await confirmations.close();
  });

  test('error 131050 opts the contact out of marketing; in an answer and in a report', async () => {
    const optedOut = async (contactId: string): Promise<boolean> => {
      const { contact } = await desk.admin.ask(
        'query ($id: ID!) { contact(id: $id) { marketingOptedOutAt optedOutAt } }',
        { id: contactId },
      );
      expect(contact.optedOutAt).toBeNull();
      return contact.marketingOptedOutAt !== null;
    };
    const number = phone();
    const { providerMessageId, contactId, id } = await desk.accepted(agent, number);
    expect(await optedOut(contactId)).toBe(false);
    await desk.customer(number.slice(1)).report('failed', providerMessageId, { errorCode: 131050 });
    const failed = await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED');
    expect(failed['failure']).toMatchObject({ code: 'OPTED_OUT', providerCode: 131050 });
    await eventually(
      () => optedOut(contactId),
      (isSo) => isSo,
    );
  });
});

describe('rule 19: rate', () => {
  test('too many sends are refused with the instant at which one may go on; repeats are not counted', async () => {
    const slow = await TestApp.start({ environment: { SENDS_PER_MINUTE: '2' } });
    try {
      const itsDesk = await Desk.open(slow);
      const sender = await itsDesk.agent('Bia');
      const first = itsDesk.orderUpdate(phone(), 'first');
      await sender.act('sendActiveMessage', first, 'send { id }');
      await sender.act('sendActiveMessage', itsDesk.orderUpdate(phone()), 'send { id }');
      const number = phone();
      const { send, userErrors } = await sender.attempt(
        'sendActiveMessage',
        itsDesk.orderUpdate(number),
        'send { id }',
      );
      expect(send).toBeNull();
      expect(userErrors).toMatchObject([{ code: 'RATE_LIMITED', field: null }]);
      const wait = Date.parse(userErrors[0].retryAt as string) - slow.clock.now();
      expect(wait).toBeGreaterThan(30_000);
      expect(wait).toBeLessThanOrEqual(MINUTE);
      expect(await sender.refusals('sendActiveMessage', first)).toEqual([]);
      const { contacts } = await itsDesk.admin.ask(
        'query ($bot: ID!, $search: String) { contacts(botId: $bot, search: $search) { totalCount } }',
        { bot: itsDesk.botId, search: number.slice(1) },
      );
      expect(contacts.totalCount).toBe(0);
      slow.clock.advance(MINUTE + 1);
      await sender.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
      expect(await sender.refusals('sendActiveMessage', itsDesk.orderUpdate(number))).toEqual([]);
    } finally {
      await slow.stop();
    }
  });
});

describe('rules 28 and 32: windows', () => {
  test('a window that passes turns to EXPIRED by itself, and the feed tells it', async () => {
    const { id } = await desk.accepted(agent, phone());
    const before = await desk.admin.cursor();
    app.clock.advance(24 * HOUR + MINUTE);
    await desk.sendWhen(agent, id, ({ replyState }) => replyState === 'EXPIRED');
    const { sends } = await desk.admin.ask(
      'query ($after: String) { sends(filter: { changedAfter: $after, replyStates: [EXPIRED] }) { nodes { id status } } }',
      { after: before },
    );
    expect(sends.nodes).toEqual([{ id, status: 'ACCEPTED' }]);
  });

  test('releasing is for the sender and admins, idempotent, and not for an answered send', async () => {
    const number = phone();
    const { id } = await desk.accepted(agent, number);
    const colleague = await desk.agent('Caio');
    expect(await colleague.refusals('releaseReply', { sendId: id })).toEqual(['NOT_FOUND']);
    for (const caller of [agent, desk.admin]) {
      const { send } = await caller.act('releaseReply', { sendId: id }, 'send { replyState status }');
      expect(send).toEqual({ replyState: 'RELEASED', status: 'ACCEPTED' });
    }
    const other = phone();
    const answered = await desk.accepted(agent, other);
    await desk.customer(other.slice(1)).write('yes');
    await desk.sendWhen(agent, answered.id, ({ replyState }) => replyState === 'REPLIED');
    expect(await agent.refusals('releaseReply', { sendId: answered.id })).toEqual(['INVALID']);
  });
});

describe('rule 24: retries', () => {
  test('a retry of a retry counts for the first send too', async () => {
    app.provider.answer([answers.error(131026), answers.error(131026)]);
    const number = phone();
    const first = await queued(number);
    await desk.sendWhen(agent, first, ({ status }) => status === 'FAILED');
    const retry = async (sendId: string): Promise<string> => {
      app.clock.advance(7_000);
      const input = { sendId, idempotencyKey: crypto.randomUUID() };
      return (await agent.act('retrySend', input, 'send { id }')).send.id as string;
    };
    const second = await retry(first);
    await desk.sendWhen(agent, second, ({ status }) => status === 'FAILED');
    expect((await now(first))['retryable']).toBe(true);
    const third = await retry(second);
    await desk.sendWhen(agent, third, ({ status }) => status === 'ACCEPTED');
    expect((await now(first))['retryable']).toBe(false);
    const again = { sendId: first, idempotencyKey: 'again' };
    expect(await agent.refusals('retrySend', again)).toEqual(['SEND_NOT_RETRYABLE']);
  });
});

describe('rule 40: finding and counting', () => {
  const found = async (search: string): Promise<string[]> => {
    const { sends } = await desk.admin.ask(
      'query ($search: String) { sends(filter: { search: $search }) { nodes { id } } }',
      { search },
    );
    return (sends.nodes as { id: string }[]).map(({ id }) => id);
  };

  test('by part of the name, the phone number or the template', async () => {
    const number = phone();
    const input = desk.orderUpdate(number);
    const { send } = await agent.act(
      'sendActiveMessage',
      { ...input, recipient: { phone: number, name: 'Conceição 100%' } },
      'send { id }',
    );
    const other = await queued(phone());
    expect(await found('conceicao')).toEqual([send.id]);
    expect(await found('100%')).toEqual([send.id]);
    expect(await found('_')).toHaveLength(2);
    expect(await found(number.slice(-6))).toEqual([send.id]);
    expect((await found('ORDER_UP')).sort()).toEqual([send.id, other].sort());
    expect(await found('nobody')).toEqual([]);
  });

  test('hours of a zone with a half; canceled, queued and expired', async () => {
    const number = phone();
    await desk.accepted(agent, number);
    const canceled = await queued(number);
    await agent.act('cancelSend', { sendId: canceled }, 'send { id }');
    const from = new Date(app.clock.now() - HOUR).toISOString();
    app.clock.advance(25 * HOUR);
    await desk.admin.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
    await desk.sendWhen(desk.admin, canceled, () => true);
    const counted = await eventually(
      async () =>
        (
          await desk.admin.ask(
            'query ($from: DateTime) { sendStatistics(filter: { createdFrom: $from }, groupBy: [HOUR, BOT], timeZone: "Asia/Kolkata") { periodStart bot { id } template { id } total accepted canceled expired failed deliveryRate medianSecondsToReply } }',
            { from },
          )
        ).sendStatistics as { expired: number }[],
      ([group]) => group?.expired === 1,
    );
    expect(counted).toEqual([
      {
        periodStart: expect.stringMatching(/T\d\d:30:00/),
        bot: { id: desk.botId },
        template: null,
        total: 2,
        accepted: 1,
        canceled: 1,
        expired: 1,
        failed: 0,
        deliveryRate: 0,
        medianSecondsToReply: null,
      },
    ]);
  });

  test('an agent counts and finds its own alone', async () => {
    const colleague = await desk.agent('Caio');
    await desk.accepted(agent, phone());
    const document = '{ sends { totalCount } sendStatistics { total } }';
    expect(await colleague.ask(document)).toEqual({
      sends: { totalCount: 0 },
      sendStatistics: [{ total: 0 }],
    });
    expect(await agent.ask(document)).toEqual({ sends: { totalCount: 1 }, sendStatistics: [{ total: 1 }] });
  });
});
