import { Field, ObjectType } from 'type-graphql';
import { UserErrorCode } from '../entities/enums';
import { DateTime } from './scalars';

/** The resolver adds: ticket. */
@ObjectType({
  description:
    'Something the caller asked for that a rule of the domain refuses. Never thrown: it comes in the payload.',
  simpleResolvers: true,
})
export class UserError {
  @Field(() => UserErrorCode, { description: 'Which rule refused, for programs to act on.' })
  code!: UserErrorCode;

  @Field(() => String, { description: 'What was refused and what would be accepted, for a person to read.' })
  message!: string;

  @Field(() => [String], {
    nullable: true,
    description:
      'Path of the input field at fault, e.g. ["input", "recipient", "phone"]; null where no one field is.',
  })
  field?: readonly string[] | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the same request could succeed, where that is known.',
  })
  retryAt?: number | null;
}

/** What every payload has. It is a type of no schema itself, since nothing but its heirs refers to it. */
@ObjectType({ description: 'What every mutation answers with.', simpleResolvers: true })
export abstract class Payload {
  @Field(() => [UserError], {
    description: 'Why the request was refused, every reason at once; empty when it was carried out.',
  })
  userErrors!: readonly UserError[];
}
