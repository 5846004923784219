import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers } from '../kit/provider-double';
import { LISTED_TEMPLATES } from '../kit/templates';

const MINUTE = 60_000;
let app: TestApp;
let desk: Desk;
let agent: Caller;

beforeAll(async () => {
  // Minutes pass here in which nobody is at work.
  app = await TestApp.start({ environment: { PRESENCE_TIMEOUT: '0' } });
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
const phone = (): string => `+55119${String(20_000_000 + (phones += 1))}`;
const digits = (number: string): string => number.slice(1);
const callsTo = (number: string) =>
  app.provider.sends.filter(({ body }) => (body as { to?: string }).to === digits(number));
const kindsOf = (send: object): string[] =>
  (send as { timeline: { kind: string }[] }).timeline.map(({ kind }) => kind);

async function queued(number: string): Promise<string> {
  const { send } = await agent.act('sendActiveMessage', desk.orderUpdate(number), 'send { id }');
  return send.id as string;
}

describe('rule 21: never twice', () => {
  test('a definite transient refusal is tried again', async () => {
    app.provider.answer([answers.error(131000, 500), answers.error(130429, 429)]);
    const number = phone();
    const id = await queued(number);
    for (const refusals of [1, 2]) {
      // A call that were still under way would be given up by the clock's leap.
      await desk.sendWhen(
        agent,
        id,
        (send) => kindsOf(send).filter((kind) => kind === 'refused').length === refusals,
      );
      app.clock.advance(5 * MINUTE);
    }
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'ACCEPTED')).toMatchObject({
      attempts: 3,
    });
  });

  test.each([
    ['a 500 without a Graph error', answers.rawBody(500, 'oops')],
    ['a 200 without an id', answers.rawBody(200, '{}')],
    ['a connection reset after the request', answers.reset('before')],
    ['a connection reset within the answer', answers.reset('mid-body')],
  ])('%s leaves the outcome unknown, and nothing is repeated', async (_name, step) => {
    app.provider.answer([step]);
    const number = phone();
    const confirmations = await agent.listen(
      'subscription ($after: String) { sendConfirmed(after: $after) { outcome send { id } } }',
    );
    const id = await queued(number);
    const unknown = await desk.sendWhen(agent, id, ({ outcomeUnknown }) => outcomeUnknown);
    expect(unknown).toMatchObject({ status: 'QUEUED', retryable: false });
    expect(await agent.refusals('retrySend', { sendId: id, idempotencyKey: 'r' })).toEqual([
      'SEND_NOT_RETRYABLE',
    ]);
    expect(await agent.refusals('cancelSend', { sendId: id })).toEqual(['SEND_NOT_CANCELABLE']);
    app.clock.advance(6 * MINUTE);
    const failed = await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED');
    expect(failed).toMatchObject({
      failure: { code: 'OUTCOME_UNKNOWN' },
      outcomeUnknown: false,
      retryable: false,
    });
    expect(await confirmations.next()).toEqual({ sendConfirmed: { outcome: 'FAILED', send: { id } } });
    // A report finds it by its own id, overrides the guess, and is told once more (rule 22).
    await desk.customer(digits(number)).report('delivered', 'wamid.unheard-of', { correlation: id });
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'DELIVERED')).toMatchObject({
      failure: null,
      providerMessageId: 'wamid.unheard-of',
    });
    expect(await confirmations.next()).toEqual({ sendConfirmed: { outcome: 'ACCEPTED', send: { id } } });
    expect(callsTo(number)).toHaveLength(1);
    await confirmations.close();
  });

  test('a permanent refusal fails the send, and it can be tried anew', async () => {
    app.provider.answer([answers.error(131026)]);
    const id = await queued(phone());
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: 'UNDELIVERABLE', providerCode: 131026 },
      retryable: true,
    });
  });

  test("a request that WhatsApp takes as wrong fails the send, and is logged without anybody's number", async () => {
    const logged = jest.spyOn(app.platform.log, 'error');
    const number = phone();
    app.provider.answer([answers.error(131009, 400, { details: `Parameter of ${digits(number)}` })]);
    const id = await queued(number);
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: 'REQUEST_REFUSED', providerCode: 131009 },
    });
    expect(logged.mock.calls).toEqual([[{ deliveryId: id, providerCode: 131009 }, expect.any(String)]]);
    expect(JSON.stringify(logged.mock.calls)).not.toContain(digits(number));
    logged.mockRestore();
  });

  test('what WhatsApp could not take for an hour is given up', async () => {
    app.provider.answer(answers.error(131016, 503));
    const number = phone();
    const id = await queued(number);
    await desk.sendWhen(agent, id, (send) => (send as unknown as { attempts: number }).attempts > 0);
    app.clock.advance(61 * MINUTE);
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: 'PROVIDER_UNAVAILABLE' },
      retryable: true,
    });
  });

  test('the generic error is tried once more, and no further', async () => {
    app.provider.answer([answers.error(135000), answers.error(135000)]);
    const number = phone();
    const id = await queued(number);
    await desk.sendWhen(agent, id, (send) => kindsOf(send).includes('refused'));
    app.clock.advance(7_000);
    const failed = await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED');
    expect(failed).toMatchObject({ attempts: 2, failure: { code: 'OTHER', providerCode: 135000 } });
  });

  test('what WhatsApp asks to wait is waited', async () => {
    app.provider.answer([answers.error(130429, 429, { headers: { 'retry-after': '600' } })]);
    const number = phone();
    const id = await queued(number);
    // The answer is stored along with when it may be called again.
    await desk.sendWhen(agent, id, (send) => kindsOf(send).includes('refused'));
    app.clock.advance(9 * MINUTE);
    await desk.accepted(agent, phone());
    expect(callsTo(number)).toHaveLength(1);
    app.clock.advance(2 * MINUTE);
    await desk.sendWhen(agent, id, ({ status }) => status === 'ACCEPTED');
  });

  test.each([
    [132015, 'TEMPLATE_PAUSED'],
    [132001, 'TEMPLATE_REFUSED'],
    [132016, 'TEMPLATE_REFUSED'],
  ])('error %i fails the send with %s, and has the templates fetched anew', async (code, failure) => {
    const changed = LISTED_TEMPLATES.map((template) => ({ ...template, status: 'PAUSED' }));
    app.provider.templates(desk.businessAccountId, changed);
    app.provider.answer([answers.error(code)]);
    const id = await queued(phone());
    expect(await desk.sendWhen(agent, id, ({ status }) => status === 'FAILED')).toMatchObject({
      failure: { code: failure, providerCode: code },
    });
    await eventually(
      async () =>
        (
          await desk.admin.ask('query ($id: ID!) { node(id: $id) { ... on Template { status } } }', {
            id: desk.templates['order_update'],
          })
        ).node.status as string,
      (status) => status === 'PAUSED',
    );
  });

  test('an account error stops the number alone, and keeps its sends', async () => {
    const other = await Desk.open(app);
    const otherAgent = await other.agent('Olga');
    const alerts = await desk.admin.listen(
      'subscription ($after: String) { channelHealthChanged(after: $after) { state channel { id } } }',
    );
    app.provider.answer([answers.error(190, 401)]);
    const id = await queued(phone());
    expect(await alerts.next()).toEqual({
      channelHealthChanged: { state: 'STOPPED', channel: { id: desk.channelId } },
    });
    expect(await agent.refusals('sendActiveMessage', desk.orderUpdate(phone()))).toContain('CHANNEL_STOPPED');
    expect((await desk.sendWhen(agent, id, () => true)).status).toBe('QUEUED');
    await other.accepted(otherAgent, phone());
    await desk.admin.act(
      'updateWhatsAppChannel',
      { channelId: desk.channelId, accessToken: 'EAAGproviderdouble' },
      'channel { health { state } }',
    );
    expect(await alerts.next()).toMatchObject({ channelHealthChanged: { state: 'OK' } });
    app.clock.advance(7_000);
    await desk.sendWhen(agent, id, ({ status }) => status === 'ACCEPTED');
    await alerts.close();
  });

  test('the recipient-rate error delays that recipient alone', async () => {
    const slow = phone();
    app.provider.answer([answers.error(131056)]);
    const id = await queued(slow);
    await desk.sendWhen(agent, id, (send) => (send as unknown as { attempts: number }).attempts === 1);
    await desk.accepted(agent, phone());
    expect((await desk.sendWhen(agent, id, () => true)).status).toBe('QUEUED');
    app.clock.advance(30_000);
    await desk.sendWhen(agent, id, ({ status }) => status === 'ACCEPTED');
  });
});

test('rule 20: what waits to be tried again keeps its place before what was written to the same person later', async () => {
  const number = phone();
  app.provider.answer([answers.error(131000, 500)]);
  const first = await queued(number);
  await desk.sendWhen(agent, first, (send) => kindsOf(send).includes('refused'));
  const second = await queued(number);
  for (const id of [first, second]) {
    app.clock.advance(7_000);
    await desk.sendWhen(agent, id, ({ status }) => status === 'ACCEPTED');
  }
  const order = callsTo(number).map(
    ({ body }) => (body as { biz_opaque_callback_data: string }).biz_opaque_callback_data,
  );
  expect(order).toEqual([first, first, second]);
});
