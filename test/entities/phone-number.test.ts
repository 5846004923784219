import { normalisePhoneNumber } from '../../src/entities/phone-number';

describe('normalisePhoneNumber', () => {
  it.each([
    ['+5511999999999', '+5511999999999'],
    [' +55 (11) 99999-9999 ', '+5511999999999'],
    ['+1.202.555.0123', '+12025550123'],
    ['+52 1 55 1234 5678', '+525512345678'],
    ['+54 9 11 2345-6789', '+5491123456789'],
    ['+39 06 1234 5678', '+390612345678'],
  ])('makes %p to %s', (text, number) => {
    expect(normalisePhoneNumber(text)).toBe(number);
  });

  it.each([
    ['without a country code', '11 99999-9999'],
    ['with two plus signs', '++5511999999999'],
    ['with a plus sign inside', '+55+11999999999'],
    ['with letters', '+1 800 FLOWERS'],
    ['with an extension', '+12025550123 ext 5'],
    ['with digits of another script', '+٥٥١١٩٩٩٩٩٩٩٩٩'],
    ['too short', '+5511'],
    ['too long', '+5511999999999999'],
    ['of no country', '+9990000000'],
    ['without digits', '+--'],
    ['empty', ''],
    ['longer than 40 characters', `+55 11 9${' '.repeat(30)}9999-9999`],
  ])('refuses a text that is %s', (_reason, text) => {
    expect(normalisePhoneNumber(text)).toBeNull();
  });

  it.each([
    ['30 digits and a letter', `${'1'.repeat(30)}a`],
    ['30 digits and a letter behind a plus sign', `+${'1'.repeat(30)}a`],
    ['a million digits', `+${'1'.repeat(1_000_000)}`],
  ])('refuses %s in no time', (_what, text) => {
    normalisePhoneNumber('+5511999999999');
    const started = performance.now();
    expect(normalisePhoneNumber(text)).toBeNull();
    expect(performance.now() - started).toBeLessThan(10);
  });
});
