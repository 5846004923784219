import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { DatabaseUnavailable } from '../../src/database/connection';
import { DeliveryRow } from '../../src/entities/delivery';
import { DeliveryFactRow } from '../../src/entities/delivery-fact';
import { ParkedReportRow } from '../../src/entities/parked-report';
import { recordAnswer } from '../../src/services/deliveries/answers';
import { CallPlaces } from '../../src/services/deliveries/call-places';
import { prepareCall } from '../../src/services/deliveries/calls';
import { claimDue } from '../../src/services/deliveries/claiming';
import { giveUpUnknown } from '../../src/services/sends/send-expiry';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { APP_SECRET, VERIFY_TOKEN } from '../kit/customer';
import { engine } from '../kit/database';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers, PROVIDER_TOKEN } from '../kit/provider-double';

const MINUTE = 60_000;
let app: TestApp;
let desk: Desk;
let agent: Caller;

beforeAll(async () => {
  app = await TestApp.start();
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
const phone = (): string => `+55119${String(70_000_000 + (phones += 1))}`;
const callsTo = (number: string) =>
  app.provider.sends.filter(({ body }) => (body as { to?: string }).to === number.slice(1));

async function queued(number: string): Promise<string> {
  const { send } = await agent.act('sendActiveMessage', desk.orderUpdate(number), 'send { id }');
  return send.id as string;
}

/** A send that waits for its number, which an error of the account has stopped. */
async function waitingForRepair(number: string): Promise<string> {
  app.provider.answer([answers.error(190, 401)]);
  const id = await queued(number);
  await eventually(
    async () => (await desk.admin.ask(HEALTH, { id: desk.botId })).bot.whatsAppChannel.health.state,
    (state) => state === 'STOPPED',
  );
  return id;
}
const HEALTH = 'query ($id: ID!) { bot(id: $id) { whatsAppChannel { health { state } } } }';

describe('rules 20 and 21: what waits for a stopped number', () => {
  test('fails when it is too old, though the number is not repaired', async () => {
    const number = phone();
    const id = await waitingForRepair(number);
    app.clock.advance(59 * MINUTE);
    expect((await desk.sendWhen(agent, id, () => true)).status).toBe('QUEUED');
    app.clock.advance(2 * MINUTE);
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: 'EXPIRED_IN_QUEUE' },
      retryable: true,
    });
    expect(callsTo(number)).toHaveLength(1);
  });

  test('fails when the number is disconnected instead of repaired', async () => {
    const number = phone();
    const id = await waitingForRepair(number);
    await desk.admin.act('disconnectWhatsAppChannel', { channelId: desk.channelId }, 'bot { id }');
    app.clock.advance(7_000);
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: 'NO_LONGER_ALLOWED' },
    });
    expect(callsTo(number)).toHaveLength(1);
  });
});

describe('rule 20: leases', () => {
  test('a claim that was stored, and the word of that lost, does not keep its message for the length of a lease', async () => {
    const { store } = app.platform;
    const transact = store.engine.transact.bind(store.engine);
    let lost = 0;
    store.engine.transact = async (contractId, work) => {
      const result = await transact(contractId, work);
      if (lost === 0 && contractId === null && Array.isArray(result) && result.length > 0) {
        lost += 1;
        throw new DatabaseUnavailable('The answer to a commit was lost');
      }
      return result;
    };
    try {
      const id = await queued(phone());
      await eventually(
        () => lost,
        (times) => times === 1,
      );
      // What the claim booked of its recipient's pace passes, and its lease does not.
      app.clock.advance(7_000);
      await desk.sendWhen(agent, id, ({ status }) => status === 'ACCEPTED');
    } finally {
      store.engine.transact = transact;
    }
  });

  test('a claim that comes twice leaves the begun call its lease, so that a crash is noticed', async () => {
    const number = phone();
    const { contactId } = await desk.accepted(agent, number);
    // Within the recipient's pause nobody claims it, so that a node can be played here.
    const id = await queued(number);
    const { platform } = app;
    const { contractId, channelId } = desk;
    await platform.store.transact(contractId, (transaction) =>
      transaction.update(
        DeliveryRow,
        { leaseOwner: 'a node', leaseUntil: transaction.now + MINUTE },
        sql`id = ${id}`,
      ),
    );
    const claim = { id, contractId, channelId, contactId, startsAt: 0 };
    expect(await prepareCall(platform, 'a node', claim)).toMatchObject({ attempt: 1 });
    expect(await prepareCall(platform, 'a node', claim)).toBeNull();
    // The node never comes back.
    app.clock.advance(2 * MINUTE);
    await desk.sendWhen(agent, id, ({ outcomeUnknown }) => outcomeUnknown);
    app.clock.advance(6 * MINUTE);
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: 'OUTCOME_UNKNOWN' },
    });
  });
});

