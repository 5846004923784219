import { jest } from '@jest/globals';
import sql from 'sql-template-tag';
import { DeliveryRow } from '../../src/entities/delivery';
import { describeError } from '../../src/platform';
import type { TestApp } from './app';
import type { Caller, Data } from './caller';
import type { Desk } from './desk';
import { eventually } from './eventually';
import { answers, PROVIDER_TOKEN, type RecordedCall, type Step } from './provider-double';
import { scaled } from './scale';

/** Others may keep the machine busy while a test waits, for one thing and for all. */
export const PATIENCE = 60_000;
export const TIME_LIMIT = scaled(180_000, 1_200_000);

/** For servers on which many things go wrong at once, and whose clock is moved far on. */
export const BUSY = { SENDS_PER_MINUTE: '100000', REQUESTS_PER_MINUTE: '1000000', PRESENCE_TIMEOUT: '0' };

/** A send as the API shows it. */
export interface SeenSend {
  id: string;
  status: string;
  outcomeUnknown: boolean;
  attempts: number;
  failure: { code: string; message: string; providerCode: number | null } | null;
  timeline: { kind: string }[];
}

const SENDS = `query ($after: String) { sends(first: 100, after: $after) { pageInfo { hasNextPage endCursor }
  nodes { id status outcomeUnknown attempts failure { code message providerCode } timeline { kind } } } }`;

/** All sends of a caller, by their ids. */
export async function sendsOf(caller: Caller): Promise<Map<string, SeenSend>> {
  const all = new Map<string, SeenSend>();
  for (let after: string | null = null; ;) {
    const { sends }: Data = await caller.ask(SENDS, { after });
    for (const send of sends.nodes as SeenSend[]) all.set(send.id, send);
    if (sends.pageInfo.hasNextPage !== true) return all;
    after = sends.pageInfo.endCursor as string;
  }
}

/**
 * Waits until no call is on its way but those that hang: the clock can then be moved on without making others late.
 * @param hanging how many of them there are.
 */
export async function settled({ platform }: TestApp, hanging: () => number = () => 0): Promise<void> {
  const leased = (): Promise<number> =>
    platform.store.acrossContracts().count(DeliveryRow, sql`lease_until is not null`);
  await eventually(leased, (count) => count === hanging(), PATIENCE);
}

/** Asks until each of these sends is as waited for. @param pace by which the clock is moved on each time. */
export function reached(
  { app, caller, hanging }: { app: TestApp; caller: Caller; hanging?: () => number },
  ids: readonly string[],
  isIt: (send: SeenSend) => boolean,
  pace = 0,
): Promise<Map<string, SeenSend>> {
  return eventually(
    async () => {
      if (pace > 0) {
        await settled(app, hanging);
        app.clock.advance(pace);
      }
      return sendsOf(caller);
    },
    (all) => ids.every((id) => isIt(all.get(id)!)),
    PATIENCE,
  );
}

/** Matches what of these errors' words must come out nowhere. */
export const UNTELLABLE = /EAAG|96000/;

/** An error of the Graph API whose words quote the token and a phone number. */
export function quotingError(
  code: number,
  status = 400,
  more: Omit<Parameters<typeof answers.error>[2] & object, 'message'> = {},
): Step {
  const message = `(#${code}) ${PROVIDER_TOKEN} to +55 11 96000-0001`;
  return answers.error(code, status, { message, ...more });
}

export const numberCalled = ({ body }: RecordedCall): string => (body as { to: string }).to;

let phones = 0;
/** A mobile number of Brazil that nothing else goes to, as the provider writes it. */
export const freshNumber = (): string => `55119${String(60_000_000 + (phones += 1))}`;

/** A provider that answers for each customer as it is told, and what the server's log says of it. */
export class Faults {
  /** A line for all that was logged. */
  readonly logged: string[] = [];
  private readonly steps = new Map<string, Step[]>();
  /** How many calls are on their way that will never be answered. */
  private unanswered = 0;

  constructor(readonly app: TestApp) {
    app.provider.answer((call) => {
      const step = this.steps.get(numberCalled(call))?.shift() ?? answers.accept();
      if (step.do === 'hang' || step.do === 'stall') {
        this.unanswered += 1;
        void call.closed.then(() => (this.unanswered -= 1));
      }
      return step;
    });
    for (const level of ['info', 'warn', 'error', 'fatal'] as const) {
      jest.spyOn(app.platform.log, level).mockImplementation((...told: unknown[]) => {
        const plain = (_name: string, value: unknown): unknown =>
          value instanceof Error ? describeError(value) : value;
        this.logged.push(JSON.stringify([level, ...told], plain));
      });
    }
  }

  /** Lines of the log that hold a token or a phone number. */
  untellable(): string[] {
    return this.logged.filter((line) => UNTELLABLE.test(line) || /55119/.test(line));
  }

  readonly hanging = (): number => this.unanswered;

  /** How messages to this number are answered from now on, one after another; then they are accepted. */
  answer(number: string, steps: readonly Step[]): void {
    this.steps.set(number, [...steps]);
  }

  callsTo(number: string): RecordedCall[] {
    return this.app.provider.sends.filter((call) => numberCalled(call) === number);
  }

  /** Stores a send to this number that is answered so. @returns its id. */
  async send(desk: Desk, sender: Caller, number: string, steps: readonly Step[] = []): Promise<string> {
    this.answer(number, steps);
    const { send } = await sender.act('sendActiveMessage', desk.orderUpdate(`+${number}`), 'send { id }');
    return send.id as string;
  }
}
