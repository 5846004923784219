import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql';
import { tableOf } from '../../src/database/rows';
import { SendRow } from '../../src/entities/send';
import { TicketRow } from '../../src/entities/ticket';
import { apiSchema } from '../../src/server/schema';
import { referencesOf, type Reference } from '../../src/services/access/references';
import { SIGHTS, type SeenKind } from '../../src/services/access/visibility';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { twoContracts, type World } from '../kit/two-contracts';
import { replacing } from '../kit/weakened';

const SCHEMA = apiSchema();
const KINDS = Object.keys(SIGHTS) as SeenKind[];

let app: TestApp;
let world: World;

beforeAll(async () => {
  app = await TestApp.start({ environment: { PRESENCE_TIMEOUT: '0', REQUESTS_PER_MINUTE: '1000000' } });
  ({ ours: world } = await twoContracts(app));
});
afterAll(() => app.stop());

type Field = GraphQLField<unknown, unknown>;

const fieldsOf = (kind: string): Field[] =>
  Object.values((SCHEMA.getType(kind) as GraphQLObjectType).getFields());

/** What is asked below a field: all that leads no further, and of a page its things. */
function below({ type }: Field): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (isInterfaceType(named)) return '{ __typename id }';
  if (!isObjectType(named)) throw new Error(`${named.name} is neither one thing nor of an interface`);
  if (named.name.endsWith('Connection')) return '{ totalCount nodes { id } }';
  const leaves = fieldsOf(named.name).filter(
    (field) => isLeafType(getNamedType(field.type)) && !field.args.some(isRequiredArgument),
  );
  return `{ __typename ${leaves.map(({ name }) => name).join(' ')} }`;
}

/** A field that is made of more than its own column: who asks for it has the whole row read. */
const MADE_OF_MORE: Readonly<Partial<Record<SeenKind, string>>> = {
  Agent: 'openTickets',
  AuditEntry: 'subject { id }',
  Bot: 'sendEligibility { allowed }',
  Contact: 'aliases',
  Flow: 'outdatedActivations { id }',
  Queue: 'waitingTickets',
  Send: 'retryable',
  Template: 'parameters { key }',
  TemplateActivation: 'sendable',
  Ticket: 'serviceWindowClosesAt',
  TicketMessage: 'media { mimeType }',
  WhatsAppChannel: 'health { state }',
};

async function answerOf(
  caller: Caller,
  kind: SeenKind,
  selected: string,
): Promise<{ data?: unknown; errors?: unknown }> {
  const { data, errors } = await caller.request(
    `query ($id: ID!) { node(id: $id) { ... on ${kind} { ${selected} } } }`,
    { id: (world.ids as Record<string, string>)[kind] },
  );
  return { data, errors: errors?.map(({ message, path }) => [message, path]) };
}

/** The fields of a kind whose answer differs by whether it is asked for alone or with the whole row, or is an error for an admin. */
async function differing(caller: Caller, kind: SeenKind): Promise<string[]> {
  const differ: string[] = [];
  const more = MADE_OF_MORE[kind] ?? '';
  for (const field of fieldsOf(kind)) {
    if (field.args.some(isRequiredArgument)) continue;
    const selected = `asked: ${field.name} ${below(field)}`;
    const [alone, along] = [
      await answerOf(caller, kind, selected),
      await answerOf(caller, kind, `${selected} more: ${more === '' ? 'id' : more}`),
    ];
    const without = JSON.parse(JSON.stringify(along)) as {
      data?: { node?: { more?: unknown } | null } | null;
    };
    delete without.data?.node?.more;
    const isRefused = caller === world.desk.admin && alone.errors !== undefined;
    if (isRefused || JSON.stringify(alone) !== JSON.stringify(without)) differ.push(`${kind}.${field.name}`);
  }
  return differ;
}

describe('a field tells the same', () => {
  test.each(KINDS)('of %s, asked for alone or with all that there is', async (kind) => {
    expect(await differing(world.desk.admin, kind)).toEqual([]);
    expect(await differing(world.agent, kind)).toEqual([]);
  });

  test('and it is noticed where a reference is read of the wrong column', async () => {
    const references = referencesOf('Send') as Record<string, Reference>;
    const wrong: Reference = { property: 'botId', kind: 'Agent', sight: 'by itself' };
    const found = await replacing(references, 'agent', wrong, () => differing(world.desk.admin, 'Send'));
    expect(found).toEqual(['Send.agent']);
  });
});

describe('what was not read', () => {
  test('is no property without a value: who asks for it is told', async () => {
    const [send] = await app.platform.store
      .rowsOf(world.desk.contractId)
      .findOnly(SendRow, ['id', 'status'], { limit: 1 });
    expect(send?.status).toEqual(expect.any(String));
    expect(() => (send as SendRow).templateId).toThrow('templateId of sends was not read');
    expect(Object.keys(send ?? {})).toEqual(['id', 'status']);
  });
});

describe('a reference of which the id alone is asked', () => {
  test('is told without another look, where the database keeps what is referred to', async () => {
    const id = world.ids.Send;
    const texts = await app.statementsOf(async () => {
      const { send } = await world.desk.admin.ask(
        'query ($id: ID!) { send(id: $id) { template { id } bot { id } contact { id name } } }',
        { id },
      );
      expect(send).toMatchObject({
        template: { id: world.ids.Template },
        contact: { id: world.ids.Contact },
      });
    });
    expect(texts.join('\n')).toContain('from contacts where');
    expect(texts.join('\n')).not.toMatch(/from (?:templates|bots) where/);
  });

  test("is looked up where it may be gone, or may be none of the caller's to see", async () => {
    const { byProperty } = tableOf(TicketRow);
    expect(
      [...byProperty.values()].filter(({ isReference }) => isReference).map((one) => one.property),
    ).toEqual(expect.not.arrayContaining(['lastMessageId']));
    const ask = 'query ($id: ID!) { ticket(id: $id) { lastMessage { id } send { id } } }';
    const texts = await app.statementsOf(async () => {
      await world.agent.ask(ask, { id: world.ids.Ticket });
    });
    expect(texts.join('\n')).toMatch(/from ticket_messages where/);
    expect(texts.join('\n')).toMatch(/from sends where .*sends\.agent_id = /);
  });
});
