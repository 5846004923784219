import type { FastifyRequest } from 'fastify';
import { authenticate } from '../services/access/authentication';
import { ServiceContext, type Platform } from '../services/context';
import type { Viewer } from '../services/access/viewer';
import type { Cost } from './operation-cost';

/** The context of one operation that came in from outside, with the id under which the log speaks of it. */
export class RequestContext extends ServiceContext {
  /** What the operation asks for, once that is known. */
  cost: Cost | null = null;
  /** Whether a mutation of the operation has begun. */
  hasMutated = false;

  constructor(
    platform: Platform,
    viewer: Viewer,
    readonly requestId: string,
  ) {
    super(platform, viewer);
  }

  /** What is told beside the data to who builds a client; nothing in production. */
  get extensions(): { cost: Cost } | undefined {
    return this.cost && !this.platform.config.production ? { cost: this.cost } : undefined;
  }
}

/** The token in a header or a parameter such as `Bearer …`; null where there is none. */
export function bearerToken(given: unknown): string | null {
  if (typeof given !== 'string') return null;
  return /^Bearer +(\S+) *$/i.exec(given)?.[1] ?? null;
}

/** Told of agents that were seen at work. */
export interface Seen {
  touch(contractId: string, agentId: string): void;
}

/** Notes that the caller was seen, where it is a person. */
export function noteSeen(seen: Seen, { contractId, agent }: Viewer): void {
  if (agent) seen.touch(contractId, agent.id);
}

/** The context of a request over HTTP. @throws Problem UNAUTHENTICATED */
export async function contextOfRequest(
  platform: Platform,
  seen: Seen,
  { headers, id }: Pick<FastifyRequest, 'headers' | 'id'>,
): Promise<RequestContext> {
  const hint = headers['x-contract'];
  const token = bearerToken(headers.authorization);
  const { viewer } = await authenticate(platform, token, typeof hint === 'string' ? hint : null);
  noteSeen(seen, viewer);
  return new RequestContext(platform, viewer, id);
}
