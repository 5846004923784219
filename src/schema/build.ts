import { defaultFieldResolver, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type BuildSchemaOptions } from 'type-graphql';
import { Agent } from './agents';
import { ApiKey } from './api-keys';
import { AuditEntry } from './audit';
import { Bot } from './bots';
import { WhatsAppChannel } from './channels';
import { Contact } from './contacts';
import { DeadLetter } from './dead-letters';
import './enums';
import {
  typeOfEvent,
  ChannelHealthChanged,
  FlowOutdated,
  PresenceChanged,
  ReplyRouted,
  SendConfirmed,
  SendStatusChanged,
  TicketChanged,
  TicketMessageChanged,
} from './events';
import { Flow } from './flows';
import { typeOfNode } from './node';
import { Queue } from './queues';
import { DateTime } from './scalars';
import { Send } from './sends';
import { Template, TemplateActivation } from './templates';
import { Ticket, TicketMessage } from './tickets';
import { Contract } from './viewer';

const NODES = [
  Agent,
  Contract,
  Bot,
  WhatsAppChannel,
  Template,
  TemplateActivation,
  Flow,
  Contact,
  Send,
  Ticket,
  TicketMessage,
  Queue,
  ApiKey,
  AuditEntry,
  DeadLetter,
];

const EVENTS = [
  ReplyRouted,
  SendConfirmed,
  SendStatusChanged,
  FlowOutdated,
  TicketChanged,
  PresenceChanged,
  ChannelHealthChanged,
  TicketMessageChanged,
];

/** type-graphql asks for one as soon as there are subscriptions; ours read the event log and never come here. */
const NO_PUB_SUB = {
  publish: () => {
    throw new Error('Events are published by recording them in a transaction.');
  },
  subscribe: () => {
    throw new Error('A subscription reads the event log: give it a `subscribe` function.');
  },
};

/** Fields whose values are functions: they cost something, and only who asks for them pays. */
const COUNTED_WHEN_ASKED: ReadonlySet<string> = new Set(['totalCount', 'medianSecondsToReply']);

export function buildApiSchema(resolvers: BuildSchemaOptions['resolvers']): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers,
    validate: false,
    emitSchemaFile: false,
    scalarsMap: [{ type: Date, scalar: DateTime }],
    orphanedTypes: [...NODES, ...EVENTS],
    pubSub: NO_PUB_SUB,
  });
  describeRoots(schema);
  makeReadyToCompile(schema);
  return schema;
}

/**
 * Compiled operations take the properties of rows as they are and wait only for what has a resolver: not for the types
 * of rows, for which type-graphql would have them wait, and not for what is a function.
 */
function makeReadyToCompile(schema: GraphQLSchema): void {
  for (const [name, typeOf] of [
    ['Node', typeOfNode],
    ['Event', typeOfEvent],
  ] as const) {
    const type = schema.getType(name);
    if (isInterfaceType(type)) type.resolveType = typeOf;
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields()))
      if (COUNTED_WHEN_ASKED.has(field.name)) field.resolve ??= defaultFieldResolver;
  }
}

/** type-graphql has no place for the descriptions of the root types. */
function describeRoots(schema: GraphQLSchema): void {
  const descriptions = [
    [
      schema.getQueryType(),
      'Root fields other than `viewer` are nullable, so that one that fails leaves the others standing.',
    ],
    [
      schema.getMutationType(),
      'Each takes one input and answers with a payload of its own; null only where something unexpected failed.',
    ],
    [
      schema.getSubscriptionType(),
      "`after` resumes any subscription from the cursor of any event of the contract, or from `eventCursor`.\nA machine's key needs READ and hears what an admin hears.",
    ],
  ] as const;
  for (const [type, description] of descriptions) if (type) type.description = description;
}
