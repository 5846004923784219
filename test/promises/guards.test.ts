import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execute, parse, subscribe, type ExecutionResult } from 'graphql';
import sql, { type Sql } from 'sql-template-tag';
import type { Connection, Statement } from '../../src/database/connection';
import { Rows, tableOf, type RowClass } from '../../src/database/rows';
import { Transaction } from '../../src/database/transaction';
import { ALL_ENTITIES } from '../../src/entities/all';
import { RequestContext } from '../../src/server/request-context';
import { apiSchema } from '../../src/server/schema';
import { ACTIONS, type Action, type Reach } from '../../src/services/access/access';
import { authenticate } from '../../src/services/access/authentication';
import { callerId, type Viewer } from '../../src/services/access/viewer';
import { SIGHTS, type SeenKind, type Sight } from '../../src/services/access/visibility';
import { sandboxChannels } from '../../src/services/sandbox/access';
import { TestApp } from '../kit/app';
import { engine } from '../kit/database';
import { eventually } from '../kit/eventually';
import { answersAt, ID_PLACES, nameOf, type IdPlace } from '../kit/id-places';
import { fieldsOf, operationOf, type Root } from '../kit/root-fields';
import { figure, scaled } from '../kit/scale';
import { atRest, everythingIn, twoContracts, type TwoContracts } from '../kit/two-contracts';
import { replacing, undoing, withoutFence, withoutScope } from '../kit/weakened';

type RoleName = 'ADMIN' | 'AGENT' | 'READ' | 'PUBLISH_FLOWS';
const TABLE = ACTIONS as Record<Action, Partial<Record<RoleName, Reach>>>;
const ALL_SIGHTS = SIGHTS as Record<SeenKind, Sight>;
const schema = apiSchema();

let app: TestApp;
let two: TwoContracts;
let viewers: Record<RoleName, Viewer>;
/** An agent who serves a queue, in which somebody else attends a ticket. */
let inAQueue: Viewer;

beforeAll(async () => {
  app = await TestApp.start({ environment: { PRESENCE_TIMEOUT: '0' } });
  two = await twoContracts(app);
  const { desk } = two.ours;
  const { admin, botId } = desk;
  const viewerOf = async (token: string): Promise<Viewer> =>
    (await authenticate(app.platform, token, null)).viewer;
  const machine = async (scope: string): Promise<Viewer> =>
    viewerOf((await admin.act('createApiKey', { name: scope, scopes: [scope] }, 'secret')).secret as string);
  const rui = await desk.agent('Rui', { granted: false, presence: null });
  const queue = { botId, name: 'Other', agentIds: [rui.id], rules: [] };
  const queueId = (await admin.act('createQueue', queue, 'queue { id }')).queue.id as string;
  await desk.customer('5511980000033').write('Oi');
  await desk.customer('5511980000034').write('Oi');
  const { tickets } = await eventually(
    () =>
      admin.ask('{ tickets(filter: { statuses: [WAITING] }, first: 9) { nodes { id reservedFor { id } } } }'),
    (data) =>
      data.tickets.nodes.filter((one: { reservedFor: unknown }) => one.reservedFor === null).length === 2,
  );
  const [ticketId] = (tickets.nodes as { id: string; reservedFor: unknown }[])
    .filter(({ reservedFor }) => reservedFor === null)
    .map(({ id }) => id);
  await admin.act('transferTicket', { ticketId, queueId }, 'ticket { id }');
  await admin.act('acceptTicket', { ticketId }, 'ticket { id }');
  const bot = { name: 'Sandbox', identity: 'sandbox@msging.net', kind: 'BUILDER' };
  const made = await admin.act('createBot', bot, 'bot { id }');
  const connecting = { botId: made.bot.id, phoneNumber: '+551133330000', sandbox: true };
  await admin.act('connectWhatsAppChannel', connecting, 'channel { id }');
  const eva = await desk.agent('Eva', { granted: false, presence: null });
  viewers = {
    ADMIN: await viewerOf(admin.token),
    AGENT: await viewerOf(eva.token),
    READ: await machine('READ'),
    PUBLISH_FLOWS: await machine('PUBLISH_FLOWS'),
  };
  inAQueue = await viewerOf(rui.token);
  await atRest(app);
});
afterAll(() => app.stop());

