import { forbidden } from '../../problems';
import type { Viewer } from './viewer';

type RoleName = 'ADMIN' | 'AGENT' | 'READ' | 'PUBLISH_FLOWS';

/** How far a permitted action reaches: everything in the contract, or what is the caller's own. */
export type Reach = 'all' | 'own';

/**
 * Who may what. What is not named here is forbidden: a role that an action leaves out may not do it.
 * What "own" means is said by the conditions of `visibility.ts` and by each act's own checks.
 */
export const ACTIONS = {
  'contract.read': { ADMIN: 'all', AGENT: 'all', READ: 'all', PUBLISH_FLOWS: 'all' },
  'bots.read': { ADMIN: 'all', AGENT: 'all', READ: 'all', PUBLISH_FLOWS: 'all' },
  'bots.change': { ADMIN: 'all' },
  'settings.read': { ADMIN: 'all', AGENT: 'all', READ: 'all' },
  'settings.change': { ADMIN: 'all' },
  'advanced-settings.read': { ADMIN: 'all' },
  'channels.read': { ADMIN: 'all', AGENT: 'all', READ: 'all' },
  'channels.change': { ADMIN: 'all' },
  'webhook-urls.read': { ADMIN: 'all' },
  'flows.read': { ADMIN: 'all', AGENT: 'all', READ: 'all', PUBLISH_FLOWS: 'all' },
  'flows.publish': { ADMIN: 'all', PUBLISH_FLOWS: 'all' },
  'flow-alerts.hear': { ADMIN: 'all', READ: 'all' },
  'channel-alerts.hear': { ADMIN: 'all', READ: 'all' },
  'templates.read': { ADMIN: 'all', AGENT: 'all', READ: 'all' },
  'templates.change': { ADMIN: 'all' },
  'agents.read': { ADMIN: 'all', AGENT: 'all', READ: 'all' },
  'agents.change': { ADMIN: 'all' },
  'permissions.change': { ADMIN: 'all' },
  'presence.change': { ADMIN: 'all', AGENT: 'own' },
  'queues.read': { ADMIN: 'all', AGENT: 'all', READ: 'all' },
  'queues.change': { ADMIN: 'all' },
  'contacts.read': { ADMIN: 'all', AGENT: 'own', READ: 'all' },
  'contacts.change': { ADMIN: 'all' },
  'contacts.opt-out': { ADMIN: 'all', AGENT: 'own' },
  'sends.read': { ADMIN: 'all', AGENT: 'own', READ: 'all' },
  'sends.change': { ADMIN: 'all', AGENT: 'own' },
  'tickets.read': { ADMIN: 'all', AGENT: 'own', READ: 'all' },
  'tickets.change': { ADMIN: 'all', AGENT: 'own' },
  'api-keys.read': { ADMIN: 'all' },
  'api-keys.change': { ADMIN: 'all' },
  'audit.read': { ADMIN: 'all' },
  'dead-letters.read': { ADMIN: 'all' },
  'dead-letters.change': { ADMIN: 'all' },
  'holds.change': { ADMIN: 'all' },
  'sandbox.use': { ADMIN: 'all' },
} as const satisfies Record<string, Partial<Record<RoleName, Reach>>>;

export type Action = keyof typeof ACTIONS;

function rolesOf(viewer: Viewer): RoleName[] {
  return viewer.agent ? [viewer.agent.role] : viewer.apiKey.scopes;
}

/** How far the action reaches for this caller; null where it may not do it at all. */
export function reachOf(viewer: Viewer, action: Action): Reach | null {
  const reaches: Partial<Record<RoleName, Reach>> = ACTIONS[action];
  const granted = rolesOf(viewer).map((role) => reaches[role]);
  if (granted.includes('all')) return 'all';
  return granted.includes('own') ? 'own' : null;
}

/**
 * How far the action reaches for this caller.
 * @throws Problem FORBIDDEN where its role may not do it at all.
 */
export function authorize(viewer: Viewer, action: Action): Reach {
  const reach = reachOf(viewer, action);
  if (reach) return reach;
  const [subject, verb] = action.split('.');
  const who = viewer.agent
    ? `The role ${viewer.agent.role}`
    : `An API key with ${rolesOf(viewer).join(', ') || 'no scope'}`;
  const allowed = Object.keys(ACTIONS[action]).join(', ');
  throw forbidden(`${who} may not ${String(verb)} ${String(subject)}: it takes ${allowed}.`);
}
