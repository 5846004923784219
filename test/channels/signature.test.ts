import fc from 'fast-check';
import { isSignatureValid, signatureOf, verificationChallenge } from '../../src/channels/cloud-api/signature';

const SECRET = 'app-secret';

describe('isSignatureValid', () => {
  test('a known example of HMAC-SHA256', () => {
    // RFC 4231, test case 2.
    const header = 'sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    expect(isSignatureValid(Buffer.from('what do ya want for nothing?'), header, 'Jefe')).toBe(true);
  });

  test('what is signed is valid; any changed byte, secret or signature is not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.nat(31), (bytes, position, digit) => {
        const header = signatureOf(bytes, SECRET);
        expect(isSignatureValid(bytes, header, SECRET)).toBe(true);
        expect(isSignatureValid(bytes, header, `${SECRET}x`)).toBe(false);
        const changed = Uint8Array.from(bytes);
        const at = position % bytes.length;
        changed[at] = (changed[at] ?? 0) ^ 1;
        expect(isSignatureValid(changed, header, SECRET)).toBe(false);
        const place = 7 + digit;
        const flipped = header[place] === '0' ? '1' : '0';
        expect(
          isSignatureValid(bytes, header.slice(0, place) + flipped + header.slice(place + 1), SECRET),
        ).toBe(false);
      }),
    );
  });

  const raw = Buffer.from('{"a":1}');
  test.each([
    ['none', undefined],
    ['several', [signatureOf(raw, SECRET)]],
    ['no scheme', signatureOf(raw, SECRET).slice(7)],
    ['another scheme', signatureOf(raw, SECRET).replace('sha256', 'sha1')],
    ['too short', signatureOf(raw, SECRET).slice(0, -2)],
    ['no hex', `sha256=${'z'.repeat(64)}`],
    ['empty', ''],
  ])('header: %s', (_name, header) => {
    expect(isSignatureValid(raw, header, SECRET)).toBe(false);
  });

  test('without a secret nothing is valid', () => {
    expect(isSignatureValid(raw, signatureOf(raw, ''), '')).toBe(false);
  });
});

describe('verificationChallenge', () => {
  const good = { mode: 'subscribe', verifyToken: 'token', challenge: '1158201444' };
  test.each([
    ['all right', good, 'token', '1158201444'],
    ['another mode', { ...good, mode: 'unsubscribe' }, 'token', null],
    ['a wrong token', { ...good, verifyToken: 'Token' }, 'token', null],
    ['a token given twice', { ...good, verifyToken: ['token', 'token'] }, 'token', null],
    ['no challenge', { ...good, challenge: undefined }, 'token', null],
    ['no token of ours', { ...good, verifyToken: '' }, '', null],
  ])('%s', (_name, query, token, expected) => {
    expect(verificationChallenge(query, token)).toBe(expected);
  });
});
