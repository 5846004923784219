import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isInputObjectType, Kind, parse, visit } from 'graphql';
import { newId } from '../../src/entities/ids';
import { apiSchema } from '../../src/server/schema';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { deliver, messagesBody } from '../kit/customer';
import { flowOf } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answersAt, documentOf, ID_PLACES, kindsOf, listenAt, nameOf } from '../kit/id-places';
import { figure } from '../kit/scale';
import { everythingIn, twoContracts, type TwoContracts, type World } from '../kit/two-contracts';

/** Alerts that agents do not get. */
const FOR_ADMINS = ['flowOutdated', 'channelHealthChanged'];
/** The schema's names of the places that were tried. */
const tried = new Set<string>();
let app: TestApp;
let two: TwoContracts;
let ours: World;
let theirs: World;
const theirRows = (): Promise<string> => everythingIn(app.platform.store.rowsOf(theirs.desk.contractId));

beforeAll(async () => {
  app = await TestApp.start({ environment: { PRESENCE_TIMEOUT: '0' } });
  two = await twoContracts(app);
  ({ ours, theirs } = two);
});
afterAll(() => app.stop());

describe('nothing crosses over: an id of another contract is answered like one that does not exist', () => {
  const asked = ID_PLACES.filter(({ type }) => type !== 'Subscription');

  test.each(asked.map((place) => [nameOf(place), place] as const))('%s', async (_name, place) => {
    const before = await theirRows();
    for await (const { unknown, foreign } of answersAt(two, place)) {
      expect(foreign).toBe(unknown);
      expect(unknown).not.toMatch(/INTERNAL_SERVER_ERROR|GRAPHQL_VALIDATION_FAILED/);
    }
    expect(await theirRows()).toBe(before);
    tried.add(place.coordinate);
  });

  test('a webhook at one contract that names the number of another is for neither', async () => {
    const before = await theirRows();
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
    expect(await theirRows()).toBe(before);
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
  const fields = Object.keys(apiSchema().getSubscriptionType()?.getFields() ?? {});
  const anyPlace = { type: 'Subscription', path: [], list: false, coordinate: '' };
  const open = async (caller: Caller, field: string) => ({
    field,
    listener: await caller.listen(documentOf({ ...anyPlace, field })),
  });
  const all: Awaited<ReturnType<typeof open>>[] = [];
  const { secret } = await ours.desk.admin.act('createApiKey', { name: 'x', scopes: ['READ'] }, 'secret');
  const machine = app.machine(secret as string);
  for (const caller of [ours.desk.admin, ours.agent, machine]) {
    const heard = caller === ours.agent ? fields.filter((field) => !FOR_ADMINS.includes(field)) : fields;
    for (const field of heard) all.push(await open(caller, field));
  }
  for (const place of ID_PLACES.filter(({ type }) => type === 'Subscription')) {
    const [kind = 'Bot'] = kindsOf(place);
    const [foreign, unknown] = [theirs.ids[kind], newId(kind)];
    if (place.field === 'ticketMessageChanged') {
      const errors = [];
      for (const id of [foreign, unknown]) {
        const listener = await listenAt(ours.desk.admin, place, id, ours);
        errors.push(await listener.next().catch(String));
        await listener.close();
      }
      expect(errors[0]).toMatch(/NOT_FOUND/);
      expect(errors[0]).toBe(errors[1]);
    } else {
      all.push({ field: place.field, listener: await listenAt(ours.desk.admin, place, foreign, ours) });
    }
    tried.add(place.coordinate);
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

/** Every argument and field of an input, of the schema as it is published, that takes an id. */
function takingIds(): string[] {
  const names: string[] = [];
  const published = parse(readFileSync(path.join(__dirname, '../../schema.graphql'), 'utf8'));
  visit(published, {
    InputValueDefinition(node, _key, _parent, _path, ancestors) {
      let { type } = node;
      while (type.kind !== Kind.NAMED_TYPE) ({ type } = type);
      if (type.name.value !== 'ID') return;
      const within = ancestors.flatMap((one) =>
        'kind' in one && 'name' in one && one.name ? [one.name.value] : [],
      );
      names.push([...within, node.name.value].join('.'));
    },
  });
  return names.sort();
}

test(`the places that were tried are all that the schema has: ${takingIds().length} of ${takingIds().length}`, () => {
  const all = takingIds();
  expect([...tried].sort()).toEqual(all);
  expect(
    all.filter((name) => isInputObjectType(apiSchema().getType(name.split('.')[0] ?? ''))).length,
  ).toBeGreaterThan(50);
  figure('Tenants', 'arguments and inputs that take an id, tried', `${tried.size} of ${all.length}`);
});
