import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import { AUTH_SECRET, Caller, type Data } from '../kit/caller';
import { TestClock } from '../kit/clock';
import { Customer, freshMessageId } from '../kit/customer';
import { engine } from '../kit/database';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { BUSY, freshNumber, PATIENCE, sendsOf, TIME_LIMIT, type SeenSend } from '../kit/faults';
import { freePort } from '../kit/free-port';
import { inTurns } from '../kit/in-turns';
import { Listener } from '../kit/listener';
import { asAdministrator, dump, hasDumpTools, newName, restoreDump } from '../kit/postgres';
import { commandLine, ServerProcess } from '../kit/process';
import {
  answers,
  createProviderDouble,
  type ProviderDouble,
  type RecordedCall,
} from '../kit/provider-double';
import { atLength, figure, scaled } from '../kit/scale';
import { LISTED_TEMPLATES } from '../kit/templates';

const folder = mkdtempSync(path.join(tmpdir(), 'saludo-restore-'));
const copyName = newName();

let app: TestApp;
let desk: Desk;
let bia: Caller;
/** What the restored server calls. */
let provider: ProviderDouble;
const servers: ServerProcess[] = [];

beforeAll(async () => {
  // The servers of this test are processes of their own, whose clock is the machine's.
  app = await TestApp.start({ environment: BUSY, clock: new TestClock(Date.now()) });
  desk = await Desk.open(app);
  bia = await desk.agent('Bia');
  provider = await createProviderDouble();
  provider.templates(desk.businessAccountId, LISTED_TEMPLATES);
});
afterAll(async () => {
  for (const server of servers) await server.kill();
  await provider.close();
  await app.stop();
  rmSync(folder, { recursive: true, force: true });
  if (engine === 'postgres') await asAdministrator(`drop database if exists ${copyName} with (force)`);
});

const environmentOf = (databaseUrl: string, providerUrl: string): Record<string, string> => ({
  ...BUSY,
  DATABASE_URL: databaseUrl,
  WHATSAPP_API_URL: providerUrl,
  AUTH_JWT_SECRET: AUTH_SECRET,
  SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
  LOG_LEVEL: 'warn',
});

async function serve(environment: Record<string, string>): Promise<ServerProcess> {
  const server = await ServerProcess.start({ ...environment, PORT: String(await freePort()) });
  servers.push(server);
  return server;
}

const on = (server: ServerProcess, person: Caller): Caller =>
  new Caller(() => server.url, person.token, person.id);

/** Backs the database up while its server writes, and restores it as the documentation says. @returns the copy's address. */
async function backedUp(environment: Record<string, string>): Promise<string> {
  if (engine === 'sqlite') {
    const file = path.join(folder, 'copy.db');
    expect(await commandLine(environment, 'backup', file)).toMatchObject({ code: 0, error: '' });
    // For the copy alone: nobody may take its place under a server that runs.
    const refused = await commandLine(environment, 'hold');
    expect(refused).toMatchObject({
      code: 1,
      error: expect.stringMatching(/^error: Another server/) as unknown,
    });
    return `sqlite:${file}`;
  }
  const file = path.join(folder, 'saludo.dump');
  const databaseUrl = environment['DATABASE_URL'] ?? '';
  await dump(databaseUrl, file);
  const { username: name, password } = new URL(databaseUrl);
  const url = await restoreDump(file, copyName, { name, password });
  const held = await commandLine({ ...environment, DATABASE_URL: url }, 'hold');
  expect(held).toMatchObject({ code: 0, error: '' });
  expect(held.out).toMatch(/(messages are|message is) held.*\nCursors from before have expired\.\n$/);
  return url;
}

const idOf = ({ body }: RecordedCall): string =>
  (body as { biz_opaque_callback_data: string }).biz_opaque_callback_data;

async function heldOn(admin: Caller): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ;) {
    const { sends }: Data = await admin.ask(
      'query ($after: String) { sends(filter: { held: true }, first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }',
      { after },
    );
    ids.push(...(sends.nodes as { id: string }[]).map(({ id }) => id));
    if (sends.pageInfo.hasNextPage !== true) return ids;
    after = sends.pageInfo.endCursor as string;
  }
}

const onEither = engine === 'postgres' && !hasDumpTools() ? test.skip : test;

