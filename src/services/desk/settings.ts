import sql, { join } from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import { AdvancedSettingRow } from '../../entities/advanced-setting';
import { BotRow } from '../../entities/bot';
import { BotKind, ContactField, ContactLocation, UserErrorCode } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { authorize } from '../access/access';
import { audit, differences } from '../access/audit';
import { noSuchBot } from './bots';
import { found, textError } from '../bounded-text';
import type { ServiceContext } from '../context';
import { openReservedTickets } from '../tickets/distribution';
import { routerNamed } from './eligibility';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { see } from '../access/seeing';

/** The advanced setting that is the same value as `routerIdentity`. */
const ROUTER_DOMAIN = 'postmaster@desk.msging.net';
const ROUTER_KEY = 'RouterIdentityActiveCampaign';
const LONGEST_VALUE = 10_000;
const MOST_ADVANCED_SETTINGS = 500;

export interface SettingsInput {
  botId: string;
  enabled?: boolean | null;
  routerIdentity?: string | null;
  directTransferEnabled?: boolean | null;
  contactSearchFields?: ContactField[] | null;
  contactSearchLocation?: ContactLocation | null;
}

export interface AdvancedSettingInput {
  botId: string;
  domain: string;
  key: string;
  value?: string | null;
}

type Settings = Pick<
  BotRow,
  'enabled' | 'routerIdentity' | 'directTransferEnabled' | 'contactSearchFields' | 'contactSearchLocation'
>;

/** The settings of a bot are fields of its row; null where there is no such bot. */
export async function settingsOf(context: ServiceContext, botId: string): Promise<BotRow | null> {
  authorize(context.viewer, 'settings.read');
  return see(context, 'Bot', botId);
}

/** All raw settings of a bot, the router's identity among them: it is one value with two doors. */
export async function advancedSettings(
  context: ServiceContext,
  bot: BotRow,
): Promise<{ domain: string; key: string; value: string }[]> {
  authorize(context.viewer, 'advanced-settings.read');
  const stored = await context.loaders.batch('advanced settings of bots', bot.id, async (ids) => {
    const byBot = new Map<string, AdvancedSettingRow[]>(ids.map((id) => [id, []]));
    const where = sql`bot_id in (${join([...ids])})`;
    for (const row of await context.rows.find(AdvancedSettingRow, { where, orderBy: sql`domain, key` })) {
      byBot.get(row.botId)?.push(row);
    }
    return byBot;
  });
  const router = { domain: ROUTER_DOMAIN, key: ROUTER_KEY, value: bot.routerIdentity ?? '' };
  return [...(bot.routerIdentity === null ? [] : [router]), ...(stored ?? [])];
}

/** What the input asks for; what it leaves out is not in it. */
function wanted(input: SettingsInput): Partial<Settings> {
  const { enabled, routerIdentity, directTransferEnabled, contactSearchFields, contactSearchLocation } =
    input;
  return {
    ...(typeof enabled === 'boolean' && { enabled }),
    ...(routerIdentity !== undefined && { routerIdentity: identityFrom(routerIdentity) }),
    ...(typeof directTransferEnabled === 'boolean' && { directTransferEnabled }),
    // In the order of the list of fields, each once: so that the same set is the same value.
    ...(contactSearchFields && {
      contactSearchFields: Object.values(ContactField).filter((field) => contactSearchFields.includes(field)),
    }),
    ...(contactSearchLocation && { contactSearchLocation }),
  };
}

function identityFrom(text: string | null): string | null {
  return text === null ? null : text.trim().toLowerCase();
}

async function routerError(
  transaction: Transaction,
  identity: string | null,
  field: string,
): Promise<UserError | null> {
  if (identity === null || (await routerNamed(transaction, identity))) return null;
  return userError(
    UserErrorCode.ROUTER_NOT_FOUND,
    'This contract has no router of this identity: give the identity of a bot of the kind ROUTER, or null to clear it.',
    ['input', field],
  );
}

function kindError(bot: BotRow, settings: Partial<Settings>): UserError | null {
  if (settings.enabled !== true || bot.kind === BotKind.BUILDER) return null;
  return userError(
    UserErrorCode.BOT_KIND_UNSUPPORTED,
    `A bot of the kind ${bot.kind} has no return flows, so that active messaging cannot be turned on: use a bot of the kind BUILDER.`,
    ['input', 'enabled'],
  );
}

function fieldsError(settings: Partial<Settings>): UserError | null {
  if (settings.contactSearchFields?.length !== 0) return null;
  return userError(
    UserErrorCode.INVALID,
    'A contact search looks at something: give at least one of NAME, PHONE and EMAIL.',
    ['input', 'contactSearchFields'],
  );
}

