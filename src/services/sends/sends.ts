import sql, { type Sql } from 'sql-template-tag';
import { MINUTE } from '../../clock';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { ContactRow } from '../../entities/contact';
import { ReplyState, SendStatus, UserErrorCode } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { normalisePhoneNumber } from '../../entities/phone-number';
import { SendRow } from '../../entities/send';
import { authorize } from '../access/access';
import { checkRequest, type CheckedSend, type SendRequest } from './checks';
import { contactForPhone, noteBotServed } from '../contacts/contacts';
import type { Platform, ServiceContext } from '../context';
import { addFacts, enqueueDelivery, factsOf, ownFact } from '../deliveries/deliveries';
import { deriveDelivery } from '../deliveries/delivery-facts';
import { once } from '../idempotency';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { failedForSure, retryable, settlesAt } from './retries';
import { changeReplyState, recordSendChange } from './send-changes';
import type { Viewer } from '../access/viewer';
import { visible } from '../access/visibility';

const SEND_FIELD = ['input', 'sendId'];

export type SendActiveMessage = SendRequest & { idempotencyKey: string };

/** What the input means, written in one way: inputs that mean the same are equal. */
function normalised({ botId, templateId, recipient, parameters }: SendRequest): unknown {
  const phone = recipient?.phone ?? null;
  const name = recipient?.name?.trim() ?? '';
  return {
    botId,
    templateId,
    contactId: recipient?.contactId ?? null,
    phone: phone === null ? null : (normalisePhoneNumber(phone) ?? phone),
    // A name beside a contact's id is not looked at, and a blank that is given empty is as good as left out.
    name: name === '' || phone === null ? null : name,
    parameters: (parameters ?? [])
      .filter(({ value }) => value !== '')
      .map(({ key, value }) => [key, value] as const)
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
  };
}

/**
 * Stores a message to one customer as queued, with the first entry of its timeline, and answers at once: the provider
 * is called later, by the dispatcher (DOMAIN.md 17 to 19).
 */
export function sendActiveMessage(
  context: ServiceContext,
  { idempotencyKey, ...request }: SendActiveMessage,
): Promise<Outcome<{ send: SendRow }>> {
  authorize(context.viewer, 'sends.change');
  const act = { mutation: 'sendActiveMessage', key: idempotencyKey, input: normalised(request) };
  return sendOnce(context, act, (transaction, id) => newSend(context, transaction, { id, request }));
}

/**
 * Sends the content of a failed send anew: a send of its own, by the caller, after all checks (DOMAIN.md 24).
 */
export function retrySend(
  context: ServiceContext,
  { sendId, idempotencyKey }: { sendId: string; idempotencyKey: string },
): Promise<Outcome<{ send: SendRow }>> {
  authorize(context.viewer, 'sends.change');
  const act = { mutation: 'retrySend', key: idempotencyKey, input: { sendId } };
  return sendOnce(context, act, async (transaction, id) => {
    const failed = await lockedSend(transaction, context.viewer, sendId);
    if (!failed) return refused(noSend());
    if (!(await retryable(transaction, [failed], transaction.now)).has(failed.id)) {
      return refused(notRetryable(failed, transaction.now));
    }
    const { botId, templateId, contactId, parameters } = failed;
    const request = { botId, templateId, recipient: { contactId }, parameters };
    const result = await newSend(context, transaction, { id, request, retryOfId: failed.id });
    if (!('userErrors' in result)) return result;
    // The input names nothing but the failed send.
    return refused(...result.userErrors.map((error) => ({ ...error, field: null })));
  });
}

function notRetryable(send: SendRow, now: number): UserError {
  const refuse = (message: string, retryAt?: number) =>
    userError(
      UserErrorCode.SEND_NOT_RETRYABLE,
      message,
      SEND_FIELD,
      retryAt === undefined ? {} : { retryAt },
    );
  const { status, outcomeUnknown, failedBy } = send;
  if (outcomeUnknown || failedBy === 'unknown_guess') {
    return refuse(
      'WhatsApp never said what became of this send, so the customer may have it: write another message instead.',
    );
  }
  if (status !== SendStatus.FAILED) {
    return refuse(`This send is ${status}: only one that FAILED can be retried.`);
  }
  if (failedForSure(send, now)) {
    return refuse('This send was retried already, or is such a retry: retry the latest one, if that failed.');
  }
  return refuse(
    'WhatsApp reported the failure less than 10 minutes ago and may yet deliver it: retry at `retryAt`.',
    settlesAt(send) ?? undefined,
  );
}

