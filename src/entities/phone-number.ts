import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

const LONGEST_INPUT = 40;
const ALLOWED = /^\+[0-9 ().-]+$/;
/** Mexican mobiles as they were dialled until 2019; WhatsApp still shows them so, the numbering plan knows them no more. */
const OLD_MEXICAN_MOBILE = /^521(?=[0-9]{10}$)/;

/**
 * The number in E.164 form (`+5511999999999`), or null where the text is no possible phone number.
 * The country code is required: a number without one would be taken for another country's, and so for another person's.
 * The length is looked at before anything else, so that the time is bounded whatever is sent.
 */
export function normalisePhoneNumber(text: string): string | null {
  if (text.length > LONGEST_INPUT) return null;
  const trimmed = text.trim();
  if (!ALLOWED.test(trimmed)) return null;
  const digits = trimmed.replace(/[^0-9]/g, '').replace(OLD_MEXICAN_MOBILE, '52');
  const number = parsePhoneNumberFromString(`+${digits}`);
  return number?.isPossible() ? number.number : null;
}
