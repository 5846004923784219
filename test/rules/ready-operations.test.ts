import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ADMIN } from '../../explorer/operations/admin';
import { AGENT } from '../../explorer/operations/agent';
import { ANALYTICS } from '../../explorer/operations/analytics';
import { LIVE } from '../../explorer/operations/live';
import type { Group, ReadyOperation } from '../../explorer/operations/ready-operation';
import { demoPeople } from '../../src/services/demo/demo-people';
import { TestApp } from '../kit/app';
import { Caller, type Data } from '../kit/caller';
import { Listener } from '../kit/listener';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start({ environment: { SEED_DEMO: 'true' } });
});
afterAll(async () => {
  await app.stop();
});

async function as(name: string): Promise<Caller> {
  const person = (await demoPeople(app.platform)).find((one) => one.name === name);
  if (!person) throw new Error(`There is nobody called ${name}`);
  return new Caller(() => app.url, person.token, '');
}

async function variablesOf(caller: Caller, { variables }: ReadyOperation): Promise<Record<string, unknown>> {
  const ask = (query: string, given?: object): Promise<Data> =>
    caller.ask(query, given as Record<string, unknown>);
  return { ...(await variables?.({ ask, lastCursor: null })) };
}

/** Runs each operation as the explorer opens it; what the mutations among them were refused for. */
async function run(caller: Caller, { operations }: Pick<Group, 'operations'>): Promise<string[]> {
  const refusals: string[] = [];
  for (const operation of operations) {
    const data = await caller.ask(operation.text, await variablesOf(caller, operation));
    for (const { userErrors = [] } of Object.values(data as Record<string, Data>))
      for (const { code } of userErrors) refusals.push(`${operation.title}: ${code}`);
  }
  return refusals;
}

const only = ({ operations }: Group, ...titles: RegExp[]): Pick<Group, 'operations'> => ({
  operations: titles.map((title) => operations.find((one) => title.test(one.title))!),
});
const without = ({ operations }: Group, title: RegExp): Pick<Group, 'operations'> => ({
  operations: operations.filter((one) => !title.test(one.title)),
});

test('an agent’s run as they are on the demo', async () => {
  expect(await run(await as('Bruno Teixeira'), without(AGENT, /waiting ticket/))).toEqual([]);
  expect(await run(await as('Camila Duarte'), only(AGENT, /waiting ticket/))).toEqual([]);
});

test('an admin’s run as they are on the demo, and so do the figures', async () => {
  const ana = await as('Ana Ribeiro');
  expect(await run(ana, ADMIN)).toEqual([]);
  expect(await run(ana, ANALYTICS)).toEqual([]);
});

test('every subscription begins, and tells what happens', async () => {
  const ana = await as('Ana Ribeiro');
  const listener = await Listener.connect(app.url, ana.token);
  const after = await ana.cursor();
  for (const operation of LIVE.operations)
    listener.subscribe(operation.text, { after, ...(await variablesOf(ana, operation)) });
  // What waited for her alone becomes hers.
  await run(await as('Emma Novak'), only(AGENT, /^Come to the desk/));
  const told = (): Set<unknown> =>
    new Set(listener.frames.filter(({ type }) => type === 'next').map(({ id }) => id));
  const idOf = (field: string): string =>
    String(LIVE.operations.findIndex(({ text }) => text.includes(`${field}(`)) + 1);
  await listener.until(() => told().has(idOf('presenceChanged')) && told().has(idOf('ticketChanged')));
  expect(listener.frames.filter(({ type }) => type === 'error' || type === 'complete')).toEqual([]);
  await listener.close();
});
