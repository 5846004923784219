import type { JsonObject, OutgoingTemplate } from '../../src/channels/channel';
import { messageBody, MessageNotBuildable } from '../../src/channels/cloud-api/message-body';

const template = (
  components: JsonObject[],
  values: Record<string, string> = {},
  more: Partial<OutgoingTemplate> = {},
): OutgoingTemplate => ({
  kind: 'template',
  name: 'lembrete',
  language: 'pt_BR',
  parameterFormat: 'POSITIONAL',
  components,
  parameters: Object.entries(values).map(([key, value]) => ({ key, value })),
  correlation: 'snd_1',
  ...more,
});
const componentsOf = (message: OutgoingTemplate) =>
  (messageBody({ phone: '551187654321' }, message)['template'] as JsonObject)['components'];
const mediaHeader = (format: string) => [{ type: 'HEADER', format }];

test('a template without blanks', () => {
  expect(messageBody({ phone: '551187654321' }, template([{ type: 'BODY', text: 'Olá' }]))).toEqual({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: '551187654321',
    type: 'template',
    template: { name: 'lembrete', language: { code: 'pt_BR' } },
    biz_opaque_callback_data: 'snd_1',
  });
});

test('a recipient known by an id alone, free text that quotes', () => {
  const message = { kind: 'text', text: 'Bom dia', replyTo: 'wamid.1', correlation: 'msg_1' } as const;
  expect(messageBody({ userId: 'BR.1' }, message)).toEqual({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    recipient: 'BR.1',
    context: { message_id: 'wamid.1' },
    type: 'text',
    text: { body: 'Bom dia', preview_url: false },
    biz_opaque_callback_data: 'msg_1',
  });
});

test('numbered blanks go in the order of their numbers', () => {
  const components = [
    { type: 'HEADER', format: 'TEXT', text: '{{1}}' },
    { type: 'BODY', text: '{{10}} {{9}} {{8}} {{7}} {{6}} {{5}} {{4}} {{3}} {{2}} {{1}}' },
  ];
  const values = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`body.${at + 1}`, `v${at + 1}`]));
  const sent = componentsOf(template(components, { ...values, 'header.1': 'h' }));
  expect(sent).toEqual([
    { type: 'header', parameters: [{ type: 'text', text: 'h' }] },
    {
      type: 'body',
      parameters: Array.from({ length: 10 }, (_, at) => ({ type: 'text', text: `v${at + 1}` })),
    },
  ]);
});

test('named blanks bear their names', () => {
  const components = [
    { type: 'HEADER', format: 'TEXT', text: '{{nome}}' },
    { type: 'BODY', text: '{{order_id}}' },
  ];
  const values = { 'header.nome': 'Ana', 'body.order_id': '7' };
  expect(componentsOf(template(components, values, { parameterFormat: 'NAMED' }))).toEqual([
    { type: 'header', parameters: [{ type: 'text', parameter_name: 'nome', text: 'Ana' }] },
    { type: 'body', parameters: [{ type: 'text', parameter_name: 'order_id', text: '7' }] },
  ]);
});

test.each<[string, string, JsonObject]>([
  ['IMAGE', 'https://a.example/x.png', { type: 'image', image: { link: 'https://a.example/x.png' } }],
  ['VIDEO', 'https://a.example/x.mp4', { type: 'video', video: { link: 'https://a.example/x.mp4' } }],
  [
    'DOCUMENT',
    'https://a.example/f/boleto%20maio.pdf?k=1',
    {
      type: 'document',
      document: { link: 'https://a.example/f/boleto%20maio.pdf?k=1', filename: 'boleto maio.pdf' },
    },
  ],
  ['DOCUMENT', 'https://a.example/f', { type: 'document', document: { link: 'https://a.example/f' } }],
  [
    'DOCUMENT',
    'https://a.example/%E0%A4%A.pdf',
    { type: 'document', document: { link: 'https://a.example/%E0%A4%A.pdf', filename: '%E0%A4%A.pdf' } },
  ],
  ['LOCATION', '-23.5, -46.6', { type: 'location', location: { latitude: '-23.5', longitude: '-46.6' } }],
  [
    'LOCATION',
    '1,2,Praça,Rua A, 10',
    { type: 'location', location: { latitude: '1', longitude: '2', name: 'Praça', address: 'Rua A, 10' } },
  ],
])('header %s %s', (format, value, parameter) => {
  const sent = componentsOf(template(mediaHeader(format), { [`header.${format.toLowerCase()}`]: value }));
  expect(sent).toEqual([{ type: 'header', parameters: [parameter] }]);
});

test('buttons by their place; a quick reply without a payload is left out', () => {
  const components = [
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'QUICK_REPLY', text: 'Sim' },
        { type: 'QUICK_REPLY', text: 'Não' },
        { type: 'PHONE_NUMBER', text: 'Ligar' },
        { type: 'URL', text: 'Ver', url: 'https://a.example/{{1}}' },
        { type: 'COPY_CODE', example: 'A' },
      ],
    },
  ];
  const values = { 'button.1.payload': 'nao', 'button.3.url': '77', 'button.4.code': 'X9' };
  expect(componentsOf(template(components, values))).toEqual([
    {
      type: 'button',
      sub_type: 'quick_reply',
      index: '1',
      parameters: [{ type: 'payload', payload: 'nao' }],
    },
    { type: 'button', sub_type: 'url', index: '3', parameters: [{ type: 'text', text: '77' }] },
    {
      type: 'button',
      sub_type: 'copy_code',
      index: '4',
      parameters: [{ type: 'coupon_code', coupon_code: 'X9' }],
    },
  ]);
});

test.each<[string, OutgoingTemplate]>([
  ['a blank without a value', template([{ type: 'BODY', text: '{{1}}' }])],
  ['no place', template(mediaHeader('LOCATION'), { 'header.location': 'here' })],
  ['no correlation', template([], {}, { correlation: '' })],
  ['a correlation of 100 characters', template([], {}, { correlation: 'x'.repeat(100) })],
])('not buildable: %s', (_name, message) => {
  expect(() => messageBody({ phone: '1' }, message)).toThrow(MessageNotBuildable);
});
