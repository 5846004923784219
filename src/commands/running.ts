import { Presets, SingleBar } from 'cli-progress';
import sql from 'sql-template-tag';
import { readConfig } from '../config';
import { AgentRow } from '../entities/agent';
import { ContractRow } from '../entities/contract';
import { Role } from '../entities/enums';
import { createLog, openPlatform } from '../platform';
import { ServiceContext, type Platform } from '../services/context';

/** Runs a command on the database, which is brought to this version's schema first. The log goes to stderr. */
export async function withPlatform(work: (platform: Platform) => Promise<void>): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.logLevel === 'silent' ? 'silent' : 'error', 2);
  const opened = await openPlatform(config, { log });
  try {
    await work(opened.platform);
  } finally {
    await opened.close();
  }
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Shows how many of these are done, of how many. */
export function progressBar(of: string): SingleBar {
  const format = ` {bar} {percentage}% | {value} of {total} ${of}`;
  return new SingleBar({ format, hideCursor: true }, Presets.shades_classic);
}

/** Lines of names and values, the values one below the other. */
export function sayTable(rows: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) say(`${name.padEnd(width)}  ${value}`);
}

/** The contract that a command is about: the one named, else the only one. */
export async function contractNamed(platform: Platform, id: string | undefined): Promise<ContractRow> {
  const everywhere = platform.store.acrossContracts();
  if (id !== undefined) {
    const contract = await everywhere.byId(ContractRow, id);
    if (!contract) throw new Error(`There is no contract ${id}: take an id that create-contract printed`);
    return contract;
  }
  const [contract, another] = await everywhere.find(ContractRow, { limit: 2 });
  if (!contract) throw new Error('There is no contract yet: make one with create-contract');
  if (another) throw new Error('There are several contracts: name one with --contract');
  return contract;
}

/** Acts on behalf of a contract's longest-serving admin, as whoever has the machine may. */
export async function asAdmin(platform: Platform, contractId: string): Promise<ServiceContext> {
  const where = sql`role = ${Role.ADMIN} and active = 1`;
  const agent = await platform.store.rowsOf(contractId).first(AgentRow, where, sql`created_at, id`);
  if (!agent) throw new Error(`The contract ${contractId} has no active admin`);
  return new ServiceContext(platform, { contractId, agent, apiKey: null });
}
