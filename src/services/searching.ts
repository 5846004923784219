import sql, { type Sql } from 'sql-template-tag';

/** Whether a column holds a text somewhere in it; what LIKE would take for a pattern is taken as it stands. */
export function contains(column: Sql, text: string): Sql {
  const escaped = text.replace(/[\\%_]/g, (sign) => `\\${sign}`);
  return sql`${column} like ${`%${escaped}%`} escape '\\'`;
}
