import { GraphQLError, GraphQLScalarType, Kind, print, type ValueNode } from 'graphql';
import { normalisePhoneNumber } from '../entities/phone-number';

const LONGEST_DATE_TIME = 40;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;
const LATEST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const MINUTE = 60_000;

const LONGEST_EMAIL = 254;
const LONGEST_LOCAL_PART = 64;
const LONGEST_LABEL = 63;
const LOCAL_PART = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+$/;
const LABEL = /^[a-z0-9-]+$/;

const LONGEST_URL = 2048;
const LONGEST_TIME_ZONE = 64;
const TIME_ZONE = /^[A-Za-z][A-Za-z0-9_+/-]*$/;
const E164 = /^\+[0-9]{1,15}$/;

interface TextScalar<Value> {
  name: string;
  description: string;
  specifiedByURL: string;
  /** Ends the sentence "… takes", and so tells the caller what would be accepted. */
  accepts: string;
  parse: (text: string) => Value | null;
  serialize: (value: unknown) => string | null;
}

/** What a scalar does not take is the caller's mistake, unlike what it cannot give. */
const refusalOf = (message: string, nodes?: ValueNode) =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' }, ...(nodes && { nodes }) });

function textScalar<Value>(config: TextScalar<Value>): GraphQLScalarType<Value, string> {
  const refusal = () => refusalOf(`${config.name} takes ${config.accepts}.`);
  const parseValue = (value: unknown): Value => {
    const parsed = typeof value === 'string' ? config.parse(value) : null;
    if (parsed === null) throw refusal();
    return parsed;
  };
  return new GraphQLScalarType<Value, string>({
    name: config.name,
    description: config.description,
    specifiedByURL: config.specifiedByURL,
    serialize: (value) => {
      const text = config.serialize(value);
      if (text === null) throw new GraphQLError(`A stored value is no ${config.name}.`);
      return text;
    },
    parseValue,
    parseLiteral: (node) => {
      if (node.kind !== Kind.STRING) throw refusal();
      return parseValue(node.value);
    },
  });
}

function parseInstant(text: string): number | null {
  if (text.length > LONGEST_DATE_TIME) return null;
  const [, wallClock, fraction = '', offset] = DATE_TIME.exec(text) ?? [];
  if (wallClock === undefined || offset === undefined) return null;
  const seconds = Date.parse(`${wallClock}Z`);
  // Date.parse turns 30 February into 1 March: what it read must be what was written.
  if (Number.isNaN(seconds) || !new Date(seconds).toISOString().startsWith(wallClock)) return null;
  const offsetMinutes = minutesOf(offset);
  if (offsetMinutes === null) return null;
  return seconds + Number(fraction.slice(0, 3).padEnd(3, '0')) - offsetMinutes * MINUTE;
}

function minutesOf(offset: string): number | null {
  if (offset === 'Z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(4, 6));
  if (hours > 23 || minutes > 59) return null;
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function serializeInstant(value: unknown): string | null {
  const milliseconds = value instanceof Date ? value.getTime() : value;
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds)) return null;
  return Math.abs(milliseconds) > LATEST_INSTANT ? null : new Date(milliseconds).toISOString();
}

function parseEmailAddress(text: string): string | null {
  if (text.length > LONGEST_EMAIL) return null;
  const address = text.toLowerCase();
  const at = address.lastIndexOf('@');
  const localPart = address.slice(0, Math.max(at, 0));
  if (localPart.length > LONGEST_LOCAL_PART || !LOCAL_PART.test(localPart)) return null;
  const labels = address.slice(at + 1).split('.');
  return labels.every(isHostLabel) ? address : null;
}

function isHostLabel(label: string): boolean {
  return label.length <= LONGEST_LABEL && LABEL.test(label) && !label.startsWith('-') && !label.endsWith('-');
}

function parseWebAddress(text: string): string | null {
  if (text.length > LONGEST_URL || !URL.canParse(text)) return null;
  return ['http:', 'https:'].includes(new URL(text).protocol) ? text : null;
}

function parseTimeZone(text: string): string | null {
  if (text.length > LONGEST_TIME_ZONE || !TIME_ZONE.test(text)) return null;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return text;
  } catch {
    return null;
  }
}

const asText = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export const DateTime = textScalar<number>({
  name: 'DateTime',
  description:
    'An instant, ISO 8601 with seconds and offset (`2026-01-31T09:30:00-03:00`), always UTC with milliseconds on output.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339.html',
  accepts: 'an ISO 8601 instant with seconds and offset, such as "2026-01-31T09:30:00Z"',
  parse: parseInstant,
  serialize: serializeInstant,
});