/** What is allowed, but worth telling whoever touches the contact search. */
function searchWarnings(bot: BotRow, settings: Partial<Settings>): string[] {
  const touched = settings.contactSearchFields !== undefined || settings.contactSearchLocation !== undefined;
  const parts = bot.contactSearchFields.filter((field) => field !== ContactField.PHONE);
  if (!touched || bot.contactSearchLocation !== ContactLocation.ROUTER || parts.length === 0) return [];
  return [
    `A search for parts of ${parts.join(' and ')} among everyone on the number (ROUTER) may be slow where there are many contacts: PHONE alone, or the location CHATBOT, is faster.`,
  ];
}

/** Writes the settings that differ, with what follows from them. */
async function applySettings(
  context: ServiceContext,
  transaction: Transaction,
  bot: BotRow,
  settings: Partial<Settings>,
  action: string,
): Promise<BotRow> {
  const changes = differences<Settings>(bot, settings);
  if (Object.keys(changes).length === 0) return bot;
  await transaction.change(BotRow, settings, sql`id = ${bot.id}`);
  await audit(transaction, context.viewer, action, bot.id, changes);
  if (changes['directTransferEnabled'] && settings.directTransferEnabled) {
    await openReservedTickets(context.platform, transaction, bot.id);
  }
  return { ...bot, ...settings };
}

/** Changes the settings that are given, all or none. */
export async function updateSettings(
  context: ServiceContext,
  input: SettingsInput,
): Promise<Outcome<{ settings: BotRow; warnings: string[] }>> {
  authorize(context.viewer, 'settings.change');
  const settings = wanted(input);
  return context.transact(async (transaction) => {
    const bot = await transaction.lock(BotRow, input.botId);
    if (!bot) return refused(noSuchBot());
    const errors = found(
      kindError(bot, settings),
      await routerError(transaction, settings.routerIdentity ?? null, 'routerIdentity'),
      fieldsError(settings),
    );
    if (errors.length > 0) return refused(...errors);
    const changed = await applySettings(context, transaction, bot, settings, 'updateSettings');
    return made({ settings: changed, warnings: searchWarnings(changed, settings) });
  });
}

function advancedErrors(input: AdvancedSettingInput): UserError[] {
  return found(
    textError(input.domain, ['input', 'domain']),
    textError(input.key, ['input', 'key']),
    input.value ? textError(input.value, ['input', 'value'], LONGEST_VALUE) : null,
  );
}

/** Sets or removes one raw setting; the router's identity is checked as `updateSettings` does. */
export async function setAdvancedSetting(
  context: ServiceContext,
  input: AdvancedSettingInput,
): Promise<Outcome<{ settings: BotRow }>> {
  authorize(context.viewer, 'settings.change');
  return context.transact(async (transaction) => {
    const bot = await transaction.lock(BotRow, input.botId);
    const errors = found(bot ? null : noSuchBot(), ...advancedErrors(input));
    if (!bot || errors.length > 0) return refused(...errors);
    if (input.domain.trim().toLowerCase() !== ROUTER_DOMAIN || input.key.trim() !== ROUTER_KEY) {
      return storeAdvanced(context, transaction, bot, input);
    }
    const routerIdentity = identityFrom(input.value ?? null);
    const error = await routerError(transaction, routerIdentity, 'value');
    if (error) return refused(error);
    return made({
      settings: await applySettings(context, transaction, bot, { routerIdentity }, 'setAdvancedSetting'),
    });
  });
}

async function storeAdvanced(
  context: ServiceContext,
  transaction: Transaction,
  bot: BotRow,
  { domain, key, value = null }: AdvancedSettingInput,
): Promise<Outcome<{ settings: BotRow }>> {
  const same = sql`bot_id = ${bot.id} and domain = ${domain} and key = ${key}`;
  const before = await transaction.first(AdvancedSettingRow, same);
  if ((before?.value ?? null) === value) return made({ settings: bot });
  if (value === null) await transaction.remove(AdvancedSettingRow, same);
  else if (
    !before &&
    (await transaction.count(AdvancedSettingRow, sql`bot_id = ${bot.id}`)) >= MOST_ADVANCED_SETTINGS
  ) {
    return refused(
      userError(
        UserErrorCode.INVALID,
        `This bot has ${MOST_ADVANCED_SETTINGS} advanced settings, which is the most: remove one that is no longer needed.`,
        ['input', 'key'],
      ),
    );
  } else {
    const row = {
      id: newId('AdvancedSetting'),
      contractId: bot.contractId,
      botId: bot.id,
      domain,
      key,
      value,
    };
    const inserted = await transaction.insertUnlessPresent(AdvancedSettingRow, row);
    if (!inserted) await transaction.change(AdvancedSettingRow, { value }, same);
  }
  const changes = { domain, key, value: { from: before?.value ?? null, to: value } };
  await audit(transaction, context.viewer, 'setAdvancedSetting', bot.id, changes);
  return made({ settings: bot });
}
