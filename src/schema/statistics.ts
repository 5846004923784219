import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateTime } from './scalars';

/** The resolver adds: bot, template, agent. */
@ObjectType({
  description:
    'Sends counted by their creation. Each count is of sends that reached at least that stage; a rate is null where nothing can be divided.',
  simpleResolvers: true,
})
export class SendStatistics {
  @Field(() => DateTime, {
    nullable: true,
    description: 'Start of the day or hour in the asked time zone; null unless grouped by it.',
  })
  periodStart?: number | null;

  @Field(() => Int, { description: 'How many sends the group has.' })
  total!: number;

  @Field(() => Int, { description: 'How many WhatsApp took.' })
  accepted!: number;

  @Field(() => Int, { description: 'How many WhatsApp sent on.' })
  sent!: number;

  @Field(() => Int, { description: "How many reached the customer's phone." })
  delivered!: number;

  @Field(() => Int, { description: 'How many are known to have been read.' })
  read!: number;

  @Field(() => Int, { description: 'How many failed.' })
  failed!: number;

  @Field(() => Int, { description: 'How many were withdrawn before they were handed over.' })
  canceled!: number;

  @Field(() => Int, { description: 'How many the customer answered within the reply window.' })
  replied!: number;

  @Field(() => Int, { description: 'How many had their reply window pass unanswered.' })
  expired!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'Share of the accepted that were delivered: delivered / accepted.',
  })
  deliveryRate?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Share of the delivered that were read: read / delivered.',
  })
  readRate?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Share of the delivered that were answered: replied / delivered.',
  })
  replyRate?: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'The time within which half of the answers came, in seconds. Estimated from a histogram, within 5 %.',
  })
  medianSecondsToReply?: number | null;
}
