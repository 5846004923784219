import type { Transaction } from '../../database/transaction';
import { SendFailureCode, TemplateStatus, UserErrorCode } from '../../entities/enums';
import type { SendRow } from '../../entities/send';
import type { TemplateRow } from '../../entities/template';
import { checkRequest, type CheckedSend } from './checks';
import type { UserError } from '../outcome';

/** Why a message that was stored cannot go out any more. */
export interface Obstacle {
  code: SendFailureCode;
  message: string;
}

/**
 * All checks of a send once more, but for presence, by what holds now: its template where it may still go out (DOMAIN.md 20).
 * A stopped number is no obstacle: what waits for it is kept.
 */
export async function recheckSend(
  transaction: Transaction,
  send: SendRow,
): Promise<{ obstacle: Obstacle } | { template: TemplateRow }> {
  const { agentId, botId, templateId, contactId, parameters } = send;
  const request = { botId, templateId, recipient: { contactId }, parameters };
  const checked = await checkRequest(transaction, { agentId }, request);
  const errors = checked.errors.filter((error) => error.code !== UserErrorCode.CHANNEL_STOPPED);
  if (errors.length === 0 && checked.channel?.id !== send.channelId) {
    const message = 'The bot has meanwhile got another number: send anew.';
    return { obstacle: { code: SendFailureCode.NO_LONGER_ALLOWED, message } };
  }
  const obstacle = obstacleOf(errors, checked);
  if (obstacle) return { obstacle };
  if (!checked.template) throw new Error('A send that passed its checks has a template');
  return { template: checked.template };
}

/** Of several reasons the one that says most is told. */
function obstacleOf(errors: readonly UserError[], { template }: CheckedSend): Obstacle | null {
  const [first] = errors;
  if (!first) return null;
  const ticket = errors.find(({ code }) => code === UserErrorCode.CONTACT_HAS_OPEN_TICKET);
  if (ticket) return { code: SendFailureCode.CONTACT_HAS_OPEN_TICKET, message: ticket.message };
  const optOut = errors.find(({ code }) => code === UserErrorCode.CONTACT_OPTED_OUT);
  if (optOut) return { code: SendFailureCode.OPTED_OUT, message: optOut.message };
  const approval = errors.find(({ code }) => code === UserErrorCode.TEMPLATE_NOT_APPROVED);
  if (approval && template?.status === TemplateStatus.PAUSED) {
    return { code: SendFailureCode.TEMPLATE_PAUSED, message: approval.message };
  }
  return { code: SendFailureCode.NO_LONGER_ALLOWED, message: first.message };
}
