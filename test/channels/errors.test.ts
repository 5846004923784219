import {
  refusalByStatus,
  refusalInBody,
  reportedError,
  retryAfterMs,
} from '../../src/channels/cloud-api/errors';

const quiet = { httpStatus: 400, retryAfterMs: null };
const bodyWith = (error: object): object => ({ error: { message: 'No', type: 'OAuthException', ...error } });

describe('refusalInBody', () => {
  test.each<[string, string, number[]]>([
    ['transient', 'PROVIDER_UNAVAILABLE', [1, 2, 4, 17, 80007, 130429, 131000, 131016, 131057, 133004]],
    ['once', 'OTHER', [135000]],
    ['recipient', 'PROVIDER_UNAVAILABLE', [131056]],
    ['never', 'RESTRICTED', [131048, 131049, 131064, 130472]],
    ['never', 'UNDELIVERABLE', [131026, 131021, 131030, 131062, 137000]],
    ['never', 'OPTED_OUT', [131050]],
    ['never', 'SERVICE_WINDOW_CLOSED', [131047]],
    [
      'never',
      'TEMPLATE_REFUSED',
      [132000, 132001, 132005, 132007, 132008, 132012, 132016, 132068, 132069, 131063],
    ],
    ['never', 'TEMPLATE_PAUSED', [132015]],
    ['never', 'REQUEST_REFUSED', [100, 131008, 131009, 131051, 131052, 131053]],
    [
      'account',
      'PROVIDER_UNAVAILABLE',
      [0, 3, 10, 190, 200, 250, 299, 368, 130497, 131005, 131031, 131037, 131042, 131044, 131045, 133010],
    ],
    ['never', 'OTHER', [199, 300, 999999]],
  ])('%s, %s', (retry, failure, codes) => {
    for (const code of codes) {
      expect({ code, ...refusalInBody(bodyWith({ code }), quiet) }).toMatchObject({
        code,
        kind: 'refused',
        providerCode: code,
        retry,
        failure,
        retryAfterMs: retry === 'recipient' ? 6_000 : null,
        refreshTemplate: [132001, 132015, 132016].includes(code),
        optOut: code === 131050 ? 'MARKETING' : null,
      });
    }
  });

  test('what is not known is transient when the provider says so', () => {
    expect(refusalInBody(bodyWith({ code: 77, is_transient: true }), quiet)?.retry).toBe('transient');
    expect(refusalInBody(bodyWith({ code: 77 }), { ...quiet, httpStatus: 429 })?.retry).toBe('transient');
    expect(refusalInBody(bodyWith({ code: 131026, is_transient: true }), quiet)?.retry).toBe('never');
  });

  test('waits as told, a recipient at least six seconds', () => {
    expect(refusalInBody(bodyWith({ code: 4 }), { ...quiet, retryAfterMs: 1_000 })?.retryAfterMs).toBe(1_000);
    expect(refusalInBody(bodyWith({ code: 131056 }), { ...quiet, retryAfterMs: 1_000 })?.retryAfterMs).toBe(
      6_000,
    );
    expect(refusalInBody(bodyWith({ code: 131056 }), { ...quiet, retryAfterMs: 9_000 })?.retryAfterMs).toBe(
      9_000,
    );
  });

  test('the message holds the details once', () => {
    const withDetails = (message: string) =>
      refusalInBody({ error: { code: 100, message, error_data: { details: 'too long' } } }, quiet)?.message;
    expect(withDetails('Invalid')).toBe('Invalid: too long');
    expect(withDetails('Invalid: too long')).toBe('Invalid: too long');
  });

  test('its words hold no phone numbers and no more than people read', () => {
    const error = { code: 131031, message: 'Account of +55 11 98765-0001 is locked', error_data: {} };
    expect(refusalInBody({ error }, quiet)?.message).toBe('Account of ••• is locked');
    const endless = { ...error, message: 'x'.repeat(900_000), error_data: { details: 'y'.repeat(900_000) } };
    expect(refusalInBody({ error: endless }, quiet)?.message.length).toBeLessThan(1_100);
    const report = reportedError({ code: 131026, title: 'To 5511987650001', details: 'z'.repeat(900_000) });
    expect(report.title).toBe('To •••');
    expect(report.details).toHaveLength(500);
  });

  test.each([
    [undefined],
    [null],
    ['text'],
    [{}],
    [{ error: 'x' }],
    [{ error: {} }],
    [{ error: { code: 'x' } }],
    [[{ error: { code: 1 } }]],
  ])('%j says nothing', (body) => {
    expect(refusalInBody(body, quiet)).toBeNull();
  });
});

test.each<[number, string | null]>([
  [429, 'transient'],
  [401, 'account'],
  [403, 'account'],
  [404, 'account'],
  [407, 'account'],
  [400, 'never'],
  [413, 'never'],
  [408, null],
  [500, null],
  [502, null],
  [504, null],
  [200, null],
  [302, null],
])('HTTP %d without a body: %s', (httpStatus, retry) => {
  expect(refusalByStatus({ httpStatus, retryAfterMs: null })?.retry ?? null).toBe(retry);
});

test.each<[string | string[] | undefined, number | null]>([
  ['5', 5_000],
  ['0', 0],
  [['7', '9'], 7_000],
  ['Thu, 01 Jan 1970 00:01:10 GMT', 10_000],
  ['Thu, 01 Jan 1970 00:00:10 GMT', 0],
  ['99999999', 86_400_000],
  ['soon', null],
  ['', null],
  [undefined, null],
])('Retry-After %j', (header, expected) => {
  expect(retryAfterMs(header, 60_000)).toBe(expected);
});

test('an error in a report', () => {
  expect(
    reportedError({ code: 131050, title: 'Stopped', message: 'm', error_data: { details: 'marketing' } }),
  ).toEqual({
    code: 131050,
    title: 'Stopped',
    details: 'marketing',
    failure: 'OPTED_OUT',
    refreshTemplate: false,
    optOut: 'MARKETING',
  });
  expect(reportedError(null)).toEqual({
    code: null,
    title: null,
    details: null,
    failure: 'OTHER',
    refreshTemplate: false,
    optOut: null,
  });
});
