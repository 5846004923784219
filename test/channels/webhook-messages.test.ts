import { parseWebhook } from '../../src/channels/cloud-api/webhooks';
import type { WebhookItem } from '../../src/channels/webhook-items';
import {
  body,
  change,
  contact,
  CUSTOMER,
  CUSTOMER_USER_ID,
  message,
  messageBody,
  NUMBER,
  SECONDS,
  status,
  textMessage,
} from '../kit/fixtures/webhook-bodies';
import type { Json } from '../kit/fixtures/webhook-bodies';

const AT = SECONDS * 1_000;
const whole = { waId: CUSTOMER, phone: CUSTOMER, userId: CUSTOMER_USER_ID };

/** The item of a body that holds one. */
function only(given: Json): WebhookItem {
  const items = parseWebhook(given);
  expect(items).toHaveLength(1);
  return items[0]!;
}

const withoutPayload = ({ payload: _payload, ...rest }: WebhookItem): object => rest;

describe('messages', () => {
  test('a text, with all that stands around it', () => {
    const sent = textMessage('Bom dia', { context: { from: '551140040001', id: 'wamid.out.1' } });
    expect(withoutPayload(only(messageBody(sent)))).toEqual({
      kind: 'message',
      phoneNumberId: NUMBER,
      providerMessageId: 'wamid.in.text',
      at: AT,
      from: whole,
      profileName: 'Dora Teste',
      type: 'text',
      text: 'Bom dia',
      content: { body: 'Bom dia' },
      quotedMessageId: 'wamid.out.1',
      opensTicket: true,
    });
  });

  const image = { id: 'm1', mime_type: 'image/jpeg', caption: 'Nota' };
  test.each<[string, Json, object]>([
    [
      'image',
      { image },
      {
        text: 'Nota',
        media: { providerMediaId: 'm1', mimeType: 'image/jpeg' },
        content: image,
        opensTicket: true,
      },
    ],
    ['video', { video: { id: 'm2' } }, { text: null, media: { providerMediaId: 'm2' } }],
    ['audio', { audio: { id: 'm3', voice: true } }, { text: null, media: { providerMediaId: 'm3' } }],
    [
      'document',
      { document: { id: 'm4', filename: 'a.pdf', caption: 'x' } },
      { text: 'x', media: { providerMediaId: 'm4', filename: 'a.pdf' } },
    ],
    [
      'sticker',
      { sticker: { id: 'm5' } },
      { text: null, media: { providerMediaId: 'm5' }, opensTicket: true },
    ],
    [
      'location',
      { location: { latitude: 1, longitude: 2, name: 'Praça' } },
      { text: 'Praça', opensTicket: true },
    ],
    [
      'contacts',
      { contacts: [{ name: { formatted_name: 'Rui' } }, { name: { formatted_name: 'Eva' } }] },
      {
        text: 'Rui, Eva',
        content: { contacts: [{ name: { formatted_name: 'Rui' } }, { name: { formatted_name: 'Eva' } }] },
      },
    ],
    [
      'reaction',
      { reaction: { message_id: 'wamid.out.1', emoji: '👍' } },
      { text: '👍', reactionTo: 'wamid.out.1', opensTicket: false },
    ],
    [
      'reaction',
      { reaction: { message_id: 'wamid.out.1' } },
      { text: null, reactionTo: 'wamid.out.1', opensTicket: false },
    ],
    [
      'button',
      { button: { payload: 'sim', text: 'Sim' } },
      { text: 'Sim', buttonPayload: 'sim', buttonText: 'Sim', opensTicket: true },
    ],
    [
      'interactive',
      { interactive: { type: 'button_reply', button_reply: { id: 'b1', title: 'Um' } } },
      { text: 'Um', buttonPayload: 'b1', buttonText: 'Um', opensTicket: true },
    ],
    [
      'interactive',
      { interactive: { type: 'list_reply', list_reply: { id: 'l1', title: 'Dois' } } },
      { text: 'Dois', buttonPayload: 'l1', buttonText: 'Dois' },
    ],
    [
      'interactive',
      { interactive: { type: 'nfm_reply', nfm_reply: { body: 'Sent', response_json: '{}' } } },
      { text: 'Sent', opensTicket: true },
    ],
    ['interactive', {}, { text: null, content: {}, opensTicket: true }],
    ['order', { order: { text: 'dois', product_items: [] } }, { text: 'dois', opensTicket: true }],
    [
      'unsupported',
      { errors: [{ code: 131051 }] },
      { text: null, content: { errors: [{ code: 131051 }] }, opensTicket: false },
    ],
    ['ephemeral', {}, { opensTicket: false }],
    ['request_welcome', {}, { opensTicket: false }],
    [
      'edit',
      { edit: { original_message_id: 'w', message: { type: 'text', text: { body: 'novo' } } } },
      { text: 'novo', opensTicket: false },
    ],
    ['revoke', { revoke: { original_message_id: 'w' } }, { text: null, opensTicket: false }],
    [
      'system',
      { system: { type: 'customer_identity_changed', body: 'x' } },
      { text: 'x', opensTicket: false },
    ],
    ['hologram', { hologram: { depth: 3 } }, { text: null, content: { depth: 3 }, opensTicket: true }],
  ])('%s %j', (type, content, expected) => {
    expect(only(messageBody(message(type, content)))).toMatchObject({ kind: 'message', type, ...expected });
  });

  test('NUL characters go', () => {
    expect(only(messageBody(textMessage('a\0b')))).toMatchObject({ text: 'ab' });
  });

  test('what is written in a group is ignored', () => {
    expect(only(messageBody(textMessage('oi', { group_id: 'g1' }))).kind).toBe('ignored');
  });

  const from = (contacts: Json[], ...messages: Json[]): unknown[] =>
    parseWebhook(body(change({ contacts, messages }))).map((item) => 'from' in item && item.from);
  test('who it is from', () => {
    expect(from([], textMessage('a'))).toEqual([{ phone: CUSTOMER }]);
    expect(from([], textMessage('a', { from: undefined, from_user_id: 'BR.2' }))).toEqual([
      { userId: 'BR.2' },
    ]);
    expect(from([contact({ wa_id: undefined })], textMessage('a', { from: undefined }))).toEqual([
      { userId: CUSTOMER_USER_ID },
    ]);
    // The provider may write one number in two ways.
    expect(from([contact({ wa_id: '551187650001', user_id: undefined })], textMessage('a'))).toEqual([
      { waId: '551187650001', phone: CUSTOMER },
    ]);
    const other = contact({ wa_id: '5511987650002', user_id: 'BR.2' });
    expect(from([other, contact()], textMessage('a'), textMessage('b', { from: '5511987650002' }))).toEqual([
      whole,
      { waId: '5511987650002', phone: '5511987650002', userId: 'BR.2' },
    ]);
    // A contact that is nobody's here lends its name to nobody.
    expect(from([other], textMessage('a'), textMessage('b', { from: '5511987650003' }))).toEqual([
      { phone: CUSTOMER },
      { phone: '5511987650003' },
    ]);
  });

  test('whoever wrote is not whom a report beside the message is about', () => {
    const report = { id: 'wamid.1', status: 'sent', timestamp: '1772366400', recipient_id: '5511987650002' };
    const items = parseWebhook(
      body(change({ contacts: [contact()], statuses: [report], messages: [textMessage('a')] })),
    );
    expect(items).toMatchObject([
      { kind: 'status', recipient: { phone: '5511987650002' } },
      { kind: 'message', from: whole },
    ]);
    expect(items[0]).not.toHaveProperty('recipient.waId');
  });

  test.each<[string, Json, RegExp]>([
    ['no id', textMessage('a', { id: undefined }), /no id/],
    ['no time', textMessage('a', { timestamp: undefined }), /timestamp/],
    ['milliseconds', textMessage('a', { timestamp: '1772366400000' }), /timestamp/],
    ['a date', textMessage('a', { timestamp: '2026-03-01' }), /timestamp/],
  ])('unreadable: %s', (_name, one, reason) => {
    expect(only(messageBody(one))).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringMatching(reason) as string,
    });
  });

  test('nobody it is from', () => {
    const anonymous = body(change({ messages: [textMessage('a', { from: undefined })] }));
    expect(only(anonymous)).toMatchObject({ kind: 'unreadable' });
  });
});

