import fc from 'fast-check';
import { parseElement, parseWebhook, parseWebhookText } from '../../src/channels/cloud-api/webhooks';
import type { WebhookItem } from '../../src/channels/webhook-items';
import {
  ACCOUNT,
  body,
  change,
  contact,
  CUSTOMER,
  CUSTOMER_USER_ID,
  message,
  NUMBER,
  SECONDS,
  status,
  templateChange,
  textMessage,
} from '../kit/fixtures/webhook-bodies';
import type { Json } from '../kit/fixtures/webhook-bodies';

const AT = SECONDS * 1_000;

/** The item of a body that holds one. */
function only(given: Json): WebhookItem {
  const items = parseWebhook(given);
  expect(items).toHaveLength(1);
  return items[0]!;
}

const kinds = (items: WebhookItem[]): string[] => items.map(({ kind }) => kind);

describe('people change', () => {
  const notice = (system: Json, more: Json = {}): WebhookItem =>
    only(body(change({ messages: [message('system', { system }, more)] })));
  const newWaId = '5511987650009';

  test.each<[string, WebhookItem, object]>([
    [
      'a new number',
      notice({ type: 'user_changed_number', wa_id: newWaId }),
      { kind: 'number-changed', oldAddresses: { phone: CUSTOMER }, newWaId, at: AT },
    ],
    [
      'a new number and id',
      notice({ type: 'user_changed_number', wa_id: newWaId, user_id: 'BR.2', previous_user_id: 'BR.1' }),
      {
        kind: 'number-changed',
        oldAddresses: { phone: CUSTOMER, userId: 'BR.1' },
        newWaId,
        newUserId: 'BR.2',
      },
    ],
    [
      'as it was told before',
      notice({ type: 'customer_changed_number', new_wa_id: newWaId }),
      { kind: 'number-changed', newWaId },
    ],
    [
      'a new id alone',
      notice(
        { type: 'user_changed_user_id', user_id: 'BR.2', previous_user_id: 'BR.1' },
        { from: undefined },
      ),
      { kind: 'user-id-changed', oldUserId: 'BR.1', newUserId: 'BR.2', addresses: {} },
    ],
    [
      'a new id of who has this number',
      notice({ type: 'user_changed_user_id', user_id: 'BR.2', wa_id: CUSTOMER }),
      {
        kind: 'user-id-changed',
        oldUserId: null,
        newUserId: 'BR.2',
        addresses: { waId: CUSTOMER, phone: CUSTOMER },
      },
    ],
    ['nothing new', notice({ type: 'user_changed_number' }), { kind: 'unreadable' }],
    [
      'nobody known',
      notice({ type: 'user_changed_user_id', user_id: 'BR.2' }, { from: undefined }),
      { kind: 'unreadable' },
    ],
  ])('%s', (_name, item, expected) => {
    expect(item).toMatchObject(expected);
    if (!('reason' in item)) expect(item).toMatchObject({ phoneNumberId: NUMBER });
  });

  test('user_id_update', () => {
    const update = {
      wa_id: CUSTOMER,
      user_id: { previous: 'BR.1', current: 'BR.2' },
      timestamp: String(SECONDS),
    };
    expect(only(body(change({ user_id_update: [update] }, 'user_id_update')))).toMatchObject({
      kind: 'user-id-changed',
      oldUserId: 'BR.1',
      newUserId: 'BR.2',
      addresses: { waId: CUSTOMER },
    });
    expect(only(body(change({ user_id_update: [{ timestamp: 1 }] }, 'user_id_update'))).kind).toBe(
      'unreadable',
    );
  });

  test.each([
    ['stop', true],
    ['resume', false],
    ['signup', false],
  ])('marketing: %s', (value, optedOut) => {
    const preference = { wa_id: CUSTOMER, category: 'marketing_messages', value, timestamp: SECONDS };
    expect(
      only(body(change({ contacts: [contact()], user_preferences: [preference] }, 'user_preferences'))),
    ).toMatchObject({
      kind: 'marketing-preference',
      addresses: { waId: CUSTOMER, userId: CUSTOMER_USER_ID },
      optedOut,
      at: AT,
    });
  });

  test.each<[string, Json, string]>([
    ['another value', { wa_id: CUSTOMER, value: 'maybe', timestamp: 1 }, 'unreadable'],
    ['nobody', { value: 'stop', timestamp: 1 }, 'unreadable'],
    ['another category', { wa_id: CUSTOMER, category: 'weather', value: 'stop', timestamp: 1 }, 'ignored'],
  ])('marketing: %s', (_name, preference, kind) => {
    expect(only(body(change({ user_preferences: [preference] }, 'user_preferences'))).kind).toBe(kind);
  });
});

