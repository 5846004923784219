import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import type { BotRow } from '../entities/bot';
import { ContactRow } from '../entities/contact';
import type { SendRow } from '../entities/send';
import type { TemplateRow } from '../entities/template';
import type { TicketRow } from '../entities/ticket';
import type { WhatsAppChannelRow } from '../entities/whatsapp-channel';
import { Agent } from '../schema/agents';
import { Bot } from '../schema/bots';
import { WhatsAppChannel } from '../schema/channels';
import { PageArgs } from '../schema/connections';
import { Contact } from '../schema/contacts';
import {
  CancelSendInput,
  CancelSendPayload,
  CheckSendInput,
  ReleaseHeldSendsInput,
  ReleaseHeldSendsPayload,
  ReleaseReplyInput,
  ReleaseReplyPayload,
  RetrySendInput,
  RetrySendPayload,
  Send,
  SendActiveMessageInput,
  SendActiveMessagePayload,
  SendCheck,
  SendConnection,
  SendFailure,
  SendFilter,
  SendOrder,
  SendTransition,
} from '../schema/sends';
import { Template } from '../schema/templates';
import { Ticket } from '../schema/tickets';
import { checkSend, type SendChecked } from '../services/sends/checks';
import type { ServiceContext } from '../services/context';
import type { Outcome, UserError } from '../services/outcome';
import type { Page } from '../services/pages';
import { isHeld, releaseHeldSends } from '../services/sends/held-sends';
import {
  changeCursorOf,
  failureOf,
  isRetryable,
  listSends,
  timelineOf,
} from '../services/sends/send-queries';
import { cancelSend, releaseReply, retrySend, sendActiveMessage } from '../services/sends/sends';
import { refer, seeAsked, type Seen } from '../services/access/seeing';

type SendOutcome = Promise<Outcome<{ send: SendRow }>>;

const CHECKS =
  'NOT_FOUND, INVALID, PERMISSION_NOT_GRANTED, AGENT_NOT_ONLINE, ACTIVE_MESSAGING_DISABLED, WHATSAPP_CHANNEL_MISSING, CHANNEL_STOPPED, ROUTER_NOT_FOUND, BOT_HAS_NO_PUBLISHED_FLOW, BOT_KIND_UNSUPPORTED, TEMPLATE_NOT_FOUND, TEMPLATE_NOT_APPROVED, TEMPLATE_NOT_ENABLED, TEMPLATE_UNSUPPORTED, TEMPLATE_OF_OTHER_NUMBER, RETURN_FLOW_OUTDATED, RECIPIENT_REQUIRED, RECIPIENT_AMBIGUOUS, CONTACT_NOT_FOUND, PHONE_INVALID, CONTACT_HAS_OPEN_TICKET, CONTACT_OPTED_OUT, PARAMETER_MISSING, PARAMETER_UNKNOWN, PARAMETER_INVALID, IDEMPOTENCY_KEY_REUSED, RATE_LIMITED';

@Resolver(() => Send)
export class SendResolver {
  @Query(() => Send, {
    nullable: true,
    description: "A send by its id; null when it is not the caller's to see.",
  })
  send(
    @Ctx() context: ServiceContext,
    @Arg('id', () => ID, { description: 'The id of the send.' }) id: string,
  ): Seen<SendRow> {
    return seeAsked(context, 'Send', id);
  }

