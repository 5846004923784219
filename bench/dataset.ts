import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Connection } from '../src/database/connection';
import { sqliteFile } from '../src/database/store';
import { AgentPermissionRow } from '../src/entities/agent-permission';
import { TestApp } from '../test/kit/app';
import { personToken } from '../test/kit/caller';
import { TestClock } from '../test/kit/clock';
import { Desk } from '../test/kit/desk';
import { countSends } from './counted-sends';

/** How much of everything there is. */
export interface Sizes {
  sends: number;
  /** So many of the sends have theirs, with all that is known of it. */
  deliveries: number;
  contacts: number;
  agents: number;
  templates: number;
}

/** A database as a desk has it after a while, and what whoever asks it needs to know. */
export interface Dataset {
  file: string;
  contractId: string;
  adminToken: string;
  /** Of the agent that all others are copies of. */
  agentToken: string;
  agentId: string;
  botId: string;
  templateId: string;
  /** What a webhook is addressed to. */
  channelId: string;
  phoneNumberId: string;
  businessAccountId: string;
  /** A send as it stands in its table, by columns. */
  sendRow: Readonly<Record<string, unknown>>;
  /** Ids of sends, from all over the table. */
  sendIds: readonly string[];
  /** Sends that the provider has taken and may report on; as many in a row as there are agents are of different ones. */
  accepted: readonly {
    id: string;
    /** Whose it is: the place among the tokens of those who hear. */ hearer: number;
  }[];
  /** Of all the agents, who all may send and are online. */
  agentTokens: readonly string[];
  /** What a server has to be started with. */
  environment: Readonly<Record<string, string>>;
}

/** A send in the place of this number, in no order that a cache could follow. */
export const sendIdOf = (number: number, { sendIds }: Dataset): string =>
  sendIds[(number * 7_919) % sendIds.length] ?? '';

const SAMPLE = 5_000;
const MINUTE = 60_000;
/** The provider's id of the message of a copy's number. */
const MESSAGE_ID = sql`'wamid.' || n`;

const prefixOf = (id: string): string => id.slice(0, id.indexOf('_') + 1);

/** The id of the copy of this number. */
const numbered = (id: string, number: Sql): Sql => sql`${prefixOf(id)} || printf('%026d', ${number})`;

/** The id of a copy whose number follows from that of another row. */
const copyOf = (id: string, count: number): Sql => numbered(id, sql`n % ${count} + 1`);

interface Copying {
  id: string;
  copies: number;
  /** Columns that differ from the original, as expressions over the copy's number `n`. */
  changed?: Record<string, Sql>;
  /** How many copies of other rows the table has already. */
  after?: number;
}

/** Copies the one row that the desk's own API made, so many times, each with an id of its own. */
async function multiply(
  connection: Connection,
  table: string,
  { id, copies, changed = {}, after = 0 }: Copying,
): Promise<void> {
  const columns = (await connection.all(sql`select name from pragma_table_info(${table})`)).map(
    ({ name }) => name as string,
  );
  const ownId = numbered(id, sql`n + ${after}`);
  const values = columns.map((name) => changed[name] ?? (name === 'id' ? ownId : raw(`original.${name}`)));
  await connection.run(sql`
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${copies})
    insert into ${raw(table)} (${join(columns.map((name) => raw(name)))})
    select ${join(values)} from numbers, ${raw(table)} original where original.id = ${id}`);
}

/** Gives the first sends their deliveries, with what is known of the original's. */
async function multiplyDelivery(
  connection: Connection,
  { id, contactId }: { id: string; contactId: string },
  { deliveries, contacts }: Sizes,
): Promise<void> {
  const facts = await connection.all(
    sql`select id, provider_message_id from delivery_facts where delivery_id = ${id}`,
  );
  await multiply(connection, 'deliveries', {
    id,
    copies: deliveries,
    changed: { contact_id: copyOf(contactId, contacts), provider_message_id: MESSAGE_ID },
  });
  for (const [index, fact] of facts.entries()) {
    await multiply(connection, 'delivery_facts', {
      id: fact['id'] as string,
      copies: deliveries,
      after: index * deliveries,
      changed: {
        delivery_id: numbered(id, sql`n`),
        ...(fact['provider_message_id'] !== null && { provider_message_id: MESSAGE_ID }),
      },
    });
  }
}

