import sql from 'sql-template-tag';
import { Presets, SingleBar } from 'cli-progress';
import type { App } from './app';
import type { Config } from './config';
import { ContractRow } from './entities/contract';
import { ChannelProvider } from './entities/enums';
import { WhatsAppChannelRow } from './entities/whatsapp-channel';
import type { Platform } from './services/context';
import { countHeld } from './services/deliveries/hold';
import { demoAgents } from './services/demo/demo-people';
import type { SeedingProgress } from './services/demo/demo-contract';

/** The database's address without a password. */
function shownDatabase({ databaseUrl }: Config): string {
  return databaseUrl.replace(/^(postgres(?:ql)?:\/\/[^:/@]*):[^@]*@/, '$1:…@');
}

type Line = [name: string, value: string];

/** What is held after a restore, and what to do about it; null where nothing is. */
export async function heldNotice({ store }: Platform): Promise<string | null> {
  const held = await countHeld(store.acrossContracts());
  if (held === 0) return null;
  const them = held === 1 ? '1 message is' : `${held} messages are`;
  return `${them} held after a restore: an admin lets them go with releaseHeldSends or withdraws them with cancelSend`;
}

/** Who can sign in to the demo, and how. */
async function peopleLines({ platform }: App): Promise<Line[]> {
  const { production, auth } = platform.config;
  const agents = production || auth.secret === null ? [] : await demoAgents(platform);
  const [first] = agents;
  if (!first) return [];
  const people = agents.map(({ name, email, role }) => [name, role.toLowerCase(), email] as const);
  const widths = [0, 1].map((part) => Math.max(...people.map((person) => person[part]?.length ?? 0)));
  return [
    ['Sign in as', 'one of the demo’s people: the explorer and the sandbox do it with a click'],
    ...people.map(([name, role, email]): Line => [
      '',
      `${name.padEnd(widths[0] ?? 0)}  ${role.padEnd(widths[1] ?? 0)}  ${email}`,
    ]),
    ['Token', `npm run --silent cli -- token --email ${first.email}`],
  ];
}

/** What a newcomer wants to know of a server that has just started: where everything is, and who can sign in. */
export async function greeting(app: App, config: Config): Promise<string> {
  const everywhere = app.platform.store.acrossContracts();
  const sandbox = sql`provider = ${ChannelProvider.SANDBOX} and disconnected_at is null`;
  const lines: Line[] = [
    ['Explorer', `${app.url}/graphql`],
    ...((await everywhere.exists(WhatsAppChannelRow, sandbox))
      ? [['Sandbox', `${app.url}/sandbox  (the customers’ phones)`] satisfies Line]
      : []),
    ['API', `${app.url}/graphql  and  ${app.url.replace(/^http/, 'ws')}/graphql`],
    ['Webhooks', `${app.platform.publicUrl()}/webhooks/whatsapp/…`],
    ['Database', shownDatabase(config)],
    ...(await peopleLines(app)),
  ];
  const held = await heldNotice(app.platform);
  if (held !== null) lines.push(['Held', held]);
  if (!(await everywhere.exists(ContractRow, sql`1 = 1`))) {
    lines.push(['No contract yet', 'npm run cli -- create-contract --name Acme --admin ana@acme.test']);
  }
  const width = Math.max(...lines.map(([name]) => name.length));
  const text = lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('');
  return `Saludo is ready.\n${text}`;
}

/** Shows on the terminal how far the demo contract is; where there is none, one line says that it is made. */
export function showSeeding(): SeedingProgress {
  const { stderr } = process;
  let bar: SingleBar | null = null;
  return (done, of) => {
    if (!stderr.isTTY) {
      if (done === 1) stderr.write('Making the demo contract …\n');
      return;
    }
    bar ??= startedBar(of);
    bar.update(done);
    if (done === of) bar.stop();
  };
}

function startedBar(of: number): SingleBar {
  const format = ' {bar} {percentage}% | making the demo contract';
  const bar = new SingleBar({ format, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  bar.start(of, 0);
  return bar;
}

/** Why the server could not start, in one line that says what to do. */
export function startingProblem(error: unknown): string {
  const { code, port, address, hostname } = (error ?? {}) as Record<string, string | number | undefined>;
  if (code === 'EADDRINUSE' && port !== undefined)
    return `the port ${String(port)} is taken by another program: end that one, or set PORT to another`;
  if (code === 'EACCES' && port !== undefined)
    return `PORT is not usable: only privileged programs may listen on ${String(port)}`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST is not usable: ${String(address ?? hostname)} is no address of this machine`;
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0] ?? '';
}
