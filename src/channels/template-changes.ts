import type { JsonObject } from './channel';
import { textOf } from './json';

/**
 * The components with the texts that a report of changed components says. It says the texts whole, but not all
 * buttons and no examples, so that the template must be fetched anew besides. Source: Meta's reference of
 * `message_template_components_update`.
 */
export function withChangedTexts(components: JsonObject[], content: JsonObject): JsonObject[] {
  const texts = new Map([
    ['HEADER', textOf(content['message_template_title'])],
    ['BODY', textOf(content['message_template_element'])],
    ['FOOTER', textOf(content['message_template_footer'])],
  ]);
  return components.map((component) => {
    const text = texts.get((textOf(component['type']) ?? '').toUpperCase());
    // A header that is a picture has no text, and gets none.
    return text === undefined || textOf(component['text']) === undefined ? component : { ...component, text };
  });
}
