import { SECOND } from '../clock';
import type { Follower } from '../events/event-log';
import type { Platform } from '../services/context';
import { CLOSE, type SocketSession } from './socket-session';

const RETRY = SECOND;
const REASON = 'The agent was deactivated, or the key revoked.';

interface Watched {
  readonly sessions: Set<SocketSession>;
  readonly following: Promise<Follower>;
}

/** Follows the logs of the contracts that have sockets, and closes those of callers that were revoked. */
export class CallerWatch {
  private readonly contracts = new Map<string, Watched>();

  constructor(
    private readonly platform: Platform,
    /** Closes the sessions among these whose callers are gone: after a gap in the watch. */
    private readonly review: (sessions: Iterable<SocketSession>) => Promise<void>,
  ) {}

  /** From when this resolves no revocation is missed; what was revoked before is for the caller to look at. */
  async add(contractId: string, session: SocketSession): Promise<void> {
    let watched = this.contracts.get(contractId);
    if (!watched) {
      watched = this.watch(contractId, new Set(), false);
    }
    watched.sessions.add(session);
    await watched.following;
  }

  remove(contractId: string, session: SocketSession): void {
    const watched = this.contracts.get(contractId);
    if (!watched?.sessions.delete(session) || watched.sessions.size > 0) return;
    this.contracts.delete(contractId);
    void watched.following.then((follower) => follower.close()).catch(() => undefined);
  }

  private watch(contractId: string, sessions: Set<SocketSession>, afterGap: boolean): Watched {
    const watched: Watched = { sessions, following: this.platform.eventLog.follow(contractId, null) };
    this.contracts.set(contractId, watched);
    void this.run(contractId, watched, afterGap);
    return watched;
  }

  private async run(contractId: string, watched: Watched, afterGap: boolean): Promise<void> {
    let follower: Follower | null = null;
    try {
      follower = await watched.following;
      // Who was revoked while nobody watched is found by a look at everybody.
      if (afterGap) await this.review([...watched.sessions]);
      for (let happening = await follower.next(); happening; happening = await follower.next()) {
        if (happening.kind !== 'CallerRevoked') continue;
        for (const session of watched.sessions) {
          if (session.belongsTo(happening.data.callerId)) session.close(CLOSE.forbidden, REASON);
        }
      }
    } catch (error) {
      follower?.close();
      this.platform.log.warn({ err: error }, 'The watch for revoked callers was interrupted');
      this.platform.clock.after(RETRY, () => {
        if (this.contracts.get(contractId) === watched) this.watch(contractId, watched.sessions, true);
      });
    }
  }
}
