import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { removeOutdated } from '../../src/services/retention';
import { TestApp } from '../kit/app';
import { TestClock } from '../kit/clock';
import type { Caller } from '../kit/caller';
import { Desk, OTHER_SERVICE_BLOCK, SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers } from '../kit/provider-double';
import { LISTED_TEMPLATES } from '../kit/templates';

const MINUTE = 60_000;
let app: TestApp;
let desk: Desk;
let agent: Caller;

beforeAll(async () => {
  app = await TestApp.start({ clock: new TestClock() });
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
const phone = (): string => `+55119${String(80_000_000 + (phones += 1))}`;
const digits = (number: string): string => number.slice(1);
const callsTo = (number: string) =>
  app.provider.sends.filter(({ body }) => (body as { to?: string }).to === digits(number));

const kindsOf = (send: object): string[] =>
  (send as { timeline: { kind: string }[] }).timeline.map(({ kind }) => kind);

async function queued(number: string, sender = agent): Promise<string> {
  const { send } = await sender.act('sendActiveMessage', desk.orderUpdate(number), 'send { id status }');
  expect(send.status).toBe('QUEUED');
  return send.id as string;
}

describe('rules 15 and 16: permission', () => {
  const eligibility = async (caller: Caller): Promise<string[]> => {
    const { bot } = await caller.ask(
      'query ($id: ID!) { bot(id: $id) { sendEligibility { allowed reasons { code message } } } }',
      { id: desk.botId },
    );
    const codes = (bot.sendEligibility.reasons as { code: string }[]).map(({ code }) => code);
    expect(bot.sendEligibility.allowed).toBe(codes.length === 0);
    return codes;
  };

  test('granted, online, enabled; sendEligibility says the same beforehand', async () => {
    expect(await eligibility(agent)).toEqual([]);
    await desk.grant(agent.id, false);
    await desk.grant(agent.id, false);
    await agent.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    await desk.admin.act('updateSettings', { botId: desk.botId, enabled: false }, 'settings { enabled }');
    const codes = ['ACTIVE_MESSAGING_DISABLED', 'AGENT_NOT_ONLINE', 'PERMISSION_NOT_GRANTED'];
    expect((await eligibility(agent)).sort()).toEqual(codes);
    expect((await agent.refusals('sendActiveMessage', desk.orderUpdate(phone()))).sort()).toEqual(codes);
  });

  test('admins too must be online, and need no grant', async () => {
    expect(await eligibility(desk.admin)).toEqual([]);
    await desk.admin.act('setPresence', { presence: 'INVISIBLE' }, 'agent { id }');
    expect(await eligibility(desk.admin)).toEqual(['AGENT_NOT_ONLINE']);
  });

  test('a machine has no permission to send', async () => {
    const { secret } = await desk.admin.act(
      'createApiKey',
      { name: 'bi', scopes: ['READ'] },
      'apiKey { id } secret',
    );
    const machine = app.machine(secret as string);
    expect(await eligibility(machine)).toContain('PERMISSION_NOT_GRANTED');
    expect(
      await machine.problem(
        'mutation ($input: SendActiveMessageInput!) { sendActiveMessage(input: $input) { send { id } } }',
        { input: desk.orderUpdate(phone()) },
      ),
    ).toBe('FORBIDDEN');
  });

  test('many at once, all or nothing', async () => {
    const others = await Promise.all(['Caio', 'Duda'].map((name) => desk.agent(name, { granted: false })));
    const ids = others.map(({ id }) => id);
    const input = { botId: desk.botId, agentIds: ids, permission: 'SEND_ACTIVE_MESSAGES', granted: true };
    expect(
      await desk.admin.refusals('setPermissions', {
        ...input,
        agentIds: [...ids, 'agt_01h455vb4pex5vsknk084sn02q'],
      }),
    ).toEqual(['NOT_FOUND']);
    expect(await eligibility(others[0]!)).toEqual(['PERMISSION_NOT_GRANTED']);
    const { agents } = await desk.admin.act(
      'setPermissions',
      input,
      'agents { permissions { permission bot { id } grantedBy { id } } }',
    );
    expect(agents).toEqual(
      ids.map(() => ({
        permissions: [
          { permission: 'SEND_ACTIVE_MESSAGES', bot: { id: desk.botId }, grantedBy: { id: desk.admin.id } },
        ],
      })),
    );
  });
});

describe('rules 17 and 18: one recipient, every check at once', () => {
  test('exactly one of contact and phone', async () => {
    const input = desk.orderUpdate(phone());
    const { contact } = await desk.admin.act(
      'upsertContact',
      { botId: desk.botId, phone: phone() },
      'contact { id }',
    );
    expect(await agent.refusals('sendActiveMessage', { ...input, recipient: {} })).toEqual([
      'RECIPIENT_REQUIRED',
    ]);
    expect(
      await agent.refusals('sendActiveMessage', {
        ...input,
        recipient: { phone: phone(), contactId: contact.id },
      }),
    ).toEqual(['RECIPIENT_AMBIGUOUS']);
    expect(await agent.refusals('sendActiveMessage', { ...input, recipient: { phone: 'letters' } })).toEqual([
      'PHONE_INVALID',
    ]);
    expect(
      await agent.refusals('sendActiveMessage', {
        ...input,
        recipient: { contactId: 'ctc_01h455vb4pex5vsknk084sn02q' },
      }),
    ).toEqual(['CONTACT_NOT_FOUND']);
    const { send } = await agent.act(
      'sendActiveMessage',
      { ...input, recipient: { contactId: contact.id } },
      'send { contact { id } }',
    );
    expect(send.contact.id).toBe(contact.id);
  });

  test('a contact of another number is none', async () => {
    const other = await Desk.open(app);
    const { contact } = await other.admin.act(
      'upsertContact',
      { botId: other.botId, phone: phone() },
      'contact { id }',
    );
    expect(
      await agent.refusals('sendActiveMessage', {
        ...desk.orderUpdate(phone()),
        recipient: { contactId: contact.id },
      }),
    ).toEqual(['CONTACT_NOT_FOUND']);
  });

  test('the same phone on another number of the contract is another contact', async () => {
    const beside = await Desk.open(app, { beside: desk });
    const number = phone();
    const ids: string[] = [];
    for (const input of [beside.orderUpdate(number), desk.orderUpdate(number), beside.orderUpdate(number)]) {
      const { send } = await desk.admin.act('sendActiveMessage', input, 'send { contact { id } }');
      ids.push(send.contact.id as string);
    }
    expect(ids[1]).not.toBe(ids[0]);
    expect(ids[2]).toBe(ids[0]);
  });

  test('a number becomes a contact once, whatever way it is written', async () => {
    const one = await agent.act(
      'sendActiveMessage',
      desk.orderUpdate('+55 (11) 98111-2222'),
      'send { contact { id phone aliases } }',
    );
    const other = await agent.act(
      'sendActiveMessage',
      desk.orderUpdate('+551181112222'),
      'send { contact { id } }',
    );
    expect(other.send.contact.id).toBe(one.send.contact.id);
    expect(one.send.contact.phone).toBe('+5511981112222');
  });

  test('every failure is reported with its field, and nothing is stored', async () => {
    await desk.admin.act('updateSettings', { botId: desk.botId, enabled: false }, 'settings { enabled }');
    const { userErrors } = await agent.attempt('sendActiveMessage', {
      botId: desk.botId,
      templateId: desk.templates['order_update'],
      recipient: { phone: '12' },
      parameters: [
        { key: 'body.1', value: 'two\nlines' },
        { key: 'body.9', value: 'x' },
      ],
      idempotencyKey: 'k',
    });
    const byCode = Object.fromEntries(
      (userErrors as { code: string; field: string[] | null; message: string }[]).map((error) => [
        error.code,
        error.field,
      ]),
    );
    expect(byCode).toEqual({
      ACTIVE_MESSAGING_DISABLED: ['input', 'botId'],
      PHONE_INVALID: ['input', 'recipient', 'phone'],
      PARAMETER_INVALID: ['input', 'parameters', '0', 'value'],
      PARAMETER_UNKNOWN: ['input', 'parameters', '1', 'key'],
      PARAMETER_MISSING: ['input', 'parameters'],
    });
    const { sends } = await desk.admin.ask('{ sends { totalCount } }');
    expect(sends.totalCount).toBe(0);
  });

  test('a template that is not known, not enabled, or not approved', async () => {
    const { templates } = desk;
    const refused = async (templateId: string | undefined) => {
      const input = { ...desk.orderUpdate(phone()), templateId, parameters: [] };
      const { userErrors } = await agent.attempt('sendActiveMessage', input);
      return (userErrors as { code: string; field: string[] }[])
        .filter(({ code }) => code.startsWith('TEMPLATE_'))
        .map(({ code, field }) => [code, ...field]);
    };
    expect(await refused('tpl_01h455vb4pex5vsknk084sn02q')).toEqual([
      ['TEMPLATE_NOT_FOUND', 'input', 'templateId'],
    ]);
    await desk.admin.act(
      'disableTemplates',
      { botId: desk.botId, templateIds: [templates['hello']] },
      'activations { id }',
    );
    expect(await refused(templates['hello'])).toEqual([['TEMPLATE_NOT_ENABLED', 'input', 'templateId']]);
    app.provider.templates(
      desk.businessAccountId,
      LISTED_TEMPLATES.map((template) => ({ ...template, status: 'PAUSED' })),
    );
    await desk.admin.act('syncTemplates', { botId: desk.botId }, 'updated');
    expect(await refused(templates['sale'])).toEqual([['TEMPLATE_NOT_APPROVED', 'input', 'templateId']]);
  });

  test('opted out of all, and of marketing', async () => {
    const number = phone();
    const { contact } = await desk.admin.act(
      'upsertContact',
      { botId: desk.botId, phone: number },
      'contact { id }',
    );
    const sale = {
      botId: desk.botId,
      templateId: desk.templates['sale'],
      recipient: { phone: number },
      parameters: [{ key: 'body.1', value: '5%' }],
      idempotencyKey: 'sale',
    };
    await desk.admin.act(
      'setContactOptOut',
      { contactId: contact.id, scope: 'MARKETING', optedOut: true },
      'contact { marketingOptedOutAt }',
    );
    expect(await agent.refusals('sendActiveMessage', sale)).toEqual(['CONTACT_OPTED_OUT']);
    expect(await agent.refusals('sendActiveMessage', desk.orderUpdate(number))).toEqual([]);
    await desk.admin.act(
      'setContactOptOut',
      { contactId: contact.id, optedOut: true },
      'contact { optedOutAt }',
    );
    expect(await agent.refusals('sendActiveMessage', desk.orderUpdate(number))).toEqual([
      'CONTACT_OPTED_OUT',
    ]);
  });

  test('checkSend runs the checks on what is filled in so far, and stores nothing', async () => {
    const check = async (input: object) =>
      (
        await agent.ask(
          'query ($input: CheckSendInput!) { checkSend(input: $input) { ok preview { body } userErrors { code } } }',
          { input },
        )
      ).checkSend;
    const partly = await check({
      botId: desk.botId,
      templateId: desk.templates['order_update'],
      parameters: [{ key: 'body.1', value: 'Carla' }],
    });
    expect(partly).toMatchObject({ ok: false, preview: { body: 'Olá Carla, seu pedido {{2}} chegou.' } });
    const number = phone();
    const { idempotencyKey: _key, ...whole } = desk.orderUpdate(number);
    expect(await check(whole)).toMatchObject({ ok: true, userErrors: [] });
    const { contacts } = await desk.admin.ask(
      'query ($bot: ID!, $search: String) { contacts(botId: $bot, search: $search) { totalCount } }',
      { bot: desk.botId, search: digits(number) },
    );
    expect(contacts.totalCount).toBe(0);
  });
});

describe('rule 19: stored at once, once per key', () => {
  test('50 calls at the same instant with one key make one send', async () => {
    const number = phone();
    const input = desk.orderUpdate(number, 'one click');
    const payloads = await Promise.all(
      Array.from({ length: 50 }, () => agent.act('sendActiveMessage', input, 'send { id }')),
    );
    expect(new Set(payloads.map(({ send }) => send.id as string)).size).toBe(1);
    await desk.sendWhen(agent, payloads[0].send.id as string, ({ status }) => status === 'ACCEPTED');
    expect(callsTo(number)).toHaveLength(1);
  });

  test('the key is looked up before any check, compares inputs normalised, and belongs to the caller', async () => {
    const number = phone();
    const input = desk.orderUpdate(number, 'a key');
    const { send } = await agent.act('sendActiveMessage', input, 'send { id }');
    await agent.act('setPresence', { presence: 'OFFLINE' }, 'agent { id }');
    const spelt = {
      ...input,
      recipient: { phone: `${number.slice(0, 3)} ${number.slice(3)}`, name: ' ' },
      parameters: [{ key: 'button.0.payload', value: '' }, ...(input['parameters'] as object[]).toReversed()],
    };
    expect((await agent.act('sendActiveMessage', spelt, 'send { id }')).send.id).toBe(send.id);
    expect(
      await agent.refusals('sendActiveMessage', {
        ...input,
        templateId: desk.templates['hello'],
        parameters: [],
      }),
    ).toEqual(['IDEMPOTENCY_KEY_REUSED']);
    const own = await desk.admin.act(
      'sendActiveMessage',
      { ...input, recipient: { phone: phone() } },
      'send { id }',
    );
    expect(own.send.id).not.toBe(send.id);
  });

  test('a name beside the id of a contact means nothing', async () => {
    const { contactId } = await desk.accepted(agent, phone());
    const named = (name: string | null) => ({
      ...desk.orderUpdate('', 'by its id'),
      recipient: { contactId, name },
    });
    const { send } = await agent.act('sendActiveMessage', named('Carla'), 'send { id }');
    expect((await agent.act('sendActiveMessage', named(null), 'send { id }')).send.id).toBe(send.id);
  });

  test('the key belongs to the mutation', async () => {
    app.provider.answer([answers.error(131026)]);
    const input = desk.orderUpdate(phone(), 'one key for both');
    const { send } = await agent.act('sendActiveMessage', input, 'send { id }');
    await desk.sendWhen(agent, send.id as string, ({ status }) => status === 'FAILED');
    const retry = { sendId: send.id, idempotencyKey: 'one key for both' };
    const { send: retried } = await agent.act('retrySend', retry, 'send { id }');
    expect(retried.id).not.toBe(send.id);
    expect((await agent.act('retrySend', retry, 'send { id }')).send.id).toBe(retried.id);
  });

  test('the key is kept for seven days, and not for ever', async () => {
    const { node } = await desk.admin.ask('query ($id: ID!) { node(id: $id) { ... on Agent { email } } }', {
      id: agent.id,
    });
    const input = desk.orderUpdate(phone(), 'for a week');
    const { send } = await agent.act('sendActiveMessage', input, 'send { id }');
    app.clock.advance(7 * 24 * 60 * MINUTE - MINUTE);
    await removeOutdated(app.platform);
    const again = await agent.act('sendActiveMessage', input, 'send { id }');
    expect(again.send.id).toBe(send.id);
    app.clock.advance(2 * 24 * 60 * MINUTE);
    await removeOutdated(app.platform);
    const later = await app.person(desk.contractId, node.email as string, agent.id);
    await later.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
    expect((await later.act('sendActiveMessage', input, 'send { id }')).send.id).not.toBe(send.id);
  });

  test('only success stores the key', async () => {
    const input = desk.orderUpdate(phone(), 'refused first');
    await agent.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
    expect(await agent.refusals('sendActiveMessage', input)).toEqual(['AGENT_NOT_ONLINE']);
    await agent.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
    expect(await agent.refusals('sendActiveMessage', { ...input, recipient: { phone: phone() } })).toEqual(
      [],
    );
  });

  test('the provider is never called before the answer', async () => {
    app.provider.answer(answers.hang());
    const id = await queued(phone());
    const { send } = await agent.ask('query ($id: ID!) { send(id: $id) { timeline { kind status } } }', {
      id,
    });
    expect(send.timeline[0]).toEqual({ kind: 'queued', status: 'QUEUED' });
  });
});

describe('rule 20: delivery', () => {
  test('a ticket opened meanwhile fails the send; a permission withdrawn too', async () => {
    const first = phone();
    await desk.accepted(agent, first);
    const waiting = await queued(first);
    await desk.customer(digits(first)).write('hello there');
    await eventually(
      async () => (await desk.admin.ask('{ tickets { totalCount } }')).tickets.totalCount,
      (count) => count === 1,
    );
    app.clock.advance(7_000);
    const failed = await desk.sendWhen(agent, waiting, ({ status }) => status === 'FAILED');
    expect(failed).toMatchObject({
      failure: { code: 'CONTACT_HAS_OPEN_TICKET' },
      retryable: true,
      replyState: 'NONE',
    });
    expect(callsTo(first)).toHaveLength(1);

    const second = phone();
    await desk.accepted(agent, second);
    const unallowed = await queued(second);
    await desk.grant(agent.id, false);
    app.clock.advance(7_000);
    expect(await desk.sendWhen(agent, unallowed, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: 'NO_LONGER_ALLOWED' },
    });
  });

  test('presence is not checked again', async () => {
    const number = phone();
    await desk.accepted(agent, number);
    const id = await queued(number);
    await agent.act('setPresence', { presence: 'OFFLINE' }, 'agent { id }');
    app.clock.advance(7_000);
    await desk.sendWhen(agent, id, ({ status }) => status === 'ACCEPTED');
  });

  test('too old in the queue', async () => {
    const number = phone();
    app.provider.answer(answers.error(190, 401));
    const id = await queued(number);
    await eventually(
      async () =>
        (
          await desk.admin.ask('query ($id: ID!) { bot(id: $id) { whatsAppChannel { health { state } } } }', {
            id: desk.botId,
          })
        ).bot.whatsAppChannel.health.state,
      (state) => state === 'STOPPED',
    );
    app.clock.advance(61 * MINUTE);
    app.provider.answer(answers.accept());
    await desk.admin.act(
      'updateWhatsAppChannel',
      { channelId: desk.channelId, accessToken: 'EAAGproviderdouble' },
      'channel { id }',
    );
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: 'EXPIRED_IN_QUEUE' },
    });
  });

  test('cancelSend withdraws one that has not started, and no other', async () => {
    const number = phone();
    const { id: started } = await desk.accepted(agent, number);
    const waiting = await queued(number);
    const colleague = await desk.agent('Caio');
    expect(await colleague.refusals('cancelSend', { sendId: waiting })).toEqual(['NOT_FOUND']);
    expect(await agent.refusals('cancelSend', { sendId: started })).toEqual(['SEND_NOT_CANCELABLE']);
    const { send } = await agent.act('cancelSend', { sendId: waiting }, 'send { status replyState }');
    expect(send).toEqual({ status: 'CANCELED', replyState: 'NONE' });
    app.clock.advance(10_000);
    await desk.accepted(agent, phone());
    expect(callsTo(number)).toHaveLength(1);
  });

  test('six seconds between two messages to one person, none between two people', async () => {
    const number = phone();
    const first = await queued(number);
    const second = await queued(number);
    await desk.sendWhen(agent, first, ({ status }) => status === 'ACCEPTED');
    app.clock.advance(4_000);
    await desk.accepted(agent, phone());
    expect(callsTo(number)).toHaveLength(1);
    app.clock.advance(2_500);
    await desk.sendWhen(agent, second, ({ status }) => status === 'ACCEPTED');
  });
});