/** Withdraws a send that was not handed over yet; one that is withdrawn already stays so. */
export function cancelSend(
  context: ServiceContext,
  { sendId }: { sendId: string },
): Promise<Outcome<{ send: SendRow }>> {
  authorize(context.viewer, 'sends.change');
  return context.transact(async (transaction) => {
    const send = await lockedSend(transaction, context.viewer, sendId);
    if (!send) return refused(noSend());
    if (send.status === SendStatus.CANCELED) return made({ send });
    const { replyWindow } = context.platform.config;
    if (!deriveDelivery(await factsOf(transaction, send.id), replyWindow).mayBeCalled) {
      const message = `This send is ${send.status} and was handed over or given up: only one that still waits can be withdrawn.`;
      return refused(userError(UserErrorCode.SEND_NOT_CANCELABLE, message, SEND_FIELD));
    }
    await addFacts(context.platform, transaction, send.id, [ownFact('canceled', transaction.now)]);
    return made({ send: await sendById(transaction, send.id) });
  });
}

/** Lets the customer's next message follow the ordinary rules from now on; one whose reply nobody awaits stays as it is. */
export function releaseReply(
  context: ServiceContext,
  { sendId }: { sendId: string },
): Promise<Outcome<{ send: SendRow }>> {
  authorize(context.viewer, 'sends.change');
  return context.transact(async (transaction) => {
    const send = await lockedSend(transaction, context.viewer, sendId);
    if (!send) return refused(noSend());
    if (send.replyState === ReplyState.AWAITING) {
      return made({ send: await changeReplyState(transaction, send, ReplyState.RELEASED) });
    }
    if (send.replyState === ReplyState.RELEASED || send.replyState === ReplyState.EXPIRED)
      return made({ send });
    const message = `The reply state of this send is ${send.replyState}: only a reply that is still awaited can be released.`;
    return refused(userError(UserErrorCode.INVALID, message, SEND_FIELD));
  });
}

function noSend(): UserError {
  return userError(
    UserErrorCode.NOT_FOUND,
    'There is no such send: name one that `sends` lists.',
    SEND_FIELD,
  );
}

type Made = SendRow | { userErrors: UserError[] };

function sendOnce(
  context: ServiceContext,
  act: { mutation: string; key: string; input: unknown },
  make: (transaction: Transaction, id: string) => Promise<Made>,
): Promise<Outcome<{ send: SendRow }>> {
  return context.transact(async (transaction) => {
    const resultId = newId('Send');
    const { id, row, userErrors } = await once(transaction, context.viewer, { ...act, resultId }, () =>
      make(transaction, resultId),
    );
    return id === undefined
      ? refused(...userErrors)
      : made({ send: row ?? (await sendById(transaction, id)) });
  });
}

async function sendById(transaction: Transaction, id: string): Promise<SendRow> {
  const send = await transaction.byId(SendRow, id);
  if (!send) throw new Error(`There is no send ${id}`);
  return send;
}

/** A send that is the caller's to change, with its contact locked: what is decided on it stays true. */
async function lockedSend(transaction: Transaction, viewer: Viewer, id: string): Promise<SendRow | null> {
  const seen = await transaction.first(SendRow, sql`sends.id = ${id} and (${visible(viewer, 'Send')})`);
  if (!seen) return null;
  await transaction.lock(ContactRow, seen.contactId);
  return sendById(transaction, id);
}

interface NewSend {
  id: string;
  request: SendRequest;
  /** The failed send that it repeats. */
  retryOfId?: string;
}

async function newSend(context: ServiceContext, transaction: Transaction, wanted: NewSend): Promise<Made> {
  const { platform, viewer } = context;
  const { request } = wanted;
  const [checked, sentLately] = await Promise.all([
    checkRequest(transaction, viewer, request),
    countSentLately(platform, transaction, viewer),
  ]);
  if (checked.errors.length > 0) return refused(...checked.errors);
  const found = checked.contact && (await transaction.lock(ContactRow, checked.contact.id));
  // Erased while it was waited for: everything is looked at anew.
  if (found && found.erasure !== null) return newSend(context, transaction, wanted);
  const tooMany = await rateError(platform, transaction, viewer, sentLately);
  if (tooMany) return refused(tooMany);
  const contact = await recipientOf(transaction, { ...checked, contact: found }, request);
  const send = sendOf(viewer, { ...wanted, checked, contact, now: transaction.now });
  await transaction.insert(SendRow, send);
  recordSendChange(transaction, send, SendStatus.QUEUED);
  await enqueueDelivery(platform, transaction, {
    id: send.id,
    channelId: send.channelId,
    contactId: contact.id,
  });
  return send;
}