  @Query(() => SendConnection, {
    nullable: true,
    description: 'The sends that the caller may see: all of the contract, or for an agent its own.',
  })
  sends(
    @Ctx() context: ServiceContext,
    @Arg('filter', () => SendFilter, { nullable: true, description: 'Which ones; all when left out.' })
    filter: SendFilter | null,
    @Arg('orderBy', () => SendOrder, {
      nullable: true,
      description: 'In which order; the newest first when left out.',
    })
    orderBy: SendOrder | null,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<Page<SendRow>> {
    return listSends(context, filter ?? {}, orderBy, page);
  }

  @Query(() => SendCheck, {
    nullable: true,
    description: 'All the checks of a send and its preview, with nothing sent or stored.',
  })
  checkSend(
    @Ctx() context: ServiceContext,
    @Arg('input', () => CheckSendInput, { description: 'What is filled in so far.' }) input: CheckSendInput,
  ): Promise<SendChecked> {
    return checkSend(context, input);
  }

  @Mutation(() => SendActiveMessagePayload, {
    nullable: true,
    description: `Sends one template message to one customer: stores it and answers at once, and WhatsApp is called afterwards. May answer: ${CHECKS}.`,
  })
  sendActiveMessage(
    @Ctx() context: ServiceContext,
    @Arg('input', () => SendActiveMessageInput, { description: 'What to send to whom.' })
    input: SendActiveMessageInput,
  ): SendOutcome {
    return sendActiveMessage(context, input);
  }

  @Mutation(() => RetrySendPayload, {
    nullable: true,
    description: `A new send with the content of one that failed for good; never for one whose outcome is unknown or that was delivered. May answer: SEND_NOT_RETRYABLE, ${CHECKS}.`,
  })
  retrySend(
    @Ctx() context: ServiceContext,
    @Arg('input', () => RetrySendInput, { description: 'Which send to repeat.' }) input: RetrySendInput,
  ): SendOutcome {
    return retrySend(context, input);
  }

  @Mutation(() => CancelSendPayload, {
    nullable: true,
    description:
      'Withdraws a send that was not handed over yet (admin, or the sender). May answer: NOT_FOUND, SEND_NOT_CANCELABLE.',
  })
  cancelSend(
    @Ctx() context: ServiceContext,
    @Arg('input', () => CancelSendInput, { description: 'Which send to withdraw.' }) input: CancelSendInput,
  ): SendOutcome {
    return cancelSend(context, input);
  }

  @Mutation(() => ReleaseReplyPayload, {
    nullable: true,
    description:
      "Lets the customer's next message follow the ordinary rules before the window ends (admin, or the sender). May answer: NOT_FOUND, INVALID.",
  })
  releaseReply(
    @Ctx() context: ServiceContext,
    @Arg('input', () => ReleaseReplyInput, { description: 'Whose reply to release.' })
    input: ReleaseReplyInput,
  ): SendOutcome {
    return releaseReply(context, input);
  }

  @Mutation(() => ReleaseHeldSendsPayload, {
    nullable: true,
    description:
      'Lets messages go out that a restore has kept back, after all checks anew and with their age counted from now; admins only. A customer whom one had reached before the restore gets it again. May answer: NOT_FOUND.',
  })
  async releaseHeldSends(
    @Ctx() context: ServiceContext,
    @Arg('input', () => ReleaseHeldSendsInput, { description: 'Which ones to let go.' })
    input: ReleaseHeldSendsInput,
  ): Promise<{ released: number; userErrors: UserError[] }> {
    return { released: 0, ...(await releaseHeldSends(context, input)) };
  }

  @FieldResolver(() => Bot, { description: 'The bot that it was sent on.' })
  bot(@Root() send: SendRow, @Ctx() context: ServiceContext): Seen<BotRow> {
    return refer(context, 'Send', send, 'bot');
  }

  @FieldResolver(() => WhatsAppChannel, { description: 'The number it went out from.' })
  channel(@Root() send: SendRow, @Ctx() context: ServiceContext): Seen<WhatsAppChannelRow> {
    return refer(context, 'Send', send, 'channel');
  }

  @FieldResolver(() => Agent, { description: 'The person who sent it.' })
  agent(@Root() send: SendRow, @Ctx() context: ServiceContext): Seen<AgentRow> {
    return refer(context, 'Send', send, 'agent');
  }

  @FieldResolver(() => Template, { description: 'The template that was sent.' })
  template(@Root() send: SendRow, @Ctx() context: ServiceContext): Seen<TemplateRow> {
    return refer(context, 'Send', send, 'template');
  }

  // Whoever may see a send may see whom it went to, even where the contact is no longer in its view by itself.
  @FieldResolver(() => Contact, { description: 'The customer it went to.' })
  contact(@Root() send: SendRow, @Ctx() context: ServiceContext): Seen<ContactRow> {
    return refer(context, 'Send', send, 'contact');
  }

  @FieldResolver(() => Boolean, {
    description:
      'Not sent yet when the backup was made from which the database was restored, and perhaps since: kept back until a report of WhatsApp settles it, or an admin releases it or it is canceled.',
  })
  held(@Root() send: SendRow, @Ctx() context: ServiceContext): Promise<boolean> {
    return isHeld(context, send);
  }

  @FieldResolver(() => SendFailure, { nullable: true, description: 'Why it failed; null unless it did.' })
  failure(@Root() send: SendRow): SendFailure | null {
    return failureOf(send);
  }

  @FieldResolver(() => Boolean, { description: 'Whether `retrySend` takes it now.' })
  retryable(@Root() send: SendRow, @Ctx() context: ServiceContext): Promise<boolean> {
    return isRetryable(context, send);
  }

  @FieldResolver(() => Send, { nullable: true, description: 'The failed send that this one repeats.' })
  retryOf(@Root() send: SendRow, @Ctx() context: ServiceContext): Seen<SendRow> {
    return refer(context, 'Send', send, 'retryOf');
  }

  @FieldResolver(() => String, {
    description:
      "Place of this send's latest change in the contract's log: pass the last one seen as `changedAfter`.",
  })
  changeCursor(@Root() send: SendRow, @Ctx() context: ServiceContext): Promise<string> {
    return changeCursorOf(context, send);
  }

  @FieldResolver(() => Ticket, {
    nullable: true,
    description: "The ticket that received the reply; null when not the caller's to see.",
  })
  ticket(@Root() send: SendRow, @Ctx() context: ServiceContext): Seen<TicketRow> {
    return refer(context, 'Send', send, 'ticket');
  }

  @FieldResolver(() => [SendTransition], {
    description: 'Everything that is known of it, in order of arrival.',
  })
  timeline(@Root() send: SendRow, @Ctx() context: ServiceContext): Promise<SendTransition[]> {
    return timelineOf(context, send.id);
  }
}