describe('rule 20: a number that several nodes call', () => {
  let alone: TestApp;
  beforeAll(async () => {
    alone = await TestApp.start();
  });
  afterAll(() => alone.stop());

  test('a node that has its part leaves what comes next to the others', async () => {
    const { platform, clock } = alone;
    const busy = await Desk.open(alone);
    const sender = await busy.agent('Bia');
    const bookOut = (until: number) =>
      platform.store.transactAcrossContracts((connection) =>
        connection.run(
          sql`update whatsapp_channels set next_call_at = ${until} where id = ${busy.channelId}`,
        ),
      );
    await bookOut(clock.now() + MINUTE);
    for (let number = 0; number < 60; number += 1)
      await sender.act('sendActiveMessage', busy.orderUpdate(phone()), 'send { id }');
    clock.freeze();
    const claimFor = async (owner: string, places: CallPlaces): Promise<number> => {
      const claims = await claimDue(platform, owner, places);
      for (const { channelId } of claims) places.take(channelId);
      return claims.length;
    };
    // While nothing of the server's own comes in between.
    await alone.statementsOf(async () => {
      await bookOut(0);
      const [one, another] = [new CallPlaces(), new CallPlaces()];
      // A quarter of a second, of 80 calls a second.
      expect(await claimFor('one', one)).toBe(20);
      expect(await claimFor('another', another)).toBe(0);
      clock.advance(130);
      expect(await claimFor('one', one)).toBe(0);
      expect(await claimFor('another', another)).toBe(11);
      // Its calls have begun, so that there is room for more.
      for (let call = 0; call < 16; call += 1) one.begin(busy.channelId);
      clock.advance(130);
      expect(await claimFor('one', one)).toBeGreaterThan(5);
    });
  });
});

describe('rule 20: an answer that is written down twice', () => {
  test('leaves the call that another node has begun meanwhile its lease', async () => {
    const number = phone();
    const { contactId } = await desk.accepted(agent, number);
    const id = await queued(number);
    const { platform } = app;
    const { contractId, channelId } = desk;
    const claim = { id, contractId, channelId, contactId, startsAt: 0 };
    const claimFor = (leaseOwner: string) =>
      platform.store.transact(contractId, (transaction) =>
        transaction.update(
          DeliveryRow,
          { leaseOwner, leaseUntil: transaction.now + MINUTE },
          sql`id = ${id}`,
        ),
      );
    await claimFor('a node');
    const call = await prepareCall(platform, 'a node', claim);
    const answer = { kind: 'not-sent', message: 'No connection.' } as const;
    await recordAnswer(platform, call!, answer);
    await claimFor('another node');
    expect(await prepareCall(platform, 'another node', claim)).toMatchObject({ attempt: 2 });
    // The first node did not hear that its answer was stored.
    await recordAnswer(platform, call!, answer);
    app.clock.advance(2 * MINUTE);
    await desk.sendWhen(agent, id, ({ outcomeUnknown }) => outcomeUnknown);
    expect(callsTo(number)).toHaveLength(1);
  });
});

test('rule 21: what is unknown at a start is waited for from the start', async () => {
  app.provider.answer([answers.reset('before')]);
  const id = await queued(phone());
  await desk.sendWhen(agent, id, ({ outcomeUnknown }) => outcomeUnknown);
  app.clock.advance(4 * MINUTE);
  await app.restart();
  app.clock.advance(4 * MINUTE);
  await giveUpUnknown(app.platform);
  expect(await desk.sendWhen(agent, id, () => true)).toMatchObject({
    status: 'QUEUED',
    outcomeUnknown: true,
  });
  app.clock.advance(2 * MINUTE);
  await giveUpUnknown(app.platform);
  expect(await desk.sendWhen(agent, id, () => true)).toMatchObject({
    status: 'FAILED',
    failure: { code: 'OUTCOME_UNKNOWN' },
  });
});

