import sql, { join } from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import type { BotRow } from '../../entities/bot';
import { UserErrorCode } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { TemplateRow } from '../../entities/template';
import { TemplateActivationRow } from '../../entities/template-activation';
import { authorize } from '../access/access';
import { audit, differences } from '../access/audit';
import { lockBuilderBot, publishedFlow, withoutFlow } from '../desk/builder-bots';
import type { ServiceContext } from '../context';
import { sendingChannelOf } from '../desk/eligibility';
import { idsOf } from '../id-lists';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { returnBlockErrors } from './return-blocks';
import {
  approvalErrors,
  notEnabled,
  numberErrors,
  supportErrors,
  templateNotFound,
} from './sendable-templates';

export type Activations = Outcome<{ activations: TemplateActivationRow[] }>;

/** Ids as the caller listed them: what is wrong with one is told with its place in that list. */
interface NamedTemplates {
  ids: string[];
  fieldOf: (id: string) => string[];
}

function named(templateIds: readonly string[]): NamedTemplates {
  const ids = idsOf(templateIds, 'input.templateIds');
  return { ids, fieldOf: (id) => ['input', 'templateIds', String(templateIds.indexOf(id))] };
}

function noneNamed(): UserError {
  return userError(UserErrorCode.INVALID, 'No template is named: name at least one.', [
    'input',
    'templateIds',
  ]);
}

/** Makes templates sendable on a bot, all of them or none (domain rule 9). Enabled ones get the block anew. */
export async function enableTemplates(
  context: ServiceContext,
  input: { botId: string; templateIds: readonly string[]; returnBlockId: string },
): Promise<Activations> {
  authorize(context.viewer, 'templates.change');
  const templates = named(input.templateIds);
  if (templates.ids.length === 0) return refused(noneNamed());
  return context.transact(async (transaction) => {
    const found = await lockBuilderBot(transaction, input.botId);
    if ('userErrors' in found) return found;
    const userErrors = [
      ...(await returnFlowErrors(transaction, found.bot, input.returnBlockId)),
      ...(await unfit(transaction, found.bot, templates)),
    ];
    if (userErrors.length > 0) return refused(...userErrors);
    const changes = {
      enabled: true,
      returnBlockId: input.returnBlockId,
      outdatedReason: null,
      outdatedSince: null,
    };
    const known = await activationsOn(transaction, found.bot, templates.ids);
    for (const templateId of templates.ids) {
      const before = known.get(templateId);
      if (before) await change(context, transaction, 'enableTemplates', before, changes);
      else await create(context, transaction, found.bot, templateId, input.returnBlockId);
    }
    return madeOf(transaction, found.bot, templates.ids);
  });
}

/** Takes templates away from a bot's agents. One that is disabled already stays so. */
export async function disableTemplates(
  context: ServiceContext,
  input: { botId: string; templateIds: readonly string[] },
): Promise<Activations> {
  authorize(context.viewer, 'templates.change');
  const templates = named(input.templateIds);
  if (templates.ids.length === 0) return refused(noneNamed());
  return context.transact(async (transaction) => {
    const found = await lockBuilderBot(transaction, input.botId);
    if ('userErrors' in found) return found;
    const known = await activationsOn(transaction, found.bot, templates.ids);
    const userErrors = await withoutActivation(transaction, templates, (id) => known.has(id));
    if (userErrors.length > 0) return refused(...userErrors);
    for (const before of known.values()) {
      await change(context, transaction, 'disableTemplates', before, { enabled: false });
    }
    return madeOf(transaction, found.bot, templates.ids);
  });
}

/** Gives one, some or every outdated one of a bot's enabled templates a new return block (domain rule 14). */
export async function updateReturnFlow(
  context: ServiceContext,
  input: { botId: string; templateIds?: readonly string[] | null; returnBlockId: string },
): Promise<Activations> {
  authorize(context.viewer, 'templates.change');
  const templates = input.templateIds ? named(input.templateIds) : null;
  if (templates?.ids.length === 0) return refused(noneNamed());
  return context.transact(async (transaction) => {
    const found = await lockBuilderBot(transaction, input.botId);
    if ('userErrors' in found) return found;
    const known = templates
      ? await activationsOn(transaction, found.bot, templates.ids)
      : await outdatedOn(transaction, found.bot);
    const isEnabled = (id: string): boolean => known.get(id)?.enabled === true;
    const userErrors = [
      ...(await returnFlowErrors(transaction, found.bot, input.returnBlockId)),
      ...(templates ? await withoutActivation(transaction, templates, isEnabled) : []),
    ];
    if (userErrors.length > 0) return refused(...userErrors);
    const changes = { returnBlockId: input.returnBlockId, outdatedReason: null, outdatedSince: null };
    for (const before of known.values()) {
      await change(context, transaction, 'updateReturnFlow', before, changes);
    }
    return madeOf(transaction, found.bot, templates?.ids ?? [...known.keys()]);
  });
}