/** More sends of one person than this are not under way in the same instant. */
const UNCOMMITTED_AT_MOST = 30;

// What lies ahead was sent before the clock was set back.
const inLastMinute = (viewer: Viewer, now: number): Sql =>
  sql`agent_id = ${viewer.agent?.id ?? ''} and created_at > ${now - MINUTE} and created_at <= ${now + MINUTE}`;

/** How many messages this sender has sent within the last minute; counting ends at what one may. */
function countSentLately(platform: Platform, transaction: Transaction, viewer: Viewer): Promise<number> {
  return transaction.count(SendRow, inLastMinute(viewer, transaction.now), platform.config.sendsPerMinute);
}

/** Where this sender has sent as many as one may within the last minute: when the next one may go. */
async function rateError(
  platform: Platform,
  transaction: Transaction,
  viewer: Viewer,
  sentLately: number,
): Promise<UserError | null> {
  const limit = platform.config.sendsPerMinute;
  // Only near the limit must one wait for another, since there what is not committed yet may decide.
  if (sentLately < limit - UNCOMMITTED_AT_MOST) return null;
  await transaction.lock(AgentRow, viewer.agent?.id ?? '');
  const latest = await transaction.select(SendRow, sql`created_at`, {
    where: inLastMinute(viewer, transaction.now),
    orderBy: sql`created_at desc`,
    limit,
  });
  const oldest = latest[limit - 1];
  if (!oldest) return null;
  const message = `At most ${limit} messages a minute can be sent by one person: try again at \`retryAt\`.`;
  return userError(UserErrorCode.RATE_LIMITED, message, null, {
    retryAt: Number(oldest['created_at']) + MINUTE,
  });
}

async function recipientOf(
  transaction: Transaction,
  { contact, phone, channel, bot }: CheckedSend,
  { recipient }: SendRequest,
): Promise<ContactRow> {
  if (!channel || !bot) throw new Error('A send that passed its checks has a bot and a number');
  if (phone !== null) {
    const name = recipient?.name?.trim() ?? '';
    return contactForPhone(transaction, channel, { phone, name: name === '' ? null : name }, bot.id, contact);
  }
  if (!contact) throw new Error('A send that passed its checks has a recipient');
  await noteBotServed(transaction, contact, bot.id);
  return contact;
}

function sendOf(
  viewer: Viewer,
  given: NewSend & { checked: CheckedSend; contact: ContactRow; now: number },
): SendRow {
  const { id, checked, contact, request, retryOfId = null, now } = given;
  const { bot, channel, template, activation, preview } = checked;
  if (!viewer.agent || !bot || !channel || !template || !activation || !preview) {
    throw new Error('A send that passed its checks has all that it is made of');
  }
  return {
    ...NEW_SEND,
    id,
    contractId: viewer.contractId,
    botId: bot.id,
    channelId: channel.id,
    agentId: viewer.agent.id,
    templateId: template.id,
    contactId: contact.id,
    parameters: (request.parameters ?? []).map(({ key, value }) => ({ key, value })),
    preview,
    returnBlockId: activation.returnBlockId,
    retryOfId,
    createdAt: now,
    updatedAt: now,
  };
}

/** What every send begins with. */
export const NEW_SEND = {
  status: SendStatus.QUEUED,
  outcomeUnknown: false,
  replyState: ReplyState.AWAITING,
  failureCode: null,
  failureMessage: null,
  failureProviderCode: null,
  failedBy: null,
  providerMessageId: null,
  attempts: 0,
  callStartedAt: null,
  handedOver: false,
  refused: false,
  acceptedAt: null,
  sentAt: null,
  deliveredAt: null,
  readAt: null,
  failedAt: null,
  repliedAt: null,
  replyBucket: null,
  replyExpiresAt: null,
  changedSequence: 0,
  ticketId: null,
} as const;
