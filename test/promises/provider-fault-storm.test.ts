import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { DeliveryRow } from '../../src/entities/delivery';
import { TestApp } from '../kit/app';
import type { Caller, Data } from '../kit/caller';
import { freshMessageId } from '../kit/customer';
import { Desk } from '../kit/desk';
import { eventually } from '../kit/eventually';
import {
  BUSY,
  freshNumber,
  numberCalled,
  PATIENCE,
  sendsOf,
  settled,
  TIME_LIMIT,
  type SeenSend,
} from '../kit/faults';
import { endingOf, faultStorm, stepOf, takes, type FaultPlan } from '../kit/fault-plan';
import { inTurns } from '../kit/in-turns';
import { createProviderDouble, type ProviderDouble, type RecordedCall } from '../kit/provider-double';
import { figure, scaled } from '../kit/scale';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let app: TestApp;
let foreign: ProviderDouble;

beforeAll(async () => {
  [app, foreign] = await Promise.all([TestApp.start({ environment: BUSY }), createProviderDouble()]);
});
afterAll(async () => {
  await app.stop();
  await foreign.close();
});

/** What a call carries in its second blank: the place of its plan. */
function planOf({ body }: RecordedCall): number {
  const { template } = body as { template: { components: { parameters: { text: string }[] }[] } };
  return Number(template.components[0]?.parameters[1]?.text);
}

const correlationOf = ({ body }: RecordedCall): string =>
  (body as { biz_opaque_callback_data: string }).biz_opaque_callback_data;

const seed = randomInt(2 ** 31);

test(
  `rules 20 to 23: a storm of faults (seed ${seed}) sends nothing twice, and every send ends as it must`,
  async () => {
    const plans = faultStorm(scaled(40, 300), seed);
    const desks = [await Desk.open(app), await Desk.open(app)] as const;
    const agents = [await desks[0].agent('Bia'), await desks[1].agent('Olga')] as const;
    const people = Array.from({ length: plans.length }, freshNumber);
    const taken = new Map<number, number>();
    const calls = new Map<number, number>();
    const reports: Promise<boolean>[] = [];
    /** Calls that will never be answered. */
    let hanging = 0;

    const report = (call: RecordedCall, plan: FaultPlan): void => {
      if (plan.report === null) return;
      const customer = desks[plan.number].customer(numberCalled(call));
      const more = {
        correlation: correlationOf(call),
        ...(plan.report === 'failed' && { errorCode: 131026 }),
      };
      const { report: status } = plan;
      const messageId = freshMessageId();
      // As the provider does: again, until it is taken.
      const isTaken = (): Promise<boolean> =>
        customer.report(status, messageId, more).then(
          () => true,
          () => false,
        );
      reports.push(eventually(isTaken, Boolean, PATIENCE));
    };
    app.provider.answer((call) => {
      const index = planOf(call);
      const plan = plans[index]!;
      const made = calls.get(index) ?? 0;
      calls.set(index, made + 1);
      // Whatever is called once more than its plan says is taken once more, so that it shows.
      const fault = plan.faults[made] ?? { kind: 'accepted', held: false };
      if (takes(fault)) {
        taken.set(index, (taken.get(index) ?? 0) + 1);
        report(call, plan);
      }
      if (fault.kind === 'lost' && (fault.how === 'hang' || fault.how === 'stall')) {
        hanging += 1;
        void call.closed.then(() => (hanging -= 1));
      }
      return stepOf(fault, plan.delay, `${foreign.url}/1/messages`);
    });

    const ids: string[] = [];
    const send = async (index: number): Promise<void> => {
      const { number, recipient } = plans[index]!;
      const [desk, sender] = [desks[number], agents[number]];
      const parameters = [
        { key: 'body.1', value: 'Carla' },
        { key: 'body.2', value: String(index) },
      ];
      const input = { ...desk.orderUpdate(`+${people[recipient]}`), parameters };
      // Refused while the number is stopped, which it is until it is repaired.
      // A busy machine's database may not answer in time: the key makes it one send however often it is asked for.
      const stored = await eventually(
        () => sender.attempt('sendActiveMessage', input, 'send { id }').catch(() => ({ send: null })),
        (payload: Data) => payload.send !== null,
        PATIENCE,
      );
      ids[index] = stored.send.id as string;
    };
    const storm = { over: false };
    const repairing = Promise.all(desks.map((desk) => repairUntil(desk, storm)));
    await inTurns(plans, (_plan, index) => send(index));

    // As long as it takes, and no longer than any send may wait.
    const begun = app.clock.now();
    const all = await eventually(
      async () => {
        await settled(app, () => hanging);
        app.clock.advance(10 * SECOND);
        const nothing = (): Map<string, SeenSend> => new Map();
        const seen = await Promise.all(agents.map((agent) => sendsOf(agent).catch(nothing)));
        return new Map(seen.flatMap((sends) => [...sends]));
      },
      (sends) => sends.size === plans.length && [...sends.values()].every(isDecided),
      scaled(PATIENCE, 10 * PATIENCE),
    );
    const waited = app.clock.now() - begun;
    storm.over = true;
    await repairing;
    await Promise.all(reports);

    const ended = plans.map((_plan, index) => {
      const { status, failure, attempts, outcomeUnknown } = all.get(ids[index] ?? '')!;
      return {
        index,
        status,
        code: failure?.code ?? null,
        attempts,
        outcomeUnknown,
        calls: calls.get(index),
      };
    });
    expect(ended).toEqual(
      plans.map((plan, index) => ({
        index,
        ...endingOf(plan),
        attempts: plan.faults.length,
        outcomeUnknown: false,
        calls: plan.faults.length,
      })),
    );
    expect([...taken].filter(([, times]) => times > 1)).toEqual([]);
    const rows = app.platform.store.acrossContracts();
    expect(await rows.count(DeliveryRow, sql`due_at is not null or lease_until is not null`)).toBe(0);
    expect(foreign.calls).toEqual([]);
    expect(waited).toBeLessThan(60 * MINUTE);

    const total = [...calls.values()].reduce((sum, made) => sum + made, 0);
    figure('Provider faults', 'sends in a storm over two numbers', plans.length);
    figure('Provider faults', 'calls in it, each of which may go wrong', total);
    figure('Provider faults', 'sends that a customer got twice', 0);
  },
  TIME_LIMIT,
);

const isDecided = ({ status }: SeenSend): boolean => status !== 'QUEUED';

/** Repairs the number's account whenever it has stopped, as an admin does. */
async function repairUntil({ admin, botId, channelId }: Desk, storm: { over: boolean }): Promise<void> {
  while (!storm.over) {
    const isStopped = (await stateOf(admin, botId).catch(() => '')) === 'STOPPED';
    // Where it does not succeed, it is repaired the next time.
    if (isStopped)
      await admin.act('updateWhatsAppChannel', { channelId }, 'channel { id }').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function stateOf(admin: Caller, botId: string): Promise<string> {
  const { bot } = await admin.ask(
    'query ($id: ID!) { bot(id: $id) { whatsAppChannel { health { state } } } }',
    { id: botId },
  );
  return bot.whatsAppChannel.health.state as string;
}
