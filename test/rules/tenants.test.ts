import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isInterfaceType,
  isLeafType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
} from 'graphql';
import { ALL_ENTITIES } from '../../src/entities/all';
import { newId, type IdKind } from '../../src/entities/ids';
import type { RowClass } from '../../src/database/rows';
import { apiSchema } from '../../src/server/schema';
import { TestApp } from '../kit/app';
import type { Caller, GraphQLAnswer } from '../kit/caller';
import { deliver, messagesBody, VERIFY_TOKEN } from '../kit/customer';
import { Desk, flowOf, SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';

type Values = Record<string, unknown>;
type Ids = Partial<Record<IdKind, string>> & Record<'Agent' | 'Bot' | 'Ticket' | 'Send', string>;

/** A contract with one thing of every kind that has an id in the API. */
interface World {
  desk: Desk;
  agent: Caller;
  ids: Ids;
}

const schema = apiSchema();
let app: TestApp;
let ours: World;
let theirs: World;

async function worldOf(phone: string): Promise<World> {
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

beforeAll(async () => {
  app = await TestApp.start({ environment: { PRESENCE_TIMEOUT: '0' } });
  ours = await worldOf('5511980000001');
  theirs = await worldOf('5511980000002');
});
afterAll(() => app.stop());

/** The kinds of things that an argument of this name may mean. */
function kindsOf(field: string, name: string): IdKind[] {
  const everything = Object.keys(theirs.ids) as IdKind[];
  if (field === 'node' || field === 'nodes' || name === 'subjectId') return everything;
  if (name === 'ids') return ['DeadLetter'];
  if (name === 'id') return [(field.charAt(0).toUpperCase() + field.slice(1)) as IdKind];
  if (name === 'maySendOnBotId') return ['Bot'];
  if (name === 'reservedForIds') return ['Agent'];
  if (name === 'channelId') return ['WhatsAppChannel'];
  const kind = name.replace(/Ids?$/, '');
  return [(kind.charAt(0).toUpperCase() + kind.slice(1)) as IdKind];
}

/** Everything else that a field needs to go through, all of it the caller's own. */
function ownArguments(field: string): Values {
  const { ids, desk } = ours;
  const botId = ids.Bot;
  const inputs: Record<string, Values> = {
    acceptTicket: { ticketId: ids.Ticket },
    cancelSend: { sendId: ids.Send },
    checkSend: { botId, templateId: ids.Template, recipient: { contactId: ids.Contact } },
    closeTicket: { ticketId: ids.Ticket },
    connectWhatsAppChannel: {
      botId,
      phoneNumber: '+551140000000',
      cloudApi: {
        phoneNumberId: '77',
        businessAccountId: '78',
        accessToken: 't',
        appSecret: 's',
        verifyToken: 'v',
      },
    },
    createQueue: { botId, name: 'More', agentIds: [ids.Agent], rules: [] },
    deleteQueue: { queueId: ids.Queue },
    disableTemplates: { botId, templateIds: [ids.Template] },
    discardDeadLetters: { ids: [ids.DeadLetter] },
    disconnectWhatsAppChannel: { channelId: ids.WhatsAppChannel },
    enableTemplates: { botId, templateIds: [ids.Template], returnBlockId: SERVICE_BLOCK },
    markTicketRead: { ticketId: ids.Ticket },
    publishFlow: { botId, definition: flowOf(SERVICE_BLOCK) },
    releaseHeldSends: { sendIds: [ids.Send] },
    releaseReply: { sendId: ids.Send },
    retryDeadLetters: { ids: [ids.DeadLetter] },
    retrySend: { sendId: ids.Send, idempotencyKey: 'retry' },
    revokeApiKey: { apiKeyId: ids.ApiKey },
    sendActiveMessage: {
      ...desk.orderUpdate('+5511980000009', 'fresh'),
      recipient: { contactId: ids.Contact },
    },
    sendTicketMessage: { ticketId: ids.Ticket, text: 'Oi', idempotencyKey: 'oi' },
    setAdvancedSetting: { botId, domain: 'd', key: 'k', value: 'v' },
    setContactOptOut: { contactId: ids.Contact, optedOut: false, scope: 'ALL' },
    setPermissions: { botId, agentIds: [ids.Agent], permission: 'SEND_ACTIVE_MESSAGES', granted: true },
    setPresence: { agentId: ids.Agent, presence: 'ONLINE' },
    syncTemplates: { botId },
    transferTicket: { ticketId: ids.Ticket },
    updateAgent: { agentId: ids.Agent, name: 'Bia' },
    updateBot: { botId, name: 'Orders' },
    updateQueue: { queueId: ids.Queue, agentIds: [ids.Agent] },
    updateReturnFlow: { botId, templateIds: [ids.Template], returnBlockId: SERVICE_BLOCK },
    updateSettings: { botId, enabled: true },
    updateWhatsAppChannel: { channelId: ids.WhatsAppChannel, verifyToken: VERIFY_TOKEN },
    upsertContact: { botId, phone: '+5511980000001' },
  };
  const input = inputs[field];
  return input ? { input } : {};
}

/** A place in a field's arguments that takes an id. */
interface Place {
  root: 'Query' | 'Mutation' | 'Subscription';
  field: string;
  path: string[];
  list: boolean;
}

function placesIn(
  arguments_: readonly (GraphQLArgument | GraphQLInputField)[],
  path: string[],
  found: (path: string[], list: boolean) => void,
): void {
  for (const { name, type } of arguments_) {
    const named = getNamedType(type);
    const here = [...path, name];
    if (named.name === 'ID') found(here, isListType(getNullableType(type)));
    else if (isInputObjectType(named)) placesIn(Object.values(named.getFields()), here, found);
  }
}

const PLACES: Place[] = (['Query', 'Mutation', 'Subscription'] as const).flatMap((root) => {
  const places: Place[] = [];
  const type = schema.getType(root);
  if (!isObjectType(type)) throw new Error(`There is no ${root}`);
  for (const { name: field, args } of Object.values(type.getFields())) {
    placesIn(args, [], (path, list) => void places.push({ root, field, path, list }));
  }
  return places;
});

const takesNothing = ({ args }: GraphQLField<unknown, unknown>): boolean =>
  args.every(({ type, defaultValue }) => !isNonNullType(type) || defaultValue !== undefined);

/** All that can be selected without arguments, to this depth. */
function selectionOf(type: GraphQLNamedType, depth: number): string {
  if (!isObjectType(type) && !isInterfaceType(type)) return '';
  const inner = Object.values(type.getFields()).map((field) => {
    const named = getNamedType(field.type);
    if (!takesNothing(field) || named.name === 'Sandbox') return '';
    if (isLeafType(named)) return field.name;
    if (depth <= 0) return '';
    const below = selectionOf(named, depth - 1);
    return below === '' ? '' : `${field.name} { ${below} }`;
  });
  return `__typename ${inner.join(' ')}`;
}

function documentOf(root: Place['root'], field: string): string {
  const type = schema.getType(root);
  const definition = isObjectType(type) ? type.getFields()[field] : undefined;
  if (!definition) throw new Error(`There is no ${root}.${field}`);
  const args = definition.args.filter(({ defaultValue }) => defaultValue === undefined);
  const list = definition.args.some(({ name }) => name === 'first');
  const named = args.filter(({ name }) => !['first', 'last', 'before', 'after'].includes(name));
  const variables = named.map(({ name, type: of }) => `$${name}: ${String(of)}`).join(', ');
  const passed = [...named.map(({ name }) => `${name}: $${name}`), ...(list ? ['first: 5'] : [])].join(', ');
  const depth = list ? 2 : 1;
  return `${root.toLowerCase()}${variables && `(${variables})`} { ${field}${passed && `(${passed})`} { ${selectionOf(getNamedType(definition.type), depth)} } }`;
}

function withId({ field, path, list }: Place, id: string, own: string | null): Values {
  const variables = structuredClone(ownArguments(field));
  let at = variables;
  for (const name of path.slice(0, -1)) at = (at[name] ??= {}) as Values;
  const last = path.at(-1) ?? '';
  at[last] = list ? (own === null ? [id] : [own, id]) : id;
  return variables;
}

/** An answer without the ids and times in it that differ from call to call. */
const neutral = (answer: GraphQLAnswer, id: string): string =>
  JSON.stringify(answer)
    .replaceAll(id, 'THE ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'A TIME')
    .replaceAll(/request [0-9a-f-]{36}/g, 'a request');

async function everythingOf(contractId: string): Promise<string> {
  const rows = app.platform.store.rowsOf(contractId);
  const all: unknown[] = [];
  for (const entity of ALL_ENTITIES as readonly RowClass<object>[]) {
    const found = await rows.find(entity).catch((error: unknown) => {
      // Not every kind of row names its contract: what it belongs to is read with it.
      if (error instanceof Error && error.message.includes('belongs to no contract')) return [];
      throw error;
    });
    all.push([entity.name, found.map((row) => JSON.stringify({ ...row, lastSeenAt: null })).sort()]);
  }
  return JSON.stringify(all);
}

const callers = (): [string, Caller][] => [
  ['an admin', ours.desk.admin],
  ['an agent', ours.agent],
];

describe('nothing crosses over: an id of another contract is answered like one that does not exist', () => {
  const asked = PLACES.filter(({ root }) => root !== 'Subscription');

  test.each(asked.map((place) => [`${place.field}(${place.path.join('.')})`, place] as const))(
    '%s',
    async (_name, place) => {
      const before = await everythingOf(theirs.desk.contractId);
      const document = documentOf(place.root, place.field);
      for (const kind of kindsOf(place.field, place.path.at(-1) ?? '')) {
        const foreign = theirs.ids[kind];
        if (foreign === undefined) throw new Error(`There is no ${kind}`);
        const unknown = newId(kind);
        const mixed = place.list && place.root === 'Mutation' ? [null, ours.ids[kind] ?? null] : [null];
        for (const own of mixed) {
          for (const [who, caller] of callers()) {
            const answerTo = async (id: string): Promise<string> =>
              `${who}: ${neutral(await caller.request(document, withId(place, id, own)), id)}`;
            const expected = await answerTo(unknown);
            expect(await answerTo(foreign)).toBe(expected);
            expect(expected).not.toMatch(/INTERNAL_SERVER_ERROR|GRAPHQL_VALIDATION_FAILED/);
          }
        }
      }
      expect(await everythingOf(theirs.desk.contractId)).toBe(before);
    },
  );

  test('fields that take an id', async () => {
    const document = `query ($agent: ID!, $template: ID!, $bot: ID!) {
      agent: node(id: $agent) { ... on Agent { permissions(botId: $bot) { bot { id } } } }
      template: node(id: $template) { ... on Template {
        activation(botId: $bot) { id } activations(botIds: [$bot]) { id } issues(botId: $bot) { code message } } } }`;
    const answerTo = async (bot: string): Promise<string> => {
      const variables = { agent: ours.ids.Agent, template: ours.ids.Template, bot };
      return neutral(await ours.desk.admin.request(document, variables), bot);
    };
    expect(await answerTo(theirs.ids.Bot)).toBe(await answerTo(newId('Bot')));
  });

  test('a webhook at one contract that names the number of another is for neither', async () => {
    const before = await everythingOf(theirs.desk.contractId);
    const letters = async (): Promise<number> =>
      (await ours.desk.admin.ask('{ deadLetters { totalCount } }')).deadLetters.totalCount as number;
    const count = await letters();
    const { phoneNumberId, businessAccountId } = theirs.desk;
    const body = messagesBody(
      { ...ours.desk.door, phoneNumberId, businessAccountId },
      {
        messages: [
          {
            from: '5511980000002',
            id: 'wamid.cross',
            timestamp: '1772452800',
            type: 'text',
            text: { body: 'x' },
          },
        ],
        contacts: [{ wa_id: '5511980000002', profile: { name: 'X' } }],
      },
    );
    expect(await deliver(ours.desk, body)).toBe(200);
    await eventually(letters, (now) => now > count);
    expect(await everythingOf(theirs.desk.contractId)).toBe(before);
  });

  test('places in the log of another contract are none', async () => {
    const cursor = await theirs.desk.admin.cursor();
    const { sends } = await theirs.desk.admin.ask('{ sends { nodes { changeCursor } } }');
    for (const after of [cursor, sends.nodes[0].changeCursor as string]) {
      const query = 'query ($after: String) { sends(filter: { changedAfter: $after }) { totalCount } }';
      expect(await ours.desk.admin.problem(query, { after })).toBe('BAD_USER_INPUT');
      const listener = await ours.desk.admin.listen(
        'subscription ($after: String) { presenceChanged(after: $after) { cursor } }',
        { after },
      );
      await expect(listener.next()).rejects.toThrow(/BAD_USER_INPUT/);
      await listener.close();
    }
  });
});

test('subscriptions: ids of another contract are heard nothing of, nor is anything else of it', async () => {
  const listened = PLACES.filter(({ root }) => root === 'Subscription');
  const fields = Object.keys(schema.getSubscriptionType()?.getFields() ?? {});
  const open = async (caller: Caller, field: string, variables: Values) => {
    const document = documentOf('Subscription', field);
    return { caller, field, listener: await caller.listen(document, variables) };
  };
  const all = [];
  const { secret } = await ours.desk.admin.act('createApiKey', { name: 'x', scopes: ['READ'] }, 'secret');
  const machine = app.machine(secret as string);
  const sockets = [ours.desk.admin, ours.agent, machine].flatMap((caller) => [
    ...fields.map((field) => ({ caller, field, variables: {} })),
  ]);
  for (const { caller, field, variables } of sockets.filter(
    ({ caller, field }) => caller !== ours.agent || !['flowOutdated', 'channelHealthChanged'].includes(field),
  )) {
    all.push(await open(caller, field, variables));
  }
  for (const place of listened) {
    const [kind = 'Bot'] = kindsOf(place.field, place.path.at(-1) ?? '');
    const [foreign, unknown] = [theirs.ids[kind] ?? '', newId(kind)];
    if (place.field === 'ticketMessageChanged') {
      const errors = [];
      for (const id of [foreign, unknown]) {
        const { listener } = await open(ours.desk.admin, place.field, withId(place, id, null));
        errors.push(await listener.next().catch(String));
        await listener.close();
      }
      expect(errors[0]).toMatch(/NOT_FOUND/);
      expect(errors[0]).toBe(errors[1]);
    } else {
      all.push(await open(ours.desk.admin, place.field, withId(place, foreign, null)));
    }
  }
  const { desk, agent } = theirs;
  await agent.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
  await agent.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
  const send = await desk.accepted(agent, '+5511980000012');
  await desk.customer('5511980000012').report('delivered', send.providerMessageId);
  await desk.customer('5511980000012').write('Oi', { context: send.providerMessageId });
  await desk.sendWhen(agent, send.id, ({ replyState }) => replyState === 'REPLIED');
  await desk.admin.act(
    'publishFlow',
    { botId: desk.botId, definition: flowOf('onboarding2') },
    'newlyOutdated { id }',
  );
  await desk.admin.act('disconnectWhatsAppChannel', { channelId: desk.channelId }, 'bot { id }');
  // What our own contract does comes after it all.
  await ours.agent.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
  for (const { field, listener } of all) {
    if (field !== 'presenceChanged') continue;
    expect(await listener.next()).toMatchObject({ presenceChanged: { agent: { id: ours.agent.id } } });
  }
  for (const { field, listener } of all) {
    expect([field, listener.pending, listener.closed]).toEqual([field, 0, null]);
    expect(JSON.stringify(listener.frames)).not.toContain(theirs.desk.contractId);
    await listener.close();
  }
});
