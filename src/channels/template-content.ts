import { TemplateComponentType, TemplateParameterType } from '../entities/enums';
import type { GivenParameter, JsonObject, ParameterFormat } from './channel';
import { asObject, listOf, objectOf, textOf } from './json';
import { characterCount, valueProblem } from './parameter-rules';

/**
 * The content of a template in the provider's component format: its blanks, whether we can fill them, whether
 * values fit, and how it reads filled. Source of the format: Meta's "Template components" reference.
 */

/** One blank of a template. */
export interface TemplateParameter {
  /** Unique within the template: `header.1`, `body.1`, `body.order_id`, `header.image`, `button.0.url` … */
  key: string;
  component: TemplateComponentType;
  type: TemplateParameterType;
  required: boolean;
  /** What was given when the template was made. */
  example: string | null;
}

export type Support = { supported: true } | { supported: false; reason: string };

/** Why a set of values does not fit a template; the message says what would be accepted. */
export interface ParameterProblem {
  key: string;
  code: 'PARAMETER_MISSING' | 'PARAMETER_UNKNOWN' | 'PARAMETER_INVALID';
  message: string;
}

/** How the message will read. */
export interface TemplatePreview {
  /** The text, or what was given for the header's file or place; null without a header or while that is empty. */
  header: string | null;
  body: string;
  footer: string | null;
  /** The labels in their order. */
  buttons: string[];
}

const HEADER_MEDIA = new Map([
  ['IMAGE', TemplateParameterType.IMAGE],
  ['VIDEO', TemplateParameterType.VIDEO],
  ['DOCUMENT', TemplateParameterType.DOCUMENT],
  ['LOCATION', TemplateParameterType.LOCATION],
]);
const FILLABLE_BUTTONS = new Set(['QUICK_REPLY', 'URL', 'PHONE_NUMBER', 'COPY_CODE']);
/** One-time passwords are listed as buttons of the type URL that lead here. */
const ONE_TIME_PASSWORD_URL = /^https?:\/\/(?:www\.)?whatsapp\.com\/otp\//i;
const NUMBERED_BLANK = /\{\{\s*(\d+)\s*\}\}/g;
const NAMED_BLANK = /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g;

/** Meta's limits for the text as the customer reads it. */
const LONGEST_BODY = 1_024;
const LONGEST_HEADER = 60;
/** Meta's limit for the address behind a button. */
const LONGEST_BUTTON_URL = 2_000;

const wordOf = (value: unknown): string => (textOf(value) ?? '').toUpperCase();

function componentsOf(components: JsonObject[], type: string): JsonObject[] {
  return components.filter((component) => wordOf(component['type']) === type);
}

function buttonsOf(components: JsonObject[]): JsonObject[] {
  return componentsOf(components, 'BUTTONS').flatMap((component) =>
    listOf(component['buttons']).map(objectOf),
  );
}

/** The names or numbers of the blanks in a text, each once, in the order they are read. */
function blanksIn(text: unknown, format: ParameterFormat): string[] {
  const pattern = format === 'NAMED' ? NAMED_BLANK : NUMBERED_BLANK;
  const found = Array.from((textOf(text) ?? '').matchAll(pattern), ([, blank = '']) => blankName(blank));
  return [...new Set(found)];
}

/** `{{01}}` is the blank 1. */
function blankName(blank: string): string {
  return /^\d+$/.test(blank) ? blank.replace(/^0+(?=\d)/, '') : blank;
}

/**
 * The blanks to fill, in the order they are read: header, body, buttons. Header and body number theirs separately.
 * What `isSupported` refuses is passed over.
 */
export function parametersOf(
  components: JsonObject[],
  parameterFormat: ParameterFormat,
): TemplateParameter[] {
  return [
    ...componentsOf(components, 'HEADER').flatMap((header) => headerParameters(header, parameterFormat)),
    ...componentsOf(components, 'BODY').flatMap((body) =>
      textParameters(TemplateComponentType.BODY, body, parameterFormat),
    ),
    ...buttonsOf(components).flatMap(buttonParameters),
  ];
}

function headerParameters(header: JsonObject, format: ParameterFormat): TemplateParameter[] {
  const headerFormat = wordOf(header['format']);
  const type = HEADER_MEDIA.get(headerFormat);
  if (type === undefined) {
    return headerFormat === 'TEXT' ? textParameters(TemplateComponentType.HEADER, header, format) : [];
  }
  const example = textOf(listOf(objectOf(header['example'])['header_handle'])[0]) ?? null;
  const key = `header.${headerFormat.toLowerCase()}`;
  return [{ key, component: TemplateComponentType.HEADER, type, required: true, example }];
}

