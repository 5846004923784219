import type { FastifyRequest } from 'fastify';
import { authenticate, presume, type Presumed } from '../services/access/authentication';
import { ServiceContext, type Platform } from '../services/context';
import type { Viewer } from '../services/access/viewer';
import type { Cost } from './operation-cost';

/** The context of one operation that came in from outside, with the id under which the log speaks of it. */
export class RequestContext extends ServiceContext {
  /** What the operation asks for, once that is known. */
  cost: Cost | null = null;
  /** Whether a mutation of the operation has begun. */
  hasMutated = false;
  private readonly look: Presumed['look'] | null;
  private looking: Promise<boolean> | null = null;

  constructor(
    platform: Platform,
    caller: Viewer | Presumed,
    readonly requestId: string,
  ) {
    super(platform, 'look' in caller ? caller.viewer : caller);
    this.look = 'look' in caller ? caller.look : null;
  }

  /**
   * Makes sure of who the caller is, where it was taken for whom it was before.
   * @returns whether it is the one it was taken for: if not, what was read for that one is none of the caller's, and
   * must be read anew.
   * @throws Problem UNAUTHENTICATED
   */
  confirmCaller(): Promise<boolean> {
    return (this.looking ??= this.lookAtCaller());
  }

  private async lookAtCaller(): Promise<boolean> {
    if (!this.look) return true;
    const { viewer, isSame } = await this.look(this.rows);
    this.viewer = viewer;
    return isSame;
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

type Request = Pick<FastifyRequest, 'headers' | 'id'>;

/** What a request says of its caller. */
function saidIn({ headers }: Request): { token: string | null; hint: string | null } {
  const hint = headers['x-contract'];
  return { token: bearerToken(headers.authorization), hint: typeof hint === 'string' ? hint : null };
}

/** The context of a request over HTTP. @throws Problem UNAUTHENTICATED */
export async function contextOfRequest(
  platform: Platform,
  seen: Seen,
  request: Request,
): Promise<RequestContext> {
  const { token, hint } = saidIn(request);
  const { viewer } = await authenticate(platform, token, hint);
  noteSeen(seen, viewer);
  return new RequestContext(platform, viewer, request.id);
}

/**
 * The same, for a caller who is looked at by `confirmCaller` where it was seen a short while ago. Until then nothing is
 * given out and no act begins.
 */
export async function presumedContextOf(
  platform: Platform,
  seen: Seen,
  request: Request,
): Promise<RequestContext> {
  const { token, hint } = saidIn(request);
  const presumed = token === null ? null : presume(platform, token, hint);
  if (!presumed) return contextOfRequest(platform, seen, request);
  const look: Presumed['look'] = async (rows) => {
    const looked = await presumed.look(rows);
    noteSeen(seen, looked.viewer);
    return looked;
  };
  return new RequestContext(platform, { ...presumed, look }, request.id);
}
