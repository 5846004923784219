import sql, { join, type Sql } from 'sql-template-tag';
import { addressVariants } from '../channels/phone-addresses';
import {
  contactsHolding,
  countHolding,
  frequentThreesOf,
  likePattern,
  spreadOfHolding,
  type Holding,
} from '../database/contact-texts';
import { amongSelected, tableOf, type RowClass, type Rows } from '../database/rows';
import { ContactField } from '../entities/enums';
import { badInput } from '../problems';
import { fold } from './text-folding';

const LONGEST_SEARCH = 200;
/** Of the newest rows so many are looked at to see whether what is sought is frequent: it is found fast by then. */
const SAMPLE = 2_000;
const FREQUENT = 10;
/** Rows that are quickly looked up and sorted. */
const RARE = 2_000;
/** So many contacts that may be sought are counted. */
const MOST_CANDIDATES = 10_000;
/** So many of the newest of them are looked at, to guess how far apart those are that are sought. */
const NEWEST = 200;
/** Rows that a page is taken to have. */
const PAGE = 50;
/** How many rows are gone through in the time in which one is looked up. */
const LOOKING_UP = 3;
const NOTHING = sql`1 = 0`;

/** Whether a column holds a text somewhere in it; what LIKE would take for a pattern is taken as it stands. */
export function contains(column: Sql, text: string): Sql {
  return sql`${column} like ${likePattern(text)} escape '\\'`;
}

/** What contacts are looked for by: each one that is sought holds one of the texts. */
export interface SoughtContacts extends Holding {
  /** Whether one is sought, as a condition on `contacts`. */
  matches: Sql;
}

/**
 * The contacts with a text somewhere in one of these fields: names and e-mails whatever their accents and case, phone
 * numbers in any of their forms.
 * @throws Problem BAD_USER_INPUT for a text that is too long.
 */
export async function soughtContacts(
  { connection }: Rows,
  search: string,
  fields: Iterable<ContactField>,
): Promise<SoughtContacts> {
  if (search.length > LONGEST_SEARCH) {
    throw badInput(`\`search\` has ${search.length} characters: at most ${LONGEST_SEARCH} are looked for.`);
  }
  const digits = /^[+\d\s().-]+$/.test(search) ? search.replace(/\D/g, '') : '';
  const folded = fold(search);
  const ways: [column: Sql, text: string][] = [];
  for (const field of new Set(fields)) {
    if (field === ContactField.NAME) ways.push([sql`contacts.folded_name`, folded]);
    if (field === ContactField.EMAIL) ways.push([sql`contacts.folded_email`, folded]);
    if (field === ContactField.PHONE && digits !== '')
      ways.push(...addressVariants(digits).map((variant): [Sql, string] => [sql`contacts.phone`, variant]));
  }
  const texts = [...new Set(ways.map(([, text]) => text))];
  return {
    matches: anyOf(ways.map(([column, text]) => contains(column, text))),
    texts,
    frequent: await frequentThreesOf(connection, texts),
  };
}

function anyOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? NOTHING : sql`(${join([...conditions], ' or ')})`;
}

/** The condition for contacts that are sought, looked up through an index; null where there is none for the texts. */
function lookedUpSought({ connection }: Rows, { matches, texts, frequent }: SoughtContacts): Sql | null {
  const holding = texts.map((text) => contactsHolding(connection, text, frequent));
  if (!holding.every((select) => select !== null)) return null;
  const candidates = anyOf(holding.map((select) => amongSelected(connection, sql`contacts.id`, select)));
  return sql`${candidates} and ${matches}`;
}

/** Selects the ids of the contract's contacts that are sought, through an index; null where there is none for the texts. */
export function idsOfSought(rows: Rows, sought: SoughtContacts): Sql | null {
  const lookedUp = lookedUpSought(rows, sought);
  return (
    lookedUp &&
    sql`select contacts.id from contacts where contacts.contract_id = ${rows.contractId} and ${lookedUp}`
  );
}

/**
 * The ways to the contacts that are sought, of those in question. Where there is an index in the order of their creation,
 * it tells how many they may be, and whether they are come across before all of them could be looked up.
 */
export function waysToSought(rows: Rows, where: Sql, sought: SoughtContacts): Sought {
  let counted: Promise<number | null> | null = null;
  const candidates = (): Promise<number | null> =>
    (counted ??= countHolding(rows.connection, sought, MOST_CANDIDATES));
  return {
    walking: sought.matches,
    lookingUp: lookedUpSought(rows, sought),
    areFew: async () => {
      const count = await candidates();
      return count !== null && count <= RARE;
    },
    areCloseBy: async () => {
      const count = await candidates();
      if (count === null) return false;
      const isMeant = sql`contacts.contract_id = ${rows.contractId} and ${where} and ${sought.matches}`;
      const { meant, distance } = await spreadOfHolding(rows.connection, sought, isMeant, NEWEST);
      return meant > 0 && (distance * PAGE) / meant < LOOKING_UP * count;
    },
  };
}

/** Whether a row's contact is one of those that are sought. */
export function ofSought(contactId: Sql, { matches }: SoughtContacts): Sql {
  // With an offset PostgreSQL looks each contact up, and does not read them all beforehand.
  return sql`exists (select 1 from contacts where contacts.id = ${contactId} and ${matches} limit 1 offset 0)`;
}

/** Two ways to say the same condition. */
export interface Sought {
  /** Tried with one row after the other: fast where many match. */
  walking: Sql;
  /** Looked up: fast where few match. Null where there is no index for it. */
  lookingUp: Sql | null;
  /** Asked first: whether those that match are known to be few, whatever the newest rows say. */
  areFew?: () => Promise<boolean>;
  /** Asked where few of the newest rows match: whether others do that are come across sooner than looked up. */
  areCloseBy?: () => Promise<boolean>;
}

/**
 * A condition that an index is for, as it is best put: where few rows meet it they are looked up, since going through a
 * list until a page of them is found would be going through all of it.
 * @param frequent how it is put where many meet it.
 */
export async function lookedUpIfRare(
  rows: Rows,
  entity: RowClass<object>,
  condition: Sql,
  frequent: Sql = condition,
): Promise<Sql> {
  if ((await rows.count(entity, condition, RARE + 1)) > RARE) return frequent;
  return amongSelected(rows.connection, sql`${tableOf(entity).name}.id`, rows.idsOf(entity, condition));
}

/**
 * The way that is fast for what is sought. It is judged by the newest of the rows in question where nothing else tells: of
 * rows that came together, such as the numbers of one region, these tell little.
 */
export async function fasterWay(
  rows: Rows,
  entity: RowClass<object>,
  where: Sql,
  { walking, lookingUp, areFew, areCloseBy }: Sought,
): Promise<Sql> {
  if (lookingUp === null) return walking;
  if (await areFew?.()) return lookingUp;
  const { name } = tableOf(entity);
  const newest = { where, orderBy: sql`${name}.created_at desc, ${name}.id desc`, limit: SAMPLE };
  const found = await rows.countAmongFirst(entity, newest, walking);
  return found >= FREQUENT || (await areCloseBy?.()) ? walking : lookingUp;
}
