import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers } from '../kit/provider-double';

let app: TestApp;
let desk: Desk;
let agent: Caller;
beforeAll(async () => {
  app = await TestApp.start();
});
beforeEach(async () => {
  app.provider.answer(answers.accept());
  desk = await Desk.open(app);
  agent = await desk.agent('Bia');
});
afterAll(async () => {
  await app.stop();
});

let phones = 0;
const phone = (): string => `+55119${String(40_000_000 + (phones += 1))}`;

describe('rule 40: analytics', () => {
  test('pages stably while sends come in; first, last, after, before', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      ids.push((await desk.accepted(agent, phone())).id);
      app.clock.advance(10);
    }
    const page = async (args: string, variables: object = {}) =>
      (
        await desk.admin.ask(
          `query ($after: String, $before: String) { sends(orderBy: { field: CREATED_AT, direction: ASC }, ${args}, after: $after, before: $before) { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`,
          variables as Record<string, unknown>,
        )
      ).sends as {
        edges: { cursor: string; node: { id: string } }[];
        pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
        totalCount: number;
      };
    const first = await page('first: 3');
    expect(first).toMatchObject({ totalCount: 7, pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    ids.push((await desk.accepted(agent, phone())).id);
    const second = await page('first: 3', { after: first.pageInfo.endCursor });
    const third = await page('first: 3', { after: second.pageInfo.endCursor });
    expect([first, second, third].flatMap(({ edges }) => edges.map(({ node }) => node.id))).toEqual(ids);
    expect(third.pageInfo.hasNextPage).toBe(false);
    const backwards = await page('last: 3', { before: third.pageInfo.startCursor });
    expect(backwards.edges.map(({ node }) => node.id)).toEqual(second.edges.map(({ node }) => node.id));
    expect(await desk.admin.problem('{ sends(first: 1000) { totalCount } }')).toBe('BAD_USER_INPUT');
    expect(await desk.admin.problem('{ sends(first: 1, last: 1) { totalCount } }')).toBe('BAD_USER_INPUT');
    expect(
      await desk.admin.problem('query ($after: String) { sends(after: $after) { totalCount } }', {
        after: first.pageInfo.endCursor,
      }),
    ).toBe('BAD_USER_INPUT');
    expect(
      await desk.admin.problem('query ($after: String) { tickets(after: $after) { totalCount } }', {
        after: first.pageInfo.endCursor,
      }),
    ).toBe('BAD_USER_INPUT');
  });

  test('counts only when asked, in as many statements for a page of 20 as for one of 2', async () => {
    for (let index = 0; index < 20; index += 1)
      await agent.act('sendActiveMessage', desk.orderUpdate(phone()), 'send { id }');
    const waiting = async (): Promise<number> =>
      (await desk.admin.ask('{ sends(filter: { statuses: [QUEUED] }) { totalCount } }')).sends
        .totalCount as number;
    await eventually(waiting, (count) => count === 0);
    const document = (first: number): string =>
      `{ sends(first: ${first}) { nodes { id changeCursor timeline { kind } bot { name } channel { phoneNumber } agent { name openTickets } template { name parameters { key } } contact { name aliases openTicket { id } } ticket { id } retryOf { id } } } }`;
    await desk.admin.ask(document(2));
    const [few, many] = [
      await app.statementsOf(() => desk.admin.ask(document(2))),
      await app.statementsOf(() => desk.admin.ask(document(20))),
    ];
    expect(many).toHaveLength(few.length);
    expect(many.filter((text) => text.includes('count(*)') && text.includes('from sends'))).toEqual([]);
  });

  test('the incremental feed misses no change', async () => {
    const start = await desk.admin.cursor();
    const number = phone();
    const { id, providerMessageId } = await desk.accepted(agent, number);
    const feed = async (after: string) =>
      (
        await desk.admin.ask(
          'query ($after: String) { sends(filter: { changedAfter: $after }, orderBy: { field: CHANGED, direction: ASC }) { nodes { id status replyState changeCursor } } }',
          { after },
        )
      ).sends.nodes as { id: string; status: string; replyState: string; changeCursor: string }[];
    const [one] = await feed(start);
    expect(one).toMatchObject({ id, status: 'ACCEPTED' });
    expect(await feed(one!.changeCursor)).toEqual([]);
    await desk.customer(number.slice(1)).report('delivered', providerMessageId);
    await desk.sendWhen(agent, id, ({ status }) => status === 'DELIVERED');
    const [delivered] = await feed(one!.changeCursor);
    expect(delivered).toMatchObject({ id, status: 'DELIVERED' });
    await agent.act('releaseReply', { sendId: id }, 'send { id }');
    expect(await feed(delivered!.changeCursor)).toMatchObject([{ id, replyState: 'RELEASED' }]);
  });

  test('statistics count by the definitions', async () => {
    const numbers = [phone(), phone(), phone(), phone()];
    const [read, delivered, accepted] = await Promise.all(
      numbers.slice(0, 3).map((number) => desk.accepted(agent, number)),
    );
    app.provider.answer([answers.error(131026)]);
    const { send: failed } = await agent.act(
      'sendActiveMessage',
      desk.orderUpdate(numbers[3]!),
      'send { id }',
    );
    await desk.sendWhen(agent, failed.id as string, ({ status }) => status === 'FAILED');
    await desk.customer(numbers[0]!.slice(1)).report('read', read!.providerMessageId);
    await desk.customer(numbers[1]!.slice(1)).report('delivered', delivered!.providerMessageId);
    await desk.sendWhen(agent, delivered!.id, ({ status }) => status === 'DELIVERED');
    app.clock.advance(100_000);
    await desk.customer(numbers[0]!.slice(1)).write('thanks');
    await desk.sendWhen(agent, read!.id, ({ replyState }) => replyState === 'REPLIED');
    const counts =
      'total accepted sent delivered read failed canceled replied expired deliveryRate readRate replyRate medianSecondsToReply';
    const { sendStatistics } = await desk.admin.ask(`{ sendStatistics { ${counts} } }`);
    expect(sendStatistics).toHaveLength(1);
    const [all] = sendStatistics;
    expect(all).toMatchObject({
      total: 4,
      accepted: 3,
      sent: 2,
      delivered: 2,
      read: 1,
      failed: 1,
      canceled: 0,
      replied: 1,
      expired: 0,
      readRate: 0.5,
      replyRate: 0.5,
    });
    expect(all.deliveryRate).toBeCloseTo(2 / 3);
    expect(Math.abs(all.medianSecondsToReply - 100)).toBeLessThan(8);
    const from = new Date(app.clock.now() - 86_400_000).toISOString();
    const { sendStatistics: grouped } = await desk.admin.ask(
      'query ($from: DateTime) { sendStatistics(filter: { createdFrom: $from }, groupBy: [AGENT, TEMPLATE, DAY], timeZone: "America/Sao_Paulo") { agent { id } template { name } bot { id } periodStart total } }',
      { from },
    );
    expect(grouped).toEqual([
      {
        agent: { id: agent.id },
        template: { name: 'order_update' },
        bot: null,
        periodStart: expect.stringMatching(/T03:00:00/),
        total: 4,
      },
    ]);
    expect(await desk.admin.problem('{ sendStatistics(groupBy: [DAY]) { total } }')).toBe('BAD_USER_INPUT');
    expect(await desk.admin.problem('{ sendStatistics(filter: { search: "x" }) { total } }')).toBe(
      'BAD_USER_INPUT',
    );
    expect(await desk.admin.problem('{ sendStatistics(timeZone: "Mars/Olympus") { total } }')).toBe(
      'BAD_USER_INPUT',
    );
    expect(accepted).toBeDefined();
  });

  test('exports stream the same rows with the same rights', async () => {
    const mine = await desk.accepted(agent, phone());
    const colleague = await desk.agent('Caio');
    const theirs = await desk.accepted(colleague, phone());
    const lines = async (caller: Caller, query = ''): Promise<{ id: string; status: string }[]> => {
      const response = await fetch(`${app.url}/exports/sends.ndjson${query}`, {
        headers: { authorization: `Bearer ${caller.token}` },
      });
      expect(response.status).toBe(200);
      return (await response.text())
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { id: string; status: string });
    };
    expect((await lines(desk.admin)).map(({ id }) => id).sort()).toEqual([mine.id, theirs.id].sort());
    expect((await lines(agent)).map(({ id }) => id)).toEqual([mine.id]);
    expect(await lines(desk.admin, `?agentIds=${colleague.id}&statuses=ACCEPTED`)).toMatchObject([
      { id: theirs.id, status: 'ACCEPTED' },
    ]);
    const bad = await fetch(`${app.url}/exports/sends.csv?statuses=NONSENSE`, {
      headers: { authorization: `Bearer ${desk.admin.token}` },
    });
    expect(bad.status).toBe(400);
    const nobody = await fetch(`${app.url}/exports/sends.csv`);
    expect(nobody.status).toBe(401);
  });
});
