import { TemplateParameterType } from '../entities/enums';

/**
 * What one value may look like (domain rule 18). Each rule answers null, or a sentence that says what would be
 * accepted. Lengths are in characters (code points).
 */

const LONGEST_URL = 2_048;
/** Meta, "Coupon code templates": at most 15 characters. */
const LONGEST_COPY_CODE = 15;
/** Meta's limit for the id that a tapped button brings back. */
const LONGEST_PAYLOAD = 256;
/** Name and address of a place are shown in two lines; the provider names no limit. */
const LONGEST_LOCATION = 1_024;

const INVISIBLE_ONLY = /^[\s\p{Z}\p{Cc}\p{Cf}]*$/u;
const LINE_BREAK_OR_TAB = /[\n\r\t\v\f\u0085\u2028\u2029]/;
// Control characters and lone surrogates cannot be stored or sent as they are.
const UNSENDABLE = /[\p{Cc}\p{Cs}]/u;
const FIVE_SPACES = /\p{Zs}{5}/u;
const COORDINATE = /^[+-]?\d{1,3}(?:\.\d{1,20})?$/;

/** How many characters people would count, not how many units the text has in memory. */
export function characterCount(text: string): number {
  return Array.from(text).length;
}

/** True for text that shows nothing at all. */
export function isBlank(text: string): boolean {
  return INVISIBLE_ONLY.test(text);
}

/** What keeps this value from filling a blank of this type; null when it may. */
export function valueProblem(type: TemplateParameterType, value: string): string | null {
  if (isBlank(value)) return 'It must not be blank.';
  if (LINE_BREAK_OR_TAB.test(value)) return 'It must have no line break and no tab.';
  if (UNSENDABLE.test(value)) return 'It must have no control characters.';
  if (FIVE_SPACES.test(value)) return 'It must have at most four spaces in a row.';
  switch (type) {
    case TemplateParameterType.IMAGE:
    case TemplateParameterType.VIDEO:
    case TemplateParameterType.DOCUMENT:
      return mediaProblem(value);
    case TemplateParameterType.LOCATION: {
      const location = readLocation(value);
      return typeof location === 'string' ? location : null;
    }
    case TemplateParameterType.URL_SUFFIX:
      return /\s/u.test(value) ? 'The end of an address must have no spaces.' : tooLong(value, LONGEST_URL);
    case TemplateParameterType.COPY_CODE:
      return tooLong(value, LONGEST_COPY_CODE);
    case TemplateParameterType.PAYLOAD:
      return tooLong(value, LONGEST_PAYLOAD);
    case TemplateParameterType.TEXT:
      return null;
  }
}

function tooLong(value: string, longest: number): string | null {
  return characterCount(value) > longest ? `It must have at most ${longest} characters.` : null;
}

/** Media is fetched by WhatsApp: a public https address by name, so that nobody points it into a private network. */
function mediaProblem(value: string): string | null {
  if (value.length > LONGEST_URL) return `An address must have at most ${LONGEST_URL} characters.`;
  // Spaces are trimmed by parsers of URLs: what is checked must be what is sent.
  if (!/^https:\/\/[^\s\\]+$/iu.test(value) || !URL.canParse(value)) return 'It must be an https:// address.';
  const url = new URL(value);
  // As it was written, since parsers mend it differently: what one takes for a host another takes for a user.
  const [authority = ''] = value.slice('https://'.length).split(/[/?#]/);
  if (authority.includes('@')) return 'The address must hold no user name or password.';
  if (authority === '' || /[%\p{Cf}]/u.test(authority)) return 'It must be an https:// address.';
  return isPublicName(url.hostname)
    ? null
    : 'The address must name a public host, not a number or a local name.';
}

/** `new URL` has already turned every spelling of an IPv4 address (hex, octal, short) into four numbers. */
function isPublicName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '').toLowerCase();
  if (name.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(name)) return false;
  return (
    name.includes('.') && !/\.(?:localhost|localdomain|local|internal|intranet|lan|home\.arpa)$/.test(name)
  );
}

/** A place on the map; the coordinates stay as they were written. */
export interface LocationValue {
  latitude: string;
  longitude: string;
  name?: string;
  address?: string;
}

/**
 * Reads 'latitude,longitude[,name[,address]]'; the address may hold commas. Answers with a sentence when it is
 * not such a value: degrees between -90 and 90, and between -180 and 180, with a decimal point.
 */
export function readLocation(value: string): LocationValue | string {
  const [latitude = '', longitude = '', name, ...rest] = value.split(',').map((part) => part.trim());
  if (!isDegrees(latitude, 90) || !isDegrees(longitude, 180)) {
    return "A place is 'latitude,longitude[,name[,address]]', degrees between -90 and 90 and between -180 and 180.";
  }
  const address = rest.length === 0 ? undefined : rest.join(', ');
  if ((name !== undefined && isBlank(name)) || (address !== undefined && isBlank(address))) {
    return 'The name and the address of a place must not be blank: leave them out, with their commas.';
  }
  if (characterCount(value) > LONGEST_LOCATION)
    return `A place must have at most ${LONGEST_LOCATION} characters.`;
  return {
    latitude,
    longitude,
    ...(name === undefined ? {} : { name }),
    ...(address === undefined ? {} : { address }),
  };
}

function isDegrees(text: string, most: number): boolean {
  return COORDINATE.test(text) && Math.abs(Number(text)) <= most;
}
