import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sql, { raw } from 'sql-template-tag';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/clock';
import type { Connection } from '../../src/database/connection';
import { TestApp } from '../kit/app';
import { engine } from '../kit/database';
import { Desk } from '../kit/desk';
import { describeWhere } from '../kit/describe-where';
import { eventually } from '../kit/eventually';
import { inboxWorked } from '../kit/inbox';

/** Tables that grow as long as a desk is used. */
const LARGE = [
  'contact_aliases',
  'contact_bots',
  'contacts',
  'deliveries',
  'delivery_facts',
  'events',
  'idempotency_keys',
  'inbox_bodies',
  'sends',
  'ticket_messages',
  'tickets',
];
const PHONE = '5511970000001';
const SEND_FILTERS = [
  {},
  { statuses: ['FAILED'] },
  { replyStates: ['AWAITING', 'REPLIED'] },
  { held: true },
  { search: 'maria' },
  { search: '97000' },
];
const TICKET_FILTERS = [{}, { statuses: ['OPEN'] }, { mine: true }, { search: 'maria' }];

/** The parts of a statement's plan that go through all rows of a large table. */
async function passesOf(connection: Connection, statement: string): Promise<string[]> {
  const plan = (await connection.all(raw(`explain query plan ${statement}`))).map(
    ({ detail }) => detail as string,
  );
  // A part of the statement that is read first may bear the name of the table that it is of.
  const read = new Set(plan.map((detail) => /^CO-ROUTINE (\w+)/.exec(detail)?.[1] ?? ''));
  return plan.filter((detail) => {
    const table = /^SCAN (\w+)/.exec(detail)?.[1] ?? '';
    return LARGE.includes(table) && !read.has(table);
  });
}

describeWhere(engine === 'sqlite' ? null : 'only SQLite says beforehand how it will read')(
  'no statement',
  () => {
    let app: TestApp;
    let seen: readonly string[];

    /** A day at a desk, and what goes on when nobody is there. */
    async function work(): Promise<void> {
      const desk = await Desk.open(app);
      const agent = await desk.agent('Bia');
      const send = await desk.accepted(agent, `+${PHONE}`);
      const customer = desk.customer(PHONE);
      await customer.report('delivered', send.providerMessageId);
      await customer.write('Yes', { context: send.providerMessageId });
      const { tickets } = await eventually(
        () => desk.admin.ask('{ tickets { nodes { id } } }'),
        (answer) => answer.tickets.nodes.length === 1,
      );
      const ticketId = tickets.nodes[0].id as string;
      await agent.act('acceptTicket', { ticketId }, 'ticket { id }');
      await agent.act(
        'sendTicketMessage',
        { ticketId, text: 'Here it is', idempotencyKey: crypto.randomUUID() },
        'message { id }',
      );
      for (const caller of [desk.admin, agent]) {
        for (const filter of SEND_FILTERS) {
          for (const orderBy of [null, { field: 'CHANGED', direction: 'ASC' }])
            await caller.ask(
              'query ($filter: SendFilter, $orderBy: SendOrder) { sends(filter: $filter, orderBy: $orderBy) { nodes { id timeline { at } } } }',
              { filter, orderBy },
            );
        }
        for (const filter of TICKET_FILTERS)
          await caller.ask(
            'query ($filter: TicketFilter) { tickets(filter: $filter) { nodes { id messages { nodes { id } } } } }',
            { filter },
          );
        await caller.ask('query ($bot: ID!) { contacts(botId: $bot, search: "maria") { nodes { id } } }', {
          bot: desk.botId,
        });
      }
      await desk.admin.ask('{ sendStatistics(groupBy: [AGENT]) { total medianSecondsToReply } }');
      await agent.act('closeTicket', { ticketId }, 'ticket { id }');
      await desk.admin.act('eraseContact', { contactId: send.contactId }, 'contact { id }');
      for (const pause of [SECOND, MINUTE, HOUR, DAY + HOUR, 60 * DAY]) {
        app.clock.advance(pause);
        await inboxWorked(app);
        await app.statementsOf(() => Promise.resolve());
      }
    }

    beforeAll(async () => {
      app = await TestApp.start();
      seen = await app.statementsDuring(work);
    });
    afterAll(() => app.stop());

    test('of a day at a desk goes through a table that grows', async () => {
      const read = new Set(seen.filter((text) => /^\s*(select|update|delete|with)/i.test(text)));
      expect(read.size).toBeGreaterThan(100);
      const passes: [string, string[]][] = [];
      for (const text of read) {
        const found = await passesOf(app.platform.store.engine.reader, text);
        if (found.length > 0) passes.push([text, found]);
      }
      expect(passes).toEqual([]);
    });

    test('would do so unnoticed', async () => {
      const { reader } = app.platform.store.engine;
      const { text } = sql`select id from deliveries where queued_at > ${1}`;
      expect(await passesOf(reader, text)).toEqual([expect.stringMatching(/^SCAN deliveries/)]);
    });
  },
);
