import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { ApiKeyScope } from '../entities/enums';
import { Node } from './node';
import { DateTime } from './scalars';
import { Payload } from './user-error';

/** The resolver adds: createdBy. */
@ObjectType({
  implements: Node,
  description: 'What a machine signs in with, such as an analytics job or the builder.',
  simpleResolvers: true,
})
export class ApiKey extends Node {
  @Field(() => String, { description: 'What the key is for, in the words of whoever made it.' })
  name!: string;

  @Field(() => [ApiKeyScope], { description: 'What the key may be used for.' })
  scopes!: readonly ApiKeyScope[];

  @Field(() => String, { description: 'First characters of the key, to recognise it by.' })
  hint!: string;

  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: number;

  @Field(() => DateTime, { nullable: true, description: 'When it was last used; null while it never was.' })
  lastUsedAt!: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was revoked; null while it is good.' })
  revokedAt!: number | null;
}

@InputType({ description: 'The key to make.' })
export class CreateApiKeyInput {
  @Field(() => String, { description: 'What the key is for.' })
  name!: string;

  @Field(() => [ApiKeyScope], { description: 'What the key may be used for; at least one.' })
  scopes!: ApiKeyScope[];
}

@InputType({ description: 'The key to revoke.' })
export class RevokeApiKeyInput {
  @Field(() => ID, { description: 'The key that shall be good for nothing from now on.' })
  apiKeyId!: string;
}

@ObjectType({
  description: 'What `createApiKey` answers: the new key with its secret, or why there is none.',
  simpleResolvers: true,
})
export class CreateApiKeyPayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The new key; null where the request was refused.' })
  apiKey?: object | null;

  @Field(() => String, {
    nullable: true,
    description: 'The key itself, to be kept safe by the caller. Shown this once.',
  })
  secret?: string | null;
}

@ObjectType({
  description: 'What `revokeApiKey` answers: the revoked key, or why it stays good.',
  simpleResolvers: true,
})
export class RevokeApiKeyPayload extends Payload {
  @Field(() => ApiKey, {
    nullable: true,
    description: 'The revoked key; null where the request was refused.',
  })
  apiKey?: object | null;
}
