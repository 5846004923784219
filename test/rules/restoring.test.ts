import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { SqliteEngine } from '../../src/database/sqlite';
import { Store } from '../../src/database/store';
import { DeliveryRow } from '../../src/entities/delivery';
import { DeliveryFactRow } from '../../src/entities/delivery-fact';
import { EventRow } from '../../src/entities/event';
import { SendRow } from '../../src/entities/send';
import { encodeCursor } from '../../src/events/cursor';
import { heldNotice } from '../../src/greeting';
import { prepareCall } from '../../src/services/deliveries/calls';
import { beginAsCopy, markAsCopy } from '../../src/services/restoring';
import { TestApp } from '../kit/app';
import { Caller } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { Customer, freshMessageId } from '../kit/customer';
import { engine } from '../kit/database';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { Listener } from '../kit/listener';
import { asAdministrator, newName, urlOf } from '../kit/postgres';
import { answers, createProviderDouble, type ProviderDouble } from '../kit/provider-double';
import { LISTED_TEMPLATES } from '../kit/templates';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const folder = mkdtempSync(path.join(tmpdir(), 'saludo-restoring-'));
const copyName = newName();

const complain = (error: Error): never => {
  throw error;
};
const open = (url: string) => Store.open({ url, clock: new TestClock(), complain });

/** A copy of the original's database, made as its engine makes them; its address. */
async function copyOf(app: TestApp): Promise<string> {
  const { engine: database } = app.platform.store;
  if (database instanceof SqliteEngine) {
    const file = path.join(folder, 'copy.db');
    await database.backup(file);
    return `sqlite:${file}`;
  }
  let copy = '';
  await app.restart(async (url) => {
    const { username: name, password, pathname } = new URL(url);
    await asAdministrator(`create database ${copyName} owner ${name} template ${pathname.slice(1)}`);
    copy = urlOf(copyName, { name, password });
  });
  const store = await open(copy);
  // What the command `hold` does.
  await markAsCopy(store);
  await beginAsCopy(store);
  await store.close();
  return copy;
}

let original: TestApp;
let restored: TestApp;
/** What the restored server calls: before it starts, since it fetches the templates at once. */
let provider: ProviderDouble;
let desk: Desk;
let bia: Caller;
/** The same people on the restored server. */
let admin: Caller;
let agent: Caller;
/** Cursors that the original gave before the backup. */
let eventCursor: string;
let changeCursor: string;
let inFlight: string;
let ids: string[];
let textId: string;
const phones = [1, 2, 3, 4, 5].map((digit) => `+551196000000${digit}`);
const phoneOf = (index: number): string => phones[index] ?? '';
const idOf = (index: number): string => ids[index] ?? '';

const HELD = '{ sends(filter: { held: true }, first: 50) { nodes { id held status } totalCount } }';
const SEND = 'query ($id: ID!) { send(id: $id) { status held failure { code } } }';
const CHANGED = 'query ($after: String) { sends(filter: { changedAfter: $after }) { nodes { id } } }';
const PRESENCE = 'subscription ($after: String) { presenceChanged(after: $after) { presence } }';

async function queued(phone: string): Promise<string> {
  const { send } = await bia.act('sendActiveMessage', desk.orderUpdate(phone), 'send { id }');
  return send.id as string;
}

/** A text in a ticket that waits for its customer's pace. */
async function waitingText(phone: string): Promise<string> {
  const { id } = await desk.accepted(bia, phone);
  await desk.customer(phone.slice(1)).write('Hello?');
  const answered = await desk.sendWhen(bia, id, ({ replyState }) => replyState === 'REPLIED');
  const { id: ticketId } = answered['ticket'] as { id: string };
  await bia.act('acceptTicket', { ticketId }, 'ticket { id }');
  const input = { ticketId, text: 'One moment', idempotencyKey: 'one moment' };
  return (await bia.act('sendTicketMessage', input, 'message { id }')).message.id as string;
}

