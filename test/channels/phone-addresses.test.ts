import fc from 'fast-check';
import { addressVariants } from '../../src/channels/phone-addresses';

describe('addressVariants', () => {
  test.each([
    ['a Brazilian mobile with the ninth digit', '5511987654321', ['5511987654321', '551187654321']],
    ['a Brazilian mobile without it', '551187654321', ['551187654321', '5511987654321']],
    ['a plus sign in front', '+5521998765432', ['5521998765432', '552198765432']],
    ['a Brazilian landline', '551132345678', ['551132345678']],
    ['a landline that begins with 5', '551152345678', ['551152345678']],
    ['a mobile that would turn into a landline', '5511932345678', ['5511932345678']],
    ['a Mexican mobile in the old form', '5215512345678', ['5215512345678', '525512345678']],
    ['a Mexican number in the new form', '525512345678', ['525512345678', '5215512345678']],
    ['an Argentinian mobile', '5491123456789', ['5491123456789', '541123456789']],
    ['an Argentinian number without the 9', '541123456789', ['541123456789', '5491123456789']],
    ['another country', '16505551234', ['16505551234']],
    ['too short for Brazil', '55119876', ['55119876']],
    ['nothing', '', ['']],
  ])('%s', (_name, given, expected) => {
    expect(addressVariants(given)).toEqual(expected);
  });

  test('each form leads to the same set, from every side', () => {
    const digits = fc
      .tuple(
        fc.constantFrom('55', '52', '521', '54', '549', '1', '351', '5511', '55119'),
        fc.stringMatching(/^\d{6,11}$/),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(digits, (number) => {
        const variants = addressVariants(number);
        expect(variants[0]).toBe(number);
        expect(new Set(variants).size).toBe(variants.length);
        for (const variant of variants) expect(addressVariants(variant).sort()).toEqual([...variants].sort());
      }),
    );
  });
});
