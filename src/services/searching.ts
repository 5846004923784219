import sql, { join, type Sql } from 'sql-template-tag';
import { addressVariants } from '../channels/phone-addresses';
import { contactsHolding, likePattern } from '../database/contact-texts';
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
const NOTHING = sql`1 = 0`;

/** Whether a column holds a text somewhere in it; what LIKE would take for a pattern is taken as it stands. */
export function contains(column: Sql, text: string): Sql {
  return sql`${column} like ${likePattern(text)} escape '\\'`;
}

/** What contacts are looked for by. */
export interface SoughtContacts {
  /** Whether one is sought, as a condition on `contacts`. */
  matches: Sql;
  /** Each one that is sought holds one of these texts. */
  texts: readonly string[];
}

/**
 * The contacts with a text somewhere in one of these fields: names and e-mails whatever their accents and case, phone
 * numbers in any of their forms.
 * @throws Problem BAD_USER_INPUT for a text that is too long.
 */
export function soughtContacts(search: string, fields: Iterable<ContactField>): SoughtContacts {
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
  return {
    matches: anyOf(ways.map(([column, text]) => contains(column, text))),
    texts: [...new Set(ways.map(([, text]) => text))],
  };
}

function anyOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? NOTHING : sql`(${join([...conditions], ' or ')})`;
}

/** Selects the ids of the contract's contacts that are sought, through an index; null where there is none for the texts. */
export function idsOfSought(
  { connection, contractId }: Rows,
  { matches, texts }: SoughtContacts,
): Sql | null {
  const holding = texts.map((text) => contactsHolding(connection, text));
  if (!holding.every((select) => select !== null)) return null;
  const candidates = anyOf(holding.map((select) => amongSelected(connection, sql`contacts.id`, select)));
  return sql`select contacts.id from contacts where contacts.contract_id = ${contractId} and ${candidates} and ${matches}`;
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

/** The way that is fast for what is sought, judged by the newest of the rows in question. */
export async function fasterWay(
  rows: Rows,
  entity: RowClass<object>,
  where: Sql,
  { walking, lookingUp }: Sought,
): Promise<Sql> {
  if (lookingUp === null) return walking;
  const { name } = tableOf(entity);
  const newest = { where, orderBy: sql`${name}.created_at desc, ${name}.id desc`, limit: SAMPLE };
  const found = await rows.countAmongFirst(entity, newest, walking);
  return found >= FREQUENT ? walking : lookingUp;
}
