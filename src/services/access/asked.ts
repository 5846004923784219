import { tableOf } from '../../database/rows';
import { referencesOf } from './references';
import { SIGHTS, type SeenKind } from './visibility';

/** What an operation asks for: by kind of thing, the names of its fields in the API. */
export type Asked = ReadonlyMap<string, ReadonlySet<string>>;

/** An operation may ask for all there is. */
export const EVERYTHING_ASKED: Asked = new Map();

/**
 * Which properties of a kind of thing must be read to tell what is asked of it; null where that is the whole row. A field
 * that is neither a property nor a reference may be made of anything.
 * @param besides properties that are needed in any case.
 */
export function propertiesAsked(
  asked: Asked,
  kind: SeenKind,
  besides: readonly string[] = [],
): readonly string[] | null {
  const fields = asked.get(kind);
  if (!fields) return null;
  const { columns, byProperty } = tableOf(SIGHTS[kind].entity);
  const references = referencesOf(kind);
  const wanted = new Set(['id', ...besides]);
  for (const field of fields) {
    const property = references[field]?.property ?? field;
    if (!byProperty.has(property)) return null;
    wanted.add(property);
  }
  // In the order of the columns, so that who asks for the same in another order has the same statement.
  return columns.map(({ property }) => property).filter((property) => wanted.has(property));
}
