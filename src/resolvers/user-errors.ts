import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { TicketRow } from '../entities/ticket';
import { Ticket } from '../schema/tickets';
import { UserError } from '../schema/user-error';
import { reachOf } from '../services/access/access';
import type { ServiceContext } from '../services/context';
import type { UserError as Refusal } from '../services/outcome';
import { see } from '../services/access/visibility';

@Resolver(() => UserError)
export class UserErrorResolver {
  @FieldResolver(() => Ticket, {
    nullable: true,
    description: 'The ticket in the way (CONTACT_HAS_OPEN_TICKET), only for a caller who may see it.',
  })
  ticket(@Root() refusal: Refusal, @Ctx() context: ServiceContext): Promise<TicketRow | null> | null {
    return reachOf(context.viewer, 'tickets.read') ? see(context, 'Ticket', refusal.ticketId) : null;
  }
}
