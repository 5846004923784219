import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Permission, Presence, Role } from '../entities/enums';
import { connectionOf } from './connections';
import { Node } from './node';
import { DateTime, EmailAddress } from './scalars';
import { Payload } from './user-error';

/** The resolver adds: openTickets, permissions. */
@ObjectType({
  implements: Node,
  description: 'A person of the contract who attends customers, or administers those who do.',
  simpleResolvers: true,
})
export class Agent extends Node {
  @Field(() => String, { description: 'What the person is called.' })
  name!: string;

  @Field(() => EmailAddress, {
    description: 'The address the person signs in with, unique within the contract.',
  })
  email!: string;

  @Field(() => Role, { description: 'Whether the person administers the contract or attends tickets only.' })
  role!: Role;

  @Field(() => Boolean, { description: 'False once deactivated: signs in nowhere, gets nothing.' })
  active!: boolean;

  @Field(() => Presence, { description: 'Whether the person is at the desk right now.' })
  presence!: Presence;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Since when the presence is what it is; null while it was never set.',
  })
  presenceChangedAt!: number | null;

  @Field(() => Int, {
    description: 'How many open tickets the ordinary service rules may give this agent.',
  })
  slots!: number;
}

/** The resolver adds: bot, grantedBy. */
@ObjectType({ description: 'One right that an agent was granted on one bot.', simpleResolvers: true })
export class AgentPermission {
  @Field(() => Permission, { description: 'What the agent may do on the bot.' })
  permission!: Permission;

  @Field(() => DateTime, { description: 'When the right was granted.' })
  grantedAt!: number;
}

export const AgentConnection = connectionOf('Agent', () => Agent);

@InputType({ description: 'Which agents to list; conditions left out do not narrow the list.' })
export class AgentFilter {
  @Field(() => String, { nullable: true, description: "Part of the agent's name or e-mail address." })
  search?: string | null;

  @Field(() => [Presence], { nullable: true, description: 'Only agents with one of these presences.' })
  presences?: Presence[] | null;

  @Field(() => ID, { nullable: true, description: 'Only agents who may send on this bot.' })
  maySendOnBotId?: string | null;
}

@InputType({ description: 'The person to add to the contract.' })
export class CreateAgentInput {
  @Field(() => String, { description: 'What the person is called.' })
  name!: string;

  @Field(() => EmailAddress, {
    description: 'The address to sign in with; no other agent of the contract may have it.',
  })
  email!: string;

  @Field(() => Role, { description: 'Whether the person administers the contract or attends tickets only.' })
  role!: Role;

  @Field(() => Int, {
    defaultValue: 5,
    description: 'How many open tickets the ordinary service rules may give the agent.',
  })
  slots!: number;
}

@InputType({ description: 'What to change about an agent; what is left out stays as it is.' })
export class UpdateAgentInput {
  @Field(() => ID, { description: 'The agent to change.' })
  agentId!: string;

  @Field(() => String, { nullable: true, description: 'What the person is called from now on.' })
  name?: string | null;

  @Field(() => Role, { nullable: true, description: 'The new role; the last active admin must stay one.' })
  role?: Role | null;

  @Field(() => Int, {
    nullable: true,
    description: 'How many open tickets the ordinary service rules may give the agent from now on.',
  })
  slots?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'False deactivates the agent and hands its tickets to others; true lets the agent in again.',
  })
  active?: boolean | null;
}

@InputType({ description: 'A right to grant to, or take from, one agent or many at once.' })
export class SetPermissionsInput {
  @Field(() => ID, { description: 'The bot that the right is about.' })
  botId!: string;

  @Field(() => [ID], { description: 'The agents who get or lose the right; at most 500.' })
  agentIds!: string[];

  @Field(() => Permission, { description: 'The right to grant or take.' })
  permission!: Permission;

  @Field(() => Boolean, {
    description: 'True grants the right, false takes it; either may be repeated harmlessly.',
  })
  granted!: boolean;
}

@InputType({ description: 'The presence to show, and whose it is.' })
export class SetPresenceInput {
  @Field(() => Presence, { description: 'The presence from now on.' })
  presence!: Presence;

  @Field(() => ID, { nullable: true, description: 'Whose presence to set. Admins only; null: oneself.' })
  agentId?: string | null;
}

@ObjectType({
  description: 'What `createAgent` answers: the new agent, or why there is none.',
  simpleResolvers: true,
})
export class CreateAgentPayload extends Payload {
  @Field(() => Agent, { nullable: true, description: 'The new agent; null where the request was refused.' })
  agent?: object | null;
}

@ObjectType({
  description: 'What `updateAgent` answers: the agent as it is now, or why it was not changed.',
  simpleResolvers: true,
})
export class UpdateAgentPayload extends Payload {
  @Field(() => Agent, {
    nullable: true,
    description: 'The agent as it is now; null where the request was refused.',
  })
  agent?: object | null;
}

@ObjectType({
  description: 'What `setPermissions` answers: the agents as they are now, or why nothing was changed.',
  simpleResolvers: true,
})
export class SetPermissionsPayload extends Payload {
  @Field(() => [Agent], {
    description: 'The agents named in the input, as they are now; empty where it was refused.',
  })
  agents!: readonly object[];
}

@ObjectType({
  description: 'What `setPresence` answers: the agent as it is now, or why the presence was not set.',
  simpleResolvers: true,
})
export class SetPresencePayload extends Payload {
  @Field(() => Agent, {
    nullable: true,
    description: 'The agent with its new presence; null where the request was refused.',
  })
  agent?: object | null;
}
