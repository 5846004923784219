import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LiveUpdates, type Watcher } from '../../examples/desk-cli/live-updates';
import {
  SendConfirmedDocument,
  SendStatusChangedDocument,
  TicketChangedDocument,
} from '../../examples/desk-cli/operations.generated';
import { SignIn } from '../../examples/desk-cli/sign-in';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
}, 60_000);
afterAll(() => app.stop());

/** Live updates of this person, and all that they say. */
function watch(caller: Caller, signIn: SignIn, position: string) {
  const heard: string[] = [];
  const watcher: Watcher = {
    readAnew: () => {
      heard.push('reads anew');
      return caller.cursor();
    },
    lost: (why) => heard.push(`lost: ${why}`),
    resumed: () => heard.push('resumed'),
    ended: (why) => heard.push(`ended: ${why}`),
  };
  return { heard, live: new LiveUpdates(app.url, signIn, position, watcher) };
}

test('where the log no longer reaches back to the cursor the lists are read anew, once for all subscriptions', async () => {
  const desk = await Desk.open(app);
  const bia = await desk.agent('Bia');
  const tooOld = await bia.cursor();
  await bia.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
  await desk.admin.act('setPresence', { presence: 'PAUSED' }, 'agent { id }');
  await app.platform.eventLog.prune(app.clock.now() + 1_000);
  const { heard, live } = watch(bia, new SignIn(bia.token), tooOld);
  const told: string[] = [];
  live.follow(TicketChangedDocument, {}, () => undefined);
  live.follow(SendStatusChangedDocument, { agentId: bia.id }, () => undefined);
  live.follow(SendConfirmedDocument, { agentId: bia.id }, ({ outcome, send }) =>
    told.push(`${outcome} ${send.id}`),
  );
  await eventually(
    () => heard,
    ({ length }) => length > 0,
  );
  const { id } = await desk.accepted(bia, '+5511950000001');
  await eventually(
    () => told,
    ({ length }) => length > 0,
  );
  expect([heard, told]).toEqual([['reads anew'], [`ACCEPTED ${id}`]]);
  await live.close();
});

test('a token that is refused is replaced by a fresh one; without one it is over, and says why', async () => {
  const desk = await Desk.open(app);
  const bia = await desk.agent('Bia');
  const position = await bia.cursor();
  const { id } = await desk.accepted(bia, '+5511950000002');

  const fresh = watch(bia, new SignIn('of yesterday', () => Promise.resolve(bia.token)), position);
  const told: string[] = [];
  fresh.live.follow(SendConfirmedDocument, { agentId: bia.id }, ({ send }) => told.push(send.id));
  const stale = watch(bia, new SignIn('of yesterday'), position);
  stale.live.follow(SendConfirmedDocument, { agentId: bia.id }, () => undefined);
  await eventually(
    () => [told, stale.heard],
    (lists) => lists.every(({ length }) => length > 0),
  );
  expect(told).toEqual([id]);
  expect(stale.heard).toEqual(['ended: The token is not accepted, or has expired: start with a fresh one.']);
  await Promise.all([fresh.live.close(), stale.live.close()]);
});