/** Something that a caller tries, told so that every attempt with the same rights tells the same. */
interface Probe {
  name: string;
  attempt: (viewer: Viewer) => Promise<string>;
}

const contextOf = (viewer: Viewer): RequestContext => new RequestContext(app.platform, viewer, 'a request');

async function run(
  viewer: Viewer,
  document: string,
  variables: Record<string, unknown>,
): Promise<ExecutionResult> {
  const args = {
    schema,
    document: parse(document),
    contextValue: contextOf(viewer),
    // Objects as a request brings them, not those of the test's own world.
    variableValues: (await new Response(JSON.stringify(variables)).json()) as Record<string, unknown>,
  };
  if (!document.startsWith('subscription')) return execute(args);
  const following = await subscribe(args);
  if (!(Symbol.asyncIterator in following)) return following;
  await following.return(undefined);
  return { data: null };
}

const isForbidden = ({ errors }: ExecutionResult): boolean =>
  errors?.some(({ originalError }) => (originalError as { code?: string } | null)?.code === 'FORBIDDEN') ??
  false;

/** What hangs on things that others may see, each with rights of its own. */
const NESTED = [
  'bot(id: $bot) { sendingChannel { webhookUrl } }',
  'bot(id: $bot) { sendingChannel { id } whatsAppChannel { id } }',
  'bot(id: $bot) { readiness { ready } }',
  'bot(id: $bot) { flow { publishedBy { id } } }',
  'settings(botId: $bot) { advanced { key } }',
  'contacts(botId: $bot) { totalCount }',
  'contact(id: $contact) { openTicket { id } sends { totalCount } tickets { totalCount } }',
  'sends { totalCount }',
  'tickets { totalCount }',
  'agents { nodes { permissions { bot { id } } } }',
];

function probes(): Probe[] {
  const { ids } = two.ours;
  const roots = (['Query', 'Mutation', 'Subscription'] as const).flatMap((root: Root) =>
    fieldsOf(root).map((field): Probe => {
      const [document, variables] = operationOf(root, field);
      const attempt = async (viewer: Viewer): Promise<string> =>
        isForbidden(await run(viewer, document, variables)) ? 'FORBIDDEN' : 'open';
      return { name: `${root}.${field}`, attempt };
    }),
  );
  const shown = (name: string, document: string, variables: Record<string, unknown>): Probe => ({
    name,
    attempt: async (viewer) => {
      const { data, errors } = await run(viewer, document, variables);
      return JSON.stringify([data, errors?.map(({ message }) => message)]);
    },
  });
  const nested = NESTED.map((field) => {
    const taken = ['bot', 'contact'].filter((name) => field.includes(`$${name}`));
    const declared = taken.length === 0 ? '' : `(${taken.map((name) => `$${name}: ID!`).join(', ')})`;
    return shown(field, `query ${declared} { ${field} }`, { bot: ids.Bot, contact: ids.Contact });
  });
  const nodes = Object.entries(ids).map(([kind, id]) =>
    shown(`node of ${kind}`, 'query ($id: ID!) { node(id: $id) { __typename } }', { id }),
  );
  const acts = [
    shown(
      "another's presence",
      'mutation ($input: SetPresenceInput!) { setPresence(input: $input) { agent { id } userErrors { code } } }',
      { input: { agentId: ids.Agent, presence: 'ONLINE' } },
    ),
    shown(
      "another's contact",
      'mutation ($input: SetContactOptOutInput!) { setContactOptOut(input: $input) { contact { id } userErrors { code } } }',
      { input: { contactId: ids.Contact, optedOut: false, scope: 'ALL' } },
    ),
  ];
  const sandbox: Probe = {
    name: 'the sandbox',
    attempt: (viewer) => sandboxChannels(contextOf(viewer)).then((list) => `${list.length}`, String),
  };
  return [...roots, ...nested, ...nodes, ...acts, sandbox];
}

