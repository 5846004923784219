import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { readConfig } from '../../src/config';
import { ContractRow } from '../../src/entities/contract';
import { DeliveryRow } from '../../src/entities/delivery';
import { DeliveryFactRow } from '../../src/entities/delivery-fact';
import { ReplyState, TicketStatus } from '../../src/entities/enums';
import { SandboxPhoneRow } from '../../src/entities/sandbox-phone';
import { SendRow } from '../../src/entities/send';
import { TicketRow } from '../../src/entities/ticket';
import { derivedColumns } from '../../src/services/deliveries/delivered-things';
import { deriveDelivery } from '../../src/services/deliveries/delivery-facts';
import { authenticate } from '../../src/services/access/authentication';
import { seedDemo } from '../../src/services/demo/demo-contract';
import { demoPeople } from '../../src/services/demo/demo-people';
import { TestApp } from '../kit/app';
import { openPlatform } from '../kit/bare-platform';
import { Caller, type Data } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { createTestDatabase, engine } from '../kit/database';

interface Person {
  name: string;
  email: string;
  role: string;
  presence: string;
  about: string;
  token: string;
  expiresAt: number;
}

let app: TestApp;
let people: Person[];
beforeAll(async () => {
  app = await TestApp.start({ environment: { SEED_DEMO: 'true' } });
  people = (JSON.parse((await askPeople('localhost')).body) as { people: Person[] }).people;
});
afterAll(async () => {
  await app.stop();
});

