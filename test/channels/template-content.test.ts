import fc from 'fast-check';
import { TemplateParameterType } from '../../src/entities/enums';
import type { JsonObject, ParameterFormat } from '../../src/channels/channel';
import { checkParameters, isSupported, parametersOf, preview } from '../../src/channels/template-content';

const header = (format: string, more: JsonObject = {}): JsonObject => ({ type: 'HEADER', format, ...more });
const body = (text: string, more: JsonObject = {}): JsonObject => ({ type: 'BODY', text, ...more });
const footer = (text: string): JsonObject => ({ type: 'FOOTER', text });
const buttons = (...list: JsonObject[]): JsonObject => ({ type: 'BUTTONS', buttons: list });
const quickReply = { type: 'QUICK_REPLY', text: 'Sim' };
const urlButton = {
  type: 'URL',
  text: 'Ver',
  url: 'https://loja.example/p/{{1}}',
  example: ['https://loja.example/p/9'],
};
const callButton = { type: 'PHONE_NUMBER', text: 'Ligar', phone_number: '+551140040001' };
const copyButton = { type: 'COPY_CODE', example: 'OFERTA10' };

describe('parametersOf', () => {
  test.each<[string, JsonObject[], ParameterFormat, string[]]>([
    ['no blanks', [body('Olá!')], 'POSITIONAL', []],
    [
      'header and body number theirs separately',
      [header('TEXT', { text: 'Olá {{1}}' }), body('{{1}} e {{2}}')],
      'POSITIONAL',
      ['header.1 HEADER TEXT', 'body.1 BODY TEXT', 'body.2 BODY TEXT'],
    ],
    [
      'a repeated blank is one',
      [body('{{1}} {{2}} {{ 1 }}')],
      'POSITIONAL',
      ['body.1 BODY TEXT', 'body.2 BODY TEXT'],
    ],
    [
      'in the order they are read',
      [body('{{2}} {{1}}')],
      'POSITIONAL',
      ['body.2 BODY TEXT', 'body.1 BODY TEXT'],
    ],
    [
      'named',
      [header('TEXT', { text: '{{nome}}' }), body('{{order_id}} {{nome}}')],
      'NAMED',
      ['header.nome HEADER TEXT', 'body.order_id BODY TEXT', 'body.nome BODY TEXT'],
    ],
    [
      'a name is no blank where they are numbered',
      [body('{{nome}} {{1}}')],
      'POSITIONAL',
      ['body.1 BODY TEXT'],
    ],
    ['image', [header('IMAGE'), body('x')], 'POSITIONAL', ['header.image HEADER IMAGE']],
    ['video', [header('VIDEO')], 'POSITIONAL', ['header.video HEADER VIDEO']],
    ['document', [header('DOCUMENT')], 'NAMED', ['header.document HEADER DOCUMENT']],
    ['location', [header('LOCATION')], 'POSITIONAL', ['header.location HEADER LOCATION']],
    [
      'buttons are told by their place among all',
      [body('x'), buttons(callButton, urlButton, copyButton, quickReply)],
      'POSITIONAL',
      ['button.1.url BUTTON URL_SUFFIX', 'button.2.code BUTTON COPY_CODE', 'button.3.payload BUTTON PAYLOAD'],
    ],
    [
      'a fixed address needs nothing',
      [buttons({ ...urlButton, url: 'https://a.example/' })],
      'POSITIONAL',
      [],
    ],
    ['an address in a named template', [buttons(urlButton)], 'NAMED', ['button.0.url BUTTON URL_SUFFIX']],
    ['words in lower case', [{ type: 'body', text: '{{1}}' }], 'POSITIONAL', ['body.1 BODY TEXT']],
    [
      'nonsense',
      [{}, { type: 5 }, { type: 'BODY', text: 7 }, { type: 'BUTTONS', buttons: 'x' }],
      'POSITIONAL',
      [],
    ],
  ])('%s', (_name, components, format, expected) => {
    const found = parametersOf(components, format);
    expect(found.map(({ key, component, type }) => `${key} ${component} ${type}`)).toEqual(expected);
    for (const { type, required } of found) expect(required).toBe(type !== TemplateParameterType.PAYLOAD);
  });

  test('examples', () => {
    const examplesOf = (components: JsonObject[], format: ParameterFormat) =>
      Object.fromEntries(parametersOf(components, format).map(({ key, example }) => [key, example]));
    expect(
      examplesOf(
        [
          header('TEXT', { text: '{{1}}', example: { header_text: ['Ana'] } }),
          body('{{2}} {{1}} {{3}}', { example: { body_text: [['um', 'dois']] } }),
          buttons(urlButton, copyButton, quickReply),
        ],
        'POSITIONAL',
      ),
    ).toEqual({
      'header.1': 'Ana',
      'body.1': 'um',
      'body.2': 'dois',
      'body.3': null,
      'button.0.url': 'https://loja.example/p/9',
      'button.1.code': 'OFERTA10',
      'button.2.payload': null,
    });
    expect(
      examplesOf(
        [
          header('IMAGE', { example: { header_handle: ['https://cdn.example/a.png'] } }),
          body('{{nome}}', { example: { body_text_named_params: [{ param_name: 'nome', example: 'Ana' }] } }),
        ],
        'NAMED',
      ),
    ).toEqual({ 'header.image': 'https://cdn.example/a.png', 'body.nome': 'Ana' });
  });
});