beforeAll(async () => {
  original = await TestApp.start();
  desk = await Desk.open(original);
  bia = await desk.agent('Bia');
  eventCursor = await desk.admin.cursor();
  // From here on nothing becomes due again by itself, but on the copy's later clock.
  original.clock.freeze();
  textId = await waitingText(phoneOf(4));
  original.provider.answer(() => answers.error(131016, 503));
  const refused = await Promise.all(phones.slice(0, 4).map(queued));
  await eventually(
    () => original.platform.store.acrossContracts().count(DeliveryRow, sql`due_at > ${original.clock.now()}`),
    (count) => count === 4,
  );
  // One more to the same person waits for that person's pace, and another one is being called by a node.
  const waiting = await queued(phoneOf(0));
  inFlight = await queued(phoneOf(1));
  const { platform } = original;
  const { contactId } = (await platform.store.acrossContracts().byId(SendRow, inFlight))!;
  await platform.store.transact(desk.contractId, (transaction) =>
    transaction.update(
      DeliveryRow,
      { leaseOwner: 'a node', leaseUntil: transaction.now + MINUTE },
      sql`id = ${inFlight}`,
    ),
  );
  const { contractId, channelId } = desk;
  const claim = { id: inFlight, contractId, channelId, contactId, startsAt: 0 };
  expect(await prepareCall(platform, 'a node', claim)).not.toBeNull();
  ids = [...refused, waiting];
  changeCursor = (await bia.ask('query ($id: ID!) { send(id: $id) { changeCursor } }', { id: inFlight })).send
    .changeCursor as string;

  const url = await copyOf(original);
  const clock = new TestClock(original.clock.now() + 2 * HOUR);
  provider = await createProviderDouble();
  provider.templates(desk.businessAccountId, LISTED_TEMPLATES);
  const environment = { DATABASE_URL: url, WHATSAPP_API_URL: provider.url };
  restored = await TestApp.start({ environment, clock });
  admin = new Caller(() => restored.url, desk.admin.token, desk.admin.id);
  agent = new Caller(() => restored.url, bia.token, bia.id);
});
afterAll(async () => {
  await restored.stop();
  await provider.close();
  await original.stop();
  rmSync(folder, { recursive: true, force: true });
  if (engine === 'postgres') await asAdministrator(`drop database if exists ${copyName} with (force)`);
});

const sendOn = async (id: string) => (await admin.ask(SEND, { id })).send;

