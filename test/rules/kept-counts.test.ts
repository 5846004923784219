import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sql from 'sql-template-tag';
import type { Store } from '../../src/database/store';
import { ReplyState, SendStatus } from '../../src/entities/enums';
import { SendRow } from '../../src/entities/send';
import { SendCountRow } from '../../src/entities/send-count';
import { SendCountMarkRow } from '../../src/entities/send-count-mark';
import type { Platform } from '../../src/services/context';
import { countChangedSends } from '../../src/services/statistics/send-counts';
import { ReplyTimes } from '../../src/services/statistics/statistics-folding';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { mutated } from '../kit/mutated';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LONGEST = 300_000;
const always = (): boolean => true;

type Counting = typeof countChangedSends;

let app: TestApp;
let desk: Desk;
let beside: Desk;
let agents: Caller[];

beforeAll(async () => {
  app = await TestApp.start({ environment: { SENDS_PER_MINUTE: '100000' } });
});
beforeEach(async () => {
  made.length = 0;
  desk = await Desk.open(app);
  beside = await Desk.open(app, { beside: desk });
  agents = [await desk.agent('Bia'), await desk.agent('Caio')];
  for (const { id } of agents) await beside.grant(id);
});
afterAll(async () => {
  await app.stop();
});

let phones = 0;
const phone = (): string => `+55119${String(50_000_000 + (phones += 1))}`;

/** A send that WhatsApp took; whoever was away for long has come back for it. */
async function accepted(on: Desk, agent: Caller, to: string): ReturnType<Desk['accepted']> {
  await agent.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
  return on.accepted(agent, to);
}

// ---------------------------------------------------------------- a plain count, of all sends one by one

/** What local clocks are ahead of UTC by: zones whose clocks are not moved. */
const ZONES: Record<string, number> = {
  UTC: 0,
  'America/Sao_Paulo': -3 * HOUR,
  'Asia/Kolkata': 5.5 * HOUR,
  'Asia/Kathmandu': 5.75 * HOUR,
};

interface Asked {
  caller: Caller;
  filter: { createdFrom: number; createdBefore?: number; [list: string]: unknown };
  groupBy: string[];
  timeZone: string;
}

const COLUMNS = { BOT: 'botId', TEMPLATE: 'templateId', AGENT: 'agentId' } as const;
const LISTS = { botIds: 'botId', templateIds: 'templateId', agentIds: 'agentId' } as const;

function plainCount(sends: readonly SendRow[], { caller, filter, groupBy, timeZone }: Asked): Data[] {
  const groups = new Map<string, SendRow[]>();
  for (const send of sends) {
    if (send.createdAt < filter.createdFrom || send.createdAt >= (filter.createdBefore ?? Infinity)) continue;
    if (caller !== desk.admin && send.agentId !== caller.id) continue;
    const isLeftOut = Object.entries(LISTS).some(([list, column]) => {
      const wanted = filter[list] as string[] | undefined;
      return wanted !== undefined && !wanted.includes(send[column]);
    });
    if (isLeftOut) continue;
    const length = groupBy.includes('HOUR') ? HOUR : groupBy.includes('DAY') ? DAY : null;
    const ahead = ZONES[timeZone]!;
    const start = length && Math.floor((send.createdAt + ahead) / length) * length - ahead;
    const ids = Object.entries(COLUMNS).map(([word, column]) =>
      groupBy.includes(word) ? send[column] : null,
    );
    const key = JSON.stringify([...ids, start && new Date(start).toISOString()]);
    groups.set(key, [...(groups.get(key) ?? []), send]);
  }
  // Without groups there is one of all, also where nothing is in it.
  if (groupBy.length === 0 && groups.size === 0) groups.set(JSON.stringify([null, null, null, null]), []);
  const counted = [...groups].map(([key, some]) => {
    const [bot, template, agent, periodStart] = JSON.parse(key) as (string | null)[];
    const count = (isIt: (send: SendRow) => boolean): number => some.filter(isIt).length;
    const times = new ReplyTimes();
    for (const { replyState, replyBucket } of some) {
      if (replyState === ReplyState.REPLIED && replyBucket !== null) times.add(replyBucket, 1);
    }
    return {
      bot: bot && { id: bot },
      template: template && { id: template },
      agent: agent && { id: agent },
      periodStart,
      total: some.length,
      accepted: count((send) => send.acceptedAt !== null),
      sent: count((send) => send.sentAt !== null || send.deliveredAt !== null || send.readAt !== null),
      delivered: count((send) => send.deliveredAt !== null || send.readAt !== null),
      read: count((send) => send.readAt !== null),
      failed: count((send) => send.status === SendStatus.FAILED),
      canceled: count((send) => send.status === SendStatus.CANCELED),
      replied: count((send) => send.replyState === ReplyState.REPLIED),
      expired: count((send) => send.replyState === ReplyState.EXPIRED),
      medianSecondsToReply: times.median,
    };
  });
  return inOrder(counted);
}

