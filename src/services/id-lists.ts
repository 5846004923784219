import { badInput } from '../problems';

/** Most ids that one list of an input holds (domain rule 43). */
const LONGEST_LIST = 500;

/**
 * The ids of an input's list, each once and in its order.
 * @throws Problem BAD_USER_INPUT where there are too many.
 */
export function idsOf(list: readonly string[], name: string): string[] {
  if (list.length > LONGEST_LIST) {
    throw badInput(
      `\`${name}\` holds ${list.length} ids, and at most ${LONGEST_LIST} are taken: ask several times.`,
    );
  }
  return [...new Set(list)];
}
