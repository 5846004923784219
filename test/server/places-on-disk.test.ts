import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import { Desk } from '../kit/desk';
import { replacing } from '../kit/weakened';

/** What tells places in the log: cursors of it, and pages in its order. */
const TELLING: Readonly<Record<string, string>> = {
  'the cursor of what is read': '{ eventCursor }',
  'the cursor of a change': '{ sends { nodes { changeCursor } } }',
  'a page by changes': '{ sends(orderBy: { field: CHANGED, direction: DESC }) { pageInfo { endCursor } } }',
};
const TELLING_NOTHING = '{ sends { nodes { id } } }';

let app: TestApp;
let desk: Desk;

beforeAll(async () => {
  app = await TestApp.start();
  desk = await Desk.open(app);
  await desk.accepted(await desk.agent('Bia'), '+5511970000001');
});
afterAll(() => app.stop());

/** While what was read is not on the disk: whether something is told before it is. */
async function isToldEarly(tell: () => Promise<unknown>): Promise<boolean> {
  let reach: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const syncing = () => (): Promise<void> => reached;
  return replacing(app.platform.store.engine, 'syncing', syncing, async () => {
    let isTold = false;
    const told = tell().then(() => (isTold = true));
    // Enough for whatever does not wait.
    for (let asked = 0; asked < 5; asked += 1) await desk.admin.ask(TELLING_NOTHING);
    const isEarly = isTold;
    reach();
    await told;
    return isEarly;
  });
}

test.each(Object.entries(TELLING))('%s is told once it is on the disk', async (_what, document) => {
  expect(await isToldEarly(() => desk.admin.ask(document))).toBe(false);
});

test('an export is told once it is on the disk', async () => {
  const headers = { authorization: `Bearer ${desk.admin.token}` };
  const exported = async (): Promise<string> =>
    (await fetch(`${app.url}/exports/sends.ndjson`, { headers })).text();
  expect(await isToldEarly(exported)).toBe(false);
});

test('what tells no place waits for no disk', async () => {
  expect(await isToldEarly(() => desk.admin.ask(TELLING_NOTHING))).toBe(true);
});
