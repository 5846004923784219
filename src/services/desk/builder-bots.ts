import type { Transaction } from '../../database/transaction';
import { BotRow } from '../../entities/bot';
import { BotKind, UserErrorCode } from '../../entities/enums';
import { FlowRow } from '../../entities/flow';
import { userError, type UserError } from '../outcome';

const FIELD = ['input', 'botId'];

/**
 * The bot of an act on flows or activations, locked, so that a publication and a change of activations come one
 * after the other; or why it can have neither (domain rule 4).
 */
export async function lockBuilderBot(
  transaction: Transaction,
  botId: string,
): Promise<{ bot: BotRow } | { userErrors: UserError[] }> {
  const bot = await transaction.lock(BotRow, botId);
  if (!bot) {
    const message = 'There is no such bot: name one that `bots` lists.';
    return { userErrors: [userError(UserErrorCode.NOT_FOUND, message, FIELD)] };
  }
  if (bot.kind !== BotKind.BUILDER) {
    const message = `A bot of the kind ${bot.kind} has no flow and no templates of its own: name one of the kind BUILDER.`;
    return { userErrors: [userError(UserErrorCode.BOT_KIND_UNSUPPORTED, message, FIELD)] };
  }
  return { bot };
}

/** The flow that a bot has published; null where it has none. */
export function publishedFlow(transaction: Transaction, bot: BotRow): Promise<FlowRow | null> {
  return bot.publishedFlowId === null
    ? Promise.resolve(null)
    : transaction.byId(FlowRow, bot.publishedFlowId);
}

export function withoutFlow(): UserError {
  return userError(
    UserErrorCode.BOT_HAS_NO_PUBLISHED_FLOW,
    'No flow was published for this bot yet, so that no reply has a place to return to: publish one with `publishFlow` first.',
    FIELD,
  );
}