onEither(
  'a backup of a server under load, started as a server, sends nothing by itself and nothing twice',
  async () => {
    /** What either provider took, by the ids of the sends. */
    const taken = new Map<string, number>();
    const take = (call: RecordedCall) => {
      taken.set(idOf(call), (taken.get(idOf(call)) ?? 0) + 1);
      return answers.accept();
    };
    const refuse = answers.rawBody(429, '', { 'retry-after': '3600' });
    app.provider.answer((call, index) => (index % 2 === 0 ? refuse : take(call)));
    provider.answer(take);

    await app.restart(async (databaseUrl) => {
      const environment = environmentOf(databaseUrl, app.provider.url);
      const original = await serve(environment);
      const sender = on(original, bia);
      const send = async (number = freshNumber()): Promise<string> => {
        const { send: stored } = await sender.act(
          'sendActiveMessage',
          desk.orderUpdate(`+${number}`),
          'send { id }',
        );
        return stored.id as string;
      };
      const many = Array.from({ length: scaled(12, 150) });
      const before = await inTurns(many, () => send());
      // Some have been refused for a while, and wait for their next try.
      const isRefused = ({ status, timeline }: SeenSend): boolean =>
        status === 'QUEUED' && !['queued', 'call_started'].includes(timeline.at(-1)?.kind ?? '');
      await eventually(
        () => sendsOf(sender),
        (all) => [...all.values()].filter(isRefused).length > 3,
        PATIENCE,
      );
      const cursor = await sender.cursor();
      const backup = { done: false, alongside: 0 };
      const writing = inTurns([1, 2, 3], async () => {
        for (; !backup.done; backup.alongside += 1) await send();
      });
      const copyUrl = await backedUp(environment);
      backup.done = true;
      await writing;
      expect(backup.alongside).toBeGreaterThan(0);
      // What the backup shows as waiting, the original goes on with.
      const isSettled = ({ attempts }: { attempts: number }): boolean => attempts > 0;
      const known = await eventually(
        () => sendsOf(sender),
        (all) => [...all.values()].every(isSettled),
        PATIENCE,
      );
      expect(known.size).toBe(before.length + backup.alongside);
      const sentByOriginal = [...taken.keys()];

      const restored = await serve(environmentOf(copyUrl, provider.url));
      const [admin, agent] = [on(restored, desk.admin), on(restored, bia)];
      const copied = await sendsOf(agent);
      // All that was acknowledged before the backup began, and whatever else is in it whole.
      for (const id of before) expect(copied.has(id)).toBe(true);
      for (const { id, status, attempts, timeline } of copied.values()) {
        const calls = timeline.filter(({ kind }) => kind === 'call_started').length;
        const facts = [status === 'ACCEPTED', timeline.some(({ kind }) => kind === 'accepted')];
        expect([id, timeline[0]?.kind, attempts, facts[0]]).toEqual([id, 'queued', calls, facts[1]]);
      }
      const held = await heldOn(admin);
      const waiting = [...copied.values()].filter(({ status }) => status === 'QUEUED').map(({ id }) => id);
      // A call that had begun is given up as unknown soon after the start, perhaps while this is read.
      const underWay = waiting.filter((id) =>
        ['call_started', 'no_answer'].includes(copied.get(id)!.timeline.at(-1)?.kind ?? ''),
      );
      expect([...held, ...underWay].sort()).toEqual(waiting.sort());
      expect(held.length).toBeGreaterThan(3);
      const announced = new RegExp(`Held +${held.length} message`);
      // It is printed once the server is ready, which may be noticed before.
      await eventually(
        () => restored.printed,
        (text) => announced.test(text),
      );

      // Cursors from before.
      const socket = await Listener.connect(restored.url, admin.token);
      socket.subscribe('subscription ($after: String) { sendConfirmed(after: $after) { outcome } }', {
        after: cursor,
      });
      await expect(socket.next()).rejects.toThrow('CURSOR_EXPIRED');
      await socket.close();
      const feed = 'query ($after: String) { sends(filter: { changedAfter: $after }) { nodes { id } } }';
      expect(await admin.problem(feed, { after: cursor })).toBe('CURSOR_EXPIRED');
      expect(await sender.problem(feed, { after: cursor })).toBeUndefined();

      // A new one goes out, so that the dispatcher has looked, and it goes out alone.
      const { send: fresh } = await agent.act(
        'sendActiveMessage',
        desk.orderUpdate(`+${freshNumber()}`),
        'send { id }',
      );
      await eventually(
        () => sendsOf(agent),
        (all) => all.get(fresh.id as string)?.status === 'ACCEPTED',
        PATIENCE,
      );
      expect(provider.sends.map(idOf)).toEqual([fresh.id]);

      // WhatsApp's reports settle what had gone out since.
      const place = { ...desk.door, channelId: desk.channelId, phoneNumberId: desk.phoneNumberId };
      const door = {
        ...place,
        businessAccountId: desk.businessAccountId,
        app: { url: restored.url, clock: app.clock } as TestApp,
      };
      const late = sentByOriginal.filter((id) => held.includes(id));
      await inTurns(late, (correlation) =>
        new Customer(door, freshNumber()).report('sent', freshMessageId(), { correlation }),
      );
      await eventually(
        () => heldOn(admin),
        (left) => left.length === held.length - late.length,
        PATIENCE,
      );
      const [withdrawn, ...others] = await heldOn(admin);
      await admin.act('cancelSend', { sendId: withdrawn }, 'send { id }');
      expect(await agent.problem('mutation { releaseHeldSends(input: {}) { released } }')).toBe('FORBIDDEN');
      expect((await admin.act('releaseHeldSends', {}, 'released')).released).toBe(others.length);
      await eventually(
        () => sendsOf(agent),
        (all) => others.every((id) => all.get(id)?.status === 'ACCEPTED'),
        PATIENCE,
      );
      expect(provider.sends.map(idOf).sort()).toEqual([fresh.id as string, ...others].sort());
      expect([...taken.values()].filter((times) => times > 1)).toEqual([]);

      expect(await heldOn(on(original, desk.admin))).toEqual([]);
      expect([await restored.stop(), await original.stop()]).toEqual([0, 0]);
      if (atLength) {
        const again = await serve(environmentOf(copyUrl, provider.url));
        expect(await heldOn(on(again, desk.admin))).toEqual([]);
        expect(await again.stop()).toBe(0);
      }
      figure('Restore', 'sends acknowledged while the backup was made', backup.alongside);
      figure('Restore', 'sends held in the copy', held.length);
      figure('Restore', 'of them, sent by the original and settled by reports', late.length);
    });
  },
  TIME_LIMIT,
);
