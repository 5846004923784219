import { Pool } from 'undici';
import type { Contender } from './contender';
import { percentileOf } from './measured';
import type { Ask } from './ask';

/** How many requests are on their way at once. */
const CLIENTS = 32;

/** What one server did under load. */
export interface Pace {
  /** How often in a second. */
  rate: number;
  /** Milliseconds below which 99 of 100 times stayed. */
  p99: number;
}

/** Connections to one server, one for each client. */
export class Line {
  private readonly pool: Pool;

  constructor(private readonly contender: Contender) {
    this.pool = new Pool(contender.url, { connections: CLIENTS, pipelining: 1 });
  }

  /** @throws where the answer is not 200. */
  async ask({ path, headers, body }: Ask): Promise<void> {
    const answer = await this.pool.request({ path, method: 'POST', headers, body });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`${this.contender.url} answered ${answer.statusCode}`);
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

/** Every client does the same on and on, for so many seconds. */
export async function paceOfWork(work: () => Promise<unknown>, seconds: number): Promise<Pace> {
  const times: number[] = [];
  const begun = performance.now();
  const end = begun + seconds * 1_000;
  const workOnAndOn = async (): Promise<void> => {
    while (performance.now() < end) {
      const started = performance.now();
      await work();
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, workOnAndOn));
  const took = (performance.now() - begun) / 1_000;
  return { rate: times.length / took, p99: percentileOf(times, 99) };
}

/**
 * Asks as fast as it is answered, for so many seconds.
 * @param next the next request.
 */
export async function paceOf(contender: Contender, next: () => Ask, seconds: number): Promise<Pace> {
  const line = new Line(contender);
  try {
    return await paceOfWork(() => line.ask(next()), seconds);
  } finally {
    await line.close();
  }
}