test('an echo', () => {
  const echo = {
    from: '551140040001',
    to: CUSTOMER,
    id: 'wamid.e',
    timestamp: String(SECONDS),
    type: 'text',
  };
  expect(only(body(change({ message_echoes: [echo] }, 'smb_message_echoes')))).toMatchObject({
    kind: 'echo',
    providerMessageId: 'wamid.e',
    to: { phone: CUSTOMER },
  });
});

describe('templates', () => {
  const head = {
    businessAccountId: ACCOUNT,
    providerTemplateId: '4400000000001',
    name: 'lembrete_consulta',
    language: 'pt_BR',
    at: AT,
  };
  test.each<[string, Json, object]>([
    [
      'message_template_status_update',
      { event: 'PAUSED', reason: 'NONE', message_template_category: 'UTILITY' },
      { kind: 'template-status', event: 'PAUSED', status: 'PAUSED', reason: null, category: 'UTILITY' },
    ],
    [
      'message_template_status_update',
      { event: 'REJECTED', reason: 'SCAM' },
      { kind: 'template-status', status: 'REJECTED', reason: 'SCAM', category: null },
    ],
    ['message_template_status_update', { event: 'REINSTATED' }, { status: 'APPROVED', event: 'REINSTATED' }],
    ['message_template_status_update', { event: 'FLAGGED' }, { status: 'UNKNOWN', event: 'FLAGGED' }],
    [
      'message_template_quality_update',
      { previous_quality_score: 'GREEN', new_quality_score: 'RED' },
      { kind: 'template-quality', qualityScore: 'RED' },
    ],
    [
      'message_template_components_update',
      { message_template_element: 'Olá {{1}}' },
      { kind: 'template-components', content: { message_template_element: 'Olá {{1}}' } },
    ],
    [
      'template_category_update',
      { previous_category: 'UTILITY', new_category: 'MARKETING' },
      { kind: 'template-category', category: 'MARKETING', providerCategory: 'MARKETING' },
    ],
  ])('%s %j', (field, value, expected) => {
    expect(only(body(templateChange(field, value)))).toMatchObject({ ...head, ...expected });
  });

  test.each<[string, Json]>([
    ['message_template_status_update', {}],
    ['message_template_status_update', { event: 'APPROVED', message_template_name: undefined }],
    ['message_template_quality_update', {}],
    ['template_category_update', {}],
    ['message_template_components_update', { message_template_language: '' }],
  ])('unreadable: %s %j', (field, value) => {
    expect(only(body(templateChange(field, value))).kind).toBe('unreadable');
  });

  test('an id beyond 2^53 keeps its digits, whatever customers write', () => {
    const text = JSON.stringify(
      body(
        templateChange('message_template_status_update', { event: 'APPROVED' }),
        change({ messages: [textMessage('"message_template_id": 12345678901234567890}')] }),
      ),
    ).replace('4400000000001', '12345678901234567');
    const [first, second] = parseWebhookText(text);
    expect(first).toMatchObject({ providerTemplateId: '12345678901234567' });
    expect(second).toMatchObject({ text: '"message_template_id": 12345678901234567890}' });
    expect(parseElement(JSON.parse(JSON.stringify(first!.payload)))).toEqual(first);
  });
});