function textParameters(
  component: TemplateComponentType.HEADER | TemplateComponentType.BODY,
  content: JsonObject,
  format: ParameterFormat,
): TemplateParameter[] {
  const prefix = component.toLowerCase();
  const examples = objectOf(content['example']);
  const numbered = listOf(examples[`${prefix}_text`]);
  // The body's examples are a list of lists, one per example; the header's are one list.
  const values = Array.isArray(numbered[0]) ? (numbered[0] as unknown[]) : numbered;
  const named = listOf(examples[`${prefix}_text_named_params`]).map(objectOf);
  return blanksIn(content['text'], format).map((blank) => ({
    key: `${prefix}.${blank}`,
    component,
    type: TemplateParameterType.TEXT,
    required: true,
    example:
      textOf(
        format === 'NAMED'
          ? named.find((entry) => entry['param_name'] === blank)?.['example']
          : values[Number(blank) - 1],
      ) ?? null,
  }));
}

function buttonParameters(button: JsonObject, index: number): TemplateParameter[] {
  const component = TemplateComponentType.BUTTON;
  const given = button['example'];
  const example = textOf(Array.isArray(given) ? (given as unknown[])[0] : given) ?? null;
  switch (wordOf(button['type'])) {
    case 'URL':
      // The format of a template does not matter for addresses: their only blank may be numbered in both.
      return blanksIn(button['url'], 'NAMED').length === 0
        ? []
        : [
            {
              key: `button.${index}.url`,
              component,
              type: TemplateParameterType.URL_SUFFIX,
              required: true,
              example,
            },
          ];
    case 'COPY_CODE':
      return [
        {
          key: `button.${index}.code`,
          component,
          type: TemplateParameterType.COPY_CODE,
          required: true,
          example,
        },
      ];
    case 'QUICK_REPLY':
      return [
        {
          key: `button.${index}.payload`,
          component,
          type: TemplateParameterType.PAYLOAD,
          required: false,
          example: null,
        },
      ];
    default:
      return [];
  }
}

/** Whether this server can fill in everything that the template holds; if not, the first thing that it cannot. */
export function isSupported(components: JsonObject[]): Support {
  const reason = components.map(componentObstacle).find((found) => found !== null);
  return reason === undefined ? { supported: true } : { supported: false, reason };
}

function componentObstacle(component: JsonObject): string | null {
  const type = wordOf(component['type']);
  switch (type) {
    case 'HEADER': {
      const format = wordOf(component['format']);
      if (format === 'TEXT' || HEADER_MEDIA.has(format)) return null;
      return `A header of the format ${format === '' ? '(none)' : format} cannot be filled in.`;
    }
    case 'BODY':
      return component['add_security_recommendation'] === true
        ? 'Messages with one-time passwords cannot be sent from here.'
        : null;
    case 'FOOTER':
      return null;
    case 'BUTTONS': {
      const obstacles = listOf(component['buttons']).map(buttonObstacle);
      return obstacles.find((found) => found !== null) ?? null;
    }
    default:
      return `A component of the type ${type === '' ? '(none)' : type} cannot be filled in.`;
  }
}

function buttonObstacle(value: unknown): string | null {
  const button = asObject(value);
  const type = wordOf(button?.['type']);
  if (button === null || !FILLABLE_BUTTONS.has(type)) {
    return `A button of the type ${type === '' ? '(none)' : type} cannot be filled in.`;
  }
  const url = textOf(button['url']) ?? '';
  if (type !== 'URL') return null;
  if (ONE_TIME_PASSWORD_URL.test(url)) return 'Messages with one-time passwords cannot be sent from here.';
  return blanksIn(url, 'NAMED').length > 1
    ? 'A button whose address has more than one blank cannot be filled in.'
    : null;
}

/**
 * All that is wrong with the given values, in the order of the template's blanks, then of the unknown ones; empty
 * when the template can be sent with them (domain rule 18). An empty value is as good as none.
 */
export function checkParameters(
  components: JsonObject[],
  parameterFormat: ParameterFormat,
  given: readonly GivenParameter[],
): ParameterProblem[] {
  const parameters = parametersOf(components, parameterFormat);
  const valuesByKey = new Map<string, string[]>();
  for (const { key, value } of given) valuesByKey.set(key, [...(valuesByKey.get(key) ?? []), value]);

  const problems = parameters.flatMap((parameter) =>
    valueProblems(parameter, valuesByKey.get(parameter.key) ?? []),
  );
  const invalid = new Set(problems.map(({ key }) => key));
  const lengths = lengthProblems(components, parameters, valuesByKey).filter(({ key }) => !invalid.has(key));
  const known = new Set(parameters.map(({ key }) => key));
  const unknown = [...valuesByKey.keys()].filter((key) => !known.has(key));
  return [
    ...problems,
    ...lengths,
    ...unknown.map((key): ParameterProblem => {
      const names = [...known].join(', ');
      const message =
        names === '' ? 'This template has no blanks.' : `The blanks of this template are: ${names}.`;
      return { key, code: 'PARAMETER_UNKNOWN', message };
    }),
  ];
}

