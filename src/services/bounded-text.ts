import { UserErrorCode } from '../entities/enums';
import { userError, type UserError } from './outcome';

/** Longest name of anything. */
const LONGEST_NAME = 200;

/**
 * Whether a text is there and not too long.
 * @returns why it is refused, or null.
 */
export function textError(text: string, field: string[], longest = LONGEST_NAME): UserError | null {
  const length = text.trim().length;
  if (length >= 1 && text.length <= longest) return null;
  const given = length === 0 ? 'is empty' : `has ${text.length} characters`;
  return userError(
    UserErrorCode.INVALID,
    `\`${field.at(-1) ?? 'input'}\` ${given}: give a text of 1 to ${longest} characters.`,
    field,
  );
}

/** The refusals among what several checks found. */
export function found(...checks: (UserError | null)[]): UserError[] {
  return checks.filter((check) => check !== null);
}
