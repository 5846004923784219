import { createHash } from 'node:crypto';
import type { DeliveryFact } from './delivery-facts';

/**
 * What stands for the provider's id of a message whose person was erased: the id itself holds a number, merely encoded.
 * Whoever comes with the id again is recognised by it, so that no repeat brings the person back.
 */
export function erasedMessageId(providerMessageId: string): string {
  if (isErasedMessageId(providerMessageId)) return providerMessageId;
  return `erased:${createHash('sha256').update(providerMessageId).digest('hex')}`;
}

export function isErasedMessageId(providerMessageId: string): boolean {
  return /^erased:[0-9a-f]{64}$/.test(providerMessageId);
}

/** A fact without what could say whom the message was for. */
export function withoutRecipient<Fact extends DeliveryFact>(fact: Fact): Fact {
  const { providerMessageId } = fact;
  const erased = providerMessageId === null ? null : erasedMessageId(providerMessageId);
  return { ...fact, message: null, providerMessageId: erased };
}
