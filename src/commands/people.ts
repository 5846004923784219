import sql from 'sql-template-tag';
import { parseDuration } from '../config';
import { AgentRow } from '../entities/agent';
import { EmailAddress } from '../schema/scalars';
import { issueToken } from '../services/access/authentication';
import { createContract } from '../services/access/contracts';
import type { Platform } from '../services/context';
import { say, sayTable } from './running';

/** Makes a contract and its first admin, and says how to go on. */
export async function makeContract(
  platform: Platform,
  given: { name: string; admin: string; adminName?: string },
): Promise<void> {
  const adminEmail = EmailAddress.parseValue(given.admin);
  const adminName = given.adminName ?? adminEmail.slice(0, adminEmail.indexOf('@'));
  const { contract, admin } = await createContract(platform, { name: given.name, adminName, adminEmail });
  sayTable([
    ['Contract', `${contract.id} (${contract.name})`],
    ['Admin', `${admin.id} (${admin.name}, ${admin.email})`],
    ['Next', `npm run --silent cli -- token --email ${admin.email} --contract ${contract.id}`],
  ]);
}

/** Prints a token for an agent. */
export async function printToken(
  platform: Platform,
  given: { email: string; contract?: string; ttl: string },
): Promise<void> {
  const ttl = parseDuration(given.ttl);
  if (ttl === null || ttl <= 0) throw new Error('--ttl takes an ISO 8601 duration such as PT1H');
  const email = EmailAddress.parseValue(given.email);
  const within = given.contract === undefined ? sql`1 = 1` : sql`contract_id = ${given.contract}`;
  const where = sql`email = ${email} and active = 1 and ${within}`;
  const [agent, another] = await platform.store.acrossContracts().find(AgentRow, { where, limit: 2 });
  if (!agent) throw new Error(`No active agent has the e-mail ${email}`);
  if (another)
    throw new Error('This e-mail belongs to agents of several contracts: name one with --contract');
  say(await issueToken(platform, agent, ttl));
}
