import { Field, ObjectType } from 'type-graphql';
import { Node } from './node';

@ObjectType({
  implements: Node,
  description: 'The customer account that everything belongs to; nothing of one is ever seen from another.',
  simpleResolvers: true,
})
export class Contract extends Node {
  @Field(() => String, { description: 'What the company behind the contract is called.' })
  name!: string;
}

/** The resolver adds: contract, agent, apiKey. */
@ObjectType({
  description: 'Whoever makes the request: a person with a token, or a machine with an API key.',
  simpleResolvers: true,
})
export class Viewer {}