/** Makes the database once: a desk through the API, and then as many copies of its rows as there are to be. */
export async function makeDataset(folder: string, sizes: Sizes): Promise<Dataset> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'dataset.db');
  // Servers have the machine's time.
  const app = await TestApp.start({ clock: new TestClock(Date.now()) });
  try {
    const desk = await Desk.open(app);
    const agent = await desk.agent('Bia');
    const send = await desk.accepted(agent, '+5511970000001');
    const { contractId, admin } = desk;
    const templateId = desk.templates['order_update'] ?? '';
    const permission = await app.platform.store
      .rowsOf(contractId)
      .first(AgentPermissionRow, sql`agent_id = ${agent.id}`);
    if (!permission) throw new Error('The agent may not send');
    const now = Date.now();
    await app.platform.store.transactAcrossContracts(async (connection) => {
      const named = (word: string): Sql => sql`${word} || n`;
      await multiply(connection, 'agents', {
        id: agent.id,
        copies: sizes.agents,
        changed: { name: named('Agent '), email: sql`'agent' || n || '@desk.test'` },
      });
      await multiply(connection, 'agent_permissions', {
        id: permission.id,
        copies: sizes.agents,
        changed: { agent_id: numbered(agent.id, sql`n`) },
      });
      await multiply(connection, 'templates', {
        id: templateId,
        copies: sizes.templates,
        changed: { name: named('template_') },
      });
      await multiply(connection, 'contacts', {
        id: send.contactId,
        copies: sizes.contacts,
        changed: { name: named('Customer '), phone: sql`printf('+55119%08d', n)` },
      });
      await multiply(connection, 'sends', {
        id: send.id,
        copies: sizes.sends,
        changed: {
          agent_id: copyOf(agent.id, sizes.agents),
          template_id: copyOf(templateId, sizes.templates),
          contact_id: copyOf(send.contactId, sizes.contacts),
          provider_message_id: MESSAGE_ID,
          created_at: sql`${now} - n * ${MINUTE / 10}`,
        },
      });
      await multiplyDelivery(connection, send, sizes);
    });
    // As on a server that has run for a while: else each would count them while it is measured.
    await countSends(app.platform, contractId);
    const [sendRow] = await app.platform.store.engine.reader.all(
      sql`select * from sends where id = ${send.id}`,
    );
    const rows = await app.platform.store.engine.reader.all(
      sql`select id from sends where rowid % ${Math.max(1, Math.floor(sizes.sends / SAMPLE))} = 0 order by id`,
    );
    const dataset = {
      file,
      contractId,
      adminToken: admin.token,
      agentToken: agent.token,
      agentId: agent.id,
      botId: desk.botId,
      templateId,
      channelId: desk.channelId,
      phoneNumberId: desk.phoneNumberId,
      businessAccountId: desk.businessAccountId,
      sendRow: { ...sendRow },
      sendIds: rows.map(({ id }) => id as string),
      accepted: Array.from({ length: sizes.deliveries }, (_, index) => ({
        id: `${prefixOf(send.id)}${String(index + 1).padStart(26, '0')}`,
        hearer: (index + 1) % sizes.agents,
      })),
      agentTokens: await Promise.all(
        Array.from({ length: sizes.agents }, (_, index) =>
          personToken(contractId, `agent${index + 1}@desk.test`, now),
        ),
      ),
      environment: { ...app.environment },
    };
    await app.restart((url) => {
      copyFileSync(sqliteFile(url) ?? '', file);
      return Promise.resolve();
    });
    return dataset;
  } finally {
    await app.stop();
  }
}
