import type { GivenParameter, JsonObject, ParameterFormat } from '../../channels/channel';
import { listOf, objectOf, textOf } from '../../channels/json';
import { readLocation } from '../../channels/parameter-rules';
import {
  checkParameters,
  filledButtons,
  parametersOf,
  preview,
  type TemplateParameter,
} from '../../channels/template-content';
import { TemplateComponentType, TemplateParameterType } from '../../entities/enums';
import type { SandboxContent, SandboxHeader } from '../../entities/sandbox-message';
import type { GraphError } from './graph-errors';
import { TEMPLATE_CATALOGUE, type CatalogueTemplate } from './template-catalogue';

/** A template message as the phone shows it, and whether it is advertising. */
export interface TemplateMessage {
  content: SandboxContent;
  marketing: boolean;
}

interface TemplateRequest {
  name: string;
  language: string;
  components: JsonObject[];
}

/** Fills a template of the catalogue with what the request gives, or says why the provider would not. */
export function templateMessage(request: TemplateRequest): TemplateMessage | GraphError {
  const template = TEMPLATE_CATALOGUE.find(
    ({ name, language }) => name === request.name && language === request.language,
  );
  const { name, language } = request;
  if (template?.status === 'PAUSED') return { code: 132015, details: `The template ${name} is paused.` };
  if (template?.status !== 'APPROVED') {
    return { code: 132001, details: `template name (${name}) does not exist in ${language}` };
  }
  const given = givenParameters(template, request.components);
  if ('code' in given) return given;
  const [problem] = checkParameters(template.components, formatOf(template), given);
  if (problem) return { code: 132012, details: `${problem.key}: ${problem.message}` };
  return {
    content: templateContent(template, given, filenameIn(request.components)),
    marketing: template.category === 'MARKETING',
  };
}

const formatOf = ({ parameter_format }: CatalogueTemplate): ParameterFormat =>
  parameter_format ?? 'POSITIONAL';

/** What a template with these values shows. */
export function templateContent(
  template: CatalogueTemplate,
  given: readonly GivenParameter[],
  filename: string | null = null,
): SandboxContent {
  const { name, language, components } = template;
  const shown = preview(components, given);
  const header = headerContent(components, given, { text: shown.header, filename });
  const buttons = filledButtons(components, given).map((button) =>
    // Without a payload of its own a quick reply says its label.
    button.kind === 'QUICK_REPLY' ? { ...button, value: button.value ?? button.text } : button,
  );
  return {
    template: { name, language },
    ...(header && { header }),
    body: shown.body,
    ...(shown.footer !== null && { footer: shown.footer }),
    ...(buttons.length > 0 && { buttons }),
  };
}

function headerContent(
  components: JsonObject[],
  given: readonly GivenParameter[],
  shown: { text: string | null; filename: string | null },
): SandboxHeader | null {
  const header = components.find(({ type }) => type === 'HEADER');
  if (!header) return null;
  const kind = textOf(header['format']) ?? 'TEXT';
  if (kind === 'TEXT') return { kind, text: shown.text, url: null, filename: null };
  const value = given.find(({ key }) => key === `header.${kind.toLowerCase()}`)?.value ?? null;
  if (kind === 'LOCATION') return { kind, text: placeName(value ?? ''), url: null, filename: null };
  return { kind, text: null, url: value, filename: shown.filename };
}

function placeName(value: string): string {
  const place = readLocation(value);
  if (typeof place === 'string') return value;
  const named = [place.name, place.address].filter((part) => part !== undefined);
  return named.length > 0 ? named.join(', ') : `${place.latitude}, ${place.longitude}`;
}

function filenameIn(components: readonly JsonObject[]): string | null {
  const [parameter] = parametersGiven(components, 'header');
  return textOf(objectOf(parameter?.['document'])['filename']) ?? null;
}

const isCalled =
  (type: string) =>
  (component: JsonObject): boolean =>
    (textOf(component['type']) ?? '').toLowerCase() === type;

function parametersGiven(components: readonly JsonObject[], type: string): JsonObject[] {
  return components
    .filter(isCalled(type))
    .flatMap((component) => listOf(component['parameters']).map(objectOf));
}

