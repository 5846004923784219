import sql, { join, type Sql } from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import { AgentPermissionRow } from '../../entities/agent-permission';
import { BotRow } from '../../entities/bot';
import { Permission, Role, TemplateIssueCode, TemplateStatus } from '../../entities/enums';
import { TemplateRow } from '../../entities/template';
import { TemplateActivationRow } from '../../entities/template-activation';
import { badInput, notFound } from '../../problems';
import { authorize } from '../access/access';
import { listOf } from '../access/seeing';
import type { ServiceContext } from '../context';
import { routeOf, routesOf } from '../desk/eligibility';
import { groupedBy } from '../grouping';
import { idsOf } from '../id-lists';
import type { Page, PageRequest } from '../pages';

/** Which templates to list; what is left out or empty narrows nothing. */
export interface TemplateQuery {
  botIds?: readonly string[] | null;
  search?: string | null;
  statuses?: readonly TemplateStatus[] | null;
  languages?: readonly string[] | null;
  sendable?: boolean | null;
  outdated?: boolean | null;
}

/** One thing that keeps a template from being sent on a bot. */
export interface TemplateIssue {
  code: TemplateIssueCode;
  message: string;
}

const LONGEST_SEARCH = 200;

/** Templates of the numbers that the named bots send from, or all of the contract. */
export async function listTemplates(
  context: ServiceContext,
  filter: TemplateQuery,
  page: PageRequest,
): Promise<Page<TemplateRow>> {
  authorize(context.viewer, 'templates.read');
  const where = join(await conditionsOf(context, filter), ' and ');
  const list = {
    where,
    order: { property: 'createdAt', direction: 'ASC' },
    of: ['templates', filter],
  } as const;
  return listOf(context, 'Template', list, page);
}

async function conditionsOf(context: ServiceContext, filter: TemplateQuery): Promise<Sql[]> {
  const { search = null, sendable = null, outdated = null } = filter;
  const botIds = idsOf(filter.botIds ?? [], 'filter.botIds');
  const statuses = idsOf(filter.statuses ?? [], 'filter.statuses');
  const languages = idsOf(filter.languages ?? [], 'filter.languages');
  const conditions = [sql`1 = 1`];
  if (search !== null && search.trim() !== '') conditions.push(nameHolds(search.trim()));
  if (statuses.length > 0) conditions.push(sql`templates.status in (${join(statuses)})`);
  if (languages.length > 0) conditions.push(sql`templates.language in (${join(languages)})`);
  if (botIds.length > 0 || sendable !== null) {
    const bots = await namedBots(context.rows, botIds);
    const routes = await routesOf(context.rows, bots);
    const channels = new Map(
      [...routes].flatMap(([botId, { sending }]) => (sending ? [[botId, sending.id]] : [])),
    );
    if (botIds.length > 0) conditions.push(ofChannels([...new Set(channels.values())]));
    if (sendable !== null) {
      const condition = sendableOn(await usable(context, channels));
      conditions.push(sendable ? condition : sql`not (${condition})`);
    }
  }
  if (outdated !== null) conditions.push(outdated ? outdatedOn(botIds) : sql`not (${outdatedOn(botIds)})`);
  return conditions;
}

