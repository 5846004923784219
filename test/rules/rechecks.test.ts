import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { deliver } from '../kit/customer';
import { Desk, flowOf, OTHER_SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers } from '../kit/provider-double';
import { LISTED_TEMPLATES } from '../kit/templates';

let app: TestApp;
let desk: Desk;
let agent: Caller;

beforeAll(async () => {
  // It stands still, so that nobody's turn comes while something is being changed.
  const clock = new TestClock();
  clock.freeze();
  app = await TestApp.start({ clock });
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
const phone = (): string => `+55119${String(30_000_000 + (phones += 1))}`;

/** What becomes otherwise between the sending and the call, and what the send then fails with. */
type Change = (contactId: string, number: string) => Promise<unknown>;

const sale = (number: string): Record<string, unknown> => ({
  ...desk.orderUpdate(number),
  templateId: desk.templates['sale'],
  parameters: [{ key: 'body.1', value: '5%' }],
});

async function templateStatus(event: string): Promise<void> {
  const value = {
    event,
    message_template_id: 900000000000003,
    message_template_name: 'sale',
    message_template_language: 'pt_BR',
    reason: 'NONE',
  };
  await deliver(desk, {
    object: 'whatsapp_business_account',
    entry: [
      { id: desk.businessAccountId, time: 1, changes: [{ field: 'message_template_status_update', value }] },
    ],
  });
  await eventually(
    async () => (await desk.admin.ask(STATUS, { id: desk.templates['sale'] })).node.status as string,
    (status) => status === event,
  );
}
const STATUS = 'query ($id: ID!) { node(id: $id) { ... on Template { status } } }';

const CHANGES: [what: string, code: string, change: Change][] = [
  [
    'the bot was switched off',
    'NO_LONGER_ALLOWED',
    () => desk.admin.act('updateSettings', { botId: desk.botId, enabled: false }, 'settings { enabled }'),
  ],
  ['the permission was taken', 'NO_LONGER_ALLOWED', () => desk.grant(agent.id, false)],
  [
    'the sender was deactivated',
    'NO_LONGER_ALLOWED',
    () => desk.admin.act('updateAgent', { agentId: agent.id, active: false }, 'agent { id }'),
  ],
  [
    'the template was disabled',
    'NO_LONGER_ALLOWED',
    () =>
      desk.admin.act(
        'disableTemplates',
        { botId: desk.botId, templateIds: [desk.templates['sale']] },
        'activations { id }',
      ),
  ],
  ['WhatsApp paused the template', 'TEMPLATE_PAUSED', () => templateStatus('PAUSED')],
  ['WhatsApp rejected the template', 'NO_LONGER_ALLOWED', () => templateStatus('REJECTED')],
  [
    'the template has other blanks',
    'NO_LONGER_ALLOWED',
    async () => {
      const [order, hello, before] = LISTED_TEMPLATES;
      const after = { ...before, components: [{ type: 'BODY', text: '{{1}} {{2}}' }] };
      app.provider.templates(desk.businessAccountId, [order!, hello!, after]);
      const input = { botId: desk.botId };
      await desk.admin.act('syncTemplates', input, 'updated');
      const anew = { ...input, templateIds: [desk.templates['sale']], returnBlockId: OTHER_SERVICE_BLOCK };
      await desk.admin.act('enableTemplates', anew, 'activations { id }');
    },
  ],
  [
    'the return block is gone',
    'NO_LONGER_ALLOWED',
    () =>
      desk.admin.act(
        'publishFlow',
        { botId: desk.botId, definition: flowOf(OTHER_SERVICE_BLOCK) },
        'flow { id }',
      ),
  ],
  [
    'the contact wants no messages',
    'OPTED_OUT',
    (contactId) =>
      desk.admin.act('setContactOptOut', { contactId, optedOut: true }, 'contact { optedOutAt }'),
  ],
  [
    'the contact wants no marketing',
    'OPTED_OUT',
    (contactId) =>
      desk.admin.act(
        'setContactOptOut',
        { contactId, scope: 'MARKETING', optedOut: true },
        'contact { optedOutAt }',
      ),
  ],
  [
    'a ticket was opened',
    'CONTACT_HAS_OPEN_TICKET',
    async (_contactId, number) => {
      await desk.customer(number.slice(1)).write('hello there');
      await eventually(
        async () => (await desk.admin.ask('{ tickets { totalCount } }')).tickets.totalCount as number,
        (count) => count === 1,
      );
    },
  ],
  [
    'the bot has another number',
    'NO_LONGER_ALLOWED',
    async () => {
      await desk.admin.act('disconnectWhatsAppChannel', { channelId: desk.channelId }, 'bot { id }');
      const { channel } = await desk.admin.act(
        'connectWhatsAppChannel',
        { botId: desk.botId, phoneNumber: `+55114${desk.phoneNumberId.slice(-7)}0`, sandbox: true },
        'channel { id }',
      );
      expect(channel.id).not.toBe(desk.channelId);
    },
  ],
];

describe('rule 20: all but presence is checked again before the call', () => {
  test.each(CHANGES)('%s: %s', async (_what, code, change) => {
    const number = phone();
    // Within the recipient's pause the next one waits.
    const { contactId } = await desk.accepted(agent, number);
    const { send } = await agent.act('sendActiveMessage', sale(number), 'send { id status }');
    expect(send.status).toBe('QUEUED');
    await change(contactId, number);
    app.clock.advance(7_000);
    const failed = await desk.sendWhen(desk.admin, send.id as string, ({ status }) => status === 'FAILED');
    expect(failed).toMatchObject({ attempts: 0, failure: { code, message: expect.stringMatching(/\.$/) } });
    const calls = app.provider.sends.filter(({ body }) => (body as { to?: string }).to === number.slice(1));
    expect(calls).toHaveLength(1);
  });

  test('and where nothing changed it goes out', async () => {
    const number = phone();
    await desk.accepted(agent, number);
    const { send } = await agent.act('sendActiveMessage', sale(number), 'send { id }');
    app.clock.advance(7_000);
    await desk.sendWhen(agent, send.id as string, ({ status }) => status === 'ACCEPTED');
  });
});
