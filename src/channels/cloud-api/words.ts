import { TemplateCategory, TemplateStatus } from '../../entities/enums';

/** The provider's words for templates in ours. Its lists are open: a new word is UNKNOWN, never an error. */

/** Webhooks tell some changes of status by the event that led to them. */
const STATUSES = new Map<string, TemplateStatus>([
  ...Object.values(TemplateStatus).map((status) => [status, status] as const),
  ['REINSTATED', TemplateStatus.APPROVED],
]);
const CATEGORIES = new Map<string, TemplateCategory>(
  Object.values(TemplateCategory).map((category) => [category, category]),
);

/** The status for a word of the listing or an event of `message_template_status_update`. */
export function templateStatus(word: string): TemplateStatus {
  return STATUSES.get(word.toUpperCase()) ?? TemplateStatus.UNKNOWN;
}

/** The category for a word of the listing or of a webhook. */
export function templateCategory(word: string): TemplateCategory {
  return CATEGORIES.get(word.toUpperCase()) ?? TemplateCategory.UNKNOWN;
}

/** The provider says NONE where there is no reason. */
export function templateReason(word: string | undefined): string | null {
  return word === undefined || word.toUpperCase() === 'NONE' ? null : word;
}