function inOrder(groups: readonly Data[]): Data[] {
  const place = (group: Data): string =>
    JSON.stringify([group.periodStart, group.bot, group.template, group.agent]);
  return [...groups].sort((left, right) => (place(left) < place(right) ? -1 : 1));
}

async function answered({ caller, filter, groupBy, timeZone }: Asked): Promise<Data[]> {
  const iso = (instant: number | undefined) => instant && new Date(instant).toISOString();
  const { sendStatistics } = await caller.ask(
    `query ($filter: SendFilter, $groupBy: [SendDimension!]!, $timeZone: TimeZone!) {
      sendStatistics(filter: $filter, groupBy: $groupBy, timeZone: $timeZone) {
        bot { id } template { id } agent { id } periodStart total accepted sent delivered read failed canceled
        replied expired medianSecondsToReply } }`,
    {
      filter: { ...filter, createdFrom: iso(filter.createdFrom), createdBefore: iso(filter.createdBefore) },
      groupBy,
      timeZone,
    },
  );
  return inOrder(sendStatistics);
}

const rows = () => app.platform.store.rowsOf(desk.contractId);

/** An answer, and the plain count of what was there when it was given. */
async function bothCounts(asked: Asked): Promise<{ found: Data[]; expected: Data[] }> {
  for (;;) {
    const before = await rows().find(SendRow, { orderBy: sql`id` });
    const found = await answered(asked);
    const after = await rows().find(SendRow, { orderBy: sql`id` });
    // Where something changed meanwhile nobody can tell what it was answered of.
    if (JSON.stringify(before) === JSON.stringify(after))
      return { found, expected: plainCount(after, asked) };
  }
}

async function expectExact(asked: Asked): Promise<void> {
  const { found, expected } = await bothCounts(asked);
  expect({ asked: { ...asked, caller: asked.caller.id }, found }).toEqual({
    asked: { ...asked, caller: asked.caller.id },
    found: expected,
  });
}

const everything = (): Asked => ({
  caller: desk.admin,
  filter: { createdFrom: app.clock.now() - 400 * DAY },
  groupBy: ['AGENT', 'DAY'],
  timeZone: 'Asia/Kathmandu',
});

// ---------------------------------------------------------------- what may happen, and what may be asked

const made: { id: string; providerMessageId: string; phone: string; on: Desk }[] = [];
const nth = <Item>(items: readonly Item[], place: number): Item | undefined => items[place % items.length];

const place = fc.nat({ max: 1_000 });
const anyAct = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constant('send' as const), place }) },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constantFrom('sent', 'delivered', 'read', 'failed', 'reply', 'release'),
      place,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('time' as const),
      place: fc.oneof(fc.integer({ min: 1, max: 100 * MINUTE }), fc.integer({ min: 1, max: 30 * HOUR })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('count' as const), place }) },
);

