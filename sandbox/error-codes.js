// @ts-check

/**
 * The codes of the Cloud API that are worth trying, in words. `when`: CALL when the message is handed over (the answer
 * to the request), REPORT when it is under way (a `failed` status).
 * @typedef {{ code: number, title: string, effect: string, when: readonly ('CALL' | 'REPORT')[] }} ErrorCode
 */

/** @type {readonly { label: string, codes: readonly ErrorCode[] }[]} */
const GROUPS = [
  {
    label: 'The customer cannot get it',
    codes: [
      {
        code: 131026,
        title: 'Message undeliverable',
        effect: 'No WhatsApp on that number, or one that is too old.',
        when: ['CALL', 'REPORT'],
      },
      {
        code: 131047,
        title: 'More than 24 hours since the last reply',
        effect: 'Free text outside the service window.',
        when: ['CALL', 'REPORT'],
      },
      {
        code: 131049,
        title: 'Held back for a healthy ecosystem',
        effect: 'WhatsApp limits marketing to this person.',
        when: ['CALL', 'REPORT'],
      },
      {
        code: 131050,
        title: 'Stopped marketing messages',
        effect: 'Also recorded as an opt-out of marketing.',
        when: ['CALL', 'REPORT'],
      },
      {
        code: 130472,
        title: 'Part of an experiment',
        effect: 'WhatsApp leaves this person out of marketing.',
        when: ['REPORT'],
      },
      {
        code: 131053,
        title: 'Media upload error',
        effect: 'The file of the header could not be fetched.',
        when: ['REPORT'],
      },
    ],
  },
  {
    label: 'Tried again by itself',
    codes: [
      {
        code: 131056,
        title: 'Too many to the same customer',
        effect: 'Pair rate: only this customer waits.',
        when: ['CALL'],
      },
      { code: 130429, title: 'Rate limit reached', effect: 'Too many messages a second.', when: ['CALL'] },
      {
        code: 131000,
        title: 'Something went wrong',
        effect: 'A passing failure at WhatsApp.',
        when: ['CALL'],
      },
    ],
  },
  {
    label: 'Something with the template',
    codes: [
      {
        code: 132000,
        title: 'Wrong number of parameters',
        effect: 'Blanks and values do not match.',
        when: ['CALL'],
      },
      {
        code: 132001,
        title: 'Template does not exist',
        effect: 'Missing in that language; it is fetched anew.',
        when: ['CALL'],
      },
      {
        code: 132015,
        title: 'Template is paused',
        effect: 'For low quality; it is fetched anew.',
        when: ['CALL'],
      },
      {
        code: 132016,
        title: 'Template is disabled',
        effect: 'Paused too often; it is fetched anew.',
        when: ['CALL'],
      },
    ],
  },
  {
    label: 'Stops the whole number',
    codes: [
      { code: 190, title: 'Access token has expired', effect: 'Until the admin repairs it.', when: ['CALL'] },
      {
        code: 131042,
        title: 'Payment issue',
        effect: 'The account has no working payment method.',
        when: ['CALL', 'REPORT'],
      },
      {
        code: 131031,
        title: 'Account locked',
        effect: 'For a breach of the rules or a security check.',
        when: ['CALL'],
      },
    ],
  },
];

/**
 * The groups of codes that can happen then.
 * @param {'CALL' | 'REPORT'} when
 */
export function codesFor(when) {
  return GROUPS.map(({ label, codes }) => ({
    label,
    codes: codes.filter((one) => one.when.includes(when)),
  })).filter(({ codes }) => codes.length > 0);
}

/**
 * @param {number} code
 * @returns {string}
 */
export function titleOf(code) {
  const known = GROUPS.flatMap(({ codes }) => codes).find((one) => one.code === code);
  return known?.title ?? 'A code of the Cloud API';
}
