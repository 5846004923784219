import { HOUR, SECOND } from '../clock';
import { bringForward } from './clock-set-back';
import type { Platform } from './context';
import { finishErasures } from './erasure/erasure';
import { removeOutdated } from './retention';
import { expireReplies, giveUpUnknown, settleParkedReports } from './sends/send-expiry';

const EXPIRY_INTERVAL = 10 * SECOND;

/** What happens by the passing of time alone: windows that close, waits that end, rows that are kept no longer. */
export class Housekeeping {
  private running = false;
  private working: Promise<void> | null = null;
  private cancel: () => void = () => undefined;
  private outdatedRemovedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly platform: Platform) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.round();
  }

  /** Begins nothing more and waits for what runs. */
  async stop(): Promise<void> {
    this.running = false;
    this.cancel();
    await this.working;
  }

  private round(): void {
    this.working = this.work().finally(() => {
      this.working = null;
      if (this.running) this.cancel = this.platform.clock.after(EXPIRY_INTERVAL, () => this.round());
    });
  }

  private async work(): Promise<void> {
    await this.attempt('what a clock that was ahead put off', () => bringForward(this.platform));
    await this.attempt('reply windows', () => expireReplies(this.platform));
    await this.attempt('unknown outcomes', () => giveUpUnknown(this.platform));
    await this.attempt('parked reports', () => settleParkedReports(this.platform));
    await this.attempt('erasures', () => finishErasures(this.platform));
    const now = this.platform.clock.elapsed();
    if (now - this.outdatedRemovedAt < HOUR) return;
    this.outdatedRemovedAt = now;
    await this.attempt('retention', () => removeOutdated(this.platform));
  }

  /** One task that fails keeps none of the others from being done; it is done again in the next round. */
  private async attempt(task: string, work: () => Promise<unknown>): Promise<void> {
    if (!this.running) return;
    try {
      await work();
    } catch (error) {
      this.platform.log.error({ err: error, task }, 'housekeeping failed');
    }
  }
}