/** Names are in lower case at WhatsApp, so that a search in lower case finds them whatever case it was typed in. */
function nameHolds(search: string): Sql {
  if (search.length > LONGEST_SEARCH) {
    throw badInput(`\`filter.search\` has at most ${LONGEST_SEARCH} characters, not ${search.length}.`);
  }
  const pattern = `%${search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  return sql`lower(templates.name) like ${pattern} escape '\\'`;
}

function namedBots(rows: Rows, botIds: readonly string[]): Promise<BotRow[]> {
  return botIds.length > 0 ? rows.byIds(BotRow, botIds) : rows.find(BotRow);
}

function ofChannels(channelIds: readonly string[]): Sql {
  return channelIds.length === 0 ? sql`1 = 0` : sql`templates.channel_id in (${join([...channelIds])})`;
}

/** Of bots with their numbers, those that the caller may send on: an agent where granted, all others everywhere. */
async function usable(context: ServiceContext, channels: Map<string, string>): Promise<[string, string][]> {
  const { agent } = context.viewer;
  if (agent?.role !== Role.AGENT) return [...channels];
  const granted = await context.rows.find(AgentPermissionRow, {
    where: sql`agent_id = ${agent.id} and permission = ${Permission.SEND_ACTIVE_MESSAGES}`,
  });
  const botIds = new Set(granted.map(({ botId }) => botId));
  return [...channels].filter(([botId]) => botIds.has(botId));
}

/** The same as that `issuesOf` finds nothing, for at least one of these bots with the numbers they send from. */
function sendableOn(numbersOfBots: readonly [botId: string, channelId: string][]): Sql {
  if (numbersOfBots.length === 0) return sql`1 = 0`;
  const pairs = numbersOfBots.map(([botId, channelId]) => sql`(${botId}, ${channelId})`);
  return sql`templates.status = ${TemplateStatus.APPROVED} and templates.unsupported_reason is null and exists (
    select 1 from template_activations where template_activations.template_id = templates.id
      and template_activations.enabled = 1 and template_activations.outdated_reason is null
      and (template_activations.bot_id, templates.channel_id) in (values ${join(pairs)}))`;
}

function outdatedOn(botIds: readonly string[]): Sql {
  const bots = botIds.length === 0 ? sql`1 = 1` : sql`template_activations.bot_id in (${join([...botIds])})`;
  return sql`exists (select 1 from template_activations where template_activations.template_id = templates.id
    and template_activations.enabled = 1 and template_activations.outdated_reason is not null and ${bots})`;
}

const NOT_USABLE: Partial<Record<TemplateStatus, TemplateIssue>> = {
  [TemplateStatus.PAUSED]: {
    code: TemplateIssueCode.PAUSED,
    message:
      'WhatsApp paused the template, mostly because customers complained: wait until it resumes it, or use another.',
  },
  [TemplateStatus.DISABLED]: {
    code: TemplateIssueCode.DISABLED,
    message: 'WhatsApp disabled the template for good: use another.',
  },
  [TemplateStatus.DELETED]: {
    code: TemplateIssueCode.DELETED,
    message:
      'The template no longer exists at WhatsApp: use another, or create it there again and enable it anew.',
  },
};

function statusIssue({ status, providerStatus }: TemplateRow): TemplateIssue[] {
  if (status === TemplateStatus.APPROVED) return [];
  const message = `WhatsApp has not approved the template: its status is ${providerStatus}, and only APPROVED can be sent.`;
  return [NOT_USABLE[status] ?? { code: TemplateIssueCode.NOT_APPROVED, message }];
}

function activationIssue(activation: TemplateActivationRow | null): TemplateIssue[] {
  if (!activation?.enabled) {
    const message = 'The template is not enabled on this bot: an admin enables it with `enableTemplates`.';
    return [{ code: TemplateIssueCode.NOT_ENABLED, message }];
  }
  if (activation.outdatedReason === null) return [];
  const message =
    'The published flow no longer holds the return block as a service block: give the template another with `updateReturnFlow`.';
  return [{ code: TemplateIssueCode.RETURN_FLOW_OUTDATED, message }];
}

/**
 * All that keeps a template from being sent on a bot (domain rule 9).
 * @param channelId the number that the bot sends from; null where it has none.
 */
export function issuesOf(
  template: TemplateRow,
  activation: TemplateActivationRow | null,
  channelId: string | null,
): TemplateIssue[] {
  const issues = statusIssue(template);
  if (template.unsupportedReason !== null) {
    const message = `${template.unsupportedReason} Use a template without it.`;
    issues.push({ code: TemplateIssueCode.UNSUPPORTED, message });
  }
  if (template.channelId !== channelId) {
    const message =
      channelId === null
        ? 'The bot has no WhatsApp number to send from: connect the number of the template to it or to its router.'
        : 'The template belongs to another number than the bot sends from: use one of its own number.';
    issues.push({ code: TemplateIssueCode.OTHER_NUMBER, message });
  }
  return [...issues, ...activationIssue(activation)];
}

/** What `Template.issues` shows. @throws Problem NOT_FOUND where there is no such bot. */
export async function issuesOnBot(
  context: ServiceContext,
  template: TemplateRow,
  botId: string,
): Promise<TemplateIssue[]> {
  const bot = await context.loaders.row(BotRow, botId);
  if (!bot) throw notFound('There is no such bot: name one that `bots` lists.');
  const [{ sending }, activation] = await Promise.all([
    routeOf(context, bot),
    activationOn(context, template.id, botId),
  ]);
  return issuesOf(template, activation, sending?.id ?? null);
}

/** Whether nothing keeps an enabled template from being sent now. */
export async function isSendable(
  context: ServiceContext,
  activation: TemplateActivationRow,
): Promise<boolean> {
  const [template, bot] = await Promise.all([
    context.loaders.row(TemplateRow, activation.templateId),
    context.loaders.row(BotRow, activation.botId),
  ]);
  if (!template || !bot) return false;
  const { sending } = await routeOf(context, bot);
  return issuesOf(template, activation, sending?.id ?? null).length === 0;
}

/** A template's availability on each of these bots, or on all; read together for all templates of the operation. */
export async function activationsOf(
  context: ServiceContext,
  templateId: string,
  botIds: readonly string[] | null,
): Promise<TemplateActivationRow[]> {
  const bots = botIds === null ? null : new Set(idsOf(botIds, 'botIds'));
  const found = await context.loaders.batch('activations of template', templateId, async (templateIds) => {
    const rows = await context.rows.find(TemplateActivationRow, {
      where: sql`template_id in (${join([...templateIds])})`,
      orderBy: sql`id`,
    });
    return groupedBy(rows, (row) => row.templateId);
  });
  return (found ?? []).filter(({ botId }) => bots === null || bots.has(botId));
}

/** A template's availability on one bot; null while it was never enabled there. */
export async function activationOn(
  context: ServiceContext,
  templateId: string,
  botId: string,
): Promise<TemplateActivationRow | null> {
  return (await activationsOf(context, templateId, [botId]))[0] ?? null;
}
