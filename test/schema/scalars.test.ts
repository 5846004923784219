import { type GraphQLScalarType, parseValue } from 'graphql';
import {
  DateTime,
  EmailAddress,
  JSONObject,
  PhoneNumber,
  TimeZone,
  WebAddress,
} from '../../src/schema/scalars';

const fromLiteral = (scalar: GraphQLScalarType, literal: string): unknown =>
  scalar.parseLiteral(parseValue(literal), {});

describe('DateTime', () => {
  it.each([
    ['2026-01-31T09:30:00Z', Date.UTC(2026, 0, 31, 9, 30)],
    ['2026-01-31T09:30:00.5Z', Date.UTC(2026, 0, 31, 9, 30, 0, 500)],
    ['2026-01-31T09:30:00.123456789Z', Date.UTC(2026, 0, 31, 9, 30, 0, 123)],
    ['2026-01-31T09:30:00-03:00', Date.UTC(2026, 0, 31, 12, 30)],
    ['2026-01-01T00:15:00+05:30', Date.UTC(2025, 11, 31, 18, 45)],
    ['2024-02-29T23:59:59Z', Date.UTC(2024, 1, 29, 23, 59, 59)],
  ])('reads %s', (text, instant) => {
    expect(DateTime.parseValue(text)).toBe(instant);
    expect(fromLiteral(DateTime, JSON.stringify(text))).toBe(instant);
  });

  it.each([
    '2026-01-31T09:30:00',
    '2026-01-31T09:30Z',
    '2026-01-31',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T09:30:60Z',
    '2026-01-31T09:30:00+24:00',
    '2026-01-31T09:30:00+03:60',
    '2026-01-31 09:30:00Z',
    'now',
    '',
    1769850000000,
    null,
    `2026-01-31T09:30:00.${'1'.repeat(100)}Z`,
  ])('refuses %p and says what would be accepted', (value) => {
    expect(() => DateTime.parseValue(value)).toThrow('ISO 8601 instant with seconds and offset');
  });

  it('refuses a literal that is no text', () => {
    expect(() => fromLiteral(DateTime, '1769850000000')).toThrow('ISO 8601');
  });

  it('writes milliseconds and dates in UTC', () => {
    const instant = Date.UTC(2026, 0, 31, 9, 30);
    expect(DateTime.serialize(instant)).toBe('2026-01-31T09:30:00.000Z');
    expect(DateTime.serialize(new Date(instant))).toBe('2026-01-31T09:30:00.000Z');
  });

  it.each([Number.NaN, Number.MAX_SAFE_INTEGER, '2026-01-31T09:30:00Z', null])(
    'does not write %p',
    (value) => {
      expect(() => DateTime.serialize(value)).toThrow('no DateTime');
    },
  );
});

describe('PhoneNumber', () => {
  it('normalises to E.164', () => {
    expect(PhoneNumber.parseValue('+55 (11) 99999-9999')).toBe('+5511999999999');
    expect(fromLiteral(PhoneNumber, '"+55.11.4000.0000"')).toBe('+551140000000');
  });

  it.each(['11 99999-9999', '+55', '+1 800 FLOWERS', '', 5511999999999, `+${'5'.repeat(41)}`])(
    'refuses %p and says what would be accepted',
    (value) => {
      expect(() => PhoneNumber.parseValue(value)).toThrow('a phone number with its country code');
    },
  );

  it('writes E.164 and nothing else', () => {
    expect(PhoneNumber.serialize('+5511999999999')).toBe('+5511999999999');
    expect(() => PhoneNumber.serialize('BR.1234')).toThrow('no PhoneNumber');
  });
});

describe('EmailAddress', () => {
  it('keeps addresses in lower case', () => {
    expect(EmailAddress.parseValue('Ana.Souza+desk@Example.COM')).toBe('ana.souza+desk@example.com');
    expect(fromLiteral(EmailAddress, '"a@b-c.example"')).toBe('a@b-c.example');
    expect(EmailAddress.serialize('ana@example.com')).toBe('ana@example.com');
  });

  it.each([
    'ana',
    '@example.com',
    'ana@',
    'ana@@example.com',
    'ana souza@example.com',
    'ana@-example.com',
    'ana@example-.com',
    'ana@example..com',
    'ana@exam_ple.com',
    'Ana <ana@example.com>',
    `${'a'.repeat(65)}@example.com`,
    `ana@${'a'.repeat(64)}.com`,
    `ana@${'a.'.repeat(130)}com`,
    7,
  ])('refuses %p and says what would be accepted', (value) => {
    expect(() => EmailAddress.parseValue(value)).toThrow('an e-mail address such as');
  });

  it('takes no longer for a hostile text', () => {
    const started = performance.now();
    expect(() => EmailAddress.parseValue(`${'a.'.repeat(100_000)}@`)).toThrow();
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe('URL', () => {
  it('takes absolute web addresses as they are', () => {
    expect(WebAddress.parseValue('https://example.com')).toBe('https://example.com');
    expect(fromLiteral(WebAddress, '"http://localhost:4000/webhooks/x"')).toBe(
      'http://localhost:4000/webhooks/x',
    );
    expect(WebAddress.serialize(new URL('https://example.com/a'))).toBe('https://example.com/a');
  });

  it.each([
    '/webhooks',
    'example.com',
    'javascript:alert(1)',
    'ftp://example.com',
    `https://e.com/${'a'.repeat(2048)}`,
    1,
  ])('refuses %p and says what would be accepted', (value) => {
    expect(() => WebAddress.parseValue(value)).toThrow('an absolute address such as');
  });
});

describe('TimeZone', () => {
  it.each(['UTC', 'America/Sao_Paulo', 'America/Argentina/Buenos_Aires', 'Etc/GMT+3'])('takes %s', (name) => {
    expect(TimeZone.parseValue(name)).toBe(name);
  });

  it.each(['America/Nowhere', '+03:00', '', 'UTC; drop table', 'a'.repeat(65), 3])(
    'refuses %p and says what would be accepted',
    (value) => {
      expect(() => TimeZone.parseValue(value)).toThrow('an IANA time zone name such as');
    },
  );
});

describe('JSONObject', () => {
  it('takes plain objects', () => {
    const value = { a: [1, { b: null }] };
    expect(JSONObject.parseValue(value)).toEqual(value);
    expect(JSONObject.serialize(value)).toEqual(value);
  });

  it('reads literals with variables in them', () => {
    const literal = parseValue('{ a: [1, 2.5, "x", true, null], b: { c: $d } }');
    expect(JSONObject.parseLiteral(literal, { d: 'e' })).toEqual({
      a: [1, 2.5, 'x', true, null],
      b: { c: 'e' },
    });
  });

  it('keeps a literal from reaching a prototype', () => {
    const object = fromLiteral(JSONObject, '{ __proto__: { admin: true } }') as Record<string, unknown>;
    expect(object.admin).toBeUndefined();
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
  });

  it.each([[[]], ['{}'], [1], [null], [new Date()]])(
    'refuses %p and says what would be accepted',
    (value) => {
      expect(() => JSONObject.parseValue(value)).toThrow('JSONObject takes a JSON object such as');
    },
  );

  it.each(['[1]', '"{}"', '1', 'null'])('refuses the literal %s', (literal) => {
    expect(() => fromLiteral(JSONObject, literal)).toThrow('JSONObject takes a JSON object such as');
  });

  it.each(['{ a: RED }', '{ a: 1e999 }'])('refuses %s, which JSON has no word for', (literal) => {
    expect(() => fromLiteral(JSONObject, literal)).toThrow('JSONObject takes');
  });
});
