import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { BotRow } from '../entities/bot';
import type { ContactRow } from '../entities/contact';
import type { SendRow } from '../entities/send';
import type { TicketRow } from '../entities/ticket';
import type { WhatsAppChannelRow } from '../entities/whatsapp-channel';
import { Bot } from '../schema/bots';
import { WhatsAppChannel } from '../schema/channels';
import { PageArgs } from '../schema/connections';
import {
  Contact,
  ContactConnection,
  EraseContactInput,
  EraseContactPayload,
  SetContactOptOutInput,
  SetContactOptOutPayload,
  UpsertContactInput,
  UpsertContactPayload,
} from '../schema/contacts';
import { Send, SendConnection } from '../schema/sends';
import { Ticket, TicketConnection } from '../schema/tickets';
import { setContactOptOut, upsertContact } from '../services/contacts/contact-acts';
import {
  aliasesOf,
  awaitingReplyTo,
  botsOfContact,
  openTicketFor,
  searchContacts,
  sendsToContact,
  ticketsOfContact,
} from '../services/contacts/contact-search';
import type { ServiceContext } from '../services/context';
import { eraseContact } from '../services/erasure/erasure';
import type { Outcome } from '../services/outcome';
import type { Page } from '../services/pages';
import { refer, seeAsked, type Seen } from '../services/access/seeing';

@Resolver(() => Contact)
export class ContactResolver {
  @Query(() => Contact, { nullable: true, description: 'One contact; null where there is none to see.' })
  contact(
    @Ctx() context: ServiceContext,
    @Arg('id', () => ID, { description: 'Id of the contact.' }) id: string,
  ): Seen<ContactRow> {
    return seeAsked(context, 'Contact', id);
  }

  @Query(() => ContactConnection, {
    nullable: true,
    description: "Searches where and by what the bot's contact search settings say; the newest come first.",
  })
  contacts(
    @Ctx() context: ServiceContext,
    @Arg('botId', () => ID, { description: 'The bot whose contacts to list.' }) botId: string,
    @Arg('search', () => String, {
      nullable: true,
      description: 'Part of what to look for, at most 200 characters; left out, all are listed.',
    })
    search: string | null,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<Page<ContactRow> | null> {
    return searchContacts(context, { botId, search }, page);
  }

  @Mutation(() => UpsertContactPayload, {
    nullable: true,
    description:
      "Adds a contact to a bot's number, or changes the one that has this phone number. May answer: NOT_FOUND, WHATSAPP_CHANNEL_MISSING, PHONE_INVALID, INVALID.",
  })
  upsertContact(
    @Ctx() context: ServiceContext,
    @Arg('input', () => UpsertContactInput, { description: 'Who the contact is.' })
    input: UpsertContactInput,
  ): Promise<Outcome<{ contact: ContactRow }>> {
    return upsertContact(context, input);
  }

  @Mutation(() => SetContactOptOutPayload, {
    nullable: true,
    description:
      'Records that a customer does not want to be written to, or lifts that; admin, or an agent on a contact of a ticket it may see. May answer: CONTACT_NOT_FOUND.',
  })
  setContactOptOut(
    @Ctx() context: ServiceContext,
    @Arg('input', () => SetContactOptOutInput, { description: 'Whose wish it is, and what.' })
    input: SetContactOptOutInput,
  ): Promise<Outcome<{ contact: ContactRow }>> {
    return setContactOptOut(context, input);
  }

  @Mutation(() => EraseContactPayload, {
    nullable: true,
    description:
      'Removes a person everywhere; what remains is an anonymous contact that keeps the counts right. Closes its ticket, withdraws what was not handed over yet, and cannot be undone; admin. May answer: CONTACT_NOT_FOUND.',
  })
  eraseContact(
    @Ctx() context: ServiceContext,
    @Arg('input', () => EraseContactInput, { description: 'Whom to erase.' }) input: EraseContactInput,
  ): Promise<Outcome<{ contact: ContactRow }>> {
    return eraseContact(context, input);
  }

  @FieldResolver(() => WhatsAppChannel, { description: 'The number that the customer is a contact of.' })
  channel(@Root() contact: ContactRow, @Ctx() context: ServiceContext): Seen<WhatsAppChannelRow> {
    return refer(context, 'Contact', contact, 'channel');
  }

  @FieldResolver(() => [Bot], { description: 'Bots that created it, wrote to it or served it.' })
  bots(@Root() contact: ContactRow, @Ctx() context: ServiceContext): Promise<BotRow[]> {
    return botsOfContact(context, contact.id);
  }

  @FieldResolver(() => [String], {
    description:
      'Every address WhatsApp has used for this person: phone numbers, wa_ids, business-scoped user ids.',
  })
  aliases(@Root() contact: ContactRow, @Ctx() context: ServiceContext): Promise<string[]> {
    return aliasesOf(context, contact.id);
  }

  @FieldResolver(() => Ticket, {
    nullable: true,
    description: "The ticket that is not closed; null when there is none, or it is not the caller's to see.",
  })
  openTicket(@Root() contact: ContactRow, @Ctx() context: ServiceContext): Promise<TicketRow | null> {
    return openTicketFor(context, contact.id);
  }

  @FieldResolver(() => Send, {
    nullable: true,
    description:
      "The send whose reply would go straight to its agent now; null when there is none, or it is not the caller's to see.",
  })
  awaitingReplyTo(@Root() contact: ContactRow, @Ctx() context: ServiceContext): Promise<SendRow | null> {
    return awaitingReplyTo(context, contact.id);
  }

  @FieldResolver(() => SendConnection, {
    nullable: true,
    description: 'Active messages sent to the customer that the caller sees, the newest first.',
  })
  sends(
    @Root() contact: ContactRow,
    @Ctx() context: ServiceContext,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<Page<SendRow> | null> {
    return sendsToContact(context, contact.id, page);
  }

  @FieldResolver(() => TicketConnection, {
    nullable: true,
    description: "The customer's tickets that the caller sees, the newest first.",
  })
  tickets(
    @Root() contact: ContactRow,
    @Ctx() context: ServiceContext,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<Page<TicketRow> | null> {
    return ticketsOfContact(context, contact.id, page);
  }
}
