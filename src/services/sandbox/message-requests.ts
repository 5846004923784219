import type { JsonObject } from '../../channels/channel';
import { asObject, listOf, objectOf, textOf } from '../../channels/json';
import { characterCount, isBlank } from '../../channels/parameter-rules';
import { normalisePhoneNumber } from '../../entities/phone-number';
import type { GraphError } from './graph-errors';

/** A message as a sender hands it over, checked for what does not depend on its template. */
export interface MessageRequest {
  /** Digits. */
  to: string;
  /** As it was written in the request. */
  input: string;
  correlation: string | null;
  /** The provider's id of the message that it quotes. */
  quotes: string | null;
  message:
    | { type: 'text'; text: string }
    | { type: 'template'; name: string; language: string; components: JsonObject[] };
}

const LONGEST_TEXT = 4_096;
const LONGEST_CORRELATION = 512;

const missing = (name: string): GraphError => ({
  code: 131008,
  details: `The parameter ${name} is required.`,
});
const invalid = (details: string): GraphError => ({ code: 131009, details });

/** Reads the body of `POST /{phone number}/messages`. Source: Meta's reference "Messages". */
export function readMessageRequest(given: unknown): MessageRequest | GraphError {
  const body = asObject(given);
  if (body === null) return { code: 100, details: 'The body must be a JSON object.' };
  if (body['messaging_product'] !== 'whatsapp') {
    return { code: 100, details: 'The parameter messaging_product is required, and must be whatsapp.' };
  }
  const input = textOf(body['to']) ?? textOf(body['recipient']);
  if (input === undefined) return missing('to');
  const to = normalisePhoneNumber(input.startsWith('+') ? input : `+${input}`);
  if (to === null) {
    return { code: 131026, details: `Nobody uses WhatsApp at ${input.slice(0, 40)}.` };
  }
  const correlation = textOf(body['biz_opaque_callback_data']) ?? null;
  if (correlation !== null && correlation.length > LONGEST_CORRELATION) {
    return invalid(`biz_opaque_callback_data has at most ${LONGEST_CORRELATION} characters.`);
  }
  const message = readMessage(body);
  if ('code' in message) return message;
  const quotes = textOf(objectOf(body['context'])['message_id']) ?? null;
  return { to: input.replace(/\D/g, ''), input, correlation, quotes, message };
}

function readMessage(body: JsonObject): MessageRequest['message'] | GraphError {
  const type = textOf(body['type']) ?? 'text';
  if (type === 'text') return readText(objectOf(body['text']));
  if (type === 'template') return readTemplate(objectOf(body['template']));
  return { code: 131051, details: `The sandbox takes messages of the types text and template, not ${type}.` };
}

function readText(content: JsonObject): MessageRequest['message'] | GraphError {
  const text = textOf(content['body']) ?? '';
  if (isBlank(text)) return missing('text.body');
  if (characterCount(text) > LONGEST_TEXT)
    return invalid(`text.body has at most ${LONGEST_TEXT} characters.`);
  return { type: 'text', text };
}

function readTemplate(template: JsonObject): MessageRequest['message'] | GraphError {
  const name = textOf(template['name']);
  const language = textOf(objectOf(template['language'])['code']);
  if (name === undefined) return missing('template.name');
  if (language === undefined) return missing('template.language.code');
  return { type: 'template', name, language, components: listOf(template['components']).map(objectOf) };
}