/** Asks for the people as a browser does that believes to be at this host. */
function askPeople(host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(`${app.url}/demo/people`, { headers: { host }, agent: false }, (response) => {
      let body = '';
      response.on('data', (piece: Buffer) => (body += piece.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.on('error', reject);
  });
}

function as(name: string): Caller {
  const person = people.find((one) => one.name.startsWith(name));
  if (!person) throw new Error(`There is nobody called ${name}`);
  return new Caller(() => app.url, person.token, '');
}

const everywhere = () => app.platform.store.acrossContracts();

describe('the demo contract', () => {
  test('every send is what its facts say, and nothing is left to hand over', async () => {
    const sends = await everywhere().find(SendRow);
    const facts = await everywhere().find(DeliveryFactRow);
    expect(sends.length).toBeGreaterThan(200);
    for (const send of sends) {
      const own = facts.filter(({ deliveryId }) => deliveryId === send.id);
      expect(send).toMatchObject(derivedColumns(deriveDelivery(own, app.platform.config.replyWindow)));
      expect((send.replyState === ReplyState.REPLIED) === (send.ticketId !== null)).toBe(true);
      expect(Math.max(...own.map(({ receivedAt }) => receivedAt))).toBeLessThanOrEqual(app.clock.now());
    }
    const log = new Set(sends.map(({ changedSequence }) => changedSequence));
    expect([log.size, log.has(0)]).toEqual([sends.length, false]);
    const waiting = sql`due_at is not null or unknown_since is not null or lease_owner is not null`;
    expect(await everywhere().count(DeliveryRow, waiting)).toBe(0);
    expect(new Set(sends.map(({ status }) => status)).size).toBeGreaterThanOrEqual(5);
  });

  test('has a conversation of each kind going on, and a phone for each customer', async () => {
    const open = await everywhere().find(TicketRow, { where: sql`status <> ${TicketStatus.CLOSED}` });
    const kinds = open.map(({ status, reservedForId, queueId }) =>
      status === TicketStatus.OPEN
        ? 'with an agent'
        : reservedForId
          ? 'reserved'
          : queueId
            ? 'in a queue'
            : '?',
    );
    expect(new Set(kinds)).toEqual(new Set(['with an agent', 'reserved', 'in a queue']));
    expect(await everywhere().count(SandboxPhoneRow, sql`last_message_at is not null`)).toBeGreaterThan(25);
  });

  test('one template has lost its return block, one is paused, one rejected; the desk is ready', async () => {
    const { bots, templates } = await as('Ana').ask(
      '{ bots { nodes { id kind readiness { ready steps { key done } } } } templates(first: 100) { nodes { name language status } } }',
    );
    const service = bots.nodes.find(({ kind }: Data) => kind === 'BUILDER');
    const undone = service.readiness.steps
      .filter(({ done }: Data) => !done)
      .map(({ key }: Data) => key as string);
    expect([service.readiness.ready, undone]).toEqual([true, ['RETURN_FLOWS_CURRENT']]);
    const { flow } = await as('Ana').ask(
      'query ($bot: ID!) { flow(botId: $bot) { version outdatedActivations { template { name } } } }',
      { bot: service.id },
    );
    expect(flow).toEqual({
      version: 2,
      outdatedActivations: [{ template: { name: 'satisfaction_survey' } }],
    });
    const listed = templates.nodes as { status: string; language: string }[];
    expect(new Set(listed.map(({ language }) => language))).toEqual(new Set(['pt_BR', 'es', 'en_US']));
    expect(new Set(listed.map(({ status }) => status))).toEqual(
      new Set(['APPROVED', 'PAUSED', 'REJECTED', 'PENDING']),
    );
  });

  test('statistics and the incremental feed count what is there', async () => {
    const { sendStatistics, sends } = await as('Ana').ask(
      `query ($from: DateTime!) {
        sendStatistics(filter: { createdFrom: $from }, groupBy: [AGENT, DAY], timeZone: "America/Sao_Paulo") { total read failed replied agent { name } }
        sends(orderBy: { field: CHANGED, direction: ASC }, first: 100) { totalCount nodes { id } }
      }`,
      { from: new Date(app.clock.now() - 16 * 86_400_000).toISOString() },
    );
    const sum = (name: string): number =>
      (sendStatistics as Record<string, number>[]).reduce((total, group) => total + (group[name] ?? 0), 0);
    const count = (where: ReturnType<typeof sql>): Promise<number> => everywhere().count(SendRow, where);
    expect(sum('total')).toBe(sends.totalCount);
    expect(sum('replied')).toBe(await count(sql`reply_state = 'REPLIED'`));
    expect(sum('failed')).toBe(await count(sql`status = 'FAILED'`));
    expect(new Set(sendStatistics.map(({ agent }: Data) => agent.name as string)).size).toBe(6);
    expect(sends.nodes).toHaveLength(100);
  });

  test('everybody can read what is theirs', async () => {
    const contacts = new Map<string, number>();
    for (const { name } of people) {
      const { sends, tickets, bots } = await as(name).ask(
        `{ viewer { __typename } bots { nodes { id kind } } sends { totalCount nodes { id status timeline { kind } preview { body } } } tickets { nodes { number messages { nodes { text } } } } }`,
      );
      const service = bots.nodes.find(({ kind }: Data) => kind === 'BUILDER');
      const found = await as(name).ask('query ($bot: ID!) { contacts(botId: $bot) { totalCount } }', {
        bot: service.id,
      });
      contacts.set(name, found.contacts.totalCount as number);
      expect(sends.totalCount > 0).toBe(name !== 'Fábio Lins');
      expect(tickets.nodes.length).toBeGreaterThan(0);
    }
    expect(Math.min(...contacts.values())).toBeGreaterThan(25);
  });

  test('is made once: a restart finds it', async () => {
    const before = await everywhere().find(SendRow);
    await app.restart();
    expect(await everywhere().count(ContractRow, sql`1 = 1`)).toBe(1);
    expect(await everywhere().count(SendRow, sql`1 = 1`)).toBe(before.length);
  });
});

describe('signing in without a password', () => {
  test('as each active person, with a token for twelve hours', () => {
    expect(people.map(({ name, role, presence }) => [name, role, presence])).toEqual([
      ['Ana Ribeiro', 'ADMIN', 'ONLINE'],
      ['Bruno Teixeira', 'AGENT', 'ONLINE'],
      ['Camila Duarte', 'AGENT', 'PAUSED'],
      ['Diego Salas', 'AGENT', 'OFFLINE'],
      ['Emma Novak', 'AGENT', 'INVISIBLE'],
      ['Fábio Lins', 'AGENT', 'ONLINE'],
    ]);
    for (const { about, expiresAt } of people) {
      expect(about).not.toBe('');
      expect(expiresAt - app.clock.now()).toBeGreaterThan(11 * 3_600_000);
    }
  });

  test('only at this machine’s own names, never in production, nor where others sign the tokens', async () => {
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:4000'])
      expect((await askPeople(host)).status).toBe(200);
    for (const host of ['evil.test', 'localhost.evil.test', '127.0.0.1.evil.test:4000'])
      expect((await askPeople(host)).status).toBe(404);
    const { platform } = app;
    const configured = (more: object) => ({ ...platform, config: { ...platform.config, ...more } });
    expect(await demoPeople(configured({ production: true }))).toEqual([]);
    expect(await demoPeople(configured({ auth: { ...platform.config.auth, secret: null } }))).toEqual([]);
    const production = { NODE_ENV: 'production', AUTH_JWT_SECRET: 'x'.repeat(32), SEED_DEMO: 'true' };
    const secrets = { SECRETS_KEY: Buffer.alloc(32, 7).toString('base64') };
    expect(readConfig({ ...production, ...secrets }).seedDemo).toBe(false);
  });

  test('what opened the demo before opens nothing once the same database serves in production', async () => {
    const { platform } = app;
    const production = { ...platform, config: { ...platform.config, production: true } };
    const { secret } = await as('Ana').act('createApiKey', { name: 'Reports', scopes: ['READ'] }, 'secret');
    for (const token of [as('Ana').token, as('Bruno').token, secret as string]) {
      await expect(authenticate(platform, token, null)).resolves.toBeTruthy();
      await expect(authenticate(production, token, null)).rejects.toThrow(
        /no active agent|unknown or was revoked/,
      );
    }
  });
});

test('what ends the making early leaves nothing behind; of two nodes at once, one makes it', async () => {
  const database = await createTestDatabase();
  const clock = new TestClock();
  const nodes = await Promise.all(
    [1, 2]
      .slice(0, engine === 'postgres' ? 2 : 1)
      .map(() => openPlatform(database.url, app.provider.url, clock)),
  );
  const [first] = nodes;
  if (!first) throw new Error('No node was opened');
  const contracts = () => first.platform.store.acrossContracts().count(ContractRow, sql`1 = 1`);
  try {
    const interrupted = seedDemo(first.platform, (done) => {
      if (done === 20) throw new Error('The power went out');
    });
    await expect(interrupted).rejects.toThrow('The power went out');
    expect(await contracts()).toBe(0);
    const without = { ...first.platform, config: { ...first.platform.config, seedDemo: false } };
    expect([await seedDemo(without), await contracts()]).toEqual([false, 0]);
    if (engine === 'postgres') {
      const made = await Promise.all(nodes.map(({ platform }) => seedDemo(platform)));
      expect([made.filter(Boolean).length, await contracts()]).toEqual([1, 1]);
    }
  } finally {
    await Promise.all(nodes.map(({ close }) => close()));
    await database.drop();
  }
});
