import type { SendFailureCode, TemplateCategory, TemplateStatus } from '../entities/enums';
import type { JsonObject } from './channel';

/** What a provider tells us by webhook, element by element, in words that belong to no provider. */

/** All that a provider says about who somebody is. At least one is there, unless said otherwise. */
export interface Addresses {
  /** WhatsApp's canonical number, digits only. */
  waId?: string;
  /** The phone number as the provider gave it, digits only; mostly equal to `waId`. */
  phone?: string;
  /** The id that only this business knows the person by; may change. */
  userId?: string;
}

/** Who is to be taken out of what was received. */
export interface ErasedPerson {
  /** Every address of theirs in every form: digits alone, or the id that only this business knows. */
  addresses: ReadonlySet<string>;
  /** Numbers on which the same address is another contact's: what came over them stays. */
  otherPhoneNumberIds: ReadonlySet<string>;
}

/** A file in a message, to be fetched from the provider when somebody wants to see it. */
export interface IncomingMedia {
  providerMediaId: string;
  mimeType?: string;
  filename?: string;
}

/** One error in a report, in the provider's words and in ours. */
export interface ReportedError {
  code: number | null;
  title: string | null;
  details: string | null;
  failure: SendFailureCode;
  refreshTemplate: boolean;
  optOut: 'MARKETING' | null;
}

interface Item {
  /**
   * A complete webhook body with this element alone: kept as a dead letter, it can be parsed again and gives
   * this item again. A body that was no JSON is kept as its text.
   */
  payload: unknown;
}

interface NumberItem extends Item {
  /** The provider's id of the number that this is about. */
  phoneNumberId: string;
  /** The provider's time in milliseconds since 1970; messages have whole seconds. */
  at: number;
}

/** A customer wrote, reacted, tapped …; also system notices about a customer. */
export interface MessageItem extends NumberItem {
  kind: 'message';
  providerMessageId: string;
  from: Addresses;
  profileName?: string;
  /** The provider's word: text, image, button, interactive, reaction, system, unsupported … An open list. */
  type: string;
  /** What can be read of it: the text, caption, button's label, emoji … */
  text: string | null;
  /** The provider's object for this type; empty where there is none. */
  content: JsonObject;
  media?: IncomingMedia;
  /** The message that it quotes or whose button it taps. */
  quotedMessageId?: string;
  buttonPayload?: string;
  buttonText?: string;
  /** The message that a reaction is stuck to. */
  reactionTo?: string;
  /** Whether it may open a ticket and create a contact (rule 25): not so for reactions, notices, edits and the like. */
  opensTicket: boolean;
}

/** What became of a message we sent. */
export interface StatusItem extends NumberItem {
  kind: 'status';
  providerMessageId: string;
  /** The provider's word: sent, delivered, read, failed, played … An open list. */
  status: string;
  /** May be empty. */
  recipient: Addresses;
  errors: ReportedError[];
  /** What we gave the message on its way. */
  correlation?: string;
}

interface TemplateItem extends Item {
  businessAccountId: string;
  /** Always a string, though webhooks give a number; empty where it is missing. */
  providerTemplateId: string;
  name: string;
  language: string;
  /** Milliseconds since 1970; null where the body has no time. */
  at: number | null;
}

export interface TemplateStatusItem extends TemplateItem {
  kind: 'template-status';
  /** The provider's word. */
  event: string;
  status: TemplateStatus;
  reason: string | null;
  /** The category, where the report says it. */
  category: TemplateCategory | null;
}

export interface TemplateQualityItem extends TemplateItem {
  kind: 'template-quality';
  qualityScore: string;
}

/** Its text or buttons changed: fetch it anew. */
export interface TemplateComponentsItem extends TemplateItem {
  kind: 'template-components';
  /** The provider's object, which is no list of components. */
  content: JsonObject;
}

export interface TemplateCategoryItem extends TemplateItem {
  kind: 'template-category';
  category: TemplateCategory;
  /** The provider's word. */
  providerCategory: string;
}

/** A customer has a new number. */
export interface NumberChangedItem extends NumberItem {
  kind: 'number-changed';
  oldAddresses: Addresses;
  newWaId: string;
  /** The id that only this business knows the person by changes with the number, where it is said. */
  newUserId?: string;
}

/** A customer's id that only this business knows was replaced. */
export interface UserIdChangedItem extends NumberItem {
  kind: 'user-id-changed';
  /** Null where only the other addresses tell whose it is. */
  oldUserId: string | null;
  newUserId: string;
  /** What else is said about the person; may be empty when `oldUserId` is there. */
  addresses: Addresses;
}

/** A customer stopped or resumed marketing messages. */
export interface MarketingPreferenceItem extends NumberItem {
  kind: 'marketing-preference';
  addresses: Addresses;
  optedOut: boolean;
}

/** Our own message, sent from elsewhere (the WhatsApp Business app). */
export interface EchoItem extends NumberItem {
  kind: 'echo';
  providerMessageId: string;
  to: Addresses;
}

/** Understood, and of no matter here. */
export interface IgnoredItem extends Item {
  kind: 'ignored';
  reason: string;
}

/** Not understood: to be kept aside where admins see it. */
export interface UnreadableItem extends Item {
  kind: 'unreadable';
  reason: string;
}

export type WebhookItem =
  | MessageItem
  | StatusItem
  | TemplateStatusItem
  | TemplateQualityItem
  | TemplateComponentsItem
  | TemplateCategoryItem
  | NumberChangedItem
  | UserIdChangedItem
  | MarketingPreferenceItem
  | EchoItem
  | IgnoredItem
  | UnreadableItem;
