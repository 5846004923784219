import sql from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import { TemplateStatus, UserErrorCode } from '../../entities/enums';
import { TemplateRow } from '../../entities/template';
import { TemplateActivationRow } from '../../entities/template-activation';
import { userError, type UserError } from '../outcome';

/** A template and what a bot does with it, as far as there are such. */
export interface NamedTemplate {
  template: TemplateRow | null;
  activation: TemplateActivationRow | null;
}

/** Reads both, whether or not there is such a bot. */
export async function namedTemplate(rows: Rows, botId: string, templateId: string): Promise<NamedTemplate> {
  const [template, activation] = await Promise.all([
    rows.byId(TemplateRow, templateId),
    rows.first(TemplateActivationRow, sql`bot_id = ${botId} and template_id = ${templateId}`),
  ]);
  return { template, activation };
}

/**
 * The template part of the checks before a send (domain rule 18): every reason why it cannot be sent on the bot.
 * @param channelId the number that the bot sends from; null where it has none, which is for others to report.
 */
export function sendableTemplateErrors(
  { template, activation }: NamedTemplate,
  channelId: string | null,
  field: string[],
): UserError[] {
  if (!template) return [templateNotFound(field)];
  return [
    ...numberErrors(template, channelId, field),
    ...approvalErrors(template, field),
    ...supportErrors(template, field),
    ...activationErrors(activation, field),
  ];
}

export function templateNotFound(field: string[]): UserError {
  return userError(
    UserErrorCode.TEMPLATE_NOT_FOUND,
    'There is no such template: name one that `templates` lists for the bot, after `syncTemplates` where it is new.',
    field,
  );
}

export function numberErrors(template: TemplateRow, channelId: string | null, field: string[]): UserError[] {
  if (channelId === null || template.channelId === channelId) return [];
  return [
    userError(
      UserErrorCode.TEMPLATE_OF_OTHER_NUMBER,
      `The template ${template.name} belongs to another number than the bot sends from: name one of that number.`,
      field,
    ),
  ];
}

export function approvalErrors(template: TemplateRow, field: string[]): UserError[] {
  if (template.status === TemplateStatus.APPROVED) return [];
  return [
    userError(
      UserErrorCode.TEMPLATE_NOT_APPROVED,
      `The template ${template.name} has the status ${template.status}, and only APPROVED ones can be sent: name another, or wait until WhatsApp approves it.`,
      field,
    ),
  ];
}

export function supportErrors(template: TemplateRow, field: string[]): UserError[] {
  if (template.unsupportedReason === null) return [];
  return [
    userError(
      UserErrorCode.TEMPLATE_UNSUPPORTED,
      `The template ${template.name} cannot be filled in here: ${template.unsupportedReason} Name one without it.`,
      field,
    ),
  ];
}

export function notEnabled(field: string[]): UserError {
  return userError(
    UserErrorCode.TEMPLATE_NOT_ENABLED,
    'The template is not enabled on this bot: an admin enables it with `enableTemplates` first.',
    field,
  );
}

function activationErrors(activation: TemplateActivationRow | null, field: string[]): UserError[] {
  if (!activation?.enabled) return [notEnabled(field)];
  if (activation.outdatedReason === null) return [];
  return [
    userError(
      UserErrorCode.RETURN_FLOW_OUTDATED,
      'The published flow no longer holds the return block of the template as a service block: an admin gives it another with `updateReturnFlow` first.',
      field,
    ),
  ];
}
