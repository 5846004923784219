import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { TicketRow } from '../entities/ticket';
import { Ticket } from '../schema/tickets';
import { UserError } from '../schema/user-error';
import { reachOf } from '../services/access/access';
import type { ServiceContext } from '../services/context';
import type { UserError as Refusal } from '../services/outcome';
import { seeAsked, type Seen } from '../services/access/seeing';

@Resolver(() => UserError)
export class UserErrorResolver {
  @FieldResolver(() => Ticket, {
    nullable: true,
    description: 'The ticket in the way (CONTACT_HAS_OPEN_TICKET), only for a caller who may see it.',
  })
  ticket(@Root() refusal: Refusal, @Ctx() context: ServiceContext): Seen<TicketRow> {
    return reachOf(context.viewer, 'tickets.read') ? seeAsked(context, 'Ticket', refusal.ticketId) : null;
  }
}