/** Finds what a weakened guard lets through: the first probe that tells something else than with all guards up. */
class Watch {
  private readonly known = new Map<string, string>();
  private readonly latest = new Map<string, Probe>();

  constructor(private readonly all: readonly Probe[]) {}

  async look(viewer: Viewer): Promise<void> {
    const caller = callerId(viewer);
    for (const probe of this.all) this.known.set(`${caller} ${probe.name}`, await probe.attempt(viewer));
  }

  told(viewer: Viewer, name: string): string | undefined {
    return this.known.get(`${callerId(viewer)} ${name}`);
  }

  /** @param guard under which it remembers what noticed, to try that first the next time. */
  async notice(viewer: Viewer, guard: string): Promise<string | null> {
    const first = this.latest.get(guard);
    for (const probe of first ? [first, ...this.all] : this.all) {
      if ((await probe.attempt(viewer)) === this.told(viewer, probe.name)) continue;
      this.latest.set(guard, probe);
      return probe.name;
    }
    return null;
  }
}

/**
 * What another guard holds before this one is asked: settings and numbers, which a key that publishes flows sees nothing
 * of; and whose sends and tickets somebody may change, which are those it sees.
 */
const HELD_ABOVE = [
  'advanced-settings.read to PUBLISH_FLOWS',
  'webhook-urls.read to PUBLISH_FLOWS',
  'sends.change to AGENT',
  'tickets.change to AGENT',
];

describe('every guard that is weakened is noticed', () => {
  let watch: Watch;
  beforeAll(async () => {
    watch = new Watch(probes());
    for (const viewer of [...Object.values(viewers), inAQueue]) await watch.look(viewer);
  });

  test('what the probes see with all guards up: to an agent nothing of others', () => {
    for (const kind of ['Send', 'Ticket', 'TicketMessage', 'Contact'])
      expect([kind, watch.told(viewers.AGENT, `node of ${kind}`)]).toEqual([kind, '[{"node":null},null]']);
    expect(watch.told(viewers.AGENT, 'tickets { totalCount }')).toBe('[{"tickets":{"totalCount":0}},null]');
    expect(watch.told(inAQueue, 'tickets { totalCount }')).toBe('[{"tickets":{"totalCount":0}},null]');
  });

  test('each action of the table, opened to each role that it leaves out or holds to its own', async () => {
    const survivors: string[] = [];
    let tried = 0;
    for (const [action, row] of Object.entries(TABLE) as [Action, Partial<Record<RoleName, Reach>>][]) {
      for (const [role, viewer] of Object.entries(viewers) as [RoleName, Viewer][]) {
        if (row[role] === 'all') continue;
        tried += 1;
        const noticed = await replacing(row, role, 'all', () => watch.notice(viewer, action));
        if (noticed === null) survivors.push(`${action} to ${role}`);
      }
    }
    expect(survivors).toEqual(HELD_ABOVE);
    figure(
      'Tenants',
      'access table, weakened in each place and noticed',
      `${tried - survivors.length} of ${tried - HELD_ABOVE.length}`,
    );
  });

  test('each kind of thing, readable to everybody; of each that agents see their own of, all', async () => {
    const survivors: string[] = [];
    for (const [kind, sight] of Object.entries(ALL_SIGHTS) as [SeenKind, Sight][]) {
      const open = { ...sight, action: 'bots.read' } as Sight;
      const isOpenToAll = ['bots.read', 'contract.read', 'flows.read'].includes(sight.action);
      const noticed = await replacing(ALL_SIGHTS, kind, open, () =>
        watch.notice(viewers.PUBLISH_FLOWS, kind),
      );
      if (noticed === null && !isOpenToAll) survivors.push(kind);
      if (!sight.own) continue;
      const { own: _own, ...everything } = sight;
      const seen = await replacing(ALL_SIGHTS, kind, everything, () =>
        watch.notice(viewers.AGENT, `own ${kind}`),
      );
      if (seen === null) survivors.push(`own ${kind}`);
    }
    expect(survivors).toEqual([]);
  });

  test.each<[string, 'AGENT' | 'in a queue', SeenKind, (agentId: string) => Sql]>([
    [
      'tickets of every queue',
      'AGENT',
      'Ticket',
      () => sql`tickets.status = 'WAITING' and tickets.reserved_for_id is null`,
    ],
    [
      'tickets of the queues, whoever attends them',
      'in a queue',
      'Ticket',
      (agentId) =>
        sql`exists (select 1 from queue_agents where queue_agents.queue_id = tickets.queue_id and queue_agents.agent_id = ${agentId})`,
    ],
    [
      'tickets that wait for somebody else',
      'AGENT',
      'Ticket',
      () => sql`tickets.reserved_for_id is not null`,
    ],
    [
      'contacts of every bot',
      'AGENT',
      'Contact',
      () => sql`exists (select 1 from contact_bots where contact_bots.contact_id = contacts.id)`,
    ],
  ])('%s', async (_what, who, kind, own) => {
    const viewer = who === 'AGENT' ? viewers.AGENT : inAQueue;
    const weak = { ...ALL_SIGHTS[kind], own };
    expect(await replacing(ALL_SIGHTS, kind, weak, () => watch.notice(viewer, 'part'))).not.toBeNull();
  });
});

