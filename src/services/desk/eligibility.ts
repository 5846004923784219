import sql, { join } from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import { AgentRow } from '../../entities/agent';
import { AgentPermissionRow } from '../../entities/agent-permission';
import { BotRow } from '../../entities/bot';
import { BotKind, ChannelState, Permission, Presence, Role, UserErrorCode } from '../../entities/enums';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { ServiceContext } from '../context';
import { userError, type UserError } from '../outcome';
import type { Viewer } from '../access/viewer';

/** The way from a bot to the number that it sends from. */
export interface Route {
  /** The bot's own number. */
  own: WhatsAppChannelRow | null;
  /** The router that the settings name, where the contract has it. */
  router: BotRow | null;
  /** The number used: the bot's own, else its router's. */
  sending: WhatsAppChannelRow | null;
}

/** The numbers of these bots, by the bot's id. */
export async function connectedChannels(
  rows: Rows,
  botIds: readonly string[],
): Promise<Map<string, WhatsAppChannelRow>> {
  if (botIds.length === 0) return new Map();
  const channels = await rows.find(WhatsAppChannelRow, {
    where: sql`bot_id in (${join([...botIds])}) and disconnected_at is null`,
  });
  return new Map(channels.map((channel) => [channel.botId, channel]));
}

export const NO_ROUTE: Route = { own: null, router: null, sending: null };

async function routersByIdentity(rows: Rows, bots: readonly BotRow[]): Promise<Map<string, BotRow>> {
  const identities = [
    ...new Set(bots.map((bot) => bot.routerIdentity).filter((identity) => identity !== null)),
  ];
  if (identities.length === 0) return new Map();
  const routers = await rows.find(BotRow, {
    where: sql`identity in (${join(identities)}) and kind = ${BotKind.ROUTER}`,
  });
  return new Map(routers.map((router) => [router.identity, router]));
}

/**
 * The way of each of these bots to its number, by the bot's id.
 * @param own the numbers of the bots themselves, where they are being read already.
 */
export async function routesOf(
  rows: Rows,
  bots: readonly BotRow[],
  own = connectedChannels(
    rows,
    bots.map((bot) => bot.id),
  ),
): Promise<Map<string, Route>> {
  const [channels, routers] = await Promise.all([own, routersByIdentity(rows, bots)]);
  const routed = await connectedChannels(
    rows,
    [...routers.values()].map((router) => router.id),
  );
  return new Map(
    bots.map((bot) => {
      const ownChannel = channels.get(bot.id) ?? null;
      const router = bot.routerIdentity === null ? null : (routers.get(bot.routerIdentity) ?? null);
      const sending = ownChannel ?? (router ? (routed.get(router.id) ?? null) : null);
      return [bot.id, { own: ownChannel, router, sending }];
    }),
  );
}

/** The way of one bot to its number; all bots asked about in one turn are looked up together. */
export async function routeOf(context: ServiceContext, bot: BotRow): Promise<Route> {
  const route = await context.loaders.batch('routes of bots', bot.id, async (ids) =>
    routesOf(context.rows, await botsOf(context, ids)),
  );
  return route ?? NO_ROUTE;
}

/** The rows of these bots, which the operation has mostly read already. */
export async function botsOf(context: ServiceContext, ids: readonly string[]): Promise<BotRow[]> {
  const bots = await Promise.all(ids.map((id) => context.loaders.row(BotRow, id)));
  return bots.filter((bot) => bot !== null);
}

/** The number that a bot sends from: its own, else its router's (DOMAIN.md 3). */
export async function sendingChannelOf(rows: Rows, bot: BotRow): Promise<WhatsAppChannelRow | null> {
  return (await routesOf(rows, [bot])).get(bot.id)?.sending ?? null;
}

/** The contract's router of this identity. */
export async function routerNamed(rows: Rows, identity: string): Promise<BotRow | null> {
  return rows.first(BotRow, sql`identity = ${identity} and kind = ${BotKind.ROUTER}`);
}

export interface EligibilityOptions {
  /** False where the caller asked to send earlier: whether it is at the desk no longer matters. */
  presence?: boolean;
  /** The input field that named the bot. */
  field?: string[] | null;
}

