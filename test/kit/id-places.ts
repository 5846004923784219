import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
} from 'graphql';
import { newId } from '../../src/entities/ids';
import { SIGHTS } from '../../src/services/access/visibility';
import { apiSchema } from '../../src/server/schema';
import type { Caller, GraphQLAnswer } from './caller';
import { VERIFY_TOKEN } from './customer';
import { flowOf, SERVICE_BLOCK } from './desk';
import type { ApiKind, TwoContracts, World } from './two-contracts';

type Values = Record<string, unknown>;

/** A place in the arguments of a field that takes an id, also deep in inputs. */
export interface IdPlace {
  /** The type that has the field: a root, or a kind of thing. */
  type: string;
  field: string;
  path: string[];
  list: boolean;
  /** What the schema calls the argument or the input's field: `SendFilter.botIds`. */
  coordinate: string;
}

const schema = apiSchema();
const ROOTS: readonly string[] = ['Query', 'Mutation', 'Subscription'];

function placesIn(
  arguments_: readonly (GraphQLArgument | GraphQLInputField)[],
  path: string[],
  within: string,
  found: (place: Pick<IdPlace, 'path' | 'list' | 'coordinate'>) => void,
): void {
  for (const { name, type } of arguments_) {
    const named = getNamedType(type);
    const here = [...path, name];
    if (named.name === 'ID')
      found({ path: here, list: isListType(getNullableType(type)), coordinate: `${within}.${name}` });
    else if (isInputObjectType(named)) placesIn(Object.values(named.getFields()), here, named.name, found);
  }
}

/** Every place of the schema that takes an id. */
export const ID_PLACES: readonly IdPlace[] = Object.values(schema.getTypeMap()).flatMap((type) => {
  if (!isObjectType(type) || type.name.startsWith('__')) return [];
  const places: IdPlace[] = [];
  for (const { name: field, args } of Object.values(type.getFields())) {
    placesIn(
      args,
      [],
      `${type.name}.${field}`,
      (place) => void places.push({ type: type.name, field, ...place }),
    );
  }
  return places;
});

export const nameOf = ({ type, field, path }: IdPlace): string =>
  `${ROOTS.includes(type) ? '' : `${type}.`}${field}(${path.join('.')})`;

/** The kinds of things that an argument of this name may mean. */
export function kindsOf({ field, path }: IdPlace): ApiKind[] {
  const name = path.at(-1) ?? '';
  const everything = Object.keys(SIGHTS) as ApiKind[];
  if (field === 'node' || field === 'nodes' || name === 'subjectId') return everything;
  if (name === 'ids') return ['DeadLetter'];
  if (name === 'id') return [(field.charAt(0).toUpperCase() + field.slice(1)) as ApiKind];
  if (name === 'maySendOnBotId') return ['Bot'];
  if (name === 'reservedForIds') return ['Agent'];
  if (name === 'channelId') return ['WhatsAppChannel'];
  const kind = name.replace(/Ids?$/, '');
  return [(kind.charAt(0).toUpperCase() + kind.slice(1)) as ApiKind];
}

/** Everything else that a field needs to go through, all of it the caller's own. */
function ownArguments({ ids, desk }: World, field: string): Values {
  const botId = ids.Bot;
  const inputs: Record<string, Values> = {
    acceptTicket: { ticketId: ids.Ticket },
    cancelSend: { sendId: ids.Send },
    checkSend: { botId, templateId: ids.Template, recipient: { contactId: ids.Contact } },
    closeTicket: { ticketId: ids.Ticket },
    connectWhatsAppChannel: {
      botId,
      phoneNumber: '+551140000000',
      cloudApi: {
        phoneNumberId: '77',
        businessAccountId: '78',
        accessToken: 't',
        appSecret: 's',
        verifyToken: 'v',
      },
    },
    createQueue: { botId, name: 'More', agentIds: [ids.Agent], rules: [] },
    deleteQueue: { queueId: ids.Queue },
    disableTemplates: { botId, templateIds: [ids.Template] },
    discardDeadLetters: { ids: [ids.DeadLetter] },
    disconnectWhatsAppChannel: { channelId: ids.WhatsAppChannel },
    enableTemplates: { botId, templateIds: [ids.Template], returnBlockId: SERVICE_BLOCK },
    markTicketRead: { ticketId: ids.Ticket },
    publishFlow: { botId, definition: flowOf(SERVICE_BLOCK) },
    releaseHeldSends: { sendIds: [ids.Send] },
    releaseReply: { sendId: ids.Send },
    retryDeadLetters: { ids: [ids.DeadLetter] },
    retrySend: { sendId: ids.Send, idempotencyKey: 'retry' },
    revokeApiKey: { apiKeyId: ids.ApiKey },
    sendActiveMessage: {
      ...desk.orderUpdate('+5511980000009', 'fresh'),
      recipient: { contactId: ids.Contact },
    },
    sendTicketMessage: { ticketId: ids.Ticket, text: 'Oi', idempotencyKey: 'oi' },
    setAdvancedSetting: { botId, domain: 'd', key: 'k', value: 'v' },
    setContactOptOut: { contactId: ids.Contact, optedOut: false, scope: 'ALL' },
    setPermissions: { botId, agentIds: [ids.Agent], permission: 'SEND_ACTIVE_MESSAGES', granted: true },
    setPresence: { agentId: ids.Agent, presence: 'ONLINE' },
    syncTemplates: { botId },
    transferTicket: { ticketId: ids.Ticket },
    updateAgent: { agentId: ids.Agent, name: 'Bia' },
    updateBot: { botId, name: 'Orders' },
    updateQueue: { queueId: ids.Queue, agentIds: [ids.Agent] },
    updateReturnFlow: { botId, templateIds: [ids.Template], returnBlockId: SERVICE_BLOCK },
    updateSettings: { botId, enabled: true },
    updateWhatsAppChannel: { channelId: ids.WhatsAppChannel, verifyToken: VERIFY_TOKEN },
    upsertContact: { botId, phone: '+5511980000001' },
  };
  const input = inputs[field];
  return input ? { input } : {};
}

