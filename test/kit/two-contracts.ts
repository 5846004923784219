import sql from 'sql-template-tag';
import type { RowClass, Rows } from '../../src/database/rows';
import { ALL_ENTITIES } from '../../src/entities/all';
import { SendCountRow } from '../../src/entities/send-count';
import { SendCountMarkRow } from '../../src/entities/send-count-mark';
import { DeliveryRow } from '../../src/entities/delivery';
import { InboxBodyRow } from '../../src/entities/inbox-body';
import { SandboxWebhookRow } from '../../src/entities/sandbox-webhook';
import type { SeenKind } from '../../src/services/access/visibility';
import type { TestApp } from './app';
import type { Caller, Data } from './caller';
import { deliver, messagesBody } from './customer';
import { Desk } from './desk';
import { eventually } from './eventually';

export type Ids = Record<ApiKind, string>;

/** The kinds of things that have an id in the API. */
export type ApiKind = SeenKind;

/** A contract with one thing of every kind that has an id in the API. */
export interface World {
  desk: Desk;
  agent: Caller;
  ids: Ids;
}

/** Two contracts, of which neither may see anything of the other. */
export interface TwoContracts {
  app: TestApp;
  ours: World;
  theirs: World;
}

export async function twoContracts(app: TestApp): Promise<TwoContracts> {
  const ours = await worldOf(app, '5511980000001');
  const theirs = await worldOf(app, '5511980000002');
  await atRest(app);
  return { app, ours, theirs };
}

/** Waits until nothing is under way by itself any more. */
export async function atRest(app: TestApp): Promise<void> {
  const rows = app.platform.store.acrossContracts();
  await eventually(
    async () =>
      (await rows.count(InboxBodyRow, sql`done_at is null`)) +
      (await rows.count(SandboxWebhookRow, sql`1 = 1`)) +
      (await rows.count(DeliveryRow, sql`due_at is not null or lease_until is not null`)),
    (waiting) => waiting === 0,
  );
}

async function worldOf(app: TestApp, phone: string): Promise<World> {
  const desk = await Desk.open(app);
  const agent = await desk.agent('Bia');
  const { queue } = await desk.admin.act(
    'createQueue',
    { botId: desk.botId, name: 'Sales', agentIds: [agent.id], rules: [] },
    'queue { id }',
  );
  const { apiKey } = await desk.admin.act('createApiKey', { name: 'bi', scopes: ['READ'] }, 'apiKey { id }');
  const send = await desk.accepted(agent, `+${phone}`);
  await desk.customer(phone).write('Olá', { context: send.providerMessageId });
  await deliver(desk, messagesBody({ ...desk.door, phoneNumberId: 'nobodys' }, { messages: [{ id: 'x' }] }));
  // One ticket that waits for whoever sent, another that somebody attends in a queue.
  await desk.customer(`${phone}9`.slice(1)).write('Olá');
  const { tickets } = await eventually(
    () => desk.admin.ask('{ tickets(filter: { statuses: [WAITING] }) { nodes { id reservedFor { id } } } }'),
    (data) => data.tickets.nodes.length === 2,
  );
  const waiting = (tickets.nodes as Data[]).find(({ reservedFor }) => reservedFor === null);
  await desk.admin.act('transferTicket', { ticketId: waiting?.id, queueId: queue.id }, 'ticket { id }');
  const found = await eventually(
    async () =>
      desk.admin.ask(
        `{ tickets { nodes { id messages { nodes { id } } } } deadLetters { nodes { id } } auditLog { nodes { id } }
           bots { nodes { flow { id } } } templates { nodes { activations { id } } } }`,
      ),
    (data) => data.tickets.nodes.length > 0 && data.deadLetters.nodes.length > 0,
  );
  return {
    desk,
    agent,
    ids: {
      Agent: agent.id,
      ApiKey: apiKey.id,
      AuditEntry: found.auditLog.nodes[0].id,
      Bot: desk.botId,
      Contact: send.contactId,
      Contract: desk.contractId,
      DeadLetter: found.deadLetters.nodes[0].id,
      Flow: found.bots.nodes[0].flow.id,
      Queue: queue.id,
      Send: send.id,
      Template: desk.templates['order_update'] ?? '',
      TemplateActivation: found.templates.nodes[0].activations[0].id,
      Ticket: found.tickets.nodes[0].id,
      TicketMessage: found.tickets.nodes[0].messages.nodes[0].id,
      WhatsAppChannel: desk.channelId,
    },
  };
}

/** Every row of a contract, in a text that is the same as long as they are. */
export async function everythingIn(rows: Rows): Promise<string> {
  const all: unknown[] = [];
  for (const entity of ALL_ENTITIES as readonly RowClass<object>[]) {
    // The server counts sends when it gets to it, whatever is asked meanwhile.
    if (entity === SendCountRow || entity === SendCountMarkRow) continue;
    const found = await rows.find(entity);
    all.push([entity.name, found.map((row) => JSON.stringify({ ...row, lastSeenAt: null })).sort()]);
  }
  return JSON.stringify(all);
}
