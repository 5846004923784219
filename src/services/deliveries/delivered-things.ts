import sql from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import type { DeliveryFactRow } from '../../entities/delivery-fact';
import { SendFailureCode, SendOutcome, SendStatus } from '../../entities/enums';
import { kindOfId } from '../../entities/ids';
import { SendRow } from '../../entities/send';
import { TicketMessageRow } from '../../entities/ticket-message';
import { deriveDelivery, type DeliveryState } from './delivery-facts';
import { changeSend, replyStateOf } from '../sends/send-changes';

/** What was known before, and whether anything new was added to it. */
export interface Knowledge {
  before: readonly DeliveryFactRow[];
  added: boolean;
  replyWindow: number;
}

/** What a delivery delivers: a send, or a message of a ticket. */
export type Delivered = { send: SendRow } | { message: TicketMessageRow };

/** What the delivery with this id delivers. */
export async function deliveredBy(transaction: Transaction, id: string): Promise<Delivered | null> {
  if (kindOfId(id) === 'Send') {
    const send = await transaction.byId(SendRow, id);
    return send && { send };
  }
  const message = await transaction.byId(TicketMessageRow, id);
  return message && { message };
}

/** Writes what follows from a delivery's facts to what it delivers, as it was read under the contact's lock. */
export function writeState(
  transaction: Transaction,
  delivered: Delivered,
  state: DeliveryState,
  knowledge: Knowledge,
): Promise<void> {
  return 'send' in delivered
    ? writeToSend(transaction, delivered.send, state, knowledge)
    : writeToMessage(transaction, delivered.message, state);
}

/** What of the wanted values a row does not have yet: SQLite rewrites the indexes of all that a statement names. */
export function differencesOf<Row extends object>(row: Row, wanted: Partial<Row>): Partial<Row> {
  const entries = Object.entries(wanted) as [keyof Row, unknown][];
  return Object.fromEntries(entries.filter(([property, value]) => row[property] !== value)) as Partial<Row>;
}

/** The columns of a send that follow from its delivery's facts alone. */
export function derivedColumns(state: DeliveryState) {
  return {
    status: state.status,
    outcomeUnknown: state.outcomeUnknown,
    failureCode: state.failure?.code ?? null,
    failureMessage: state.failure?.message ?? null,
    failureProviderCode: state.failure?.providerCode ?? null,
    failedBy: state.failedBy,
    providerMessageId: state.providerMessageId,
    attempts: state.attempts,
    callStartedAt: state.callStartedAt,
    handedOver: state.handedOver,
    refused: state.refused,
    acceptedAt: state.acceptedAt,
    sentAt: state.sentAt,
    deliveredAt: state.deliveredAt,
    readAt: state.readAt,
    failedAt: state.failedAt,
    replyExpiresAt: state.replyExpiresAt,
  } satisfies Partial<SendRow>;
}

async function writeToSend(
  transaction: Transaction,
  send: SendRow,
  state: DeliveryState,
  knowledge: Knowledge,
): Promise<void> {
  const changes = differencesOf<SendRow>(send, {
    ...derivedColumns(state),
    replyState: replyStateOf(send.replyState, state, transaction.now),
  });
  // A new entry of the timeline is a change too, even where nothing follows from it.
  if (!knowledge.added && Object.keys(changes).length === 0) return;
  const after = await changeSend(transaction, send, changes);
  const outcome = outcomeToTell(send, after, knowledge);
  if (outcome) transaction.record('SendConfirmed', { sendId: send.id, agentId: send.agentId, outcome });
}

const TAKEN: ReadonlySet<SendStatus> = new Set([
  SendStatus.ACCEPTED,
  SendStatus.SENT,
  SendStatus.DELIVERED,
  SendStatus.READ,
]);

/** What the sender is to be told now: the first outcome, and once more where our guess of a failure proves wrong (22). */
function outcomeToTell(before: SendRow, after: SendRow, knowledge: Knowledge): SendOutcome | null {
  const undecided = before.status === SendStatus.QUEUED || before.status === SendStatus.CANCELED;
  if (undecided && after.status === SendStatus.FAILED) return SendOutcome.FAILED;
  if (!TAKEN.has(after.status)) return null;
  if (undecided) return SendOutcome.ACCEPTED;
  const guessed = knowledge.before.some((fact) => fact.failureCode === SendFailureCode.OUTCOME_UNKNOWN);
  return guessed && before.status === SendStatus.FAILED && !wasTakenBefore(knowledge)
    ? SendOutcome.ACCEPTED
    : null;
}

/** Whether, as the facts became known one by one, the message once counted as taken. */
function wasTakenBefore({ before, replyWindow }: Knowledge): boolean {
  // Ids grow with the time of writing: a report that was parked became known later than it was received.
  const written = [...before].sort((left, right) => (left.id < right.id ? -1 : 1));
  let receivedAt = 0;
  return written.some((fact, index) => {
    receivedAt = Math.max(receivedAt, fact.receivedAt);
    const next = written[index + 1];
    // Parked reports are written along with the fact that tells whose they are: nobody saw what was in between.
    if (next && next.receivedAt < receivedAt) return false;
    return TAKEN.has(deriveDelivery(written.slice(0, index + 1), replyWindow).status);
  });
}

async function writeToMessage(
  transaction: Transaction,
  message: TicketMessageRow,
  state: DeliveryState,
): Promise<void> {
  const changes = differencesOf<TicketMessageRow>(message, {
    status: state.status,
    failureCode: state.failure?.code ?? null,
    failureMessage: state.failure?.message ?? null,
    failureProviderCode: state.failure?.providerCode ?? null,
    providerMessageId: state.providerMessageId,
    deliveredAt: state.deliveredAt,
    readAt: state.readAt,
  });
  if (Object.keys(changes).length === 0) return;
  await transaction.change(TicketMessageRow, changes, sql`id = ${message.id}`);
  if (changes.status !== undefined || changes.failureCode !== undefined) {
    transaction.record('TicketMessageChanged', { ticketId: message.ticketId, messageId: message.id });
  }
}