describe('rule 23: reports in any order', () => {
  test('repeated, late, before the answer; the timeline keeps every one', async () => {
    const number = phone();
    let release = (): void => undefined;
    app.provider.answer([
      answers.delay(
        new Promise<void>((resolve) => (release = resolve)),
        answers.accept({ messageId: 'wamid.early' }),
      ),
    ]);
    const customer = desk.customer(digits(number));
    const id = await queued(number);
    await app.provider.waitForCall(
      ({ body }) => (body as { to?: string } | undefined)?.to === digits(number),
    );
    // Without our id it is parked until the answer tells whose it is.
    await customer.report('read', 'wamid.early');
    release();
    const read = await desk.sendWhen(agent, id, ({ status }) => status === 'READ');
    expect(read['deliveredAt']).toBe(read['readAt']);
    await customer.report('failed', 'wamid.early', { errorCode: 131026 });
    await customer.report('sent', 'wamid.early');
    await customer.report('sent', 'wamid.early');
    const settled = await eventually(
      () => desk.sendWhen(agent, id, () => true),
      (send) => kindsOf(send).includes('sent'),
    );
    expect(settled).toMatchObject({ status: 'READ', failure: null });
    expect(kindsOf(settled)).toEqual(
      expect.arrayContaining(['queued', 'call_started', 'accepted', 'read', 'failed', 'sent']),
    );
  });

  test('a reported failure holds against a late sent, and gives way to a delivery', async () => {
    const number = phone();
    const { id, providerMessageId } = await desk.accepted(agent, number);
    const customer = desk.customer(digits(number));
    await customer.report('failed', providerMessageId, { errorCode: 131026 });
    await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED');
    await customer.report('sent', providerMessageId);
    await eventually(
      () => desk.sendWhen(agent, id, () => true),
      (send) => send['sentAt'] !== null,
    );
    expect((await desk.sendWhen(agent, id, () => true)).status).toBe('FAILED');
    await customer.report('delivered', providerMessageId);
    await desk.sendWhen(agent, id, ({ status }) => status === 'DELIVERED');
  });

  test('held for quality is accepted, paused is failed', async () => {
    app.provider.answer([answers.hold()]);
    const held = await queued(phone());
    await desk.sendWhen(agent, held, ({ status }) => status === 'ACCEPTED');
    app.provider.answer([answers.pause()]);
    const paused = await queued(phone());
    expect(await desk.sendWhen(agent, paused, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: 'TEMPLATE_PAUSED' },
    });
  });
});

