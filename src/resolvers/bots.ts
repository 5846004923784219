import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { BotRow } from '../entities/bot';
import type { FlowRow } from '../entities/flow';
import type { WhatsAppChannelRow } from '../entities/whatsapp-channel';
import {
  Bot,
  BotConnection,
  CreateBotInput,
  CreateBotPayload,
  Readiness,
  SendEligibility,
  UpdateBotInput,
  UpdateBotPayload,
} from '../schema/bots';
import { WhatsAppChannel } from '../schema/channels';
import { PageArgs } from '../schema/connections';
import { Flow } from '../schema/flows';
import { ActiveMessagingSettings } from '../schema/settings';
import { createBot, listBots, ownChannel, sendingChannel, updateBot } from '../services/desk/bots';
import type { ServiceContext } from '../services/context';
import { sendEligibility } from '../services/desk/eligibility';
import type { Outcome, UserError } from '../services/outcome';
import type { Page } from '../services/pages';
import { readinessOf, type Readiness as ReadinessNow } from '../services/desk/readiness';
import { settingsOf } from '../services/desk/settings';
import { refer, seeAsked, type Seen } from '../services/access/seeing';

@Resolver(() => Bot)
export class BotResolver {
  @Query(() => Bot, { nullable: true, description: 'One bot; null where the contract has none of this id.' })
  bot(
    @Ctx() context: ServiceContext,
    @Arg('id', () => ID, { description: 'Id of the bot.' }) id: string,
  ): Seen<BotRow> {
    return seeAsked(context, 'Bot', id);
  }

  @Query(() => BotConnection, { nullable: true, description: 'The bots of the contract, oldest first.' })
  bots(@Ctx() context: ServiceContext, @Args(() => PageArgs) page: PageArgs): Promise<Page<BotRow>> {
    return listBots(context, page);
  }

  @Mutation(() => CreateBotPayload, {
    nullable: true,
    description:
      'Makes a bot known to this server, with everything off and a default queue (admins). May answer: INVALID, TAKEN.',
  })
  createBot(
    @Ctx() context: ServiceContext,
    @Arg('input', () => CreateBotInput, { description: 'The bot to make known.' }) input: CreateBotInput,
  ): Promise<Outcome<{ bot: BotRow }>> {
    return createBot(context, input);
  }

  @Mutation(() => UpdateBotPayload, {
    nullable: true,
    description: 'Gives a bot another name (admins). May answer: NOT_FOUND, INVALID.',
  })
  updateBot(
    @Ctx() context: ServiceContext,
    @Arg('input', () => UpdateBotInput, { description: 'The bot and what to change.' }) input: UpdateBotInput,
  ): Promise<Outcome<{ bot: BotRow }>> {
    return updateBot(context, input);
  }

  @FieldResolver(() => WhatsAppChannel, {
    nullable: true,
    description: "The bot's own number; null where it has none.",
  })
  whatsAppChannel(@Root() bot: BotRow, @Ctx() context: ServiceContext): Promise<WhatsAppChannelRow | null> {
    return ownChannel(context, bot);
  }

  @FieldResolver(() => WhatsAppChannel, {
    nullable: true,
    description: "The number it sends from: its own, else its router's; null where neither has one.",
  })
  sendingChannel(@Root() bot: BotRow, @Ctx() context: ServiceContext): Promise<WhatsAppChannelRow | null> {
    return sendingChannel(context, bot);
  }

  @FieldResolver(() => ActiveMessagingSettings, {
    description: 'How active messaging works on this bot.',
  })
  settings(@Root() bot: BotRow, @Ctx() context: ServiceContext): Promise<BotRow | null> {
    return settingsOf(context, bot.id);
  }

  @FieldResolver(() => Readiness, {
    description:
      'Everything that still stands between this bot and its first active message, in the order to fix it.',
  })
  readiness(@Root() bot: BotRow, @Ctx() context: ServiceContext): Promise<ReadinessNow> {
    return readinessOf(context, bot);
  }

  @FieldResolver(() => Flow, {
    nullable: true,
    description: 'The flow of the bot as last published; null while none was.',
  })
  flow(@Root() bot: BotRow, @Ctx() context: ServiceContext): Seen<FlowRow> {
    return refer(context, 'Bot', bot, 'flow');
  }

  @FieldResolver(() => SendEligibility, {
    description:
      "What the caller may do here now, with the reasons when it may not: drives the 'Active message' button.",
  })
  sendEligibility(
    @Root() bot: BotRow,
    @Ctx() context: ServiceContext,
  ): Promise<{ allowed: boolean; reasons: UserError[] }> {
    return sendEligibility(context, bot);
  }
}
