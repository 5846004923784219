import sql, { join } from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { AgentPermissionRow } from '../../entities/agent-permission';
import { BotRow } from '../../entities/bot';
import type { Permission } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { authorize } from '../access/access';
import { noSuchAgent } from './agent-changes';
import { audit } from '../access/audit';
import { noSuchBot } from '../desk/bots';
import type { ServiceContext } from '../context';
import { idsOf } from '../id-lists';
import { made, refused, type Outcome } from '../outcome';

export interface PermissionsInput {
  botId: string;
  agentIds: string[];
  permission: Permission;
  granted: boolean;
}

/** What an agent was granted, on one bot or on all; agents asked about in one turn are read together. */
export async function permissionsOf(
  context: ServiceContext,
  agent: AgentRow,
  botId: string | null,
): Promise<AgentPermissionRow[]> {
  authorize(context.viewer, 'agents.read');
  const permissions = await context.loaders.batch('permissions of agents', agent.id, async (ids) => {
    const byAgent = new Map<string, AgentPermissionRow[]>(ids.map((id) => [id, []]));
    const where = sql`agent_id in (${join([...ids])})`;
    for (const row of await context.rows.find(AgentPermissionRow, { where, orderBy: sql`granted_at, id` })) {
      byAgent.get(row.agentId)?.push(row);
    }
    return byAgent;
  });
  return (permissions ?? []).filter((permission) => botId === null || permission.botId === botId);
}

/** Grants or takes a right, for one agent or many at once: all or none. What is so already stays as it is. */
export async function setPermissions(
  context: ServiceContext,
  input: PermissionsInput,
): Promise<Outcome<{ agents: AgentRow[] }>> {
  authorize(context.viewer, 'permissions.change');
  const ids = idsOf(input.agentIds, 'agentIds');
  return context.transact(async (transaction) => {
    const bot = await transaction.byId(BotRow, input.botId);
    const byId = new Map((await transaction.byIds(AgentRow, ids)).map((agent) => [agent.id, agent]));
    const unknown = [...input.agentIds.entries()].filter(([, id]) => !byId.has(id));
    const errors = unknown.map(([index]) => noSuchAgent(['input', 'agentIds', String(index)]));
    if (!bot) errors.unshift(noSuchBot());
    if (errors.length > 0) return refused(...errors);
    const changed = input.granted
      ? await grant(context, transaction, input, ids)
      : await take(transaction, input, ids);
    if (changed.length > 0) {
      const agents = changed.map((id) => [id, { from: !input.granted, to: input.granted }]);
      const changes = { permission: input.permission, agents: Object.fromEntries(agents) as object };
      await audit(transaction, context.viewer, 'setPermissions', input.botId, changes);
    }
    return made({ agents: ids.map((id) => byId.get(id)).filter((agent) => agent !== undefined) });
  });
}

async function grant(
  context: ServiceContext,
  transaction: Transaction,
  { botId, permission }: PermissionsInput,
  agentIds: readonly string[],
): Promise<string[]> {
  const changed: string[] = [];
  // In one order always, so that two who grant the same at once do not wait for each other.
  for (const agentId of [...agentIds].sort()) {
    const inserted = await transaction.insertUnlessPresent(AgentPermissionRow, {
      id: newId('AgentPermission'),
      contractId: context.contractId,
      agentId,
      botId,
      permission,
      grantedById: context.viewer.agent?.id ?? null,
      grantedAt: transaction.now,
    });
    if (inserted) changed.push(agentId);
  }
  return changed;
}

async function take(
  transaction: Transaction,
  { botId, permission }: PermissionsInput,
  agentIds: readonly string[],
): Promise<string[]> {
  if (agentIds.length === 0) return [];
  const where = sql`agent_id in (${join([...agentIds])}) and bot_id = ${botId} and permission = ${permission}`;
  const granted = await transaction.find(AgentPermissionRow, { where });
  await transaction.remove(AgentPermissionRow, where);
  return granted.map((row) => row.agentId);
}
