import type { UserErrorCode } from '../entities/enums';

/** Something the caller asked for that a rule refuses: data for the caller, never thrown. */
export interface UserError {
  code: UserErrorCode;
  message: string;
  /** Path of the input field at fault, beginning with `input`; null where no one field is. */
  field: string[] | null;
  /** When the same request could succeed, where that is known. */
  retryAt: number | null;
  /** The ticket in the way, where there is one. Shown only to who may see it. */
  ticketId: string | null;
}

/**
 * What an act answers: what it made, or why it was refused, and never both.
 * Where it was refused, nothing of what it makes is there.
 */
export type Outcome<Made extends object> = Partial<Made> & { userErrors: UserError[] };

export function userError(
  code: UserErrorCode,
  message: string,
  field: string[] | null = null,
  more: { retryAt?: number; ticketId?: string } = {},
): UserError {
  return { code, message, field, retryAt: more.retryAt ?? null, ticketId: more.ticketId ?? null };
}

export function refused(...userErrors: UserError[]): { userErrors: UserError[] } {
  return { userErrors };
}

export function made<Made extends object>(what: Made): Made & { userErrors: UserError[] } {
  return { ...what, userErrors: [] };
}