/** Notes statements, and finds nothing. */
function recorded(): { connection: Connection; statements: Statement[] } {
  const statements: Statement[] = [];
  const note = <Answer>(statement: Statement, answer: Answer): Promise<Answer> => {
    statements.push(statement);
    return Promise.resolve(answer);
  };
  const connection: Connection = {
    dialect: 'postgres',
    all: (statement) => note(statement, []),
    run: (statement) => note(statement, 0),
  };
  return { connection, statements };
}

/** How many statements can be made of one table, and which of them do not bear the contract. */
async function unscoped(entity: RowClass<object>): Promise<{ all: number; weak: string[] }> {
  const { connection, statements } = recorded();
  const rows = new Transaction(connection, 'ours', 0);
  const where = sql`a = 1 or b = 2`;
  const some = entity as RowClass<{ id: string }>;
  const reading = { where, orderBy: sql`id`, limit: 1 };
  await rows.find(entity);
  await rows.find(entity, reading);
  await rows.first(entity, where);
  await rows.byId(some, 'x');
  await rows.byIds(some, ['x'], where);
  await rows.firstOfEach(some, 'id', ['x', 'y'], reading);
  await rows.findAlong(some, ['id'], reading, [{ property: 'id', entity: some, properties: null, where }]);
  await rows.count(entity, where);
  await rows.exists(entity, where);
  await rows.select(entity, sql`id`, reading);
  await rows.update(entity, { [tableOf(entity).columns[0]?.property ?? '']: null }, where);
  await rows.updateBy(entity, sql`c = 3`, where);
  await rows.remove(entity, where);
  await rows.lock(some, 'x');
  const scope = `where ${tableOf(entity).contract?.sql ?? ''} = ?`;
  const isWeak = ({ sql: text, values }: Statement): boolean =>
    text.split(scope).length !== text.split('where').length || !values.includes('ours');
  return { all: statements.length, weak: statements.filter(isWeak).map(({ sql: text }) => text) };
}

