import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { DeadLetterRow } from '../entities/dead-letter';
import type { WhatsAppChannelRow } from '../entities/whatsapp-channel';
import { WhatsAppChannel } from '../schema/channels';
import { PageArgs } from '../schema/connections';
import {
  DeadLetter,
  DeadLetterConnection,
  DiscardDeadLettersInput,
  DiscardDeadLettersPayload,
  RetryDeadLettersInput,
  RetryDeadLettersPayload,
} from '../schema/dead-letters';
import { JSONObject } from '../schema/scalars';
import type { ServiceContext } from '../services/context';
import { discardDeadLetters, listDeadLetters, retryDeadLetters } from '../services/inbox/dead-letters';
import { maskPayload } from '../services/inbox/masking';
import type { UserError } from '../services/outcome';
import type { Page } from '../services/pages';
import { refer, type Seen } from '../services/access/seeing';

@Resolver(() => DeadLetter)
export class DeadLetterResolver {
  @Query(() => DeadLetterConnection, {
    nullable: true,
    description:
      'What providers delivered and could not be understood or placed, the newest first; admins only.',
  })
  deadLetters(
    @Ctx() context: ServiceContext,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<Page<DeadLetterRow>> {
    return listDeadLetters(context, page);
  }

  @Mutation(() => RetryDeadLettersPayload, {
    nullable: true,
    description:
      'Works dead letters again: those that succeed are gone, the others stay with their new reason. May answer: NOT_FOUND.',
  })
  async retryDeadLetters(
    @Ctx() context: ServiceContext,
    @Arg('input', () => RetryDeadLettersInput, { description: 'Which ones to try.' })
    input: RetryDeadLettersInput,
  ): Promise<{ retried: number; userErrors: UserError[] }> {
    return { retried: 0, ...(await retryDeadLetters(context, input)) };
  }

  @Mutation(() => DiscardDeadLettersPayload, {
    nullable: true,
    description: 'Throws dead letters away for good. May answer: NOT_FOUND.',
  })
  async discardDeadLetters(
    @Ctx() context: ServiceContext,
    @Arg('input', () => DiscardDeadLettersInput, { description: 'Which ones to throw away.' })
    input: DiscardDeadLettersInput,
  ): Promise<{ discarded: number; userErrors: UserError[] }> {
    return { discarded: 0, ...(await discardDeadLetters(context, input)) };
  }

  @FieldResolver(() => WhatsAppChannel, { nullable: true, description: 'The number over which it came.' })
  channel(@Root() letter: DeadLetterRow, @Ctx() context: ServiceContext): Seen<WhatsAppChannelRow> {
    return refer(context, 'DeadLetter', letter, 'channel');
  }

  @FieldResolver(() => JSONObject, { description: 'What was delivered. Personal data masked.' })
  payload(@Root() letter: DeadLetterRow): Record<string, unknown> {
    return maskPayload(letter.payload);
  }
}
