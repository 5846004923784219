import sql from 'sql-template-tag';
import { BotRow } from '../../entities/bot';
import { ContactField, ContactLocation, UserErrorCode, type BotKind } from '../../entities/enums';
import { newId } from '../../entities/ids';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { authorize, reachOf } from '../access/access';
import { audit, differences } from '../access/audit';
import { found, textError } from '../bounded-text';
import type { ServiceContext } from '../context';
import { routeOf } from './eligibility';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import type { Page, PageRequest } from '../pages';
import { createDefaultQueue } from '../tickets/queues';
import { listOf } from '../access/seeing';
import { visible } from '../access/visibility';

const IDENTITY = /^[^\s@]+@[^\s@]+$/;

/** The bots of the contract, oldest first. */
export function listBots(context: ServiceContext, page: PageRequest): Promise<Page<BotRow>> {
  const where = visible(context.viewer, 'Bot');
  const order = { property: 'createdAt', direction: 'ASC' } as const;
  return listOf(context, 'Bot', { where, order, of: 'bots' }, page);
}

/** The bot's own number; null also for a caller who may not read numbers. */
export async function ownChannel(context: ServiceContext, bot: BotRow): Promise<WhatsAppChannelRow | null> {
  return reachOf(context.viewer, 'channels.read') ? (await routeOf(context, bot)).own : null;
}

/** The number the bot sends from; null also for a caller who may not read numbers. */
export async function sendingChannel(
  context: ServiceContext,
  bot: BotRow,
): Promise<WhatsAppChannelRow | null> {
  return reachOf(context.viewer, 'channels.read') ? (await routeOf(context, bot)).sending : null;
}

/** The refusal where an input names a bot that the contract does not have. */
export function noSuchBot(field = ['input', 'botId']): UserError {
  return userError(UserErrorCode.NOT_FOUND, 'There is no such bot: take an id that `bots` lists.', field);
}

function identityError(identity: string): UserError | null {
  const field = ['input', 'identity'];
  if (IDENTITY.test(identity)) return textError(identity, field);
  return userError(
    UserErrorCode.INVALID,
    'The identity is no address: give one such as orders@msging.net.',
    field,
  );
}

function freshBot(
  context: ServiceContext,
  now: number,
  input: { name: string; identity: string; kind: BotKind },
): BotRow {
  return {
    id: newId('Bot'),
    contractId: context.contractId,
    ...input,
    enabled: false,
    directTransferEnabled: false,
    routerIdentity: null,
    contactSearchFields: [ContactField.NAME, ContactField.PHONE, ContactField.EMAIL],
    contactSearchLocation: ContactLocation.CHATBOT,
    publishedFlowId: null,
    createdAt: now,
  };
}

/** Makes a bot known, with everything off and with its default queue. */
export async function createBot(
  context: ServiceContext,
  input: { name: string; identity: string; kind: BotKind },
): Promise<Outcome<{ bot: BotRow }>> {
  authorize(context.viewer, 'bots.change');
  const { kind } = input;
  const name = input.name.trim();
  const identity = input.identity.trim().toLowerCase();
  const errors = found(textError(name, ['input', 'name']), identityError(identity));
  if (errors.length > 0) return refused(...errors);
  return context.transact(async (transaction) => {
    const bot = freshBot(context, transaction.now, { name, identity, kind });
    if (!(await transaction.insertUnlessPresent(BotRow, bot))) {
      return refused(
        userError(
          UserErrorCode.TAKEN,
          'Another bot of this contract has this identity: each bot has its own.',
          ['input', 'identity'],
        ),
      );
    }
    await createDefaultQueue(transaction, bot);
    const changes = differences<Partial<BotRow>>({}, { name, identity, kind });
    await audit(transaction, context.viewer, 'createBot', bot.id, changes);
    return made({ bot });
  });
}

/** Gives a bot another name. */
export async function updateBot(
  context: ServiceContext,
  input: { botId: string; name: string },
): Promise<Outcome<{ bot: BotRow }>> {
  authorize(context.viewer, 'bots.change');
  const name = input.name.trim();
  const error = textError(name, ['input', 'name']);
  return context.transact(async (transaction) => {
    const bot = await transaction.lock(BotRow, input.botId);
    const errors = found(bot ? null : noSuchBot(), error);
    if (!bot || errors.length > 0) return refused(...errors);
    if (bot.name === name) return made({ bot });
    await transaction.change(BotRow, { name }, sql`id = ${bot.id}`);
    await audit(transaction, context.viewer, 'updateBot', bot.id, differences(bot, { name }));
    return made({ bot: { ...bot, name } });
  });
}