async function returnFlowErrors(
  transaction: Transaction,
  bot: BotRow,
  blockId: string,
): Promise<UserError[]> {
  const flow = await publishedFlow(transaction, bot);
  return flow ? returnBlockErrors(flow, blockId) : [withoutFlow()];
}

/** What is unfit to be enabled: one error per template, and one where the bot has no number. */
async function unfit(
  transaction: Transaction,
  bot: BotRow,
  { ids, fieldOf }: NamedTemplates,
): Promise<UserError[]> {
  const channel = await sendingChannelOf(transaction, bot);
  const rows = new Map((await lockTemplates(transaction, ids)).map((row) => [row.id, row]));
  const perTemplate = ids.flatMap((id) => {
    const field = fieldOf(id);
    const template = rows.get(id);
    if (!template) return [templateNotFound(field)];
    const errors = [
      ...numberErrors(template, channel?.id ?? null, field),
      ...approvalErrors(template, field),
      ...supportErrors(template, field),
    ];
    return errors.slice(0, 1);
  });
  return channel ? perTemplate : [withoutChannel(), ...perTemplate];
}

function withoutChannel(): UserError {
  return userError(
    UserErrorCode.WHATSAPP_CHANNEL_MISSING,
    'Neither the bot nor its router has a WhatsApp number to send from: connect one with `connectWhatsAppChannel` first.',
    ['input', 'botId'],
  );
}

/** Templates that a sync or a webhook cannot change until this unit of work ends: what is enabled is what was seen. */
async function lockTemplates(transaction: Transaction, ids: readonly string[]): Promise<TemplateRow[]> {
  if (transaction.connection.dialect === 'postgres') {
    await transaction.connection.all(
      sql`select 1 from templates where contract_id = ${transaction.contractId} and id in (${join([...ids])}) order by id for share`,
    );
  }
  return transaction.byIds(TemplateRow, ids);
}

async function withoutActivation(
  transaction: Transaction,
  { ids, fieldOf }: NamedTemplates,
  isThere: (templateId: string) => boolean,
): Promise<UserError[]> {
  const missing = ids.filter((id) => !isThere(id));
  const existing = new Set((await transaction.byIds(TemplateRow, missing)).map(({ id }) => id));
  return missing.map((id) => (existing.has(id) ? notEnabled(fieldOf(id)) : templateNotFound(fieldOf(id))));
}

type ByTemplate = Map<string, TemplateActivationRow>;

async function activationsOn(
  transaction: Transaction,
  bot: BotRow,
  templateIds: readonly string[],
): Promise<ByTemplate> {
  const rows = await transaction.find(TemplateActivationRow, {
    where: sql`bot_id = ${bot.id} and template_id in (${join([...templateIds])})`,
  });
  return new Map(rows.map((row) => [row.templateId, row]));
}

async function outdatedOn(transaction: Transaction, bot: BotRow): Promise<ByTemplate> {
  const rows = await transaction.find(TemplateActivationRow, {
    where: sql`bot_id = ${bot.id} and enabled = 1 and outdated_reason is not null`,
    orderBy: sql`id`,
  });
  return new Map(rows.map((row) => [row.templateId, row]));
}

async function change(
  context: ServiceContext,
  transaction: Transaction,
  action: string,
  before: TemplateActivationRow,
  changes: Partial<TemplateActivationRow>,
): Promise<void> {
  const changed = differences(before, changes);
  if (Object.keys(changed).length === 0) return;
  await transaction.change(
    TemplateActivationRow,
    { ...changes, updatedAt: transaction.now },
    sql`id = ${before.id}`,
  );
  await audit(transaction, context.viewer, action, before.id, changed);
}

async function create(
  context: ServiceContext,
  transaction: Transaction,
  bot: BotRow,
  templateId: string,
  returnBlockId: string,
): Promise<void> {
  const row: TemplateActivationRow = {
    id: newId('TemplateActivation'),
    contractId: bot.contractId,
    botId: bot.id,
    templateId,
    enabled: true,
    returnBlockId,
    outdatedReason: null,
    outdatedSince: null,
    createdAt: transaction.now,
    updatedAt: transaction.now,
  };
  await transaction.insert(TemplateActivationRow, row);
  await audit(transaction, context.viewer, 'enableTemplates', row.id, {
    enabled: { from: false, to: true },
    returnBlockId: { from: null, to: returnBlockId },
  });
}

async function madeOf(
  transaction: Transaction,
  bot: BotRow,
  templateIds: readonly string[],
): Promise<Activations> {
  if (templateIds.length === 0) return made({ activations: [] });
  const rows = await activationsOn(transaction, bot, templateIds);
  return made({ activations: templateIds.flatMap((id) => rows.get(id) ?? []) });
}
