import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { SendFailureCode, TemplateStatus, UserErrorCode } from '../../entities/enums';
import type { SendRow } from '../../entities/send';
import { checkRequest, type CheckedSend } from './checks';
import type { UserError } from '../outcome';

/** Why a message that was stored cannot go out any more. */
export interface Obstacle {
  code: SendFailureCode;
  message: string;
}

/**
 * All checks of a send once more, but for presence, by what holds now: null where it may still go out (DOMAIN.md 20).
 * A stopped number is no obstacle: what waits for it is kept.
 */
export async function recheckSend(transaction: Transaction, send: SendRow): Promise<Obstacle | null> {
  const agent = await transaction.byId(AgentRow, send.agentId);
  if (!agent) throw new Error(`There is no agent ${send.agentId}`);
  const { botId, templateId, contactId, parameters } = send;
  const checked = await checkRequest(
    transaction,
    { contractId: send.contractId, agent, apiKey: null },
    { botId, templateId, recipient: { contactId }, parameters },
    { fresh: false },
  );
  const errors = checked.errors.filter((error) => error.code !== UserErrorCode.CHANNEL_STOPPED);
  if (errors.length === 0 && checked.channel?.id !== send.channelId) {
    return {
      code: SendFailureCode.NO_LONGER_ALLOWED,
      message: 'The bot has meanwhile got another number: send anew.',
    };
  }
  return obstacleOf(errors, checked);
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
