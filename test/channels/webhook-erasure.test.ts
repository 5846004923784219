import { describe, expect, test } from '@jest/globals';
import { withoutPerson } from '../../src/channels/cloud-api/webhook-erasure';
import { parseWebhookText } from '../../src/channels/cloud-api/webhooks';
import {
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

const OTHER = '5511987650002';
const person = { addresses: new Set([CUSTOMER, CUSTOMER_USER_ID]), otherPhoneNumberIds: new Set<string>() };
const otherContact = { profile: { name: 'Rui' }, wa_id: OTHER };
const other = (more: object = {}) => ({ ...textMessage('Oi'), id: 'wamid.other', from: OTHER, ...more });

/** What is left of a body: every item stays at its place. */
function left(whole: object | string, of = person): string[] {
  const text = typeof whole === 'string' ? whole : JSON.stringify(whole);
  const after = withoutPerson(text, of);
  if (after === null) throw new Error('It was not about the person');
  expect(after).not.toContain(CUSTOMER);
  expect(after).not.toContain(CUSTOMER_USER_ID);
  const items = parseWebhookText(after);
  expect(items).toHaveLength(parseWebhookText(text).length);
  return items.map(({ kind }) => kind);
}

describe('a person is taken out of a body', () => {
  test('and everybody else stays at their place', () => {
    const lists = {
      contacts: [contact(), otherContact],
      messages: [
        textMessage('secret'),
        other(),
        message('text', {}, { from: undefined, from_user_id: CUSTOMER_USER_ID }),
      ],
      statuses: [status('read'), status('read', { recipient_id: OTHER, recipient_user_id: undefined })],
    };
    expect(
      left(body(change(lists), templateChange('message_template_status_update', { event: 'APPROVED' }))),
    ).toEqual(['ignored', 'message', 'ignored', 'ignored', 'status', 'template-status']);
  });

  test.each([
    [
      'a message that only its contact tells the sender of',
      change({ contacts: [contact()], messages: [{ id: 'x' }] }),
    ],
    [
      'a notice of a new number',
      change({
        messages: [
          message(
            'system',
            { system: { type: 'user_changed_number', new_wa_id: CUSTOMER } },
            { from: '5511900000000' },
          ),
        ],
      }),
    ],
    [
      'a new user id',
      change(
        {
          user_id_update: [{ timestamp: SECONDS, user_id: { previous: 'BR.1', current: CUSTOMER_USER_ID } }],
        },
        'user_id_update',
      ),
    ],
    ['a field that nobody knows', { field: 'news', value: { who: `+${CUSTOMER}` } }],
    ['a list that is none', change({ messages: { from: CUSTOMER } })],
    ['an element that is no object', change({ messages: [CUSTOMER] })],
    ['a change without a value', { field: 'messages', from: CUSTOMER }],
  ])('%s', (_name, one) => {
    expect(left(body(one))).toEqual(['ignored']);
  });

  test('also where it cannot be taken apart', () => {
    expect(left(`no JSON, but from +${CUSTOMER}.`)).toEqual(['ignored']);
    expect(left({ object: 'whatsapp_business_account', entry: [{ from: CUSTOMER }] })).toEqual(['ignored']);
  });

  test('but not out of what others wrote, or what came over another number, or a longer number', () => {
    const untouched = (whole: object | string, of = person) =>
      expect(withoutPerson(typeof whole === 'string' ? whole : JSON.stringify(whole), of)).toBeNull();
    untouched(body(change({ contacts: [otherContact], messages: [other({ text: { body: CUSTOMER } })] })));
    untouched(body(change({ contacts: [contact()], messages: [textMessage('Oi')] })), {
      ...person,
      otherPhoneNumberIds: new Set([NUMBER]),
    });
    untouched(`no JSON, but from 1${CUSTOMER}2`);
  });
});