describe('a body as a whole', () => {
  test('every element gives one item, in order; what is malformed spoils no neighbour', () => {
    const given = {
      object: 'whatsapp_business_account',
      entry: [
        {
          id: ACCOUNT,
          time: SECONDS,
          changes: [
            change({
              contacts: [contact()],
              messages: [textMessage('a'), null, textMessage('b', { id: '' })],
              statuses: [status('sent'), 7, status('read')],
            }),
            null,
            { field: 'messages' },
            change({ errors: [{ code: 131000 }], messages: 'x' }),
          ],
        },
        'x',
        { id: ACCOUNT },
        {
          id: ACCOUNT,
          changes: [
            { field: 'account_update', value: { event: 'X' } },
            { field: 'astrology', value: {} },
            change({ contacts: [contact()] }),
            change({}),
            change({ constellations: [1, 2] }),
            templateChange('message_template_status_update', { event: 'APPROVED' }),
            change({ messages: [textMessage('c')] }, undefined, 'other'),
            { value: (change({ messages: [textMessage('d')] }) as { value: Json }).value },
            { field: 'messages', value: { messages: [textMessage('e')] } },
          ],
        },
      ],
    };
    const items = parseWebhook(given);
    expect(kinds(items)).toEqual([
      'message',
      'unreadable',
      'unreadable',
      'status',
      'unreadable',
      'status',
      'unreadable',
      'unreadable',
      'ignored',
      'unreadable',
      'unreadable',
      'unreadable',
      'ignored',
      'unreadable',
      'unreadable',
      'unreadable',
      'unreadable',
      'template-status',
      'message',
      'message',
      'unreadable',
    ]);
    for (const item of items) {
      const stored: unknown = JSON.parse(JSON.stringify(item.payload));
      expect(parseElement(stored)).toEqual(item);
    }
  });

  test.each<[unknown, string]>([
    [null, 'unreadable'],
    ['x', 'unreadable'],
    [[], 'unreadable'],
    [{}, 'unreadable'],
    [{ entry: {} }, 'unreadable'],
    [{ object: 'page', entry: [{}] }, 'ignored'],
  ])('%j is %s', (given, kind) => {
    const items = parseWebhook(given);
    expect(kinds(items)).toEqual([kind]);
    expect(parseElement(items[0]!.payload).kind).toBe(kind);
  });

  test('no JSON, and nothing in it', () => {
    const items = parseWebhookText('{"entry": [');
    expect(items).toEqual([
      { kind: 'unreadable', reason: 'The body is no JSON, or has too many levels.', payload: '{"entry": [' },
    ]);
    expect(parseElement(items[0]!.payload)).toEqual(items[0]);
    expect(parseWebhook({ entry: [] })).toEqual([]);
    expect(parseElement({ entry: [] }).kind).toBe('unreadable');
  });

  test('nothing makes it throw, and each payload gives its item again', () => {
    const lists = fc.record(
      {
        metadata: fc.oneof(fc.constant({ phone_number_id: NUMBER }), fc.jsonValue()),
        contacts: fc.oneof(fc.constant([contact()]), fc.jsonValue()),
        messages: fc.oneof(fc.array(fc.oneof(fc.constant(textMessage('a')), fc.jsonValue())), fc.jsonValue()),
        statuses: fc.oneof(fc.array(fc.oneof(fc.constant(status('sent')), fc.jsonValue())), fc.jsonValue()),
        event: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const field = fc.constantFrom(
      'messages',
      'message_template_status_update',
      'user_preferences',
      'x',
      5,
      null,
    );
    const changes = fc.array(
      fc.oneof(fc.record({ field, value: fc.oneof(lists, fc.jsonValue()) }), fc.jsonValue()),
    );
    const entries = fc.array(fc.oneof(fc.record({ id: fc.jsonValue(), changes }), fc.jsonValue()));
    fc.assert(
      fc.property(entries, (entry) => {
        for (const item of parseWebhook({ entry })) expect(parseElement(item.payload)).toEqual(item);
      }),
    );
  });
});
