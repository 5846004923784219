import sql from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { Presence, Role, UserErrorCode } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { QueueRow } from '../../entities/queue';
import { authorize } from '../access/access';
import { audit, differences } from '../access/audit';
import { found, textError } from '../bounded-text';
import type { Platform, ServiceContext } from '../context';
import { handOutToAgent, queuesOfAgent, withdrawAgent } from '../tickets/distribution';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { changePresence } from './presence';

const MOST_SLOTS = 1_000;

export interface UpdateAgentInput {
  agentId: string;
  name?: string | null;
  role?: Role | null;
  slots?: number | null;
  active?: boolean | null;
}

type AgentChanges = Partial<Pick<AgentRow, 'name' | 'role' | 'slots' | 'active'>>;

function slotsError(slots: number | undefined): UserError | null {
  if (slots === undefined || (Number.isInteger(slots) && slots >= 0 && slots <= MOST_SLOTS)) return null;
  return userError(
    UserErrorCode.INVALID,
    `An agent cannot have ${slots} slots: give a whole number from 0 to ${MOST_SLOTS}.`,
    ['input', 'slots'],
  );
}

/** Adds a person to the contract. */
export async function createAgent(
  context: ServiceContext,
  input: { name: string; email: string; role: Role; slots: number },
): Promise<Outcome<{ agent: AgentRow }>> {
  authorize(context.viewer, 'agents.change');
  const { role, slots } = input;
  const name = input.name.trim();
  const email = input.email.toLowerCase();
  const errors = found(textError(name, ['input', 'name']), slotsError(slots));
  if (errors.length > 0) return refused(...errors);
  return context.transact(async (transaction) => {
    const agent = freshAgent(context.contractId, transaction.now, { name, email, role, slots });
    if (!(await transaction.insertUnlessPresent(AgentRow, agent))) {
      return refused(
        userError(
          UserErrorCode.TAKEN,
          'Another agent of this contract has this e-mail address: each has its own. Where it was deactivated, activate it with `updateAgent`.',
          ['input', 'email'],
        ),
      );
    }
    const changes = differences<AgentChanges & { email?: string }>({}, { name, email, role, slots });
    await audit(transaction, context.viewer, 'createAgent', agent.id, changes);
    return made({ agent });
  });
}

/** A person who was never at the desk. */
function freshAgent(
  contractId: string,
  now: number,
  given: Pick<AgentRow, 'name' | 'email' | 'role' | 'slots'>,
): AgentRow {
  return {
    id: newId('Agent'),
    contractId,
    ...given,
    active: true,
    presence: Presence.OFFLINE,
    presenceChangedAt: null,
    lastSeenAt: null,
    lastAssignedAt: null,
    createdAt: now,
  };
}

function wanted({ name, role, slots, active }: UpdateAgentInput): AgentChanges {
  return {
    ...(typeof name === 'string' && { name: name.trim() }),
    ...(role && { role }),
    ...(typeof slots === 'number' && { slots }),
    ...(typeof active === 'boolean' && { active }),
  };
}

/** A contract keeps an active admin. */
async function lastAdminError(
  transaction: Transaction,
  agent: AgentRow,
  changes: AgentChanges,
): Promise<UserError | null> {
  const after = { ...agent, ...changes };
  const isAdmin = (one: AgentRow) => one.active && one.role === Role.ADMIN;
  if (!isAdmin(agent) || isAdmin(after)) return null;
  const others = sql`role = ${Role.ADMIN} and active = 1 and id <> ${agent.id}`;
  if (await transaction.exists(AgentRow, others)) return null;
  return userError(
    UserErrorCode.LAST_ADMIN,
    'This is the last active admin of the contract, and somebody must administer it: make another agent an admin first.',
    ['input', after.active ? 'role' : 'active'],
  );
}

/** Changes a person; who is deactivated gives back what it has, and is let out. */
export async function updateAgent(
  context: ServiceContext,
  input: UpdateAgentInput,
): Promise<Outcome<{ agent: AgentRow }>> {
  authorize(context.viewer, 'agents.change');
  const changes = wanted(input);
  return context.transact(async (transaction) => {
    // One after the other: of two changes at once the second sees the first, be it of another admin.
    await transaction.lockName(`agents of ${context.contractId}`);
    const agent = await transaction.byId(AgentRow, input.agentId);
    const errors = found(
      agent ? null : noSuchAgent(['input', 'agentId']),
      changes.name === undefined ? null : textError(changes.name, ['input', 'name']),
      slotsError(changes.slots),
      agent && (await lastAdminError(transaction, agent, changes)),
    );
    if (!agent || errors.length > 0) return refused(...errors);
    return made({ agent: await applyChanges(context, transaction, agent, changes) });
  });
}

/** The refusal where an input names an agent that the contract does not have. */
export function noSuchAgent(field: string[]): UserError {
  return userError(UserErrorCode.NOT_FOUND, 'There is no such agent: take an id that `agents` lists.', field);
}

async function applyChanges(
  context: ServiceContext,
  transaction: Transaction,
  agent: AgentRow,
  changes: AgentChanges,
): Promise<AgentRow> {
  const differing = differences(agent, changes);
  if (Object.keys(differing).length === 0) return agent;
  // The queues before the agent, as everywhere: who places a ticket there waits, or sees what is changed here.
  for (const queueId of await queuesOfAgent(transaction, agent.id)) await transaction.lock(QueueRow, queueId);
  await transaction.change(AgentRow, changes, sql`id = ${agent.id}`);
  await audit(transaction, context.viewer, 'updateAgent', agent.id, differing);
  const after = { ...agent, ...changes };
  if (after.role !== agent.role) transaction.record('CallerChanged', { callerId: agent.id });
  if (agent.active && !after.active) await letOut(context.platform, transaction, after);
  else if (after.active && after.slots > agent.slots)
    await handOutToAgent(context.platform, transaction, agent.id);
  return (await transaction.byId(AgentRow, agent.id)) ?? after;
}

/** Rule 36: the sockets close, the tickets go to others, and replies no longer come to this agent. */
async function letOut(platform: Platform, transaction: Transaction, agent: AgentRow): Promise<void> {
  transaction.record('CallerRevoked', { callerId: agent.id });
  // Whatever presence was read before: the agent may have come to the desk this instant.
  await changePresence(platform, transaction, agent, Presence.OFFLINE);
  await withdrawAgent(platform, transaction, { ...agent, presence: Presence.OFFLINE });
}
