import { badInput } from '../problems';

/** Most values that one list of an input holds (domain rule 43). */
const LONGEST_LIST = 500;

/** @throws Problem BAD_USER_INPUT where a list of an input holds too many values. */
export function refuseLongList({ length }: readonly unknown[], name: string): void {
  if (length > LONGEST_LIST)
    throw badInput(
      `\`${name}\` holds ${length} values, and at most ${LONGEST_LIST} are taken: ask several times.`,
    );
}

/**
 * The ids of an input's list, each once and in its order.
 * @throws Problem BAD_USER_INPUT where there are too many.
 */
export function idsOf(list: readonly string[], name: string): string[] {
  refuseLongList(list, name);
  return [...new Set(list)];
}
