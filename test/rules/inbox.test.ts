import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import sql from 'sql-template-tag';
import { DatabaseUnavailable } from '../../src/database/connection';
import { newId } from '../../src/entities/ids';
import { InboxBodyRow } from '../../src/entities/inbox-body';
import { TestApp } from '../kit/app';
import type { Data } from '../kit/caller';
import { deliver, freshMessageId, messagesBody } from '../kit/customer';
import { engine } from '../kit/database';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';

const MINUTE = 60_000;
const POSTGRES_URL = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
let app: TestApp;
let desk: Desk;

beforeAll(async () => {
  app = await TestApp.start();
});
beforeEach(async () => {
  desk = await Desk.open(app);
});
afterAll(async () => {
  await app.stop();
});

let phones = 0;
const waId = (): string => `55119${String(50_000_000 + (phones += 1))}`;

function texts(from: string, ...bodies: string[]): object {
  return messagesBody(desk.door, {
    contacts: [{ profile: { name: 'Carla' }, wa_id: from }],
    messages: bodies.map((body) => ({
      from,
      id: freshMessageId(),
      timestamp: String(Math.floor(app.clock.now() / 1_000)),
      type: 'text',
      text: { body },
    })),
  });
}

async function written(): Promise<string[][]> {
  const { tickets } = await desk.admin.ask(
    '{ tickets(first: 100) { nodes { messages(first: 100) { nodes { text } } } } }',
  );
  return (tickets.nodes as Data[]).map(({ messages }) =>
    (messages.nodes as { text: string }[]).map(({ text }) => text),
  );
}

async function deadLetters(): Promise<string[]> {
  const { nodes } = (await desk.admin.ask('{ deadLetters { nodes { reason } } }')).deadLetters as {
    nodes: { reason: string }[];
  };
  return nodes.map(({ reason }) => reason);
}

describe('rule 25: what was taken in is worked, whatever happens meanwhile', () => {
  test('a body whose worker died is taken over where it stopped, once its lease is over', async () => {
    const now = app.clock.now();
    await app.platform.store.transact(desk.contractId, (transaction) =>
      transaction.insert(InboxBodyRow, {
        id: newId('InboxBody'),
        contractId: desk.contractId,
        channelId: desk.channelId,
        receivedAt: now,
        body: JSON.stringify(texts(waId(), 'worked before', 'two', 'three')),
        settledItems: 1,
        attempts: 1,
        dueAt: now,
        leaseOwner: 'a worker that died',
        leaseUntil: now + MINUTE,
        doneAt: null,
      }),
    );
    app.clock.advance(MINUTE - 10_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await written()).toEqual([]);
    app.clock.advance(15_000);
    expect(await eventually(written, ([first]) => first?.length === 2)).toEqual([['two', 'three']]);
    const rows = app.platform.store.rowsOf(desk.contractId);
    const [body] = await rows.find(InboxBodyRow, { where: sql`done_at is not null` });
    expect(body).toMatchObject({ settledItems: 3, body: '' });
  });

  test('bodies about one template are worked in the order of their arrival', async () => {
    const change = (field: string, more: object) => ({
      field,
      value: {
        message_template_id: 900000000000003,
        message_template_name: 'sale',
        message_template_language: 'pt_BR',
        ...more,
      },
    });
    const status = (event: string) => change('message_template_status_update', { event, reason: 'NONE' });
    const quality = change('message_template_quality_update', { new_quality_score: 'GREEN' });
    const body = (age: number, ...changes: object[]): InboxBodyRow => ({
      id: newId('InboxBody'),
      contractId: desk.contractId,
      channelId: desk.channelId,
      receivedAt: app.clock.now() - age,
      body: JSON.stringify({
        object: 'whatsapp_business_account',
        entry: [{ id: desk.businessAccountId, time: 1_700_000_000, changes }],
      }),
      settledItems: 0,
      attempts: 0,
      dueAt: app.clock.now() - age,
      leaseOwner: null,
      leaseUntil: null,
      doneAt: null,
    });
    // The earlier one has much to be worked before what the later one contradicts.
    const earlier = body(2, ...Array<object>(20).fill(quality), status('PAUSED'));
    const later = body(1, status('APPROVED'));
    await app.platform.store.transact(desk.contractId, async (transaction) => {
      await transaction.insert(InboxBodyRow, earlier, later);
      transaction.afterCommit(() => app.platform.wakeUps.inbox.ring());
    });
    await eventually(
      () => app.platform.store.rowsOf(desk.contractId).count(InboxBodyRow, sql`done_at is null`),
      (count) => count === 0,
    );
    const { node } = await desk.admin.ask(
      'query ($id: ID!) { node(id: $id) { ... on Template { status } } }',
      {
        id: desk.templates['sale'],
      },
    );
    expect(node.status).toBe('APPROVED');
  });

  const onPostgres = engine === 'postgres' ? test : test.skip;

  onPostgres(
    'a connection that is lost between two statements is an outage, and ends nothing else',
    async () => {
      const killer = new Client({
        connectionString: POSTGRES_URL,
      });
      await killer.connect();
      const work = app.platform.store.transact(desk.contractId, async (transaction) => {
        const [row] = await transaction.connection.all(sql`select pg_backend_pid() as pid`);
        await killer.query('select pg_terminate_backend($1)', [row?.['pid']]);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await transaction.connection.all(sql`select 1`);
      });
      await expect(work).rejects.toBeInstanceOf(DatabaseUnavailable);
      await killer.end();
      expect(await written()).toEqual([]);
    },
  );

  onPostgres('a database that goes away again and again loses no message and puts none aside', async () => {
    const killer = new Client({
      connectionString: POSTGRES_URL,
    });
    await killer.connect();
    const [name] = await app.platform.store
      .acrossContracts()
      .connection.all(sql`select current_database() as name`);
    const state = { over: false };
    const end = Date.now() + 25_000;
    const killing = (async () => {
      while (!state.over && Date.now() < end) {
        await killer.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
          name?.['name'],
        ]);
        // Long enough to connect, to do an act and to have it put on the disk.
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    })();
    for (let index = 0; index < 12; index += 1) {
      const body = texts(waId(), `${index} one`, `${index} two`, `${index} three`);
      // As the provider does: again, until it is taken.
      while ((await deliver(desk.door, body)) !== 200) continue;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    state.over = true;
    await killing;
    await killer.end();
    const all = await eventually(
      async () => {
        app.clock.advance(5_000);
        return (
          await desk.admin.request(
            '{ tickets(first: 100) { nodes { messages(first: 100) { nodes { text } } } } }',
          )
        ).data?.tickets.nodes as Data[] | undefined;
      },
      (nodes) => nodes?.length === 12 && nodes.every(({ messages }) => messages.nodes.length === 3),
    );
    expect(all).toHaveLength(12);
    expect(await deadLetters()).toEqual([]);
  });
});