const takesNothing = ({ args }: GraphQLField<unknown, unknown>): boolean =>
  args.every(({ type, defaultValue }) => !isNonNullType(type) || defaultValue !== undefined);

/** All that can be selected without arguments, to this depth. */
function selectionOf(type: GraphQLNamedType, depth: number): string {
  if (!isObjectType(type) && !isInterfaceType(type)) return '';
  const inner = Object.values(type.getFields()).map((field) => {
    const named = getNamedType(field.type);
    if (!takesNothing(field) || named.name === 'Sandbox') return '';
    if (isLeafType(named)) return field.name;
    if (depth <= 0) return '';
    const below = selectionOf(named, depth - 1);
    return below === '' ? '' : `${field.name} { ${below} }`;
  });
  return `__typename ${inner.join(' ')}`;
}

/** The operation with this place in it; its id is a variable. */
export function documentOf(place: IdPlace): string {
  const { type: owner, field } = place;
  const type = schema.getType(owner);
  const definition = isObjectType(type) ? type.getFields()[field] : undefined;
  if (!definition) throw new Error(`There is no ${owner}.${field}`);
  const args = definition.args.filter(({ defaultValue }) => defaultValue === undefined);
  const list = definition.args.some(({ name }) => name === 'first');
  const named = args.filter(({ name }) => !['first', 'last', 'before', 'after'].includes(name));
  const variables = named.map(({ name, type: of }) => `$${name}: ${String(of)}`).join(', ');
  const passed = [...named.map(({ name }) => `${name}: $${name}`), ...(list ? ['first: 5'] : [])].join(', ');
  const depth = list ? 2 : 1;
  const selected = `${field}${passed && `(${passed})`} { ${selectionOf(getNamedType(definition.type), depth)} }`;
  return ROOTS.includes(owner)
    ? `${owner.toLowerCase()}${variables && `(${variables})`} { ${selected} }`
    : `query($owner: ID!, ${variables}) { node(id: $owner) { ... on ${owner} { ${selected} } } }`;
}

function variablesFor(
  ours: World,
  { type, field, path, list }: IdPlace,
  id: string,
  own: string | null,
): Values {
  const variables = structuredClone(ownArguments(ours, field));
  if (!ROOTS.includes(type)) variables['owner'] = ours.ids[type as ApiKind];
  let at = variables;
  for (const name of path.slice(0, -1)) at = (at[name] ??= {}) as Values;
  const last = path.at(-1) ?? '';
  at[last] = list ? (own === null ? [id] : [own, id]) : id;
  return variables;
}

/** An answer without the ids and times in it that differ from call to call. */
const neutral = (answer: GraphQLAnswer, id: string): string =>
  JSON.stringify(answer)
    .replaceAll(id, 'THE ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'A TIME')
    .replaceAll(/request [0-9a-f-]{36}/g, 'a request');

/** One way to use a place: as whom, and with or without an id of one's own beside. */
interface Trial {
  kind: ApiKind;
  own: string | null;
  caller: Caller;
}

function trialsOf({ ours, theirs }: TwoContracts, place: IdPlace): Trial[] {
  return kindsOf(place).flatMap((kind) => {
    if (!(kind in theirs.ids))
      throw new Error(`${nameOf(place)} takes the id of a ${kind}, which there is none of`);
    const owns = place.list && place.type === 'Mutation' ? [null, ours.ids[kind]] : [null];
    return owns.flatMap((own) => [ours.desk.admin, ours.agent].map((caller) => ({ kind, own, caller })));
  });
}

/** Only admins do what is noted in the audit log. */
const foreignId = ({ ids, desk }: World, { field }: IdPlace, kind: ApiKind): string =>
  field === 'auditLog' && kind === 'Agent' ? desk.admin.id : ids[kind];

/**
 * What a place answers to an id that does not exist, and to one of the other contract: as a text without the ids.
 * @param only ids of this kind, where the place takes those of several.
 */
export async function* answersAt(
  two: TwoContracts,
  place: IdPlace,
  only: ApiKind | null = null,
): AsyncGenerator<{ unknown: string; foreign: string }> {
  const document = documentOf(place);
  for (const { kind, own, caller } of trialsOf(two, place)) {
    if (only !== null && kind !== only) continue;
    const answerTo = async (id: string): Promise<string> =>
      neutral(await caller.request(document, variablesFor(two.ours, place, id, own)), id);
    yield {
      unknown: await answerTo(newId(kind)),
      foreign: await answerTo(foreignId(two.theirs, place, kind)),
    };
  }
}

/** A subscription with an id in this place, or of the field as it is. */
export const listenAt = (caller: Caller, place: IdPlace, id: string, ours: World) =>
  caller.listen(documentOf(place), variablesFor(ours, place, id, null));