describe('isSupported', () => {
  test.each<[string, JsonObject[]]>([
    ['text', [header('TEXT', { text: 'a' }), body('b'), footer('c')]],
    ['media', [header('IMAGE'), header('VIDEO'), header('DOCUMENT'), header('LOCATION')]],
    ['buttons', [body('b'), buttons(quickReply, urlButton, callButton, copyButton)]],
  ])('yes: %s', (_name, components) => {
    expect(isSupported(components)).toEqual({ supported: true });
  });

  test.each<[string, JsonObject, RegExp]>([
    ['GIF', header('GIF'), /GIF/],
    ['PRODUCT', header('PRODUCT'), /PRODUCT/],
    ['header without a format', { type: 'HEADER', text: 'x' }, /none/],
    ['CAROUSEL', { type: 'CAROUSEL', cards: [] }, /CAROUSEL/],
    ['LIMITED_TIME_OFFER', { type: 'limited_time_offer' }, /LIMITED_TIME_OFFER/],
    ['unknown component', { type: 'HOLOGRAM' }, /HOLOGRAM/],
    ['no type', {}, /none/],
    ['OTP', buttons({ type: 'OTP', otp_type: 'COPY_CODE' }), /OTP/],
    [
      'OTP as it is listed',
      buttons({ ...urlButton, url: 'https://www.whatsapp.com/otp/code/?code=otp{{1}}' }),
      /one-time/,
    ],
    ['OTP by its body', body('*{{1}}*', { add_security_recommendation: true }), /one-time/],
    ['CATALOG', buttons(quickReply, { type: 'CATALOG' }), /CATALOG/],
    ['MPM', buttons({ type: 'MPM' }), /MPM/],
    ['SPM', buttons({ type: 'SPM' }), /SPM/],
    ['FLOW', buttons({ type: 'FLOW' }), /FLOW/],
    ['VOICE_CALL', buttons({ type: 'VOICE_CALL' }), /VOICE_CALL/],
    ['a button that is none', { type: 'BUTTONS', buttons: ['x'] }, /none/],
    [
      'two blanks in an address',
      buttons({ ...urlButton, url: 'https://a.example/{{1}}/{{2}}' }),
      /more than one/,
    ],
  ])('no: %s', (_name, component, reason) => {
    expect(isSupported([body('x'), component])).toEqual({
      supported: false,
      reason: expect.stringMatching(reason) as string,
    });
  });
});

