import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { extendSchema, parse, type GraphQLSchema } from 'graphql';
import { Loaders } from '../../src/database/loaders';
import type { RowClass, Rows } from '../../src/database/rows';
import { apiSchema } from '../../src/server/schema';
import { SIGHTS } from '../../src/services/access/visibility';
import { TestApp } from '../kit/app';
import type { Caller, GraphQLAnswer } from '../kit/caller';
import { CountedReads, READS_PER_STATEMENT, readsIn } from '../kit/counted-reads';
import { engine } from '../kit/database';
import { furnish, type FurnishedDesk } from '../kit/furnished-desk';
import { figure } from '../kit/scale';
import { twoContracts, type ApiKind } from '../kit/two-contracts';
import { replacing } from '../kit/weakened';
import { coverableIn, wholeDocument, type ArgumentValues, type WholeDocument } from '../kit/whole-documents';

/**
 * With how many statements each field of the root is read, with all that is below it: for an admin, and for an agent, to
 * whom only its own is shown. The caller is looked up along with the first; a 1 is nothing else, or a refusal. It is the same
 * number on both databases, but for sends by their changes, whose page waits for PostgreSQL's disk while others are read; and
 * for a large desk it is at most one more. Who makes one larger has to say so here.
 */
const STATEMENTS: Readonly<Record<string, readonly number[]>> = {
  agents: [11, 11],
  apiKeys: [12, 1],
  auditLog: [16, 1],
  bot: [10, 10],
  bots: [9, 9],
  contact: [13, 13],
  contacts: [16, 16],
  deadLetters: [10, 1],
  flow: [11, 11],
  'node of Agent': [14, 14],
  'node of ApiKey': [12, 1],
  'node of AuditEntry': [12, 1],
  'node of Bot': [10, 10],
  'node of Contact': [13, 13],
  'node of Contract': [1, 1],
  'node of DeadLetter': [11, 1],
  'node of Flow': [10, 10],
  'node of Queue': [14, 14],
  'node of Send': [13, 13],
  'node of Template': [11, 11],
  'node of TemplateActivation': [11, 11],
  'node of Ticket': [14, 14],
  'node of TicketMessage': [14, 14],
  'node of WhatsAppChannel': [11, 11],
  nodes: [14, 14],
  eventCursor: [2, 2],
  queues: [14, 14],
  send: [13, 13],
  sends: engine === 'postgres' ? [14, 14] : [13, 13],
  checkSend: [17, 17],
  settings: [11, 11],
  sendStatistics: [15, 17],
  templates: [11, 12],
  ticket: [14, 14],
  tickets: [15, 15],
  viewer: [11, 13, 3],
};

/**
 * What is read once for each thing on a page: the first pages of lists within it, and how many there are in all. They
 * are asked for together, fifty in a statement.
 */
const ONCE_EACH = [
  'a page of sends by contact_id',
  'a page of ticket_messages by ticket_id',
  'a page of tickets by contact_id',
  'the number of sends by contact_id',
  'the number of ticket_messages by ticket_id',
  'the number of tickets by contact_id',
];
/** What is refused to others, and cannot be null: with it would go all that is around it. */
const FOR_ADMINS = ['ActiveMessagingSettings.advanced'];

/** Among many things there may be some that are met a level deeper than those of a small desk. */
const A_LEVEL_DEEPER = 1;

/** Fields that one thing alone is behind, however many there are. */
const NEVER_MORE = ['SendCheck.userErrors', 'UserError.ticket'];

interface Size {
  /** How many things of each kind there are. */
  things: number;
  /** How many a page holds, and one in each thing of a list. */
  first: number;
  within: number;
  /** How many of each kind stand in lists of all kinds. */
  ofEachKind: number;
}
const SMALL: Size = { things: 3, first: 10, within: 2, ofEachKind: 2 };
const LARGE: Size = { things: 30, first: 40, within: 4, ofEachKind: 5 };
/** Milliseconds: much is made and asked before the first test. */
const PATIENCE = 240_000;

type Who = 'admin' | 'agent' | 'machine';

const SCHEMA = apiSchema();
const COVERABLE = coverableIn(SCHEMA);

let app: TestApp;
let reads: CountedReads;
let small: Asked;
let large: Asked;

/** A desk, and what its documents are given. */
interface Asked {
  desk: FurnishedDesk;
  size: Size;
}

