import { appendFileSync } from 'node:fs';
import { engine } from './database';

/** Whether the promises are tried at length (`npm run test:long`), not only as a part of the suite. */
export const atLength = process.env['PROMISES'] === 'long';

/** How much of something is done: a little with every run of the suite, a lot at length. */
export function scaled<Amount>(little: Amount, lot: Amount): Amount {
  return atLength ? lot : little;
}

/**
 * Keeps a figure that a run at length measured, for the table in `docs/promises.md`.
 * @param promise the heading it belongs to, as it stands there.
 */
export function figure(promise: string, measure: string, value: string | number): void {
  const file = process.env['PROMISES_FIGURES'];
  if (file !== undefined)
    appendFileSync(file, `${JSON.stringify({ promise, measure, engine, value: String(value) })}\n`);
}
