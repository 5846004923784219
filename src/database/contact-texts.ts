import sql, { type Sql } from 'sql-template-tag';
import type { Connection } from './connection';

const LETTERS = 3;

/** A pattern for LIKE that stands for a text somewhere in another; what LIKE would take for a pattern stands for itself. */
export function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}

/**
 * Selects the ids of the contacts, of whatever contract, that may hold a text in their folded name or e-mail or in their
 * phone number, through the index of every three letters in a row; null where it is not for such a text, as it is too short.
 */
export function contactsHolding({ dialect }: Connection, text: string): Sql | null {
  const letters = Array.from(text);
  // FTS5 takes the character NUL for the end of what is asked.
  if (letters.length < LETTERS || text.includes('\0')) return null;
  if (dialect === 'postgres') return sql`select contacts_like(${likePattern(text)})`;
  const parts = letters.slice(LETTERS - 1).map((_, start) => letters.slice(start, start + LETTERS).join(''));
  const all = parts.map((part) => `"${part.replaceAll('"', '""')}"`).join(' AND ');
  return sql`select contact_id from contact_numbers where number in
    (select rowid from contact_texts where contact_texts match ${all})`;
}