describe('every statement stays within the contract', () => {
  const tables = ALL_ENTITIES as readonly RowClass<object>[];

  test('whatever is read or written; a condition of whoever asks stands in brackets', async () => {
    for (const entity of tables) {
      expect((await unscoped(entity)).weak).toEqual([]);
      const { all, weak } = await withoutScope('ours', entity, () => unscoped(entity));
      expect([entity.name, weak.length]).toEqual([entity.name, all]);
    }
    const { connection, statements } = recorded();
    await new Rows(connection, 'ours').find(tables[0] as RowClass<object>, { where: sql`a = 1 or b = 2` });
    expect(statements[0]?.sql).toMatch(/= \? and \(a = 1 or b = 2\)\) as one$/);
    figure(
      'Tenants',
      "tables that lose their contract's scope, noticed",
      `${tables.length} of ${tables.length}`,
    );
  });

  test('a row that names another contract is not written', async () => {
    const { connection } = recorded();
    const transaction = new Transaction(connection, 'ours', 0);
    for (const entity of tables.filter((one) => tableOf(one).byProperty.has('contractId'))) {
      await expect(transaction.insert(entity, { contractId: 'theirs' })).rejects.toThrow(/another contract/);
    }
  });
});

/** Places that a second condition holds as well: what is looked for hangs on something of ours, or on our number. */
const HELD_OTHERWISE = [
  'Agent.permissions(botId)',
  'Template.activation(botId)',
  'Template.activations(botIds)',
  'checkSend(input.recipient.contactId)',
  'sendActiveMessage(input.recipient.contactId)',
  'transferTicket(input.queueId)',
];

describe("without the scope each place that takes an id would let another contract's through", () => {
  const places = ID_PLACES.filter(({ type }) => type !== 'Subscription');
  let before: string;
  let letGo = (): void => undefined;
  beforeAll(async () => {
    // Sends counted in the background while a scope is weak, and half of it undone, would hide what comes through.
    void app.clock.holding(() => new Promise<void>((resolve) => (letGo = resolve)));
    before = await everythingIn(app.platform.store.rowsOf(two.theirs.desk.contractId));
  });
  afterAll(() => letGo());

  /** Whether a place answers otherwise to an id of theirs than to none, or something of theirs is written. */
  async function letsThrough(place: IdPlace, only: SeenKind | null = null): Promise<boolean> {
    const { store } = app.platform;
    let touched = false;
    const look = async (connection: Rows['connection']): Promise<void> => {
      touched ||= (await everythingIn(new Rows(connection, two.theirs.desk.contractId))) !== before;
    };
    return undoing(store, look, async () => {
      for await (const { unknown, foreign } of answersAt(two, place, only))
        if (touched || unknown !== foreign) return true;
      return touched;
    });
  }

  test('in every table at once: each place shows that it is tried in earnest', async () => {
    const tight: string[] = [];
    await withoutFence(app.platform.store, async () => {
      for (const place of places) {
        if (!(await withoutScope(two.ours.desk.contractId, null, () => letsThrough(place))))
          tight.push(nameOf(place));
      }
    });
    expect(tight.sort()).toEqual(HELD_OTHERWISE);
    const measure = 'places that take an id and are held by the scope';
    figure('Tenants', measure, `${places.length - tight.length} of ${places.length}`);
  });

  test('in one table alone: some place of its kind tells', async () => {
    const tight: string[] = [];
    await withoutFence(app.platform.store, async () => {
      for (const [kind, { entity }] of Object.entries(ALL_SIGHTS) as [SeenKind, Sight][]) {
        for (const place of places.filter(({ field }) => field === 'node')) {
          const weakened = () => letsThrough(place, kind);
          if (!(await withoutScope(two.ours.desk.contractId, entity, weakened))) tight.push(kind);
        }
      }
    });
    expect(tight).toEqual([]);
  });

  (engine === 'postgres' ? test : test.skip)(
    'but for the fence in PostgreSQL, which holds alone',
    async () => {
      const through: string[] = [];
      const { store } = app.platform;
      const nothing = (): Promise<void> => Promise.resolve();
      await withoutScope(two.ours.desk.contractId, null, () =>
        undoing(store, nothing, async () => {
          for (const place of places.filter((_place, at) => at % scaled(5, 1) === 0)) {
            for await (const { unknown, foreign } of answersAt(two, place))
              if (unknown !== foreign) through.push(nameOf(place));
          }
        }),
      );
      expect(through).toEqual([]);
      expect(await everythingIn(store.rowsOf(two.theirs.desk.contractId))).toBe(before);
    },
  );
});
