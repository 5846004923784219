import { Field, ID, InterfaceType, ObjectType } from 'type-graphql';
import { ID_PREFIXES, type IdKind } from '../entities/ids';

const NODE_TYPES = [
  'Agent',
  'Contract',
  'Bot',
  'WhatsAppChannel',
  'Template',
  'TemplateActivation',
  'Flow',
  'Contact',
  'Send',
  'Ticket',
  'TicketMessage',
  'Queue',
  'ApiKey',
  'AuditEntry',
  'DeadLetter',
] as const satisfies readonly IdKind[];

const TYPE_OF_PREFIX = new Map<string, string>(NODE_TYPES.map((type) => [ID_PREFIXES[type], type]));

/** The GraphQL type that an id names, undefined where its prefix names none. */
export function typeOfId(id: string): string | undefined {
  return TYPE_OF_PREFIX.get(id.slice(0, Math.max(id.indexOf('_'), 0)));
}

export function typeOfNode({ id }: { id: string }): string | undefined {
  return typeOfId(id);
}

@InterfaceType({
  description:
    'Anything with a global id: `node(id:)` finds it again. Ids carry their type: `snd_…`, `tkt_…`.',
  resolveType: typeOfNode,
})
export abstract class Node {
  @Field(() => ID, { description: 'Global id, which never changes; `node(id:)` finds the object by it.' })
  id!: string;
}

@ObjectType({
  description: 'Where a page stands in its list, and what is before and after it.',
  simpleResolvers: true,
})
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether the list goes on after this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether the list has something before this page.' })
  hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the first item of this page; null when it is empty.',
  })
  startCursor?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the last item of this page, to be passed as `after`; null when it is empty.',
  })
  endCursor?: string | null;
}
