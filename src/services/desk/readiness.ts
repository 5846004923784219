import sql, { join, type Sql } from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import { AgentPermissionRow } from '../../entities/agent-permission';
import type { BotRow } from '../../entities/bot';
import {
  BotKind,
  ChannelState,
  Permission,
  ReadinessStepKey,
  Role,
  TemplateStatus,
} from '../../entities/enums';
import { TemplateRow } from '../../entities/template';
import { TemplateActivationRow } from '../../entities/template-activation';
import { authorize } from '../access/access';
import type { ServiceContext } from '../context';
import { botsOf, routeOf, type Route } from './eligibility';

export interface ReadinessStep {
  key: ReadinessStepKey;
  done: boolean;
  hint: string;
}

export interface Readiness {
  ready: boolean;
  steps: ReadinessStep[];
}

/** What is to be known of a bot besides its own row. */
interface Facts {
  route: Route;
  templateApproved: boolean;
  templateEnabled: boolean;
  flowsOutdated: boolean;
  someoneGranted: boolean;
}

const NOTHING_TO_DO = 'Nothing to do.';

function flowHint(bot: BotRow): string {
  return bot.kind === BotKind.BUILDER
    ? 'Publish the flow of this bot from the builder.'
    : `A bot of the kind ${bot.kind} has no flow here: use active messaging on a bot of the kind BUILDER.`;
}

function channelHint(route: Route): string {
  return route.sending
    ? 'The number is stopped: repair its account, then give new credentials with updateWhatsAppChannel.'
    : 'Connect a WhatsApp number with connectWhatsAppChannel, or set routerIdentity to a router that has one.';
}

/** Each step in the order to take them: which it is, whether it is done, and what to do where it is not. */
function stepsOf(bot: BotRow, facts: Facts): ReadinessStep[] {
  const { route } = facts;
  const steps: [ReadinessStepKey, boolean, string][] = [
    [
      ReadinessStepKey.BOT_HAS_BUILDER_FLOW,
      bot.kind === BotKind.BUILDER && bot.publishedFlowId !== null,
      flowHint(bot),
    ],
    [
      ReadinessStepKey.ROUTER_IN_SAME_CONTRACT,
      bot.routerIdentity === null || route.router !== null,
      'Set routerIdentity to a router of this contract, or clear it.',
    ],
    [
      ReadinessStepKey.WHATSAPP_CHANNEL_CONNECTED,
      route.sending !== null && route.sending.state === ChannelState.OK,
      channelHint(route),
    ],
    [
      ReadinessStepKey.ACTIVE_MESSAGING_ENABLED,
      bot.enabled,
      'Turn active messaging on with updateSettings (enabled: true).',
    ],
    [
      ReadinessStepKey.TEMPLATE_APPROVED,
      facts.templateApproved,
      'Have a template approved by WhatsApp for the number of this bot, then run syncTemplates.',
    ],
    [
      ReadinessStepKey.TEMPLATE_ENABLED_WITH_RETURN_FLOW,
      facts.templateEnabled,
      'Enable an approved template with a service block as its return flow: enableTemplates, or updateReturnFlow where it lost its block.',
    ],
    [
      ReadinessStepKey.RETURN_FLOWS_CURRENT,
      !facts.flowsOutdated,
      'Give the enabled templates that lost their return block a new one with updateReturnFlow.',
    ],
    [
      ReadinessStepKey.SOMEONE_MAY_SEND,
      facts.someoneGranted,
      'Grant SEND_ACTIVE_MESSAGES on this bot to at least one agent with setPermissions.',
    ],
  ];
  return steps.map(([key, done, hint]) => ({ key, done, hint: done ? NOTHING_TO_DO : hint }));
}

/** Ready is what could send one template now: outdated return flows hold back their own templates alone. */
function readinessFrom(bot: BotRow, facts: Facts): Readiness {
  const steps = stepsOf(bot, facts);
  const ready = steps.every((step) => step.done || step.key === ReadinessStepKey.RETURN_FLOWS_CURRENT);
  return { ready, steps };
}

