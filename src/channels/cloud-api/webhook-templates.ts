import type { JsonObject } from '../channel';
import { numberOf, textOf } from '../json';
import type { WebhookItem } from '../webhook-items';
import { requiredText } from './webhook-elements';
import { templateCategory, templateReason, templateStatus } from './words';

/** One change of a template; it fills a whole `value`. */
export interface TemplateChange {
  value: JsonObject;
  businessAccountId: string;
  /** When the provider sent the body, in seconds since 1970. */
  entryTime: unknown;
  payload: JsonObject;
}

type Reader = (change: TemplateChange) => WebhookItem;

/**
 * How each template field is read. Source: Meta's references of `message_template_status_update`,
 * `message_template_quality_update`, `message_template_components_update` and `template_category_update`.
 * Each throws Unreadable when the template's name or language, or what changed, is missing.
 */
export const TEMPLATE_READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    'message_template_status_update',
    (change) => {
      const event = requiredText(change.value, 'event');
      const category = textOf(change.value['message_template_category']);
      return {
        kind: 'template-status',
        ...headOf(change),
        event,
        status: templateStatus(event),
        reason: templateReason(textOf(change.value['reason'])),
        category: category === undefined ? null : templateCategory(category),
      };
    },
  ],
  [
    'message_template_quality_update',
    (change) => ({
      kind: 'template-quality',
      ...headOf(change),
      qualityScore: requiredText(change.value, 'new_quality_score'),
    }),
  ],
  [
    'message_template_components_update',
    (change) => ({ kind: 'template-components', ...headOf(change), content: change.value }),
  ],
  [
    'template_category_update',
    (change) => {
      const providerCategory = requiredText(change.value, 'new_category');
      return {
        kind: 'template-category',
        ...headOf(change),
        category: templateCategory(providerCategory),
        providerCategory,
      };
    },
  ],
]);

function headOf({ value, businessAccountId, entryTime, payload }: TemplateChange) {
  const seconds = numberOf(entryTime);
  return {
    businessAccountId,
    // A number here, a string in the listing: strings compare.
    providerTemplateId: textOf(value['message_template_id']) ?? '',
    name: requiredText(value, 'message_template_name'),
    language: requiredText(value, 'message_template_language'),
    at: seconds === null || seconds <= 0 ? null : seconds * 1_000,
    payload,
  };
}
