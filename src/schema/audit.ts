import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { connectionOf } from './connections';
import { Node } from './node';
import { DateTime, JSONObject } from './scalars';

/** The resolver adds: agent, apiKey, subject. */
@ObjectType({
  implements: Node,
  description:
    "Who changed what, when: every change of settings, permissions, templates' availability, flows and keys.",
  simpleResolvers: true,
})
export class AuditEntry extends Node {
  @Field(() => DateTime, { description: 'When it was changed.' })
  at!: number;

  @Field(() => String, { description: 'What was done, e.g. the name of the mutation.' })
  action!: string;

  @Field(() => JSONObject, { description: 'What it was before and is after, never with a secret in it.' })
  changes!: object;
}

export const AuditEntryConnection = connectionOf('AuditEntry', () => AuditEntry);

@InputType({
  description: 'Which entries of the audit log to list; conditions left out do not narrow the list.',
})
export class AuditFilter {
  @Field(() => ID, { nullable: true, description: 'Only changes of this object.' })
  subjectId?: string | null;

  @Field(() => [ID], { nullable: true, description: 'Only changes by these agents; at most 500.' })
  agentIds?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Only changes of these kinds.' })
  actions?: string[] | null;

  @Field(() => DateTime, { nullable: true, description: 'Only changes at this instant or later.' })
  from?: number | null;

  @Field(() => DateTime, { nullable: true, description: 'Only changes before this instant.' })
  before?: number | null;
}