beforeAll(async () => {
  app = await TestApp.start({ environment: { PRESENCE_TIMEOUT: '0', REQUESTS_PER_MINUTE: '1000000' } });
  const { ours, theirs } = await twoContracts(app);
  small = { desk: await furnish(ours, SMALL.things), size: SMALL };
  large = { desk: await furnish(theirs, LARGE.things), size: LARGE };
  // That a key was used is noted once, and again after a while.
  app.clock.freeze();
  for (const { desk } of [small, large]) await desk.machine.ask('{ eventCursor }');
  reads = new CountedReads(app.platform.store);
}, PATIENCE);
afterAll(() => app.stop());

/** What a field of the root and all below it are given. */
function valuesFor(name: string, { desk: { world, ids: everyId }, size }: Asked): ArgumentValues {
  const { ids, desk } = world;
  const kind = kindIn(name);
  const someIds = everyId.slice(0, size.ofEachKind).flat();
  return {
    // The audit log is of all kinds of things.
    first: name === 'auditLog' ? size.ofEachKind * Object.keys(SIGHTS).length : size.first,
    within: size.within,
    'Agent.permissions.botId': ids.Bot,
    'Flow.blocks.kind': 'SERVICE',
    'Query.agents.filter': { search: 'a', maySendOnBotId: ids.Bot },
    'Query.auditLog.filter': { agentIds: [desk.admin.id] },
    'Query.bot.id': ids.Bot,
    'Query.checkSend.input': {
      botId: ids.Bot,
      templateId: ids.Template,
      recipient: { contactId: ids.Contact },
    },
    'Query.contact.id': ids.Contact,
    'Query.contacts.botId': ids.Bot,
    'Query.contacts.search': 'c',
    'Query.flow.botId': ids.Bot,
    'Query.node.id': kind === null ? '' : ids[kind],
    'Query.nodes.ids': someIds,
    'Query.queues.botId': ids.Bot,
    'Query.send.id': ids.Send,
    'Query.sends.filter': { botIds: [ids.Bot], search: 'a', held: false },
    'Query.sends.orderBy': { field: 'CHANGED', direction: 'ASC' },
    'Query.sendStatistics.filter': { createdFrom: '2020-01-01T00:00:00Z' },
    'Query.sendStatistics.groupBy': ['AGENT', 'BOT', 'TEMPLATE'],
    'Query.sendStatistics.timeZone': 'UTC',
    'Query.settings.botId': ids.Bot,
    'Query.templates.filter': { botIds: [ids.Bot], sendable: true, outdated: false },
    'Query.ticket.id': ids.Ticket,
    'Query.tickets.filter': { botIds: [ids.Bot], search: 'c' },
    'Query.tickets.orderBy': { field: 'CREATED_AT', direction: 'ASC' },
    'Template.activation.botId': ids.Bot,
    'Template.activations.botIds': [ids.Bot],
    'Template.issues.botId': ids.Bot,
    'Template.preview.parameters': [{ key: 'body.1', value: 'x' }],
  };
}

/** Every field of the root; one that gives things of any kind, for each kind. */
function namesIn(schema: GraphQLSchema): string[] {
  return Object.keys(schema.getQueryType()?.getFields() ?? {}).flatMap((field) =>
    field === 'node' ? Object.keys(SIGHTS).map((kind) => `node of ${kind}`) : [field],
  );
}

/** Machines see what admins see, but for themselves. */
const callersOf = (name: string): Who[] => [
  'admin',
  'agent',
  ...(name === 'viewer' ? ['machine' as const] : []),
];

const kindIn = (name: string): ApiKind | null => (name.split(' of ')[1] as ApiKind | undefined) ?? null;

function documentFor(name: string, who: Who = 'admin', schema = SCHEMA): WholeDocument {
  const without = who === 'admin' ? [] : FOR_ADMINS;
  return wholeDocument(schema, name.split(' ')[0] ?? '', kindIn(name), valuesFor(name, large), without);
}

function callerOf({ desk: { world, machine } }: Asked, who: Who): Caller {
  return { admin: world.desk.admin, agent: world.agent, machine }[who];
}

/** What kind of read it is that may be made once for each thing; its text, where it is none. */
function nameOf(read: string): string {
  const [, table, column] =
    /from (\w+) where \1\.contract_id = \? and \(\1\.(\w+_id) = \? and /.exec(read) ?? [];
  if (table === undefined || column === undefined) return read;
  if (read.endsWith(' limit n) as matching) as one')) return `the number of ${table} by ${column}`;
  return / order by [\w., ]+ limit n\) as one$/.test(read) ? `a page of ${table} by ${column}` : read;
}

