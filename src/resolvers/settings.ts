import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { BotRow } from '../entities/bot';
import { Bot } from '../schema/bots';
import {
  ActiveMessagingSettings,
  AdvancedSetting,
  ContactSearchSettings,
  SetAdvancedSettingInput,
  SetAdvancedSettingPayload,
  UpdateSettingsInput,
  UpdateSettingsPayload,
} from '../schema/settings';
import type { ServiceContext } from '../services/context';
import { routeOf } from '../services/desk/eligibility';
import type { Outcome } from '../services/outcome';
import { advancedSettings, setAdvancedSetting, settingsOf, updateSettings } from '../services/desk/settings';

/** The settings of a bot are fields of its row, which is the root object here. */
@Resolver(() => ActiveMessagingSettings)
export class SettingsResolver {
  @Query(() => ActiveMessagingSettings, {
    nullable: true,
    description: 'How active messaging works on one bot; null where the contract has none of this id.',
  })
  settings(
    @Ctx() context: ServiceContext,
    @Arg('botId', () => ID, { description: 'The bot whose settings to read.' }) botId: string,
  ): Promise<BotRow | null> {
    return settingsOf(context, botId);
  }

  @Mutation(() => UpdateSettingsPayload, {
    nullable: true,
    description:
      'Changes the settings that are given, all or none (admins). May answer: NOT_FOUND, BOT_KIND_UNSUPPORTED, ROUTER_NOT_FOUND, INVALID.',
  })
  async updateSettings(
    @Ctx() context: ServiceContext,
    @Arg('input', () => UpdateSettingsInput, { description: 'The bot and the settings to change.' })
    input: UpdateSettingsInput,
  ): Promise<Outcome<{ settings: BotRow; warnings: string[] }>> {
    return { warnings: [], ...(await updateSettings(context, input)) };
  }

  @Mutation(() => SetAdvancedSettingPayload, {
    nullable: true,
    description:
      'Sets or removes one raw setting (admins). May answer: NOT_FOUND, ROUTER_NOT_FOUND, INVALID.',
  })
  setAdvancedSetting(
    @Ctx() context: ServiceContext,
    @Arg('input', () => SetAdvancedSettingInput, { description: 'The bot and the raw setting.' })
    input: SetAdvancedSettingInput,
  ): Promise<Outcome<{ settings: BotRow }>> {
    return setAdvancedSetting(context, input);
  }

  @FieldResolver(() => Bot, { description: 'The bot that these are the settings of.' })
  bot(@Root() bot: BotRow): BotRow {
    return bot;
  }

  @FieldResolver(() => Bot, {
    nullable: true,
    description: 'The router that `routerIdentity` names; null where it names none.',
  })
  async router(@Root() bot: BotRow, @Ctx() context: ServiceContext): Promise<BotRow | null> {
    return (await routeOf(context, bot)).router;
  }

  @FieldResolver(() => ContactSearchSettings, {
    description: 'By what and where agents find contacts of the bot.',
  })
  contactSearch(@Root() bot: BotRow): ContactSearchSettings {
    return { fields: bot.contactSearchFields, location: bot.contactSearchLocation };
  }

  @FieldResolver(() => String, {
    description:
      "How long a customer's reply still belongs to the agent who sent; ISO 8601 duration, PT24H unless the server is configured otherwise.",
  })
  replyWindow(@Ctx() context: ServiceContext): string {
    return context.platform.config.replyWindowText;
  }

  @FieldResolver(() => [AdvancedSetting], { description: 'All raw advanced settings, as set (admins).' })
  advanced(@Root() bot: BotRow, @Ctx() context: ServiceContext): Promise<AdvancedSetting[]> {
    return advancedSettings(context, bot);
  }
}