async function channelsWithApproved(rows: Rows, routes: Iterable<Route>): Promise<Set<string>> {
  const ids = new Set([...routes].map((route) => route.sending?.id).filter((id) => id !== undefined));
  if (ids.size === 0) return new Set();
  const found = await rows.select(TemplateRow, sql`channel_id`, {
    where: sql`channel_id in (${join([...ids])}) and status = ${TemplateStatus.APPROVED}`,
    groupBy: sql`channel_id`,
  });
  return new Set(found.map((row) => String(row['channel_id'])));
}

/** Of which numbers each bot has a template that could be sent: `bot channel`. */
async function sendableTemplates(rows: Rows, bots: Sql): Promise<Set<string>> {
  const found = await rows.select(
    TemplateActivationRow,
    sql`distinct bot_id, (select templates.channel_id from templates
      where templates.id = template_activations.template_id and templates.status = ${TemplateStatus.APPROVED}
      and templates.unsupported_reason is null) as channel_id`,
    { where: sql`bot_id in (${bots}) and enabled = 1 and outdated_reason is null` },
  );
  return new Set(found.map((row) => `${String(row['bot_id'])} ${String(row['channel_id'])}`));
}

async function botsWithOutdated(rows: Rows, bots: Sql): Promise<Set<string>> {
  const found = await rows.select(TemplateActivationRow, sql`bot_id`, {
    where: sql`bot_id in (${bots}) and enabled = 1 and outdated_reason is not null`,
    groupBy: sql`bot_id`,
  });
  return new Set(found.map((row) => String(row['bot_id'])));
}

/** Bots on which at least one agent, admins apart, was granted to send. */
async function botsWithGranted(rows: Rows, bots: Sql): Promise<Set<string>> {
  const found = await rows.select(AgentPermissionRow, sql`bot_id`, {
    where: sql`bot_id in (${bots}) and permission = ${Permission.SEND_ACTIVE_MESSAGES} and exists (
      select 1 from agents where agents.id = agent_permissions.agent_id and agents.active = 1
      and agents.role = ${Role.AGENT})`,
    groupBy: sql`bot_id`,
  });
  return new Set(found.map((row) => String(row['bot_id'])));
}

/** How far each of these bots is set up for active messaging, by the bot's id: computed anew each time. */
async function readinessWith(
  rows: Rows,
  bots: readonly BotRow[],
  routes: Map<string, Route>,
): Promise<Map<string, Readiness>> {
  const ids = join(bots.map((bot) => bot.id));
  const [approved, sendable, outdated, granted] = await Promise.all([
    channelsWithApproved(rows, routes.values()),
    sendableTemplates(rows, ids),
    botsWithOutdated(rows, ids),
    botsWithGranted(rows, ids),
  ]);
  return new Map(
    bots.map((bot) => {
      const route = routes.get(bot.id) ?? { own: null, router: null, sending: null };
      const channelId = route.sending?.id;
      const facts = {
        route,
        templateApproved: channelId !== undefined && approved.has(channelId),
        templateEnabled: channelId !== undefined && sendable.has(`${bot.id} ${channelId}`),
        flowsOutdated: outdated.has(bot.id),
        someoneGranted: granted.has(bot.id),
      };
      return [bot.id, readinessFrom(bot, facts)];
    }),
  );
}

/** How far a bot is set up; bots asked about in one turn are read together. */
export async function readinessOf(context: ServiceContext, bot: BotRow): Promise<Readiness> {
  authorize(context.viewer, 'settings.read');
  const readiness = await context.loaders.batch('readiness of bots', bot.id, async (ids) => {
    const bots = await botsOf(context, ids);
    const routes = await Promise.all(bots.map(async (one) => [one.id, await routeOf(context, one)] as const));
    return readinessWith(context.rows, bots, new Map(routes));
  });
  if (!readiness) throw new Error(`The bot ${bot.id} vanished while it was read`);
  return readiness;
}