function valueProblems({ key, type, required }: TemplateParameter, values: string[]): ParameterProblem[] {
  if (values.length > 1) return [{ key, code: 'PARAMETER_INVALID', message: 'It is given more than once.' }];
  const value = values[0] ?? '';
  if (value === '') {
    return required ? [{ key, code: 'PARAMETER_MISSING', message: `The blank ${key} must be filled.` }] : [];
  }
  const message = valueProblem(type, value);
  return message === null ? [] : [{ key, code: 'PARAMETER_INVALID', message }];
}

/** The limits that hold for a whole component, laid to the longest of the values in it. */
function lengthProblems(
  components: JsonObject[],
  parameters: TemplateParameter[],
  valuesByKey: Map<string, string[]>,
): ParameterProblem[] {
  const filled = new Map(parameters.map(({ key }) => [key, valuesByKey.get(key)?.[0] ?? '']));
  const valueIn = (key: string): string => filled.get(key) ?? '';
  const longestFirst = (keys: string[]): string[] =>
    keys.sort((a, b) => valueIn(b).length - valueIn(a).length);
  const problems: ParameterProblem[] = [];
  const check = (prefix: 'header' | 'body', text: unknown, longest: number): void => {
    const rendered = fill(textOf(text) ?? '', (blank) => valueIn(`${prefix}.${blank}`));
    const [key] = longestFirst([...filled.keys()].filter((one) => one.startsWith(`${prefix}.`)));
    if (key === undefined || valueIn(key) === '' || characterCount(rendered) <= longest) return;
    const message = `With it the ${prefix} has ${characterCount(rendered)} characters; at most ${longest} are allowed.`;
    problems.push({ key, code: 'PARAMETER_INVALID', message });
  };
  for (const header of componentsOf(components, 'HEADER')) {
    if (wordOf(header['format']) === 'TEXT') check('header', header['text'], LONGEST_HEADER);
  }
  for (const body of componentsOf(components, 'BODY')) check('body', body['text'], LONGEST_BODY);
  buttonsOf(components).forEach((button, index) => {
    const key = `button.${index}.url`;
    const url = fill(textOf(button['url']) ?? '', () => valueIn(key));
    if (valueIn(key) === '' || characterCount(url) <= LONGEST_BUTTON_URL) return;
    const message = `With it the address has ${characterCount(url)} characters; at most ${LONGEST_BUTTON_URL} are allowed.`;
    problems.push({ key, code: 'PARAMETER_INVALID', message });
  });
  return problems;
}

/** Puts values into blanks in one pass: what a value holds is never read as a blank. */
function fill(text: string, valueOf: (blank: string) => string | undefined): string {
  return text.replace(NAMED_BLANK, (asItStands, blank: string) => valueOf(blankName(blank)) ?? asItStands);
}

/** The text with these values in their places; blanks left empty show as they stand in the template. */
export function preview(components: JsonObject[], given: readonly GivenParameter[]): TemplatePreview {
  const values = new Map(given.filter(({ value }) => value !== '').map(({ key, value }) => [key, value]));
  const textIn = (type: string, prefix: string): string | null => {
    const text = textOf(componentsOf(components, type)[0]?.['text']);
    return text === undefined ? null : fill(text, (blank) => values.get(`${prefix}.${blank}`));
  };
  const headerFormat = wordOf(componentsOf(components, 'HEADER')[0]?.['format']);
  return {
    header: textIn('HEADER', 'header') ?? values.get(`header.${headerFormat.toLowerCase()}`) ?? null,
    body: textIn('BODY', 'body') ?? '',
    footer: textIn('FOOTER', 'footer'),
    buttons: buttonsOf(components).map((button) => textOf(button['text']) ?? defaultLabel(button)),
  };
}

/** A button as the customer gets it. */
export interface FilledButton {
  /** The provider's word: QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE … An open list. */
  kind: string;
  text: string;
  /** Where it leads, whom it calls, what it copies, or what a quick reply says to us; null where none is known. */
  value: string | null;
}

/** The buttons in their order with what was given for them. */
export function filledButtons(components: JsonObject[], given: readonly GivenParameter[]): FilledButton[] {
  const values = new Map(given.map(({ key, value }) => [key, value]));
  return buttonsOf(components).map((button, index) => {
    const kind = wordOf(button['type']);
    const url = textOf(button['url']);
    const byKind = new Map([
      ['URL', url && fill(url, () => values.get(`button.${index}.url`))],
      ['PHONE_NUMBER', textOf(button['phone_number'])],
      ['COPY_CODE', values.get(`button.${index}.code`)],
      ['QUICK_REPLY', values.get(`button.${index}.payload`)],
    ]);
    return { kind, text: textOf(button['text']) ?? defaultLabel(button), value: byKind.get(kind) ?? null };
  });
}

/** WhatsApp gives some buttons their label itself. */
function defaultLabel(button: JsonObject): string {
  return wordOf(button['type']) === 'COPY_CODE' ? 'Copy code' : wordOf(button['type']);
}
