import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { BotRow } from '../entities/bot';
import type { WhatsAppChannelRow } from '../entities/whatsapp-channel';
import { Bot } from '../schema/bots';
import {
  ChannelHealth,
  ConnectWhatsAppChannelInput,
  ConnectWhatsAppChannelPayload,
  DisconnectWhatsAppChannelInput,
  DisconnectWhatsAppChannelPayload,
  TemplateSync,
  UpdateWhatsAppChannelInput,
  UpdateWhatsAppChannelPayload,
  WhatsAppChannel,
} from '../schema/channels';
import { WebAddress } from '../schema/scalars';
import {
  connectWhatsAppChannel,
  disconnectWhatsAppChannel,
  updateWhatsAppChannel,
} from '../services/desk/channel-connections';
import { healthOf, templateSyncOf, webhookUrl } from '../services/desk/channels';
import type { ServiceContext } from '../services/context';
import type { Outcome } from '../services/outcome';
import { refer, type Seen } from '../services/access/seeing';

@Resolver(() => WhatsAppChannel)
export class ChannelResolver {
  @Mutation(() => ConnectWhatsAppChannelPayload, {
    nullable: true,
    description:
      'Connects a WhatsApp number to a bot; one that was connected before comes back with its contacts (admins). May answer: NOT_FOUND, PHONE_INVALID, INVALID, TAKEN.',
  })
  connectWhatsAppChannel(
    @Ctx() context: ServiceContext,
    @Arg('input', () => ConnectWhatsAppChannelInput, {
      description: 'The bot, the number and the way to it.',
    })
    input: ConnectWhatsAppChannelInput,
  ): Promise<Outcome<{ channel: WhatsAppChannelRow }>> {
    return connectWhatsAppChannel(context, input);
  }

  @Mutation(() => UpdateWhatsAppChannelPayload, {
    nullable: true,
    description:
      'New credentials for the same number; also starts a stopped channel again (admins). May answer: NOT_FOUND, INVALID.',
  })
  updateWhatsAppChannel(
    @Ctx() context: ServiceContext,
    @Arg('input', () => UpdateWhatsAppChannelInput, { description: 'The number and its new credentials.' })
    input: UpdateWhatsAppChannelInput,
  ): Promise<Outcome<{ channel: WhatsAppChannelRow }>> {
    return updateWhatsAppChannel(context, input);
  }

  @Mutation(() => DisconnectWhatsAppChannelPayload, {
    nullable: true,
    description:
      'Takes a number away from its bot; sends that still wait to go out from it fail (admins). May answer: NOT_FOUND.',
  })
  disconnectWhatsAppChannel(
    @Ctx() context: ServiceContext,
    @Arg('input', () => DisconnectWhatsAppChannelInput, { description: 'The number to disconnect.' })
    input: DisconnectWhatsAppChannelInput,
  ): Promise<Outcome<{ bot: BotRow }>> {
    return disconnectWhatsAppChannel(context, input);
  }

  @FieldResolver(() => Bot, { description: 'The bot that has the number, or had it last.' })
  bot(@Root() channel: WhatsAppChannelRow, @Ctx() context: ServiceContext): Seen<BotRow> {
    return refer(context, 'WhatsAppChannel', channel, 'bot');
  }

  @FieldResolver(() => WebAddress, {
    nullable: true,
    description: "Where the provider must deliver this number's webhooks; admins only, null for others.",
  })
  webhookUrl(@Root() channel: WhatsAppChannelRow, @Ctx() context: ServiceContext): string | null {
    return webhookUrl(context, channel);
  }

  @FieldResolver(() => TemplateSync, { description: "How the mirroring of the number's templates goes." })
  templateSync(@Root() channel: WhatsAppChannelRow, @Ctx() context: ServiceContext): TemplateSync {
    return templateSyncOf(context, channel);
  }

  @FieldResolver(() => ChannelHealth, { description: 'Whether sends go out from the number.' })
  health(@Root() channel: WhatsAppChannelRow): ChannelHealth {
    return healthOf(channel);
  }
}
