/**
 * The digits under which WhatsApp may know one phone number (domain rule 26). Numbering plans changed and many
 * accounts kept the old form, so the number that was dialled and the one that answers can differ.
 */

const BRAZILIAN_SUBSCRIBER = /^55(\d{2})(\d{8})$/;
const BRAZILIAN_WITH_NINTH_DIGIT = /^55(\d{2})9(\d{8})$/;

/** Brazil: 55, two digits of area, and for mobiles a 9 before the eight digits of the subscriber. */
function brazilianVariant(digits: string): string | null {
  const [, longArea = '', longSubscriber = ''] = BRAZILIAN_WITH_NINTH_DIGIT.exec(digits) ?? [];
  if (longArea !== '') return mayBeMobile(longSubscriber) ? `55${longArea}${longSubscriber}` : null;
  const [, area = '', subscriber = ''] = BRAZILIAN_SUBSCRIBER.exec(digits) ?? [];
  return area !== '' && mayBeMobile(subscriber) ? `55${area}9${subscriber}` : null;
}

/** Subscriber numbers that begin with 2 to 5 are landlines: they never had and never get the ninth digit. */
function mayBeMobile(subscriber: string): boolean {
  return /^[6-9]/.test(subscriber);
}

/** Mexico: ten digits after 52, in the old form of mobiles with a 1 between. */
function mexicanVariant(digits: string): string | null {
  if (/^521\d{10}$/.test(digits)) return `52${digits.slice(3)}`;
  return /^52\d{10}$/.test(digits) ? `521${digits.slice(2)}` : null;
}

/** Argentina: ten digits after 54, mobiles with a 9 between. */
function argentinianVariant(digits: string): string | null {
  if (/^549\d{10}$/.test(digits)) return `54${digits.slice(3)}`;
  return /^54\d{10}$/.test(digits) ? `549${digits.slice(2)}` : null;
}

/**
 * Every form in which the same number may be stored, the given one first, without repeats; digits only.
 * The relation goes both ways: a is among the variants of b exactly when b is among those of a.
 * @param phone digits with their country code, with or without a leading '+'.
 */
export function addressVariants(phone: string): string[] {
  const digits = phone.startsWith('+') ? phone.slice(1) : phone;
  const variant = brazilianVariant(digits) ?? mexicanVariant(digits) ?? argentinianVariant(digits);
  return variant === null ? [digits] : [digits, variant];
}
