import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { AgentRow } from '../entities/agent';
import { BotRow } from '../entities/bot';
import type { QueueRow } from '../entities/queue';
import { Agent } from '../schema/agents';
import { Bot } from '../schema/bots';
import {
  CreateQueueInput,
  CreateQueuePayload,
  DeleteQueueInput,
  DeleteQueuePayload,
  Queue,
  UpdateQueueInput,
  UpdateQueuePayload,
} from '../schema/queues';
import { refer, type Seen } from '../services/access/seeing';
import type { ServiceContext } from '../services/context';
import type { Outcome } from '../services/outcome';
import {
  agentsOfQueue,
  createQueue,
  deleteQueue,
  queuesOf,
  updateQueue,
  waitingTicketsOf,
} from '../services/tickets/queues';

@Resolver(() => Queue)
export class QueueResolver {
  @Query(() => [Queue], {
    nullable: true,
    description:
      "A bot's queues, in the order in which their rules are tried; null where there is no such bot.",
  })
  queues(
    @Ctx() context: ServiceContext,
    @Arg('botId', () => ID, { description: 'The bot whose queues to list.' }) botId: string,
  ): Promise<QueueRow[] | null> {
    return queuesOf(context, botId);
  }

  @Mutation(() => CreateQueuePayload, {
    nullable: true,
    description: 'Adds a queue to a bot. May answer: NOT_FOUND, INVALID.',
  })
  createQueue(
    @Ctx() context: ServiceContext,
    @Arg('input', () => CreateQueueInput, { description: 'What the queue is to be.' })
    input: CreateQueueInput,
  ): Promise<Outcome<{ queue: QueueRow }>> {
    return createQueue(context, input);
  }

  @Mutation(() => UpdateQueuePayload, {
    nullable: true,
    description:
      'Changes a queue: its name, agents, rules or place. May answer: NOT_FOUND, INVALID, DEFAULT_QUEUE.',
  })
  updateQueue(
    @Ctx() context: ServiceContext,
    @Arg('input', () => UpdateQueueInput, { description: 'What to change.' }) input: UpdateQueueInput,
  ): Promise<Outcome<{ queue: QueueRow }>> {
    return updateQueue(context, input);
  }

  @Mutation(() => DeleteQueuePayload, {
    nullable: true,
    description:
      'Deletes a queue; its waiting tickets go through the rules again. May answer: NOT_FOUND, DEFAULT_QUEUE.',
  })
  deleteQueue(
    @Ctx() context: ServiceContext,
    @Arg('input', () => DeleteQueueInput, { description: 'Which queue to delete.' }) input: DeleteQueueInput,
  ): Promise<Outcome<{ deletedQueueId: string }>> {
    return deleteQueue(context, input);
  }

  @FieldResolver(() => Bot, { description: 'The bot that it belongs to.' })
  bot(@Root() queue: QueueRow, @Ctx() context: ServiceContext): Seen<BotRow> {
    return refer(context, 'Queue', queue, 'bot');
  }

  @FieldResolver(() => [Agent], { description: 'The agents who attend it, by name.' })
  agents(@Root() queue: QueueRow, @Ctx() context: ServiceContext): Promise<AgentRow[]> {
    return agentsOfQueue(context, queue.id);
  }

  @FieldResolver(() => Int, { description: 'How many tickets wait in it for whoever is free first.' })
  waitingTickets(@Root() queue: QueueRow, @Ctx() context: ServiceContext): Promise<number> {
    return waitingTicketsOf(context, queue.id);
  }
}