describe('checkParameters', () => {
  const given = (values: Record<string, string>) =>
    Object.entries(values).map(([key, value]) => ({ key, value }));
  const codes = (
    components: JsonObject[],
    values: Record<string, string>,
    format: ParameterFormat = 'POSITIONAL',
  ) => checkParameters(components, format, given(values)).map(({ key, code }) => `${key} ${code}`);
  const everything = [
    header('TEXT', { text: 'Olá {{1}}' }),
    body('{{1}} {{2}}'),
    buttons(urlButton, quickReply),
  ];

  test('all that is wrong, at once', () => {
    expect(codes(everything, { 'body.1': '\t', 'body.9': 'x', 'header.1': '' })).toEqual([
      'header.1 PARAMETER_MISSING',
      'body.1 PARAMETER_INVALID',
      'body.2 PARAMETER_MISSING',
      'button.0.url PARAMETER_MISSING',
      'body.9 PARAMETER_UNKNOWN',
    ]);
  });

  test('nothing wrong', () => {
    const values = {
      'header.1': 'Ana',
      'body.1': 'a    b',
      'body.2': '{{1}} ç 👍',
      'button.0.url': '17?a=b',
    };
    expect(codes(everything, values)).toEqual([]);
    expect(codes(everything, { ...values, 'button.1.payload': 'sim' })).toEqual([]);
    expect(codes([body('Olá')], {})).toEqual([]);
    expect(codes([body('{{order_id}}')], { 'body.order_id': '7' }, 'NAMED')).toEqual([]);
  });

  test('a key given twice', () => {
    const twice = [
      { key: 'body.1', value: 'a' },
      { key: 'body.1', value: 'a' },
    ];
    expect(checkParameters([body('{{1}}')], 'POSITIONAL', twice)).toMatchObject([
      { key: 'body.1', code: 'PARAMETER_INVALID' },
    ]);
  });

  test.each([
    ['blank', '   '],
    ['invisible', '\u200b\u2060'],
    ['a line feed', 'a\nb'],
    ['a carriage return', 'a\rb'],
    ['a tab', 'a\tb'],
    ['a line separator', 'a\u2028b'],
    ['five spaces', 'a     b'],
    ['five hard spaces', 'a\u00a0\u00a0\u00a0\u00a0\u00a0b'],
    ['NUL', 'a\0b'],
    ['half a character', 'a\ud800b'],
  ])('text: %s', (_name, value) => {
    expect(codes([body('{{1}}')], { 'body.1': value })).toEqual(['body.1 PARAMETER_INVALID']);
  });

  test('the lengths that the customer reads', () => {
    const long = [body(`${'x'.repeat(1_000)}{{1}}{{2}}`)];
    expect(codes(long, { 'body.1': 'y'.repeat(12), 'body.2': 'z'.repeat(12) })).toEqual([]);
    expect(codes(long, { 'body.1': 'y'.repeat(11), 'body.2': 'z'.repeat(14) })).toEqual([
      'body.2 PARAMETER_INVALID',
    ]);
    const title = [header('TEXT', { text: 'Olá {{1}}' }), body('x')];
    expect(codes(title, { 'header.1': '👍'.repeat(56) })).toEqual([]);
    expect(codes(title, { 'header.1': 'y'.repeat(57) })).toEqual(['header.1 PARAMETER_INVALID']);
  });

  test.each<[boolean, string]>([
    [true, 'https://cdn.example.com/a%20b.png?x=1#y'],
    [true, 'HTTPS://cdn.example.com./a'],
    [false, 'http://cdn.example.com/a.png'],
    [false, 'https://'],
    [false, 'ftp://cdn.example.com/a'],
    [false, 'https://127.0.0.1/a'],
    [false, 'https://2130706433/a'],
    [false, 'https://0x7f.1/a'],
    [false, 'https://10.0.0.8:8443/a'],
    [false, 'https://[::1]/a'],
    [false, 'https://[::ffff:127.0.0.1]/a'],
    [false, 'https://localhost/a'],
    [false, 'https://LOCALHOST./a'],
    [false, 'https://a.localhost/a'],
    [false, 'https://intranet/a'],
    [false, 'https://user:pass@example.com/a'],
    [false, 'https://example.com\\@127.0.0.1/'],
    [false, ' https://example.com/a'],
    [false, 'https://example.com/a b'],
    [false, `https://example.com/${'a'.repeat(2_030)}`],
    [false, 'image.png'],
  ])('media %s: %s', (fits, value) => {
    expect(codes([header('IMAGE')], { 'header.image': value })).toEqual(
      fits ? [] : ['header.image PARAMETER_INVALID'],
    );
  });

  test.each<[boolean, string]>([
    [true, '-23.55,-46.63'],
    [true, '90,180'],
    [true, ' -90.0 , +180.000 , Praça , Rua A, 10 , Centro'],
    [false, '90.1,0'],
    [false, '0,-180.5'],
    [false, '0'],
    [false, '0,'],
    [false, 'a,b'],
    [false, '1e1,2'],
    [false, '0x10,2'],
    [false, '1,2,'],
    [false, '1,2,Praça, '],
    [false, `1,2,${'x'.repeat(1_030)}`],
  ])('place %s: %s', (fits, value) => {
    const expected = fits ? [] : ['header.location PARAMETER_INVALID'];
    expect(codes([header('LOCATION')], { 'header.location': value })).toEqual(expected);
  });

  test('buttons', () => {
    const both = [buttons(urlButton, copyButton, quickReply)];
    const good = { 'button.0.url': 'abc', 'button.1.code': 'x'.repeat(15) };
    expect(codes(both, good)).toEqual([]);
    expect(codes(both, { ...good, 'button.1.code': 'x'.repeat(16) })).toEqual([
      'button.1.code PARAMETER_INVALID',
    ]);
    expect(codes(both, { ...good, 'button.0.url': 'a b' })).toEqual(['button.0.url PARAMETER_INVALID']);
    expect(codes(both, { ...good, 'button.0.url': 'a'.repeat(1_990) })).toEqual([
      'button.0.url PARAMETER_INVALID',
    ]);
    expect(codes(both, { ...good, 'button.2.payload': 'x'.repeat(257) })).toEqual([
      'button.2.payload PARAMETER_INVALID',
    ]);
  });

  test('no value makes it throw, and all that it lets pass can be previewed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const components = [body('[{{1}}]')];
        const problems = checkParameters(components, 'POSITIONAL', [{ key: 'body.1', value }]);
        const shown = preview(components, [{ key: 'body.1', value }]).body;
        expect(shown).toBe(value === '' ? '[{{1}}]' : `[${value}]`);
        if (problems.length === 0) expect(value.trim()).not.toBe('');
      }),
    );
  });
});