async function perform(act: string, at: number): Promise<void> {
  if (act === 'send') {
    const to = phone();
    const on = at % 3 === 0 ? beside : desk;
    const send = await accepted(on, nth(agents, at)!, to);
    made.push({ ...send, phone: to, on });
    return;
  }
  if (act === 'time') app.clock.advance(at);
  if (act === 'count') await countChangedSends(app.platform, always);
  const send = nth(made, at);
  if (!send || act === 'time' || act === 'count') return;
  const customer = send.on.customer(send.phone.slice(1));
  if (act === 'reply') await customer.write('thanks', { context: send.providerMessageId });
  else if (act === 'release')
    await desk.admin.ask(`mutation { releaseReply(input: { sendId: "${send.id}" }) { send { id } } }`);
  else await customer.report(act, send.providerMessageId);
}

const anyRequest = fc.record({
  isAdmin: fc.boolean(),
  back: fc.integer({ min: 0, max: 4 * DAY }),
  length: fc.option(fc.integer({ min: 0, max: 4 * DAY })),
  isAligned: fc.boolean(),
  lists: fc.subarray(['botIds', 'templateIds', 'agentIds'], { maxLength: 2 }),
  dimensions: fc.subarray(['BOT', 'TEMPLATE', 'AGENT'], { maxLength: 2 }),
  period: fc.constantFrom('DAY', 'HOUR', null),
  timeZone: fc.constantFrom(...Object.keys(ZONES)),
});

type Request = typeof anyRequest extends fc.Arbitrary<infer Value> ? Value : never;

function askedOf({ isAdmin, back, length, isAligned, lists, dimensions, period, timeZone }: Request): Asked {
  const from = app.clock.now() - back;
  const createdFrom = isAligned ? Math.floor(from / DAY) * DAY : from;
  const wanted = {
    botIds: [beside.botId],
    templateIds: [desk.templates['order_update']!],
    agentIds: [agents[0]!.id],
  };
  const filter: Asked['filter'] = { createdFrom };
  if (length !== null) filter.createdBefore = createdFrom + length;
  for (const list of lists) filter[list] = wanted[list as keyof typeof wanted];
  return {
    caller: isAdmin ? desk.admin : agents[0]!,
    filter,
    groupBy: period === null ? dimensions : [...dimensions, period],
    timeZone,
  };
}

