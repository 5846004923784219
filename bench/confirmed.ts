import { answers, type ProviderDouble } from '../test/kit/provider-double';
import { askOf, OPERATIONS } from './operations';
import type { Contender } from './contender';
import type { Dataset } from './dataset';
import { Hearers } from './hearers';
import { Hearing } from './hearing';
import { percentileOf } from './measured';

/** What WhatsApp takes from one number. */
export const SENDS_PER_SECOND = 80;
/** Milliseconds until the subscriptions are there: every agent who sends has one. */
const SETTLING = 1_000;

const HEAR = 'subscription { sendConfirmed { outcome send { id } } }';
const ACCEPTED = /"outcome":"ACCEPTED","send":\{"id":"([^"]+)"/;

/** Milliseconds that half, and 99 of 100, of the confirmations stayed below. */
export interface Times {
  p50: number;
  p99: number;
}

/**
 * Measures from the provider's answer to a message until the agent who sent it is told at its socket, at the pace that
 * WhatsApp allows.
 */
export class Confirmations {
  private readonly hearers: Hearers;
  /** When the provider answered, by the send's id. */
  private readonly answered = new Map<string, number>();
  private times: number[] = [];
  private hearing: Hearing | null = null;
  private sends = 0;

  private constructor(
    private readonly contender: Contender,
    private readonly dataset: Dataset,
    private readonly provider: ProviderDouble,
  ) {
    this.hearers = new Hearers(contender, {
      each: 1,
      tokens: dataset.agentTokens,
      settling: SETTLING,
    });
  }

  static async open(
    contender: Contender,
    dataset: Dataset,
    provider: ProviderDouble,
  ): Promise<Confirmations> {
    const confirmations = new Confirmations(contender, dataset, provider);
    // The answer is written as soon as it is known which.
    provider.answer(({ body }) => {
      const { biz_opaque_callback_data: id } = body as { biz_opaque_callback_data: string };
      confirmations.answered.set(id, performance.now());
      return answers.accept();
    });
    await confirmations.hearers.listen(HEAR, (frame) => confirmations.hear(frame.toString()));
    await confirmations.hearers.open(dataset.agentTokens.length);
    return confirmations;
  }

  /** Sends for so many seconds, each at its time whatever became of those before, and waits until all are confirmed. */
  async measure(seconds: number): Promise<Times> {
    const count = seconds * SENDS_PER_SECOND;
    this.times = [];
    this.hearing = new Hearing(count);
    const begun = performance.now();
    const sent: Promise<void>[] = [];
    for (let number = 0; number < count; number += 1) {
      const early = begun + (number * 1_000) / SENDS_PER_SECOND - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      sent.push(this.send());
    }
    await Promise.all([...sent, this.hearing.all]);
    return { p50: percentileOf(this.times, 50), p99: percentileOf(this.times, 99) };
  }

  close(): void {
    this.hearers.close();
    this.provider.answer(answers.accept());
  }

  private async send(): Promise<void> {
    const operation = OPERATIONS.find(({ name }) => name === 'send');
    if (!operation) throw new Error('There is no such operation');
    this.sends += 1;
    const answer = await this.contender.answer(askOf(operation, 'ours', this.sends, this.dataset));
    const { sendActiveMessage: payload } = answer as { sendActiveMessage: { send: unknown } };
    if (payload.send === null) throw new Error(`A send was refused: ${JSON.stringify(payload)}`);
  }

  private hear(frame: string): void {
    const heardAt = performance.now();
    const answeredAt = this.answered.get(ACCEPTED.exec(frame)?.[1] ?? '');
    if (answeredAt === undefined) throw new Error(`A subscriber got ${frame}`);
    this.times.push(heardAt - answeredAt);
    this.hearing?.heard();
  }
}