describe('preview', () => {
  const components = [
    header('TEXT', { text: 'Olá {{1}}' }),
    body('{{1}}: {{2}}, {{1}}'),
    footer('Até {{1}}'),
    buttons(quickReply, copyButton, urlButton, callButton),
  ];
  test('blanks left empty show as they stand', () => {
    expect(preview(components, [{ key: 'body.2', value: '' }])).toEqual({
      header: 'Olá {{1}}',
      body: '{{1}}: {{2}}, {{1}}',
      footer: 'Até {{1}}',
      buttons: ['Sim', 'Copy code', 'Ver', 'Ligar'],
    });
  });
  test('values are put in as they are, in one pass', () => {
    const values = [
      { key: 'header.1', value: '$&' },
      { key: 'body.1', value: '{{2}}' },
      { key: 'body.2', value: '$1' },
    ];
    expect(preview(components, values)).toMatchObject({ header: 'Olá $&', body: '{{2}}: $1, {{2}}' });
  });
  test('media, names and nothing', () => {
    const picture = [header('IMAGE'), body('{{nome}}')];
    expect(preview(picture, [{ key: 'body.nome', value: 'Ana' }])).toMatchObject({
      header: null,
      body: 'Ana',
    });
    expect(preview(picture, [{ key: 'header.image', value: 'https://a.example/x' }]).header).toBe(
      'https://a.example/x',
    );
    expect(preview([], [])).toEqual({ header: null, body: '', footer: null, buttons: [] });
  });
});
