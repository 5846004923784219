import { describe } from '@jest/globals';

/**
 * Groups tests that not every machine can run; where this one cannot they are skipped, and the run says why at its end.
 * @param obstacle what is in the way; null where nothing is.
 */
export const describeWhere = (obstacle: string | null): typeof describe | typeof describe.skip =>
  obstacle === null ? describe : describe.skip;
