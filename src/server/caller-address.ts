import type { IncomingMessage } from 'node:http';
import proxyAddress from '@fastify/proxy-addr';

/** Tells where a request comes from. */
export type CallerAddress = (request: IncomingMessage) => string;

/**
 * Behind these proxies a caller's address is the one that they wrote into `X-Forwarded-For`; anybody else's word on it is
 * not believed.
 * @param trusted addresses and networks, as Fastify's `trustProxy` takes them.
 */
export function callerAddress(trusted: readonly string[]): CallerAddress {
  const isTrusted = proxyAddress.compile([...trusted]);
  return (request) => proxyAddress(request, isTrusted);
}