/** Why a bot itself cannot send now. */
function botErrors(bot: BotRow, route: Route, field: string[] | null): UserError[] {
  const errors: UserError[] = [];
  const refuse = (code: UserErrorCode, message: string) => errors.push(userError(code, message, field));
  if (!bot.enabled) {
    refuse(
      UserErrorCode.ACTIVE_MESSAGING_DISABLED,
      'Active messaging is switched off on this bot: an admin turns it on with `updateSettings`.',
    );
  }
  if (bot.kind !== BotKind.BUILDER) {
    refuse(
      UserErrorCode.BOT_KIND_UNSUPPORTED,
      `A bot of the kind ${bot.kind} has no return flows and cannot send active messages: use a bot of the kind BUILDER.`,
    );
  } else if (bot.publishedFlowId === null) {
    refuse(
      UserErrorCode.BOT_HAS_NO_PUBLISHED_FLOW,
      'No flow was published for this bot, so that replies have nowhere to return to: publish its flow from the builder.',
    );
  }
  if (bot.routerIdentity !== null && route.router === null) {
    refuse(
      UserErrorCode.ROUTER_NOT_FOUND,
      'The router that the settings of this bot name is no router of this contract: set `routerIdentity` anew.',
    );
  } else if (route.sending === null) {
    refuse(
      UserErrorCode.WHATSAPP_CHANNEL_MISSING,
      'Neither this bot nor its router has a WhatsApp number: connect one, or set `routerIdentity` to a router that has one.',
    );
  }
  if (route.sending?.state === ChannelState.STOPPED) {
    refuse(
      UserErrorCode.CHANNEL_STOPPED,
      'The number is stopped by an error of its account: an admin repairs the account and gives new credentials with `updateWhatsAppChannel`.',
    );
  }
  return errors;
}

/** Why a person may not send, be the bot as it is. */
function personErrors(
  agent: AgentRow,
  granted: boolean,
  presence: boolean,
  field: string[] | null,
): UserError[] {
  const errors: UserError[] = [];
  if (!agent.active || !(agent.role === Role.ADMIN || granted)) {
    errors.push(
      userError(
        UserErrorCode.PERMISSION_NOT_GRANTED,
        'Sending on this bot was not granted: an admin grants SEND_ACTIVE_MESSAGES with `setPermissions`.',
        field,
      ),
    );
  }
  if (presence && agent.presence !== Presence.ONLINE) {
    errors.push(
      userError(
        UserErrorCode.AGENT_NOT_ONLINE,
        `Sending takes the presence ONLINE, and it is ${agent.presence}: change it with \`setPresence\`.`,
      ),
    );
  }
  return errors;
}

/** The caller as it is now, and on which bots it may send: it may have changed since it signed in. */
export interface Standing {
  /** Null for a machine. */
  agent: AgentRow | null;
  granted: ReadonlySet<string>;
}

/**
 * What the caller is and may on these bots, whether or not there are such bots.
 * @param agentId null for a machine.
 */
export async function standingOf(
  rows: Rows,
  agentId: string | null,
  botIds: readonly string[],
): Promise<Standing> {
  if (agentId === null) return { agent: null, granted: new Set() };
  const [agent, granted] = await Promise.all([
    rows.byId(AgentRow, agentId),
    grantedBots(rows, agentId, botIds),
  ]);
  return { agent, granted };
}

/** Everything that keeps the caller from sending on this bot now; empty where it may (DOMAIN.md 3, 4, 15, 16). */
export function eligibilityErrors(
  { agent, granted }: Standing,
  bot: BotRow,
  route: Route,
  { presence = true, field = null }: EligibilityOptions = {},
): UserError[] {
  const person = agent ? personErrors(agent, granted.has(bot.id), presence, field) : [noPerson(field)];
  return [...person, ...botErrors(bot, route, field)];
}

/** Everything that keeps the caller from sending on each of these bots now, by the bot's id; none where it may send. */
export async function eligibilityOf(
  rows: Rows,
  viewer: Viewer,
  bots: readonly BotRow[],
): Promise<Map<string, UserError[]>> {
  const ids = bots.map((bot) => bot.id);
  const [routes, standing] = await Promise.all([
    routesOf(rows, bots),
    standingOf(rows, viewer.agent?.id ?? null, ids),
  ]);
  return new Map(
    bots.map((bot) => [bot.id, eligibilityErrors(standing, bot, routes.get(bot.id) ?? NO_ROUTE)]),
  );
}

function noPerson(field: string[] | null): UserError {
  return userError(
    UserErrorCode.PERMISSION_NOT_GRANTED,
    'Active messages are sent by people alone, since replies go to their sender: sign in as an agent instead of with an API key.',
    field,
  );
}

async function grantedBots(rows: Rows, agentId: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const permissions = await rows.find(AgentPermissionRow, {
    where: sql`agent_id = ${agentId} and bot_id in (${join([...ids])}) and permission = ${Permission.SEND_ACTIVE_MESSAGES}`,
  });
  return new Set(permissions.map((permission) => permission.botId));
}

/** What the caller may do on a bot now, with the reasons where it may not; bots asked about together are read together. */
export async function sendEligibility(
  context: ServiceContext,
  bot: BotRow,
): Promise<{ allowed: boolean; reasons: UserError[] }> {
  const reasons =
    (await context.loaders.batch('send eligibility on bots', bot.id, async (ids) =>
      eligibilityOf(context.rows, context.viewer, await botsOf(context, ids)),
    )) ?? [];
  return { allowed: reasons.length === 0, reasons };
}
