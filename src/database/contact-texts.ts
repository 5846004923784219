import sql, { type Sql } from 'sql-template-tag';
import type { Connection } from './connection';

const LETTERS = 3;
/** So many of the newest contacts show which letters nearly all have. */
const SAMPLE = 100;

/**
 * Three letters in a row that nearly all contacts have, such as those of a country's prefix: to look them up costs much
 * and tells nothing.
 */
export type FrequentThrees = ReadonlySet<string>;

/** What is looked for where no three letters are known to be frequent. */
const NONE: FrequentThrees = new Set();

/** A pattern for LIKE that stands for a text somewhere in another; what LIKE would take for a pattern stands for itself. */
export function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}

/** Which of these texts' letters are frequent; PostgreSQL knows by itself. */
export async function frequentThreesOf(
  connection: Connection,
  texts: readonly string[],
): Promise<FrequentThrees> {
  const threes = [...new Set(texts.flatMap((text) => threesOf(text) ?? []))];
  if (connection.dialect !== 'sqlite' || threes.length === 0) return NONE;
  const rows = await connection.all(sql`
    with newest as materialized (
      select coalesce(folded_name, '') || char(10) || coalesce(folded_email, '') || char(10) || coalesce(phone, '') as text
      from contact_numbers cross join contacts on contacts.id = contact_numbers.contact_id
      order by number desc limit ${SAMPLE})
    select value from json_each(${JSON.stringify(threes)})
      where (select count(*) from newest where instr(text, value) > 0) * 2 > (select count(*) from newest)`);
  return new Set(rows.map(({ value }) => value as string));
}

/**
 * Selects the ids of the contacts, of whatever contract, that may hold a text in their folded name or e-mail or in their
 * phone number, through the index of every three letters in a row; null where it is not for such a text, as it is too short.
 */
export function contactsHolding({ dialect }: Connection, text: string, frequent: FrequentThrees): Sql | null {
  const match = matching(text, frequent);
  if (match === null) return null;
  if (dialect === 'postgres') return sql`select contacts_like(${likePattern(text)})`;
  return sql`select contact_id from contact_numbers where number in
    (select rowid from contact_texts where contact_texts match ${match})`;
}

/** What is sought through the index, which has contacts in the order in which they were entered. */
export interface Holding {
  texts: readonly string[];
  frequent: FrequentThrees;
}

/**
 * How many contacts may hold one of these texts, counted up to `most`; null where no index has them in their order, or
 * none is for such texts.
 */
export async function countHolding(
  connection: Connection,
  holding: Holding,
  most: number,
): Promise<number | null> {
  const match = matchingAny(connection, holding);
  if (match === null) return null;
  const [row] = await connection.all(
    sql`select count(*) as number from (select 1 from contact_texts where contact_texts match ${match} limit ${most})`,
  );
  return Number(row?.['number']);
}

/** How the newest contacts that may hold some texts lie among all of them. */
export interface Spread {
  /** How many of them are meant. */
  meant: number;
  /** How many contacts are as new as the oldest of them. */
  distance: number;
}

/**
 * How the newest contacts that may hold one of these texts are spread, of which there are some.
 * @param meant the condition for those of them that are meant.
 * @param newest how many are looked at.
 */
export async function spreadOfHolding(
  connection: Connection,
  holding: Holding,
  meant: Sql,
  newest: number,
): Promise<Spread> {
  const [row] = await connection.all(sql`
    select (select max(number) from contact_numbers) - min(newest.number) as distance,
      sum(exists (select 1 from contact_numbers cross join contacts on contacts.id = contact_numbers.contact_id
        where contact_numbers.number = newest.number and ${meant})) as meant
    from (select rowid as number from contact_texts where contact_texts match ${matchingAny(connection, holding)}
      order by rowid desc limit ${newest}) as newest`);
  return { meant: Number(row?.['meant']), distance: Number(row?.['distance']) };
}

function matchingAny({ dialect }: Connection, { texts, frequent }: Holding): string | null {
  const matches = texts.map((text) => matching(text, frequent));
  if (dialect !== 'sqlite' || matches.length === 0 || matches.includes(null)) return null;
  return matches.map((match) => `(${match})`).join(' OR ');
}

function threesOf(text: string): string[] | null {
  const letters = Array.from(text);
  // FTS5 takes the character NUL for the end of what is asked.
  if (letters.length < LETTERS || text.includes('\0')) return null;
  return letters.slice(LETTERS - 1).map((_, start) => letters.slice(start, start + LETTERS).join(''));
}

/** What FTS5 takes for a text's letters, three in a row, without those that are frequent unless all are. */
function matching(text: string, frequent: FrequentThrees): string | null {
  const threes = threesOf(text);
  if (threes === null) return null;
  const telling = threes.filter((three) => !frequent.has(three));
  return (telling.length > 0 ? telling : threes)
    .map((three) => `"${three.replaceAll('"', '""')}"`)
    .join(' AND ');
}
