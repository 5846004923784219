import sql from 'sql-template-tag';
import { HOUR } from '../../clock';
import { AgentRow } from '../../entities/agent';
import { ContractRow } from '../../entities/contract';
import { Presence, Role } from '../../entities/enums';
import { issueToken } from '../access/authentication';
import type { Platform } from '../context';

/** Somebody of the demo contract, as the story begins. */
export interface DemoPerson {
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly presence: Presence;
  readonly slots: number;
  /** Whether active messages may be sent on the service bot; admins may in any case. */
  readonly granted: boolean;
  readonly active: boolean;
  /** What this person can show a newcomer. */
  readonly about: string;
}

/** The first one is the admin who sets everything up. */
export const DEMO_PEOPLE = [
  {
    name: 'Ana Ribeiro',
    email: 'ana@lumiveja.example',
    role: Role.ADMIN,
    presence: Presence.ONLINE,
    slots: 5,
    granted: false,
    active: true,
    about: 'Sets everything up: bots, templates, return flows, permissions. Sees every send and ticket.',
  },
  {
    name: 'Bruno Teixeira',
    email: 'bruno@lumiveja.example',
    role: Role.AGENT,
    presence: Presence.ONLINE,
    slots: 6,
    granted: true,
    active: true,
    about: 'Online and allowed to send: answers to his messages go straight into his ongoing list.',
  },
  {
    name: 'Camila Duarte',
    email: 'camila@lumiveja.example',
    role: Role.AGENT,
    presence: Presence.PAUSED,
    slots: 4,
    granted: true,
    active: true,
    about: 'On a break: still gets the answers to her own messages, but nothing from her queues.',
  },
  {
    name: 'Diego Salas',
    email: 'diego@lumiveja.example',
    role: Role.AGENT,
    presence: Presence.OFFLINE,
    slots: 4,
    granted: true,
    active: true,
    about: 'Offline: an answer waits, reserved for him alone, until he comes online.',
  },
  {
    name: 'Emma Novak',
    email: 'emma@lumiveja.example',
    role: Role.AGENT,
    presence: Presence.INVISIBLE,
    slots: 4,
    granted: true,
    active: true,
    about: 'Invisible: writes in English, and answers to her are kept for her until she shows herself.',
  },
  {
    name: 'Fábio Lins',
    email: 'fabio@lumiveja.example',
    role: Role.AGENT,
    presence: Presence.ONLINE,
    slots: 3,
    granted: false,
    active: true,
    about: 'Online, but not allowed to send: shows what the desk answers then. Serves the eye exams queue.',
  },
  {
    name: 'Gabriela Moura',
    email: 'gabriela@lumiveja.example',
    role: Role.AGENT,
    presence: Presence.OFFLINE,
    slots: 4,
    granted: true,
    active: false,
    about: 'Left the company: her sends still count.',
  },
] as const satisfies readonly DemoPerson[];

export type DemoName = (typeof DEMO_PEOPLE)[number]['name'];

/** The contract made to try everything on; null where there is none. */
function demoContract(platform: Platform): Promise<ContractRow | null> {
  return platform.store.acrossContracts().first(ContractRow, sql`demo = 1`, sql`created_at, id`);
}

/** A person of the demo who may sign in, with a token to do so. */
export interface SignedInPerson {
  name: string;
  email: string;
  role: Role;
  presence: Presence;
  about: string;
  token: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

const TOKEN_LIFE = 12 * HOUR;

/** The active people of the demo contract, admins first. */
export async function demoAgents(platform: Platform): Promise<AgentRow[]> {
  const contract = await demoContract(platform);
  if (!contract) return [];
  return platform.store
    .rowsOf(contract.id)
    .find(AgentRow, { where: sql`active = 1`, orderBy: sql`role, created_at, id` });
}

/**
 * Whom one may sign in as without a password: the active people of the demo contract, each with a fresh token. Nobody
 * in production, nor where this server signs no tokens.
 */
export async function demoPeople(platform: Platform): Promise<SignedInPerson[]> {
  const { production, auth } = platform.config;
  if (production || auth.secret === null) return [];
  const agents = await demoAgents(platform);
  return Promise.all(
    agents.map(async (agent) => ({
      name: agent.name,
      email: agent.email,
      role: agent.role,
      presence: agent.presence,
      about: DEMO_PEOPLE.find(({ email }) => email === agent.email)?.about ?? 'Was added later.',
      token: await issueToken(platform, agent, TOKEN_LIFE),
      expiresAt: platform.clock.now() + TOKEN_LIFE,
    })),
  );
}