/** The values under the names of the template's blanks, or how they do not fit. */
function givenParameters(
  template: CatalogueTemplate,
  components: readonly JsonObject[],
): GivenParameter[] | GraphError {
  const format = formatOf(template);
  const expected = parametersOf(template.components, format);
  const parts = [
    partParameters('header', expected, parametersGiven(components, 'header'), format),
    partParameters('body', expected, parametersGiven(components, 'body'), format),
    buttonParameters(expected, components.filter(isCalled('button'))),
  ];
  const given: GivenParameter[] = [];
  for (const part of parts) {
    if ('code' in part) return part;
    given.push(...part);
  }
  return given;
}

function partParameters(
  part: 'header' | 'body',
  all: readonly TemplateParameter[],
  values: readonly JsonObject[],
  format: ParameterFormat,
): GivenParameter[] | GraphError {
  const expected = all.filter(({ component }) => component === PARTS[part]);
  if (expected.length !== values.length) {
    const details = `${part}: number of localizable_params (${values.length}) does not match the expected number of params (${expected.length})`;
    return { code: 132000, details };
  }
  const given: GivenParameter[] = [];
  for (const [index, value] of values.entries()) {
    const name = textOf(value['parameter_name']);
    const parameter =
      format === 'NAMED' && name !== undefined
        ? expected.find(({ key }) => key === `${part}.${name}`)
        : inOrder(expected)[index];
    if (!parameter || (format === 'NAMED' && isText(parameter) && name === undefined)) {
      const details = `${part}: Parameter name ${name ?? '(none)'} is missing in the template, or missing here`;
      return { code: 132012, details };
    }
    const text = valueIn(parameter.type, value);
    if (text === null) {
      const received = (textOf(value['type']) ?? 'UNKNOWN').toUpperCase();
      return {
        code: 132012,
        details: `${part}: Format mismatch, expected ${parameter.type}, received ${received}`,
      };
    }
    given.push({ key: parameter.key, value: text });
  }
  return given;
}

const PARTS = { header: TemplateComponentType.HEADER, body: TemplateComponentType.BODY } as const;
const isText = ({ type }: TemplateParameter): boolean => type === TemplateParameterType.TEXT;

/** Numbered blanks are told by their place in the request, whatever the order in which the text has them. */
function inOrder(parameters: readonly TemplateParameter[]): TemplateParameter[] {
  const numberOf = ({ key }: TemplateParameter): number => Number(/\.(\d+)$/.exec(key)?.[1] ?? 0);
  return [...parameters].sort((one, other) => numberOf(one) - numberOf(other));
}

/** The value of a parameter of this type as the template's blanks hold it; null where it is of another one. */
function valueIn(type: TemplateParameterType, parameter: JsonObject): string | null {
  const word = textOf(parameter['type'])?.toLowerCase();
  const wanted = type.toLowerCase();
  if (word !== wanted) return null;
  if (wanted === 'text') return textOf(parameter['text']) ?? null;
  const content = objectOf(parameter[wanted]);
  if (wanted !== 'location') return textOf(content['link']) ?? null;
  const parts = [content['latitude'], content['longitude'], content['name'], content['address']];
  return parts.flatMap((part) => textOf(part) ?? []).join(',');
}

/** How each kind of button takes its value: the word of the button and of the parameter that holds it. */
const BUTTON_VALUES: ReadonlyMap<string, string> = new Map([
  ['quick_reply', 'payload'],
  ['url', 'text'],
  ['copy_code', 'coupon_code'],
]);
const BUTTON_KEYS: ReadonlyMap<string, string> = new Map([
  ['quick_reply', 'payload'],
  ['url', 'url'],
  ['copy_code', 'code'],
]);

function buttonParameters(
  all: readonly TemplateParameter[],
  components: readonly JsonObject[],
): GivenParameter[] | GraphError {
  const given = components.map((component) => {
    const kind = (textOf(component['sub_type']) ?? '').toLowerCase();
    const parameter = objectOf(listOf(component['parameters'])[0]);
    const key = `button.${textOf(component['index']) ?? '0'}.${BUTTON_KEYS.get(kind) ?? kind}`;
    return { key, value: textOf(parameter[BUTTON_VALUES.get(kind) ?? '']) ?? '' };
  });
  const missing = all.find(
    ({ component, key, required }) =>
      required &&
      component === TemplateComponentType.BUTTON &&
      !given.some((one) => one.key === key && one.value !== ''),
  );
  if (!missing) return given;
  const [, index = '0', kind = ''] = missing.key.split('.');
  return { code: 131008, details: `buttons: Button at index ${index} of type ${kind} requires a parameter` };
}
