import sql from 'sql-template-tag';
import { SECOND } from '../../clock';
import { SandboxControlsRow } from '../../entities/sandbox-controls';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import type { Platform } from '../context';

/** What other nodes did is noticed at the latest after this. */
const LOOK_INTERVAL = 2 * SECOND;

interface Change {
  channelId: string;
  waId: string | null;
  /** How many acts there were on the number, this one included. */
  changes: number;
}

type Hear = (change: Change) => void;
const listenersByPlatform = new WeakMap<Platform, Set<Hear>>();

function listenersOf(platform: Platform): Set<Hear> {
  const listeners = listenersByPlatform.get(platform) ?? new Set<Hear>();
  listenersByPlatform.set(platform, listeners);
  return listeners;
}

/** Tells the pages that look at a number what was committed. */
export function tellChange(platform: Platform, change: Change): void {
  for (const hear of listenersOf(platform)) hear(change);
}

/**
 * Calls `listener` whenever something changed in the sandbox of a number, with whose conversation it was where that
 * is known; what other nodes did is known to be something only. The result takes that back.
 */
export function listenToSandbox(
  platform: Platform,
  channel: WhatsAppChannelRow,
  listener: (waId: string | null) => void,
): () => void {
  const { clock, log, store } = platform;
  let known: number | null = null;
  let ended = false;
  let cancel = (): void => undefined;
  const hear: Hear = ({ channelId, waId, changes }) => {
    if (channelId !== channel.id) return;
    known = Math.max(known ?? 0, changes);
    listener(waId);
  };
  const look = async (): Promise<void> => {
    const before = known;
    const row = await store
      .rowsOf(channel.contractId)
      .first(SandboxControlsRow, sql`channel_id = ${channel.id}`);
    const changes = row?.changes ?? 0;
    if (before !== null && changes > (known ?? 0)) listener(null);
    known = Math.max(known ?? 0, changes);
  };
  const lookAgain = (): void => {
    look()
      .catch((error: unknown) => log.warn({ err: error }, 'changes of the sandbox could not be looked for'))
      .finally(() => {
        if (!ended) cancel = clock.after(LOOK_INTERVAL, lookAgain);
      });
  };
  const listeners = listenersOf(platform);
  listeners.add(hear);
  lookAgain();
  return () => {
    ended = true;
    cancel();
    listeners.delete(hear);
  };
}
