import type { Sql } from 'sql-template-tag';
import { tableOf, type Selection } from '../../database/rows';
import type { ServiceContext } from '../context';
import { pageOf, type List, type Page, type PageRequest } from '../pages';
import { reachOf } from './access';
import { propertiesAsked, referencesAsked } from './asked';
import { REFERENCES, referencesOf, type Reference, type ReferringKind } from './references';
import { EVERYTHING, SIGHTS, visible, type SeenKind, type SeenRow, type Sight } from './visibility';

/** What is there at once where it was read along with what refers to it. */
export type Seen<Row> = Row | null | Promise<Row | null>;

/**
 * One thing as this caller sees it: null where there is none, or none that is the caller's to see.
 * @throws Problem FORBIDDEN where its role may not read such things at all.
 */
export function see<Kind extends SeenKind>(
  context: ServiceContext,
  kind: Kind,
  id: string | null,
): Promise<SeenRow<Kind> | null> {
  const sight: Sight = SIGHTS[kind];
  const condition = visible(context.viewer, kind);
  if (id === null) return Promise.resolve(null);
  // A page asks this for each thing on it: where everything is seen, the look-up itself is the answer.
  const found =
    condition === EVERYTHING
      ? context.loaders.row(sight.entity, id)
      : context.loaders.batch(`see ${kind}`, id, async (ids) => {
          const rows = await context.rows.byIds(sight.entity, ids, condition);
          return new Map(rows.map((row) => [row.id, row]));
        });
  return found as Promise<SeenRow<Kind> | null>;
}

/**
 * One thing as this caller sees it: null where there is none, or none that is the caller's to see. Of its row that is
 * read which the operation asks for.
 * @throws Problem FORBIDDEN where its role may not read such things at all.
 */
export function seeAsked<Kind extends SeenKind>(
  context: ServiceContext,
  kind: Kind,
  id: string | null,
): Seen<SeenRow<Kind>> {
  return id === null ? null : seen(context, kind, id, visible(context.viewer, kind));
}

/** What a thing refers to, as this caller sees it; the same is read of it. @throws Problem like `seeAsked`. */
export function refer<Kind extends ReferringKind, Field extends keyof (typeof REFERENCES)[Kind] & string>(
  context: ServiceContext,
  kind: Kind,
  row: SeenRow<Kind>,
  field: Field,
): Seen<SeenRow<ReferredKind<Kind, Field>>> {
  const reference = referencesOf(kind)[field];
  if (!reference) throw new Error(`${kind} has no reference ${field}`);
  const id = (row as unknown as Record<string, string | null>)[reference.property] ?? null;
  const condition = conditionOf(context, reference);
  if (id === null || condition === null) return null;
  const referred = reference.kind as ReferredKind<Kind, Field>;
  if (!isKnown(context, kind, reference, condition)) return seen(context, referred, id, condition);
  const { entity }: Sight = SIGHTS[referred];
  return context.rows.partOf(entity, { id }) as SeenRow<typeof referred>;
}

type ReferredKind<
  Kind extends ReferringKind,
  Field extends keyof (typeof REFERENCES)[Kind],
> = (typeof REFERENCES)[Kind][Field] extends { readonly kind: infer Referred extends SeenKind }
  ? Referred
  : never;

/** One page of a list of things, of which that is read which the operation asks for. @throws Problem like `pageOf`. */
export function listOf<Kind extends SeenKind>(
  context: ServiceContext,
  kind: Kind,
  list: List<SeenRow<Kind>>,
  request: PageRequest,
): Promise<Page<SeenRow<Kind>>> {
  const { entity }: Sight = SIGHTS[kind];
  return pageOf(context.rows, entity, list as unknown as List<{ id: string }>, request, (selection) =>
    read(context, kind, selection, list.order.property),
  ) as unknown as Promise<Page<SeenRow<Kind>>>;
}

/** The condition under which this caller sees what a reference leads to; null where it sees none. */
function conditionOf({ viewer }: ServiceContext, { kind, sight }: Reference): Sql | null {
  if (sight === 'along') return EVERYTHING;
  if (sight === 'where allowed' && reachOf(viewer, SIGHTS[kind].action) === null) return null;
  return visible(viewer, kind);
}

/** Whether what refers to a thing tells all that is asked of it: its id, where the database sees to it that it is there. */
function isKnown(
  { asked }: ServiceContext,
  from: SeenKind,
  { kind, property }: Reference,
  condition: Sql,
): boolean {
  const isKept = tableOf(SIGHTS[from].entity).byProperty.get(property)?.isReference === true;
  return isKept && condition === EVERYTHING && propertiesAsked(asked, kind)?.join() === 'id';
}

/** Under which name the loaders know things that are seen under a condition. */
const nameOf = (kind: SeenKind, condition: Sql): string =>
  condition === EVERYTHING ? `asked of ${kind}` : `asked of own ${kind}`;

function seen<Kind extends SeenKind>(
  context: ServiceContext,
  kind: Kind,
  id: string,
  condition: Sql,
): Seen<SeenRow<Kind>> {
  const name = nameOf(kind, condition);
  const known = context.loaders.known(name, id) as SeenRow<Kind> | null | undefined;
  if (known !== undefined) return known;
  return context.loaders.batch(name, id, async (ids) => {
    const where = context.rows.amongIds(SIGHTS[kind].entity, ids, condition);
    const rows = await read(context, kind, { where });
    return new Map(rows.map((row) => [row.id, row as SeenRow<Kind>]));
  });
}

/** Reads things with what is asked of them, and what they refer to along with them. */
async function read(
  context: ServiceContext,
  kind: SeenKind,
  selection: Selection,
  besides?: string,
): Promise<{ id: string }[]> {
  const { rows, loaders, asked } = context;
  const { entity }: Sight = SIGHTS[kind];
  const properties = propertiesAsked(asked, kind, besides);
  const referring = referencesFollowed(context, kind);
  const along = referring.map(({ reference, condition }) => ({
    property: reference.property,
    entity: SIGHTS[reference.kind].entity,
    properties: propertiesAsked(asked, reference.kind),
    where: condition,
  }));
  const { found, along: others } = await rows.findAlong<{ id: string }>(entity, properties, selection, along);
  if (!properties) loaders.learnRows(entity, found);
  for (const [place, { reference, condition }] of referring.entries()) {
    const ids = found.map((row) => (row as unknown as Record<string, string | null>)[reference.property]);
    const referred = others[place] ?? [];
    loaders.learn(nameOf(reference.kind, condition), ids, referred);
    if (!along[place]?.properties) loaders.learnRows(SIGHTS[reference.kind].entity, referred);
  }
  return found;
}

/** The references of a kind of thing that the operation asks for, and the caller may follow. */
function referencesFollowed(
  context: ServiceContext,
  kind: SeenKind,
): readonly { reference: Reference; condition: Sql }[] {
  return referencesAsked(context.asked, kind).flatMap((reference) => {
    // Whoever may not follow it is refused, or given nothing, where the field itself is asked for.
    if (reference.sight !== 'along' && reachOf(context.viewer, SIGHTS[reference.kind].action) === null)
      return [];
    const condition = conditionOf(context, reference);
    return condition && !isKnown(context, kind, reference, condition) ? [{ reference, condition }] : [];
  });
}
