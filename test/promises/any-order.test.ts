import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { AgentRow } from '../../src/entities/agent';
import { SendRow } from '../../src/entities/send';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { deliver, messagesBody } from '../kit/customer';
import { engine } from '../kit/database';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { inboxWorked } from '../kit/inbox';
import { answers } from '../kit/provider-double';
import { figure, scaled } from '../kit/scale';
import { WebhookStorm, type Body, type PlannedPerson, type PlannedSend } from '../kit/webhook-storm';

/** Another storm: WEBHOOK_SEED=… npx jest test/promises/any-order.test.ts */
const SEED = Number(process.env['WEBHOOK_SEED'] ?? 20_260_302);
const PROMISE = 'Any order, any number of times';
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const PATIENCE = 300_000;
/** No limit that a loaded machine comes near to. */
const LONGEST = 1_200_000;
const POSTS_AT_ONCE = 24;

let app: TestApp;
let desk: Desk;
let agent: Caller;

beforeAll(async () => {
  app = await TestApp.start({ environment: { SENDS_PER_MINUTE: '100000' } });
  desk = await Desk.open(app);
  agent = await desk.agent('Bia');
});
afterAll(async () => {
  await app.stop();
});

let phones = 0;
const phone = (): string => `55119${String(60_000_000 + (phones += 1))}`;

// ---------------------------------------------------------------- what must come out: the rules in a few lines

interface Expected {
  status: string;
  replyState: string;
  deliveredAt: string | null;
  readAt: string | null;
  /** How often each word was reported. */
  reports: Record<string, number>;
}

const iso = (instant: number | null): string | null =>
  instant === null ? null : new Date(instant).toISOString();

function expectedOf({ answer, reports, reply }: PlannedSend): Expected {
  const isFound = answer !== 'never' || reports.some(({ correlated }) => correlated.includes(true));
  const heard = isFound ? reports : [];
  const first = (...words: string[]): number | null => {
    const times = heard.filter(({ status }) => words.includes(status)).map(({ at }) => at);
    return times.length === 0 ? null : Math.min(...times);
  };
  const [readAt, delivered, failed] = [first('read', 'played'), first('delivered'), first('failed')];
  const status = ((): string => {
    if (readAt !== null) return 'READ';
    if (delivered !== null) return 'DELIVERED';
    if (failed !== null || answer === 'refused') return 'FAILED';
    if (first('sent') !== null) return 'SENT';
    // Nobody reports on what it does not have; who hears nothing at all gives up.
    return answer === 'never' && heard.length === 0 ? 'FAILED' : 'ACCEPTED';
  })();
  const isAnswered = reply === 'in time' && answer !== 'refused';
  const counts: Record<string, number> = {};
  for (const one of heard) counts[one.status] = (counts[one.status] ?? 0) + one.correlated.length;
  return {
    status,
    replyState: isAnswered ? 'REPLIED' : status === 'FAILED' ? 'NONE' : 'EXPIRED',
    deliveredAt: iso(delivered ?? readAt),
    readAt: iso(readAt),
    reports: counts,
  };
}

function answersASend({ send }: PlannedPerson): boolean {
  return send !== null && expectedOf(send).replyState === 'REPLIED';
}

// ---------------------------------------------------------------- what has come out

async function sendsById(): Promise<Map<string, Data>> {
  const found = new Map<string, Data>();
  let after: string | null = null;
  do {
    const { sends } = await desk.admin.ask(
      `query ($after: String) { sends(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes {
        id status replyState deliveredAt readAt ticket { id origin } } } }`,
      { after },
    );
    for (const node of sends.nodes as Data[]) found.set(node.id as string, node);
    after = sends.pageInfo.hasNextPage ? (sends.pageInfo.endCursor as string) : null;
  } while (after !== null);
  return found;
}

/** How often each word was reported of each message, by the ids of both. */
async function reportsCounted(): Promise<Map<unknown, Record<string, number>>> {
  const counted = await rows().all(sql`
    select delivery_id, word, sum(count) as total from delivery_facts
    where kind = 'report' and contract_id = ${desk.contractId} group by delivery_id, word`);
  const found = new Map<unknown, Record<string, number>>();
  for (const { delivery_id: id, word, total } of counted)
    found.set(id, { ...found.get(id), [String(word)]: Number(total) });
  return found;
}

