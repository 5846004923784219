import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';
import { PageInfo } from './node';

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: 'How many items to give from the start, or from `after` on.',
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the item after which the page begins.' })
  after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'How many items to give from the end, or up to `before`.',
  })
  last?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the item before which the page ends.' })
  before?: string | null;
}

export interface Edge {
  cursor: string;
  node: object;
}

export interface Connection {
  edges: readonly Edge[];
  nodes: readonly object[];
  pageInfo: PageInfo;
  /** A function is called only when the operation selects the field, so that nothing is counted in vain. */
  totalCount?: number | null | (() => Promise<number | null> | number | null);
}

/** Makes the types `XxxEdge` and `XxxConnection`; answers with the class of the connection. */
export function connectionOf(name: string, nodeType: () => ClassType): ClassType<Connection> {
  @ObjectType(`${name}Edge`, {
    description: `One ${name} of a page, with the cursor of its place in the list.`,
    simpleResolvers: true,
  })
  class EdgeClass implements Edge {
    @Field(() => String, { description: 'Place of this item in the list: pass it as `after` or `before`.' })
    cursor!: string;

    @Field(() => nodeType(), { description: `The ${name} at this place.` })
    node!: object;
  }

  @ObjectType(`${name}Connection`, {
    description: `One page of a list whose items are of type ${name}.`,
    simpleResolvers: true,
  })
  class ConnectionClass implements Connection {
    @Field(() => [EdgeClass], { description: 'The items of this page, each with its cursor.' })
    edges!: EdgeClass[];

    @Field(() => [nodeType()], { description: 'The items of this page without their cursors.' })
    nodes!: object[];

    @Field(() => PageInfo, { description: 'Where this page stands in the whole list.' })
    pageInfo!: PageInfo;

    @Field(() => Int, {
      nullable: true,
      description: 'How many items the whole list has; counted only when asked for, null beyond 100,000.',
    })
    totalCount?: Connection['totalCount'];
  }

  return ConnectionClass;
}
