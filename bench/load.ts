import { Pool } from 'undici';
import type { Contender } from './contender';
import type { Ask } from './operations';

/** How many requests are on their way at once. */
const CLIENTS = 32;

/** What one server did under load. */
export interface Pace {
  /** Answers in a second. */
  rate: number;
  /** Milliseconds below which 99 of 100 answers stayed. */
  p99: number;
}

/**
 * Asks as fast as it is answered, for so many seconds.
 * @param next the next request.
 * @throws where an answer is not 200.
 */
export async function paceOf({ url }: Contender, next: () => Ask, seconds: number): Promise<Pace> {
  const pool = new Pool(url, { connections: CLIENTS, pipelining: 1 });
  const times: number[] = [];
  const begun = performance.now();
  const end = begun + seconds * 1_000;
  const askOnAndOn = async (): Promise<void> => {
    while (performance.now() < end) {
      const { path, headers, body } = next();
      const asked = performance.now();
      const answer = await pool.request({ path, method: 'POST', headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`);
      times.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, askOnAndOn));
  const took = (performance.now() - begun) / 1_000;
  await pool.close();
  times.sort((one, other) => one - other);
  return { rate: times.length / took, p99: times[Math.floor(times.length * 0.99)] ?? 0 };
}
