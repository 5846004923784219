import sql, { join, type Sql } from 'sql-template-tag';
import { AgentRow } from '../../entities/agent';
import { Permission, Role, TicketStatus, type Presence } from '../../entities/enums';
import { TicketRow } from '../../entities/ticket';
import { badInput } from '../../problems';
import type { ServiceContext } from '../context';
import type { Page, PageRequest } from '../pages';
import { fold } from '../text-folding';
import { listOf } from '../access/seeing';
import { visible } from '../access/visibility';

/** More than this do not fit into one statement. */
const MOST_FOUND = 20_000;
const LONGEST_SEARCH = 200;

export interface AgentFilter {
  search?: string | null;
  presences?: Presence[] | null;
  maySendOnBotId?: string | null;
}

/** Who may send on a bot: active admins, and whom it was granted to. */
function maySendOn(botId: string): Sql {
  return sql`agents.active = 1
    and exists (select 1 from bots where bots.id = ${botId} and bots.contract_id = agents.contract_id)
    and (agents.role = ${Role.ADMIN} or exists (select 1 from agent_permissions
      where agent_permissions.agent_id = agents.id and agent_permissions.bot_id = ${botId}
      and agent_permissions.permission = ${Permission.SEND_ACTIVE_MESSAGES}))`;
}

/**
 * Agents whose name or address holds the text, whatever the case and accents: the databases differ in what they fold,
 * and a contract's agents are few, so that they are compared here.
 */
async function matching(context: ServiceContext, search: string, where: Sql): Promise<Sql> {
  if (search.length > LONGEST_SEARCH)
    throw badInput(`\`search\` takes at most ${LONGEST_SEARCH} characters.`);
  const part = fold(search);
  const agents = await context.rows.select(AgentRow, sql`id, name, email`, { where });
  const ids = agents
    .filter(
      (agent) => fold(String(agent['name'])).includes(part) || fold(String(agent['email'])).includes(part),
    )
    .map((agent) => String(agent['id']));
  if (ids.length > MOST_FOUND)
    throw badInput(`\`search\` finds more than ${MOST_FOUND} agents: give more of the name.`);
  return ids.length === 0 ? sql`1 = 0` : sql`agents.id in (${join(ids)})`;
}

/** The agents of the contract that match, in the order they were added. */
export async function listAgents(
  context: ServiceContext,
  filter: AgentFilter,
  page: PageRequest,
): Promise<Page<AgentRow>> {
  let where = visible(context.viewer, 'Agent');
  const { presences, maySendOnBotId } = filter;
  const search = filter.search?.trim() ?? '';
  if (presences) {
    const some = [...new Set(presences)];
    where = some.length === 0 ? sql`1 = 0` : sql`(${where}) and agents.presence in (${join(some)})`;
  }
  if (maySendOnBotId) where = sql`(${where}) and ${maySendOn(maySendOnBotId)}`;
  if (search !== '') where = sql`(${where}) and ${await matching(context, search, where)}`;
  const of = ['agents', search, presences ?? null, maySendOnBotId ?? null];
  return listOf(context, 'Agent', { where, order: { property: 'createdAt', direction: 'ASC' }, of }, page);
}

/** How many open tickets an agent has; agents asked about in one turn are counted together. */
export async function openTickets(context: ServiceContext, agent: AgentRow): Promise<number> {
  const count = await context.loaders.batch('open tickets of agents', agent.id, async (ids) => {
    const counts = await context.rows.select(TicketRow, sql`agent_id, count(*) as number`, {
      where: sql`agent_id in (${join([...ids])}) and status = ${TicketStatus.OPEN}`,
      groupBy: sql`agent_id`,
    });
    return new Map(counts.map((row) => [String(row['agent_id']), Number(row['number'])]));
  });
  return count ?? 0;
}