describe('statuses', () => {
  test('delivered, with what we gave it', () => {
    const report = status('delivered', { biz_opaque_callback_data: 'snd_1', pricing: {} });
    expect(withoutPayload(only(body(change({ contacts: [contact()], statuses: [report] }))))).toEqual({
      kind: 'status',
      phoneNumberId: NUMBER,
      providerMessageId: 'wamid.out.1',
      status: 'delivered',
      at: AT,
      recipient: whole,
      errors: [],
      correlation: 'snd_1',
    });
  });

  test('failed, with a reason', () => {
    const report = status('failed', { errors: [{ code: 131050, title: 'T', error_data: { details: 'D' } }] });
    expect(only(body(change({ statuses: [report] })))).toMatchObject({
      recipient: { phone: CUSTOMER, userId: CUSTOMER_USER_ID },
      errors: [{ code: 131050, title: 'T', details: 'D', failure: 'OPTED_OUT', optOut: 'MARKETING' }],
    });
  });

  test('an unknown word, nobody it is for, a number as time', () => {
    const bare = { id: 'w', status: 'levitated', timestamp: SECONDS };
    expect(only(body(change({ statuses: [bare] })))).toMatchObject({
      status: 'levitated',
      recipient: {},
      at: AT,
    });
  });

  test.each(['id', 'status', 'timestamp'])('unreadable without %s', (name) => {
    expect(only(body(change({ statuses: [status('sent', { [name]: undefined })] }))).kind).toBe('unreadable');
  });

  test('a group is ignored', () => {
    expect(only(body(change({ statuses: [status('read', { recipient_type: 'group' })] }))).kind).toBe(
      'ignored',
    );
  });
});