describe('rule 24: retrySend', () => {
  test('a new send with all checks anew and the return block of today; at most one live retry', async () => {
    app.provider.answer([answers.error(131026)]);
    const id = await queued(phone());
    await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED');
    await desk.admin.act(
      'enableTemplates',
      {
        botId: desk.botId,
        templateIds: [desk.templates['order_update']],
        returnBlockId: OTHER_SERVICE_BLOCK,
      },
      'activations { id }',
    );
    app.clock.advance(10_000);
    const { send } = await agent.act(
      'retrySend',
      { sendId: id, idempotencyKey: 'again' },
      'send { id retryOf { id } agent { id } returnBlockId parameters { key value } }',
    );
    expect(send).toMatchObject({
      retryOf: { id },
      agent: { id: agent.id },
      returnBlockId: OTHER_SERVICE_BLOCK,
    });
    expect(send.id).not.toBe(id);
    expect(
      (await agent.act('retrySend', { sendId: id, idempotencyKey: 'again' }, 'send { id }')).send.id,
    ).toBe(send.id);
    await desk.sendWhen(agent, send.id as string, ({ status }) => status === 'ACCEPTED');
    expect(await agent.refusals('retrySend', { sendId: id, idempotencyKey: 'third' })).toEqual([
      'SEND_NOT_RETRYABLE',
    ]);
    expect(await agent.refusals('retrySend', { sendId: send.id, idempotencyKey: 'live' })).toEqual([
      'SEND_NOT_RETRYABLE',
    ]);
    expect(SERVICE_BLOCK).not.toBe(OTHER_SERVICE_BLOCK);
  });

  test('a reported failure only after ten minutes', async () => {
    const number = phone();
    const { id, providerMessageId } = await desk.accepted(agent, number);
    await desk.customer(digits(number)).report('failed', providerMessageId, { errorCode: 131026 });
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED')).toMatchObject({
      retryable: false,
    });
    const { userErrors } = await agent.attempt('retrySend', { sendId: id, idempotencyKey: 'early' });
    expect(userErrors).toMatchObject([{ code: 'SEND_NOT_RETRYABLE', field: ['input', 'sendId'] }]);
    const wait = Date.parse(userErrors[0].retryAt as string) - app.clock.now();
    expect(wait).toBeGreaterThan(8 * MINUTE);
    expect(wait).toBeLessThanOrEqual(10 * MINUTE);
    app.clock.advance(11 * MINUTE);
    expect(await agent.refusals('retrySend', { sendId: id, idempotencyKey: 'later' })).toEqual([]);
  });
});
