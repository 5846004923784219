import { tableOf } from '../../database/rows';
import { referencesOf, type Reference } from './references';
import { SIGHTS, type SeenKind } from './visibility';

/** What an operation asks for: by kind of thing, the names of its fields in the API. */
export type Asked = ReadonlyMap<string, ReadonlySet<string>>;

/** An operation may ask for all there is. */
export const EVERYTHING_ASKED: Asked = new Map();

/** A function of what is asked and of a text that remembers what it gave: operations come again and again. */
function remembering<Result>(
  of: (asked: Asked, kind: SeenKind, besides: string) => Result,
): (asked: Asked, kind: SeenKind, besides?: string) => Result {
  const remembered = new WeakMap<Asked, Map<string, Result>>();
  return (asked, kind, besides = '') => {
    const known = remembered.get(asked) ?? new Map<string, Result>();
    remembered.set(asked, known);
    const key = `${kind} ${besides}`;
    let result = known.get(key);
    if (result === undefined) known.set(key, (result = of(asked, kind, besides)));
    return result;
  };
}

/**
 * Which properties of a kind of thing must be read to tell what is asked of it, and one that is needed besides; null where
 * that is the whole row. A field that is neither a property nor a reference may be made of anything.
 */
export const propertiesAsked = remembering((asked, kind, besides): readonly string[] | null => {
  const fields = asked.get(kind);
  if (!fields) return null;
  const { columns, byProperty } = tableOf(SIGHTS[kind].entity);
  const references = referencesOf(kind);
  const wanted = new Set(['id', besides]);
  for (const field of fields) {
    const property = references[field]?.property ?? field;
    if (!byProperty.has(property)) return null;
    wanted.add(property);
  }
  // In the order of the columns, so that who asks for the same in another order has the same statement.
  return columns.map(({ property }) => property).filter((property) => wanted.has(property));
});

/** What of the things that a kind of thing refers to is asked for. */
export const referencesAsked = remembering((asked, kind): readonly Reference[] =>
  Object.entries(referencesOf(kind)).flatMap(([field, reference]) =>
    asked.get(kind)?.has(field) ? [reference] : [],
  ),
);
