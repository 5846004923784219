import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { ContactField, ContactLocation } from '../entities/enums';
import { Payload } from './user-error';

@ObjectType({ description: 'By what and where agents find contacts of a bot.', simpleResolvers: true })
export class ContactSearchSettings {
  @Field(() => [ContactField], { description: 'What a search looks at; at least one.' })
  fields!: readonly ContactField[];

  @Field(() => ContactLocation, { description: 'Whose contacts a search looks through.' })
  location!: ContactLocation;
}

@ObjectType({ description: 'One raw setting of a bot, as somebody set it.', simpleResolvers: true })
export class AdvancedSetting {
  @Field(() => String, { description: 'Who the setting is for, e.g. postmaster@desk.msging.net.' })
  domain!: string;

  @Field(() => String, { description: 'What the setting is called, unique within its domain.' })
  key!: string;

  @Field(() => String, { description: 'The text it was set to.' })
  value!: string;
}

/** The resolver adds: bot, router, contactSearch, replyWindow, advanced. */
@ObjectType({
  description: 'How active messaging works on one bot; everything is off until an admin turns it on.',
  simpleResolvers: true,
})
export class ActiveMessagingSettings {
  @Field(() => Boolean, { description: 'Whether active messages can be sent from this bot at all.' })
  enabled!: boolean;

  @Field(() => String, {
    nullable: true,
    description:
      'Identity of the router whose number this bot sends through (the advanced setting RouterIdentityActiveCampaign of postmaster@desk.msging.net).',
  })
  routerIdentity!: string | null;

  @Field(() => Boolean, {
    description: "A reply goes straight to the sender's ongoing list only where this is on.",
  })
  directTransferEnabled!: boolean;
}

@InputType({ description: 'Which settings of a bot to change; what is left out stays as it is.' })
export class UpdateSettingsInput {
  @Field(() => ID, { description: 'The bot whose settings to change.' })
  botId!: string;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether active messages can be sent from this bot at all.',
  })
  enabled?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: 'Identity of the router to send through. Null clears it; left out, it stays.',
  })
  routerIdentity?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether a reply goes straight to the sender's ongoing list.",
  })
  directTransferEnabled?: boolean | null;

  @Field(() => [ContactField], {
    nullable: true,
    description: 'What a contact search looks at; at least one.',
  })
  contactSearchFields?: ContactField[] | null;

  @Field(() => ContactLocation, {
    nullable: true,
    description: 'Whose contacts a contact search looks through.',
  })
  contactSearchLocation?: ContactLocation | null;
}

@InputType({ description: 'One raw setting to set or to remove.' })
export class SetAdvancedSettingInput {
  @Field(() => ID, { description: 'The bot that the setting belongs to.' })
  botId!: string;

  @Field(() => String, { description: 'Who the setting is for, e.g. postmaster@desk.msging.net.' })
  domain!: string;

  @Field(() => String, { description: 'What the setting is called, e.g. RouterIdentityActiveCampaign.' })
  key!: string;

  @Field(() => String, { nullable: true, description: 'The text to set. Null removes it.' })
  value?: string | null;
}

@ObjectType({
  description: 'What `updateSettings` answers: the settings as they are now, or why they were not changed.',
  simpleResolvers: true,
})
export class UpdateSettingsPayload extends Payload {
  @Field(() => ActiveMessagingSettings, {
    nullable: true,
    description: 'The settings as they are now; null where the request was refused.',
  })
  settings?: object | null;

  @Field(() => [String], {
    description: 'Allowed, but worth telling, e.g. that a search by these patterns may be slow.',
  })
  warnings!: readonly string[];
}

@ObjectType({
  description:
    'What `setAdvancedSetting` answers: the settings as they are now, or why they were not changed.',
  simpleResolvers: true,
})
export class SetAdvancedSettingPayload extends Payload {
  @Field(() => ActiveMessagingSettings, {
    nullable: true,
    description: 'The settings as they are now; null where the request was refused.',
  })
  settings?: object | null;
}