describe('statistics out of kept counts', () => {
  test(
    'are what counting the sends one by one comes to, whatever happens and whenever it is counted',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(anyAct, fc.array(anyRequest, { minLength: 2, maxLength: 2 })), {
            minLength: 12,
            maxLength: 20,
          }),
          async (steps) => {
            for (const [{ act, place: at }, requests] of steps) {
              await perform(act, at);
              for (const request of requests) await expectExact(askedOf(request));
            }
          },
        ),
        { numRuns: 3, endOnFailure: true },
      );
      // They were: some of what was compared came out of counts.
      expect(await rows().count(SendCountRow, sql`1 = 1`)).toBeGreaterThan(0);
    },
    LONGEST,
  );

  /** A platform on which `meanwhile` happens before the first writing; it may fail at any later one. */
  function interrupted(meanwhile: () => Promise<unknown>, failsLater = false): Platform {
    let writings = 0;
    const store = Object.create(app.platform.store) as Store;
    store.transact = async (contractId, work) => {
      // The contracts of other tests are counted as well.
      if (contractId === desk.contractId) writings += 1;
      else return app.platform.store.transact(contractId, work);
      if (writings === 1) await meanwhile();
      else if (failsLater) throw new Error('This node has died');
      return app.platform.store.transact(contractId, work);
    };
    return { ...app.platform, store };
  }

  /** A send that is not counted yet, where all else is; and what makes it delivered. */
  async function uncounted(): Promise<() => Promise<unknown>> {
    await countChangedSends(app.platform, always);
    const to = phone();
    const { id, providerMessageId } = await accepted(desk, agents[0]!, to);
    return async () => {
      await desk.customer(to.slice(1)).report('delivered', providerMessageId);
      await desk.sendWhen(desk.admin, id, ({ status }) => status === 'DELIVERED');
    };
  }

  /** What a mutant left behind is mended. */
  function countAllAnew(): Promise<unknown> {
    return app.platform.store.transact(desk.contractId, (transaction) =>
      transaction.update(SendCountMarkRow, { countedSequence: 0 }, sql`1 = 1`),
    );
  }

  /** Counts, while something changes that was counted already; whether the statistics are right thereafter. */
  function isRightAfter(counting: Counting): Promise<boolean> {
    return app.clock.holding(async () => {
      await counting(interrupted(await uncounted()), always);
      const { found, expected } = await bothCounts(everything());
      return JSON.stringify(found) === JSON.stringify(expected);
    });
  }

  test('count again what changed while it was counted', async () => {
    expect(await isRightAfter(countChangedSends)).toBe(true);
    const { countChangedSends: mutant } = mutated('src/services/statistics/send-counts', [
      [
        'const marked = { ...changes, revision: revision + 1 };',
        `const log = await transaction.first(ContractLogRow, sql\`1 = 1\`);
         const late = changes.countedSequence === undefined ? {} : { countedSequence: log.lastSequence };
         const marked = { ...changes, ...late, revision: revision + 1 };`,
      ],
    ]) as { countChangedSends: Counting };
    expect(await isRightAfter(mutant)).toBe(false);
    await countAllAnew();
    await countChangedSends(app.platform, always);
    await expectExact(everything());
  });

  /**
   * Two nodes count the same two days: the first is held up before it writes, until the second has counted all, and a
   * later change; it writes one day, if it may, and dies.
   */
  function isRightWhenOvertaken(counting: Counting): Promise<boolean> {
    return app.clock.holding(async () => {
      const deliver = await uncounted();
      app.clock.advance(DAY);
      await accepted(desk, agents[0]!, phone());
      const slow = interrupted(async () => {
        await deliver();
        await countChangedSends(app.platform, always);
      }, true);
      await counting(slow, always).catch(() => undefined);
      const { found, expected } = await bothCounts(everything());
      return JSON.stringify(found) === JSON.stringify(expected);
    });
  }

  test('of two nodes that count at once, one that was overtaken writes nothing', async () => {
    expect(await isRightWhenOvertaken(countChangedSends)).toBe(true);
    const { countChangedSends: mutant } = mutated('src/services/statistics/send-counts', [
      ['marked, sql`revision = ${revision}`', 'marked, sql`1 = 1`'],
    ]) as { countChangedSends: Counting };
    expect(await isRightWhenOvertaken(mutant)).toBe(false);
    await countAllAnew();
    await Promise.all([1, 2, 3].map(() => countChangedSends(app.platform, always)));
    await expectExact(everything());
  });

  test('touch the sends that changed since they were counted, and no others', async () => {
    const createdFrom = new Date(Math.floor(app.clock.now() / DAY) * DAY - 30 * DAY).toISOString();
    const ask = (): Promise<unknown> =>
      desk.admin.ask(
        `{ sendStatistics(filter: { createdFrom: "${createdFrom}" }, groupBy: [DAY, AGENT], timeZone: "Asia/Kolkata") {
          periodStart total medianSecondsToReply } }`,
      );
    await accepted(desk, agents[0]!, phone());
    await countChangedSends(app.platform, always);
    await ask();
    const ofSends = (texts: readonly string[]) => texts.filter((text) => /\b(from|join) sends\b/.test(text));
    // All that is read of sends is then whether any changed; what time alone changes may come in between.
    const counted = await eventually(
      async () => {
        await countChangedSends(app.platform, always);
        return app.statementsOf(ask);
      },
      (texts) => ofSends(texts).length === 1,
    );
    expect(ofSends(counted)).toEqual([expect.stringContaining('changed_sequence >')]);
    for (let index = 0; index < 5; index += 1) {
      await accepted(desk, agents[0]!, phone());
      app.clock.advance(HOUR);
    }
    const changed = await app.statementsOf(ask);
    expect(changed.length).toBeLessThanOrEqual(counted.length + 2);
    for (const text of ofSends(changed)) expect(text).toMatch(/changed_sequence >|spans\.span_from/);
  });
});