describe('rule 22: told once more', () => {
  test('also where reports were parked before the guess that proves wrong', async () => {
    app.provider.answer([answers.reset('before')]);
    const confirmations = await agent.listen(
      'subscription ($after: String) { sendConfirmed(after: $after) { outcome send { id } } }',
    );
    const number = phone();
    const id = await queued(number);
    await desk.sendWhen(agent, id, ({ outcomeUnknown }) => outcomeUnknown);
    const customer = desk.customer(number.slice(1));
    await customer.report('sent', 'wamid.parked');
    await eventually(
      () => app.platform.store.rowsOf(desk.contractId).count(ParkedReportRow, sql`1 = 1`),
      (count) => count === 1,
    );
    app.clock.advance(6 * MINUTE);
    await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED');
    expect(await confirmations.next()).toEqual({ sendConfirmed: { outcome: 'FAILED', send: { id } } });
    await customer.report('failed', 'wamid.parked', { correlation: id, errorCode: 131026 });
    await desk.sendWhen(agent, id, (send) => (send as { sentAt?: unknown }).sentAt !== null);
    await customer.report('delivered', 'wamid.parked');
    await desk.sendWhen(agent, id, ({ status }) => status === 'DELIVERED');
    expect(await confirmations.next()).toEqual({ sendConfirmed: { outcome: 'ACCEPTED', send: { id } } });
    await confirmations.close();
  });
});

describe('rules 7 and 9: a number that comes back under another business account', () => {
  test('has none of the templates of the old one to send', async () => {
    const { contactId } = await desk.accepted(agent, phone());
    const { bot } = await desk.admin.ask(
      'query ($id: ID!) { bot(id: $id) { whatsAppChannel { phoneNumber } } }',
      { id: desk.botId },
    );
    await desk.admin.act('disconnectWhatsAppChannel', { channelId: desk.channelId }, 'bot { id }');
    const businessAccountId = `9${desk.businessAccountId}`;
    await desk.admin.act(
      'connectWhatsAppChannel',
      {
        botId: desk.botId,
        phoneNumber: bot.whatsAppChannel.phoneNumber,
        cloudApi: {
          phoneNumberId: desk.phoneNumberId,
          businessAccountId,
          accessToken: PROVIDER_TOKEN,
          appSecret: APP_SECRET,
          verifyToken: VERIFY_TOKEN,
        },
      },
      'channel { id }',
    );
    const { recipient: _, ...input } = desk.orderUpdate(phone());
    const again = { ...input, recipient: { contactId } };
    expect(await agent.refusals('sendActiveMessage', again)).toEqual(['TEMPLATE_NOT_APPROVED']);
  });
});

test('rules 20 and 21: what a killed server had claimed goes out, and what it had begun is unknown and not repeated', async () => {
  const [claimed, begun] = [phone(), phone()];
  // The recipient's turn has not come, so that this one can be claimed as a server that dies before its call would.
  await desk.accepted(agent, claimed);
  const waiting = await queued(claimed);
  const { id: called } = await desk.accepted(agent, begun);
  const until = app.clock.now() + MINUTE;
  await app.platform.store.transact(desk.contractId, async (transaction) => {
    const lease = { leaseOwner: 'a server that is gone', leaseUntil: until };
    await transaction.update(DeliveryRow, lease, sql`id = ${waiting}`);
    await transaction.remove(DeliveryFactRow, sql`delivery_id = ${called} and kind = 'accepted'`);
    await transaction.update(DeliveryRow, { ...lease, dueAt: null }, sql`id = ${called}`);
  });
  await app.restart();
  app.clock.advance(7_000);
  // Nobody else serves a SQLite file; on PostgreSQL the one that holds the claims might be alive until they run out.
  if (engine === 'postgres') app.clock.set(until + 1);
  await desk.sendWhen(agent, waiting, ({ status }) => status === 'ACCEPTED');
  await desk.sendWhen(agent, called, ({ outcomeUnknown }) => outcomeUnknown);
  expect([callsTo(claimed).length, callsTo(begun).length]).toEqual([2, 1]);
  expect(app.clock.now() < until).toBe(engine === 'sqlite');
});
