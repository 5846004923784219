import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import { readsIn } from '../kit/counted-reads';
import { engine } from '../kit/database';
import { Desk } from '../kit/desk';

/**
 * How often a send to a new customer and its call read and write each table: in the unit of work of the send, in that
 * before the call and in that after it. What looks for due messages in between is not counted, nor what locks.
 */
const READS_AND_WRITES: Readonly<Record<string, readonly [reads: number, writes: number]>> = {
  // Who asks, and who sends: once at each check.
  agents: [3, 0],
  agent_permissions: [2, 0],
  bots: [2, 0],
  templates: [2, 0],
  template_activations: [2, 0],
  tickets: [1, 0],
  idempotency_keys: [0, 1],
  contact_bots: [0, 1],
  delivery_facts: [2, 3],
  parked_reports: [1, 0],
  // One read is the rate's; on SQLite each change gets its place in the log by a write of its own.
  sends: [3, engine === 'sqlite' ? 6 : 3],
};

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(async () => {
  await app.stop();
});

function counted(texts: readonly string[]): Record<string, [reads: number, writes: number]> {
  const tables: Record<string, [number, number]> = {};
  const of = (table = 'none') => (tables[table] ??= [0, 0]);
  for (const text of texts) {
    const written = /^(?:insert into|update|delete from) (\w+)/.exec(text)?.[1];
    if (written !== undefined) of(written)[1] += 1;
    else
      for (const read of readsIn(text)) of(/ from (?:\(select 1 as one from )?(\w+)/.exec(read)?.[1])[0] += 1;
  }
  return tables;
}

test('a send to a new customer, and its call, read and write no more often than before', async () => {
  const desk = await Desk.open(app);
  const agent = await desk.agent('Bia');
  const texts = await app.statementsOf(async () => {
    await agent.act('sendActiveMessage', desk.orderUpdate('+5511970000001'), 'send { id }');
    await app.quiet();
  });
  expect(counted(texts)).toMatchObject(READS_AND_WRITES);
});