const rows = () => app.platform.store.rowsOf(desk.contractId).connection;

async function postAll(bodies: readonly Body[]): Promise<void> {
  let next = 0;
  const post = async (): Promise<void> => {
    for (let body = bodies[next++]; body; body = bodies[next++])
      expect([await deliver(desk.door, body.text), body.text.slice(0, 300)]).toEqual([
        body.expected,
        body.text.slice(0, 300),
      ]);
  };
  await Promise.all(Array.from({ length: POSTS_AT_ONCE }, post));
}

/**
 * What time alone still changes: windows that are over, silence, and reports that were parked at the very instant at
 * which their message became known.
 */
function unsettled(): Promise<unknown[]> {
  return rows().all(sql`
    select 1 as one from sends where reply_state = 'AWAITING' or outcome_unknown = 1
    union all select 1 from parked_reports where exists (select 1 from deliveries
      where deliveries.channel_id = parked_reports.channel_id
        and deliveries.provider_message_id = parked_reports.provider_message_id)
    limit 1`);
}

async function oneByOne<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const take = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, take));
}

describe('the inbox', () => {
  test(
    `leaves the same behind whatever comes how often and in which order (seed ${SEED})`,
    async () => {
      const storm = new WebhookStorm(SEED, scaled(40, 500));
      const planned = new Map(storm.sends.map((send) => [send.phone.slice(1), send]));
      let answerTheRest = (): void => undefined;
      const reported = new Promise<void>((resolve) => (answerTheRest = resolve));
      app.provider.answer((call) => {
        const send = planned.get((call.body as { to: string }).to.replace(/\D/g, ''));
        const accept = answers.accept({ messageId: send?.providerMessageId ?? '' });
        switch (send?.answer) {
          case 'after its reports':
            return { do: 'delay', until: reported, then: accept };
          case 'never':
            return { do: 'reset', when: 'mid-body' };
          case 'refused':
            return answers.error(132015);
          default:
            return accept;
        }
      });

      const ids = new Map<PlannedSend, string>();
      await oneByOne(storm.sends, async (send) => {
        const { send: made } = await agent.act(
          'sendActiveMessage',
          desk.orderUpdate(send.phone),
          'send { id }',
        );
        ids.set(send, made.id as string);
      });
      await app.provider.waitForSends(storm.sends.length, PATIENCE);
      const calledBy = Math.ceil(app.clock.now() / 1_000) * 1_000;
      storm.write(calledBy, scaled(40, 1_500));
      const idOf = (send: PlannedSend): string => ids.get(send) ?? '';

      const early = storm.early(desk.door, idOf);
      await postAll(early);
      await inboxWorked(app, PATIENCE);
      answerTheRest();
      await eventually(
        async () =>
          (await rows().all(sql`select 1 as one from deliveries where lease_until is not null limit 1`))
            .length,
        (left) => left === 0,
        PATIENCE,
      );

      // Whatever else there is to tell arrives days late.
      app.clock.advance(3 * DAY);
      const bodies = storm.late(desk.door, idOf, scaled(300, 10_000));
      const begun = performance.now();
      await postAll(bodies);
      const posted = performance.now();
      await inboxWorked(app, PATIENCE);
      const seconds = (performance.now() - begun) / 1_000;
      figure(PROMISE, 'bodies posted', bodies.length);
      figure(PROMISE, 'bodies taken in a second', Math.round(bodies.length / ((posted - begun) / 1_000)));
      figure(PROMISE, 'bodies worked a second, while more come', Math.round(bodies.length / seconds));

      // Every send is as its reports say, each of which was counted as often as it came.
      app.clock.advance(MINUTE);
      await eventually(
        async () => (await unsettled()).length,
        (left) => left === 0,
        PATIENCE,
      );
      const sends = await sendsById();
      const counted = await reportsCounted();
      for (const send of storm.sends) {
        const { status, replyState, deliveredAt, readAt } = sends.get(idOf(send));
        const reports = counted.get(idOf(send)) ?? {};
        expect({ send, status, replyState, deliveredAt, readAt, reports }).toEqual({
          send,
          ...expectedOf(send),
        });
      }

      // Each message is there once, in the one ticket of whoever wrote it; nothing else is.
      const stored = await rows().all(sql`
      select ticket_messages.provider_message_id, tickets.id as ticket_id, tickets.origin
      from ticket_messages join tickets on tickets.id = ticket_messages.ticket_id
      where tickets.contract_id = ${desk.contractId}`);
      const ticketOf = new Map(stored.map((row) => [row['provider_message_id'], row]));
      expect(stored).toHaveLength(ticketOf.size);
      expect([...ticketOf.keys()].sort()).toEqual(
        storm.people.flatMap(({ messages }) => messages.map(({ id }) => id)).sort(),
      );
      const tickets = new Set<unknown>();
      for (const person of storm.people) {
        const found = new Set(person.messages.map(({ id }) => ticketOf.get(id)?.['ticket_id']));
        const [ticket] = found;
        expect([person.waId, found.size]).toEqual([person.waId, 1]);
        tickets.add(ticket);
        const origin = ticketOf.get(person.messages[0]?.id ?? '')?.['origin'];
        expect([person, origin]).toEqual([
          person,
          answersASend(person) ? 'ACTIVE_MESSAGE_REPLY' : 'CUSTOMER',
        ]);
        if (person.send) {
          const { ticket: answered } = sends.get(idOf(person.send));
          expect(answered?.id ?? null).toBe(answersASend(person) ? ticket : null);
        }
      }
      expect(tickets.size).toBe(storm.people.length);
      expect(
        await rows().all(sql`select count(*) as count from tickets where contract_id = ${desk.contractId}`),
      ).toEqual([{ count: storm.people.length }]);

      // What could not be understood was put aside, with its reason; what was too large left nothing behind.
      const aside = await rows().all(
        sql`select reason, count(*) as count from dead_letters where contract_id = ${desk.contractId} group by reason`,
      );
      const reasons = aside.map(({ reason, count }) => [reason, Number(count)] as const);
      expect(new Map(reasons)).toEqual(storm.putAside);
      const taken = bodies.filter(({ expected }) => expected === 200).length + early.length;
      expect(Number((await rows().all(sql`select count(*) as count from inbox_bodies`))[0]?.['count'])).toBe(
        taken,
      );
    },
    LONGEST,
  );

  test('works what comes after a body of very many items before it is through with that', async () => {
    const [long, short] = [phone(), phone()];
    const statuses = Array.from({ length: 500 }, (_, index) => ({
      id: `wamid.unknown.${index}`,
      status: 'sent',
      timestamp: '1772000000',
      recipient_id: long,
    }));
    await deliver(desk.door, messagesBody(desk.door, { statuses }));
    await eventually(
      async () =>
        rows().all(sql`select 1 as one from inbox_bodies where settled_items > 0 and done_at is null`),
      ({ length }) => length > 0,
    );
    await desk.customer(short).write('Hi');
    const unworked = await eventually(
      () => rows().all(sql`select settled_items from inbox_bodies where done_at is null`),
      ({ length }) => length < 2,
      PATIENCE,
    );
    expect(unworked.map((row) => Number(row['settled_items']) > 0)).toEqual([true]);
    await inboxWorked(app, PATIENCE);
  });
});

describe('on PostgreSQL', () => {
  const onPostgres = engine === 'postgres' ? test : test.skip;

  onPostgres('who holds a row locked holds up nobody who changes what refers to it', async () => {
    app.provider.answer(answers.accept());
    await agent.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
    const { id } = await desk.accepted(agent, `+${phone()}`);
    const before = await app.platform.store.rowsOf(desk.contractId).byId(SendRow, id);
    if (!before) throw new Error('The send is not there');
    await app.platform.store.transact(desk.contractId, async (holding) => {
      await holding.lock(AgentRow, before.agentId);
      await app.platform.store.engine.transact(desk.contractId, async (connection) => {
        await connection.run(sql`set local lock_timeout = 5000`);
        // Twice, since then PostgreSQL looks at what the row refers to.
        for (const at of [1, 2])
          await connection.run(sql`update sends set updated_at = ${at} where id = ${id}`);
        return { result: null, recorded: [] };
      });
    });
  });
});