describe('a restored copy', () => {
  test('leaves a call that had begun to its reports, or to the wait for them', async () => {
    await desk.sendWhen(admin, inFlight, ({ outcomeUnknown }) => outcomeUnknown);
    // Minute by minute: a round of the housekeeping may just be under way, and the next one notices too.
    const given = await eventually(
      () => {
        restored.clock.advance(MINUTE);
        return sendOn(inFlight);
      },
      ({ status }) => status === 'FAILED',
    );
    expect(given).toEqual({ status: 'FAILED', held: false, failure: { code: 'OUTCOME_UNKNOWN' } });
  });

  test('holds what was not sent, and calls nobody by itself', async () => {
    const { sends } = await admin.ask(HELD);
    expect((sends.nodes as { id: string }[]).map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(sends.nodes).toEqual(
      sends.nodes.map(({ id }: { id: string }) => ({ id, held: true, status: 'QUEUED' })),
    );
    expect(await heldNotice(restored.platform)).toMatch(/^6 messages are held/);
    // What is not held goes on: a new send to the same person waits for none of those.
    const { send } = await admin
      .act('setPresence', { presence: 'ONLINE' }, 'agent { id }')
      .then(() => admin.act('sendActiveMessage', desk.orderUpdate(phoneOf(2)), 'send { id }'));
    await desk.sendWhen(admin, send.id as string, ({ status }) => status === 'ACCEPTED');
    restored.clock.advance(2 * HOUR);
    expect((await admin.ask(HELD)).sends.totalCount).toBe(5);
    expect(provider.sends).toHaveLength(1);
    const { sends: others } = await admin.ask('{ sends(filter: { held: false }) { nodes { id held } } }');
    expect(others.nodes).toEqual(
      expect.arrayContaining([
        { id: send.id, held: false },
        { id: inFlight, held: false },
      ]),
    );
    expect(others.nodes).toHaveLength(3);
    expect(await admin.problem('{ sendStatistics(filter: { held: true }) { total } }')).toBe(
      'BAD_USER_INPUT',
    );
  });

  test('refuses cursors from before it, and those beyond the end of its log', async () => {
    const epoch = await restored.platform.eventLog.epochOf(desk.contractId);
    for (const after of [eventCursor, changeCursor, encodeCursor(epoch, 1_000_000)]) {
      const socket = await Listener.connect(restored.url, admin.token);
      socket.subscribe(PRESENCE, { after });
      await expect(socket.next()).rejects.toThrow('CURSOR_EXPIRED');
      await socket.close();
      expect(await admin.problem(CHANGED, { after })).toBe('CURSOR_EXPIRED');
      const exported = await fetch(`${restored.url}/exports/sends.csv?changedAfter=${after}`, {
        headers: { authorization: `Bearer ${admin.token}` },
      });
      expect([exported.status, await exported.text()]).toEqual([
        410,
        expect.stringContaining('CURSOR_EXPIRED'),
      ]);
    }
    // Those of its own hold, and the hold itself is in the log.
    const fresh = await admin.cursor();
    expect((await admin.ask(CHANGED, { after: fresh })).sends.nodes).toEqual([]);
    expect((await admin.ask(CHANGED, { after: encodeCursor(epoch, 0) })).sends.nodes).toHaveLength(8);
  });

  test('lets nobody but admins release', async () => {
    const document = 'mutation { releaseHeldSends(input: {}) { released } }';
    expect(await agent.problem(document)).toBe('FORBIDDEN');
    expect(
      await admin.attempt('releaseHeldSends', { sendIds: [idOf(0), 'snd_nobody'] }, 'released'),
    ).toMatchObject({
      released: 0,
      userErrors: [{ code: 'NOT_FOUND', field: ['input', 'sendIds', '1'] }],
    });
    expect((await admin.ask(HELD)).sends.totalCount).toBe(5);
  });

  test('takes a report by the id that the message carried for what settles it', async () => {
    const customer = new Customer({ ...desk.door, ...placeOf(desk), app: restored }, phoneOf(1).slice(1));
    await customer.report('delivered', freshMessageId(), { correlation: idOf(1) });
    await desk.sendWhen(admin, idOf(1), ({ status }) => status === 'DELIVERED');
    expect(await sendOn(idOf(1))).toMatchObject({ held: false });
    // Nothing is left to let go.
    expect(await admin.act('releaseHeldSends', { sendIds: [idOf(1)] }, 'released')).toMatchObject({
      released: 0,
    });
  });

  test('lets a held send be withdrawn', async () => {
    const { send } = await admin.act('cancelSend', { sendId: idOf(3) }, 'send { status held }');
    expect(send).toEqual({ status: 'CANCELED', held: false });
    // The customer had it after all.
    const customer = new Customer({ ...desk.door, ...placeOf(desk), app: restored }, phoneOf(3).slice(1));
    await customer.report('read', freshMessageId(), { correlation: idOf(3) });
    await desk.sendWhen(admin, idOf(3), ({ status }) => status === 'READ');
  });

  test('sends once what an admin releases, its age counted from then', async () => {
    const before = provider.sends.length;
    expect((await admin.act('releaseHeldSends', { sendIds: [idOf(0)] }, 'released')).released).toBe(1);
    expect((await admin.act('releaseHeldSends', { sendIds: [idOf(0)] }, 'released')).released).toBe(0);
    await desk.sendWhen(admin, idOf(0), ({ status }) => status === 'ACCEPTED');
    restored.clock.advance(MINUTE);
    const held = await admin.ask(HELD);
    expect(held.sends.nodes.map(({ id }: { id: string }) => id).sort()).toEqual([idOf(2), idOf(4)].sort());
    expect(provider.sends.slice(before).map(({ body }) => body)).toMatchObject([
      { to: phoneOf(0).slice(1), biz_opaque_callback_data: idOf(0) },
    ]);
    const { auditLog } = await admin.ask('{ auditLog(first: 5) { nodes { action changes } } }');
    expect(auditLog.nodes).toContainEqual({
      action: 'releaseHeldSends',
      changes: { sendIds: [idOf(0)], released: 1 },
    });
  });

  test('fails what may no longer go out when it is released, and lets the texts of tickets go with all', async () => {
    await admin.act(
      'setContactOptOut',
      { contactId: await contactOf(idOf(2)), optedOut: true, scope: 'ALL' },
      'contact { id }',
    );
    const before = provider.sends.length;
    expect((await admin.act('releaseHeldSends', {}, 'released')).released).toBe(3);
    await desk.sendWhen(admin, idOf(2), ({ status }) => status === 'FAILED');
    expect(await sendOn(idOf(2))).toEqual({ status: 'FAILED', held: false, failure: { code: 'OPTED_OUT' } });
    await desk.sendWhen(admin, idOf(4), ({ status }) => status === 'ACCEPTED');
    const calls = await provider.waitForSends(before + 2);
    const called = calls
      .slice(before)
      .map(({ body }) => (body as Record<string, string>)['biz_opaque_callback_data']);
    expect(called.sort()).toEqual([idOf(4), textId].sort());
    expect(await heldNotice(restored.platform)).toBeNull();
  });

  test('is nothing to the original, which goes on, with its cursors too', async () => {
    expect((await desk.admin.ask(HELD)).sends.totalCount).toBe(0);
    expect(await heldNotice(original.platform)).toBeNull();
    const changed = await desk.admin.ask(CHANGED, { after: eventCursor });
    expect(changed.sends.nodes).toHaveLength(7);
    const before = original.provider.sends.length;
    original.provider.answer(answers.accept());
    original.clock.advance(MINUTE);
    for (const id of ids.slice(1, 4))
      await desk.sendWhen(desk.admin, id, ({ status }) => status === 'ACCEPTED');
    expect(original.provider.sends.length).toBeGreaterThanOrEqual(before + 3);
  });
});

function placeOf({ channelId, phoneNumberId, businessAccountId }: Desk) {
  return { channelId, phoneNumberId, businessAccountId };
}

async function contactOf(sendId: string): Promise<string> {
  const { send } = await admin.ask('query ($id: ID!) { send(id: $id) { contact { id } } }', { id: sendId });
  return send.contact.id as string;
}

if (engine === 'sqlite') {
  test('a backup that is made while sends are being written holds each of them whole, or not at all', async () => {
    const file = path.join(folder, 'busy.db');
    const { store } = original.platform;
    const number = (index: number): string => `+5511970000${String(index).padStart(3, '0')}`;
    const some = (from: number) =>
      Promise.all(Array.from({ length: 15 }, (_, index) => queued(number(from + index))));
    await some(0);
    const writing = some(100);
    if (store.engine instanceof SqliteEngine) await store.engine.backup(file);
    await writing;
    const copy = await open(`sqlite:${file}`);
    try {
      const rows = copy.acrossContracts();
      const kept = await rows.find(SendRow);
      expect(kept.length).toBeGreaterThanOrEqual(22);
      const every = kept.map(({ id }) => id).sort();
      const deliveries = await rows.find(DeliveryRow, { where: sql`id like 'snd_%'` });
      expect(deliveries.map(({ id }) => id).sort()).toEqual(every);
      const facts = await rows.find(DeliveryFactRow, {
        where: sql`kind = 'queued' and delivery_id like 'snd_%'`,
      });
      expect(facts.map(({ deliveryId }) => deliveryId).sort()).toEqual(every);
      const events = await rows.find(EventRow, {
        where: sql`contract_id = ${desk.contractId}`,
        orderBy: sql`sequence`,
      });
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
      expect(await copy.engine.reader.all(sql`pragma integrity_check`)).toEqual([{ integrity_check: 'ok' }]);
      expect(await copy.engine.reader.all(sql`pragma foreign_key_check`)).toEqual([]);
      // Opened as a server or a command opens it.
      expect([await beginAsCopy(copy), await beginAsCopy(copy)]).toEqual([true, false]);
    } finally {
      await copy.close();
    }
    expect(await beginAsCopy(store)).toBe(false);
  });
}