interface Counted {
  answer: GraphQLAnswer;
  /** Without those that go on in the next one. */
  statements: number;
  /** How often each read was made. */
  reads: Map<string, number>;
  /** All statements. */
  all: number;
}

/** Asks, and counts what that took. */
async function count(document: WholeDocument, name: string, asked: Asked, caller: Caller): Promise<Counted> {
  const { result: answer, texts } = await reads.of(() =>
    caller.request(document.query, document.variables(valuesFor(name, asked))),
  );
  const byStatement = texts.map(readsIn);
  const times = new Map<string, number>();
  for (const read of byStatement.flat()) times.set(read, (times.get(read) ?? 0) + 1);
  const statements = byStatement.filter((some) => some.length < READS_PER_STATEMENT).length;
  return { answer, statements, reads: times, all: texts.length };
}

/**
 * What is read more often for a large page than for a small one; of what may be, its name. What is read
 * once more, or less than twice as often, has not grown with it.
 */
function grownReads(few: Counted, many: Counted): string[] {
  const grown = [...many.reads].filter(([read, times]) => {
    const before = few.reads.get(read) ?? 0;
    return times > before + A_LEVEL_DEEPER && times >= 2 * before;
  });
  return [...new Set(grown.map(([read]) => nameOf(read)))].sort();
}

/** What an admin asks, of a small desk and of a large one. */
async function sizesOf(name: string): Promise<{ few: Counted; many: Counted }> {
  const document = documentFor(name);
  const counted: Counted[] = [];
  await app.statementsOf(async () => {
    for (const asked of [small, large])
      counted.push(await count(document, name, asked, callerOf(asked, 'admin')));
  });
  const [few, many] = counted as [Counted, Counted];
  return { few, many };
}

/** What grows with the page in what an admin asks, besides what may. */
async function growthOf(name: string): Promise<{ statements: number; reads: string[] }> {
  const { few, many } = await sizesOf(name);
  const grown = grownReads(few, many).filter((read) => !ONCE_EACH.includes(read));
  return { statements: many.statements - few.statements, reads: grown };
}

interface Measured {
  few: Counted;
  many: Counted;
  compiled: Counted | null;
}

