import type { GivenParameter, JsonObject, OutgoingMessage, OutgoingTemplate, Recipient } from '../channel';
import { parametersOf } from '../template-content';
import { readLocation } from '../parameter-rules';
import { TemplateComponentType, TemplateParameterType } from '../../entities/enums';
import type { TemplateParameter } from '../template-content';

/** The message cannot be written as a request: something is missing that the checks should have found. */
export class MessageNotBuildable extends Error {
  override readonly name = 'MessageNotBuildable';
}

/** `biz_opaque_callback_data` may have 512 characters; under 100 it is safe with every connector. */
const LONGEST_CORRELATION = 99;

/**
 * The body of POST /{phone-number-id}/messages.
 * Source: Meta's Cloud API reference "Messages" (v23.0).
 * @throws MessageNotBuildable when a required blank has no value, or the correlation is empty or too long.
 */
export function messageBody(to: Recipient, message: OutgoingMessage): JsonObject {
  if (message.correlation === '' || message.correlation.length > LONGEST_CORRELATION) {
    throw new MessageNotBuildable(`The correlation must have 1 to ${LONGEST_CORRELATION} characters.`);
  }
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    ...('phone' in to ? { to: to.phone.replace(/\D/g, '') } : { recipient: to.userId }),
    ...(message.kind === 'template'
      ? { type: 'template', template: templateObject(message) }
      : {
          ...(message.replyTo === undefined ? {} : { context: { message_id: message.replyTo } }),
          type: 'text',
          text: { body: message.text, preview_url: false },
        }),
    biz_opaque_callback_data: message.correlation,
  };
}

function templateObject(message: OutgoingTemplate): JsonObject {
  const filled = filledParameters(message);
  const components = [
    ...componentWith('header', filled.filter(isOf(TemplateComponentType.HEADER)), message),
    ...componentWith('body', filled.filter(isOf(TemplateComponentType.BODY)), message),
    ...filled.filter(isOf(TemplateComponentType.BUTTON)).map(buttonComponent),
  ];
  return {
    name: message.name,
    language: { code: message.language },
    ...(components.length === 0 ? {} : { components }),
  };
}

interface Filled {
  parameter: TemplateParameter;
  value: string;
}

const isOf =
  (component: TemplateComponentType) =>
  (filled: Filled): boolean =>
    filled.parameter.component === component;

/** Each blank with its value, numbered blanks in the order of their numbers; optional ones only where given. */
function filledParameters(message: OutgoingTemplate): Filled[] {
  const values = new Map(message.parameters.map(({ key, value }: GivenParameter) => [key, value]));
  return parametersOf(message.components, message.parameterFormat)
    .flatMap((parameter) => {
      const value = values.get(parameter.key) ?? '';
      if (value !== '') return [{ parameter, value }];
      if (parameter.required) throw new MessageNotBuildable(`Nothing fills the blank ${parameter.key}.`);
      return [];
    })
    .sort((left, right) => blankNumber(left.parameter) - blankNumber(right.parameter));
}

/** Positional blanks are told by their place in the request alone; everything else stays in its order (0). */
function blankNumber({ key }: TemplateParameter): number {
  return Number(/^(?:header|body)\.(\d+)$/.exec(key)?.[1] ?? 0);
}

function componentWith(type: 'header' | 'body', filled: Filled[], message: OutgoingTemplate): JsonObject[] {
  if (filled.length === 0) return [];
  return [
    { type, parameters: filled.map((one) => valueParameter(one, message.parameterFormat === 'NAMED')) },
  ];
}

function valueParameter({ parameter, value }: Filled, named: boolean): JsonObject {
  switch (parameter.type) {
    case TemplateParameterType.IMAGE:
      return { type: 'image', image: { link: value } };
    case TemplateParameterType.VIDEO:
      return { type: 'video', video: { link: value } };
    case TemplateParameterType.DOCUMENT:
      return { type: 'document', document: { link: value, ...filenameIn(value) } };
    case TemplateParameterType.LOCATION:
      return { type: 'location', location: locationObject(value) };
    default: {
      const name = parameter.key.slice(parameter.key.indexOf('.') + 1);
      return { type: 'text', ...(named ? { parameter_name: name } : {}), text: value };
    }
  }
}

/** Without a name WhatsApp shows a document as untitled: the last part of its path serves, where it has an extension. */
function filenameIn(link: string): { filename?: string } {
  if (!URL.canParse(link)) return {};
  const last = new URL(link).pathname.split('/').at(-1) ?? '';
  let filename = last;
  try {
    filename = decodeURIComponent(last);
  } catch {
    // Not percent-encoded as it should be: the raw name serves.
  }
  return /[^./\\]\.[A-Za-z0-9]{1,8}$/.test(filename) ? { filename } : {};
}

function locationObject(value: string): JsonObject {
  const location = readLocation(value);
  if (typeof location === 'string') throw new MessageNotBuildable(location);
  return { ...location };
}

/** Buttons have one component each, told by their place among all buttons of the template, from 0. */
function buttonComponent({ parameter, value }: Filled): JsonObject {
  const index = parameter.key.split('.')[1] ?? '0';
  switch (parameter.type) {
    case TemplateParameterType.PAYLOAD:
      return {
        type: 'button',
        sub_type: 'quick_reply',
        index,
        parameters: [{ type: 'payload', payload: value }],
      };
    case TemplateParameterType.COPY_CODE:
      return {
        type: 'button',
        sub_type: 'copy_code',
        index,
        parameters: [{ type: 'coupon_code', coupon_code: value }],
      };
    default:
      return { type: 'button', sub_type: 'url', index, parameters: [{ type: 'text', text: value }] };
  }
}
