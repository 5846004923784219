import { typeid } from 'typeid-js';

/** The prefix that each kind of thing carries in its id, by the name of its type in the API. */
export const ID_PREFIXES = {
  Agent: 'agt',
  AgentPermission: 'prm',
  AdvancedSetting: 'adv',
  ApiKey: 'key',
  AuditEntry: 'aud',
  Bot: 'bot',
  Contact: 'ctc',
  ContactAlias: 'als',
  ContactBot: 'ctb',
  Contract: 'ctr',
  DeadLetter: 'ddl',
  DeliveryFact: 'fct',
  Flow: 'flw',
  IdempotencyKey: 'idk',
  InboxBody: 'ibx',
  ParkedReport: 'prk',
  Queue: 'que',
  QueueAgent: 'qag',
  SandboxFile: 'sbf',
  SandboxMessage: 'sbm',
  SandboxPhone: 'sbp',
  SandboxWebhook: 'sbw',
  Send: 'snd',
  Template: 'tpl',
  TemplateActivation: 'act',
  Ticket: 'tkt',
  TicketMessage: 'msg',
  WhatsAppChannel: 'chn',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

/** A new id such as `snd_01h455vb4pex5vsknk084sn02q`: sortable by time, unguessable (https://github.com/jetify-com/typeid). */
export function newId(kind: IdKind): string {
  return typeid(ID_PREFIXES[kind]).toString();
}

const ID_FORM = /^([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}$/;
const KIND_BY_PREFIX = new Map(
  Object.entries(ID_PREFIXES).map(([kind, prefix]) => [prefix as string, kind as IdKind]),
);

/** What kind of thing an id names, or null where it has not the form of an id. */
export function kindOfId(id: string): IdKind | null {
  const prefix = ID_FORM.exec(id)?.[1];
  return prefix === undefined ? null : (KIND_BY_PREFIX.get(prefix) ?? null);
}