export const PhoneNumber = textScalar<string>({
  name: 'PhoneNumber',
  description:
    "An E.164 phone number, '+' and up to 15 digits. Input is normalised (spaces, dots, hyphens and brackets may stand between the digits); what is no possible number is refused.",
  specifiedByURL: 'https://www.itu.int/rec/T-REC-E.164',
  accepts: 'a phone number with its country code, such as "+55 11 99999-9999", at most 40 characters long',
  parse: normalisePhoneNumber,
  serialize: (value) => (typeof value === 'string' && E164.test(value) ? value : null),
});

export const EmailAddress = textScalar<string>({
  name: 'EmailAddress',
  description: 'An e-mail address of at most 254 characters, kept in lower case.',
  specifiedByURL: 'https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address',
  accepts: 'an e-mail address such as "ana@example.com", at most 254 characters long',
  parse: parseEmailAddress,
  serialize: asText,
});

/** Not called `URL`, so that the class of that name stays within reach of whoever imports this. */
export const WebAddress = textScalar<string>({
  name: 'URL',
  description: 'An absolute http or https address of at most 2,048 characters.',
  specifiedByURL: 'https://url.spec.whatwg.org/',
  accepts: 'an absolute address such as "https://example.com/path", at most 2,048 characters long',
  parse: parseWebAddress,
  serialize: (value) => (value instanceof URL ? value.href : asText(value)),
});

export const TimeZone = textScalar<string>({
  name: 'TimeZone',
  description: 'An IANA time zone name, such as `America/Sao_Paulo` or `UTC`.',
  specifiedByURL: 'https://www.iana.org/time-zones',
  accepts: 'an IANA time zone name such as "America/Sao_Paulo"',
  parse: parseTimeZone,
  serialize: asText,
});

/** Whoever works such an object, here or in a client, does so by calls within calls. */
const DEEPEST_JSON = 100;

type JsonObject = Record<string, unknown>;

const refuseJson = () =>
  refusalOf('JSONObject takes a JSON object such as { "key": "value" }, not a list or a bare value.');

function plainObject(value: unknown): JsonObject | null {
  if (typeof value !== 'object' || value === null) return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? (value as JsonObject) : null;
}

/** Level by level, so that no depth exhausts the stack. */
function isTooDeep(object: JsonObject): boolean {
  let level: unknown[] = [object];
  for (let depth = 0; depth <= DEEPEST_JSON; depth += 1) {
    level = level.flatMap((value): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}

/** What a caller gave, where it is an object that can be worked. */
function givenObject(value: unknown): JsonObject {
  const object = plainObject(value);
  if (object === null) throw refuseJson();
  if (isTooDeep(object))
    throw refusalOf(`JSONObject takes values within values at most ${DEEPEST_JSON} levels deep.`);
  return object;
}

function jsonOf(node: ValueNode, variables: JsonObject): unknown {
  switch (node.kind) {
    case Kind.OBJECT:
      // fromEntries makes `__proto__` an ordinary key, where an assignment would set the prototype.
      return Object.fromEntries(
        node.fields.map((field) => [field.name.value, jsonOf(field.value, variables)]),
      );
    case Kind.LIST:
      return node.values.map((item) => jsonOf(item, variables));
    case Kind.INT:
    case Kind.FLOAT:
      return finite(Number(node.value), node);
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.NULL:
      return null;
    case Kind.VARIABLE:
      return variables[node.name.value] ?? null;
    case Kind.ENUM:
      throw refusalOf(`JSONObject takes JSON values, and ${print(node)} is none: put it in quotes.`, node);
  }
}

function finite(number: number, node: ValueNode): number {
  if (!Number.isFinite(number))
    throw refusalOf(`JSONObject takes no number as large as ${print(node)}.`, node);
  return number;
}

export const JSONObject = new GraphQLScalarType<JsonObject, JsonObject>({
  name: 'JSONObject',
  description:
    'A JSON object: keys with values, at most 100 levels deep, but never a bare list, text or number.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259.html',
  serialize: (value) => {
    const object = plainObject(value);
    if (object === null) throw new GraphQLError('A stored value is no JSONObject.');
    return object;
  },
  parseValue: givenObject,
  parseLiteral: (node, variables) => {
    if (node.kind !== Kind.OBJECT) throw refuseJson();
    return givenObject(jsonOf(node, variables ?? {}));
  },
});
