import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import { SetPresenceInput, SetPresencePayload } from '../schema/agents';
import type { ServiceContext } from '../services/context';
import type { Outcome } from '../services/outcome';
import { setPresence } from '../services/agents/presence';

@Resolver()
export class PresenceResolver {
  @Mutation(() => SetPresencePayload, {
    nullable: true,
    description: "Sets one's own presence; an admin may set another's. May answer: NOT_FOUND, INVALID.",
  })
  setPresence(
    @Ctx() context: ServiceContext,
    @Arg('input', () => SetPresenceInput, { description: 'Which presence, and whose.' })
    input: SetPresenceInput,
  ): Promise<Outcome<{ agent: AgentRow }>> {
    return setPresence(context, input);
  }
}
