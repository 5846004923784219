import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { kindOfId } from '../entities/ids';
import { badInput } from '../problems';
import { Node } from '../schema/node';
import type { ServiceContext } from '../services/context';
import { seeAsked } from '../services/access/seeing';
import { isSeenKind, type SeenKind, type SeenRow } from '../services/access/visibility';

const MOST_NODES = 100;

async function nodeById(context: ServiceContext, id: string): Promise<SeenRow<SeenKind> | null> {
  const kind = kindOfId(id);
  return isSeenKind(kind) ? seeAsked(context, kind, id) : null;
}

@Resolver()
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description: "The thing with this id; null where there is none, or none that is the caller's to see.",
  })
  node(
    @Ctx() context: ServiceContext,
    @Arg('id', () => ID, { description: 'Global id of any kind of thing.' }) id: string,
  ): Promise<SeenRow<SeenKind> | null> {
    return nodeById(context, id);
  }

  @Query(() => [Node], {
    nullable: 'itemsAndList',
    description:
      'The things with these ids, in the same order; null in the place of each that `node` would not find.',
  })
  nodes(
    @Ctx() context: ServiceContext,
    @Arg('ids', () => [ID], { description: `Global ids of any kinds of things; at most ${MOST_NODES}.` })
    ids: string[],
  ): Promise<SeenRow<SeenKind> | null>[] {
    if (ids.length > MOST_NODES)
      throw badInput(`\`ids\` holds at most ${MOST_NODES}: ask for the rest in another request.`);
    // Left as promises: one that fails is null with an error of its own, and its neighbours stand.
    return ids.map((id) => nodeById(context, id));
  }

  @Query(() => String, {
    nullable: true,
    description:
      "The log's position before anything of this response was read: query, then subscribe `after` it, and nothing falls between.",
  })
  eventCursor(@Ctx() context: ServiceContext): string | null {
    return context.eventCursor;
  }
}
