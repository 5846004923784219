import { randomBytes, randomInt } from 'node:crypto';
import type { ChannelCredentials } from '../../channels/channel';
import { ChannelProvider } from '../../entities/enums';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';

const LEAST_ID = 10 ** 14;
const newProviderId = (): string => String(LEAST_ID + randomInt(LEAST_ID));
const newSecret = (): string => randomBytes(24).toString('base64url');

/**
 * What a sandbox number is reached by: made here, and known to nobody.
 * @param former the number's row from before, where there is one: what it had as a sandbox number it keeps.
 */
export function sandboxCredentials(former: WhatsAppChannelRow | null): ChannelCredentials {
  const kept = former?.provider === ChannelProvider.SANDBOX ? former : null;
  return {
    phoneNumberId: kept?.phoneNumberId ?? newProviderId(),
    businessAccountId: kept?.businessAccountId ?? newProviderId(),
    accessToken: newSecret(),
    appSecret: newSecret(),
    verifyToken: newSecret(),
  };
}