describe('each query', () => {
  /** What was measured of each document, by who asked. */
  const measured = new Map<string, Measured[]>();
  /** How much of each field the answers hold. */
  const held = { few: new Map<string, number>(), many: new Map<string, number>() };

  beforeAll(async () => {
    let counted = 0;
    const statements = await app.statementsOf(async () => {
      for (const name of namesIn(SCHEMA)) {
        const byCaller = [];
        for (const who of callersOf(name)) {
          const document = documentFor(name, who);
          const few = await count(document, name, small, callerOf(small, who));
          const many = await count(document, name, large, callerOf(large, who));
          // A document that comes a third time is compiled.
          const compiled = who === 'admin' ? await count(document, name, large, callerOf(large, who)) : null;
          document.count(few.answer.data, held.few);
          document.count(many.answer.data, held.many);
          byCaller.push({ few, many, compiled });
          counted += few.all + many.all + (compiled?.all ?? 0);
        }
        measured.set(name, byCaller);
      }
    });
    // Nothing ran that was not counted.
    expect(statements.length).toBe(counted);
  }, PATIENCE);

  test('takes as many statements for a large page as for a small one, and no more than it took before', () => {
    const table = (of: (asked: Measured) => Counted): Record<string, number[]> =>
      Object.fromEntries(
        [...measured].map(([name, all]) => [name, all.map((asked) => of(asked).statements)]),
      );
    expect(table(({ few }) => few)).toEqual(STATEMENTS);
    for (const large of [table(({ many }) => many), table(({ many, compiled }) => compiled ?? many)]) {
      const grown = Object.entries(large).filter(([name, counts]) =>
        counts.some((statements, caller) => statements > (STATEMENTS[name]?.[caller] ?? 0) + A_LEVEL_DEEPER),
      );
      expect(grown).toEqual([]);
    }
  });

  test('reads nothing once for each thing but the pages and numbers that are asked for together', () => {
    const grown = [...measured.values()].flat().flatMap(({ few, many }) => grownReads(few, many));
    expect([...new Set(grown)].sort()).toEqual(ONCE_EACH);
  });

  test('is answered: who may not see something is refused that alone', () => {
    const wrong = [...measured].flatMap(([name, all]) =>
      all.flatMap(({ few, many, compiled }, place) =>
        [few, many, ...(compiled ? [compiled] : [])].flatMap(({ answer }) =>
          (answer.errors ?? [])
            .filter(({ extensions, path = [] }) => {
              const isRefusal = extensions?.code === 'FORBIDDEN' && callersOf(name)[place] !== 'admin';
              return !isRefusal || path.length > (name === 'nodes' ? 2 : 1);
            })
            .map(({ message, path }) => `${name}, ${String(path)}: ${message}`),
        ),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test(`is there: ${COVERABLE.length} of ${COVERABLE.length} fields that take arguments or lead on are counted`, () => {
    const uncovered = COVERABLE.filter(({ coordinate, isMany }) => {
      const [few, many] = [held.few.get(coordinate) ?? 0, held.many.get(coordinate) ?? 0];
      return isMany && !NEVER_MORE.includes(coordinate) ? many <= few : few === 0 || many === 0;
    });
    expect(uncovered.map(({ coordinate }) => coordinate)).toEqual([]);
    figure('Limits', 'fields whose SQL statements are counted', COVERABLE.length);
  });
});

/** Looks each row up by itself. */
const oneByOne: Loaders['row'] = function <Row extends { id: string }>(
  this: Loaders,
  entity: RowClass<Row>,
  id: string,
) {
  return (this as unknown as { rows: Rows }).rows.byId(entity, id);
};

/** Loads what is asked for under one name one after the other. */
function inTurn(): Loaders['batch'] {
  const last = new WeakMap<Loaders, Map<string, Promise<unknown>>>();
  return function <Value>(
    this: Loaders,
    name: string,
    key: string,
    load: (keys: readonly string[]) => Promise<Map<string, Value>>,
  ) {
    const byName = last.get(this) ?? new Map<string, Promise<unknown>>();
    last.set(this, byName);
    const before = byName.get(name) ?? Promise.resolve();
    const loaded = before.then(async () => (await load([key])).get(key) ?? null);
    byName.set(name, loaded);
    return loaded;
  };
}

describe('it is noticed', () => {
  /** What is found in a document while a loader reads otherwise than it should. */
  const foundWith = <Name extends 'row' | 'batch'>(name: Name, weakened: Loaders[Name], document: string) =>
    replacing(Loaders.prototype as Pick<Loaders, Name>, name, weakened, () => growthOf(document));

  test('nothing, where loaders read together', async () => {
    const nothing = { statements: 0, reads: [] };
    expect(await growthOf('tickets')).toEqual(nothing);
  });

  test('if rows are looked up each by itself, though in one statement', async () => {
    const { reads: found } = await foundWith('row', oneByOne, 'tickets');
    for (const table of ['bots', 'flows', 'sends'])
      expect(found).toContainEqual(
        expect.stringMatching(`from ${table} where .*\\(id = \\?\\) limit n\\) as one$`),
      );
  });

  test('if things are loaded one after the other', async () => {
    const { statements } = await foundWith('batch', inTurn(), 'agents');
    expect(statements).toBeGreaterThanOrEqual(LARGE.first - SMALL.first);
  });

  test('if what things refer to is not read along with them', async () => {
    const learn = Loaders.prototype as Pick<Loaders, 'learn'>;
    const { few } = await replacing(
      learn,
      'learn',
      () => undefined,
      () => sizesOf('send'),
    );
    expect(few.statements).toBeGreaterThan(STATEMENTS['send']?.[0] ?? 0);
    expect((await sizesOf('send')).few.statements).toBe(STATEMENTS['send']?.[0]);
  });

  test('if there is a field that nothing is known of', () => {
    const extended = extendSchema(
      SCHEMA,
      parse('extend type Query { newestBots: [Bot!] botsNamed(name: String!): [Bot!] }'),
    );
    expect(namesIn(extended).filter((name) => !(name in STATEMENTS))).toEqual(['newestBots', 'botsNamed']);
    expect(() => documentFor('botsNamed', 'admin', extended)).toThrow(
      'Nothing is known to give Query.botsNamed.name',
    );
    const added = coverableIn(extended).filter(
      ({ coordinate }) => !COVERABLE.some((one) => one.coordinate === coordinate),
    );
    expect(added.map(({ coordinate }) => coordinate)).toEqual(['Query.newestBots', 'Query.botsNamed']);
  });
});
