import type { Client, Notification } from 'pg';
import { ANNOUNCEMENTS, type Announcement } from './connection';
import { KeptConnection } from './kept-connection';

const channelOf = (what: Announcement): string => `saludo_${what}`;
const BY_CHANNEL = new Map(ANNOUNCEMENTS.map((what) => [channelOf(what), what]));

type Listener = (what: Announcement) => void;

/**
 * Wakes other processes over the same PostgreSQL with LISTEN and NOTIFY
 * (https://www.postgresql.org/docs/15/sql-notify.html). It only saves waiting: whoever works or follows something looks
 * by itself every second, so that what is lost here is late and not lost. Nothing is sent along, and what is announced
 * while an announcement is on its way goes out as one.
 */
export class PostgresAnnouncements {
  private readonly listeners = new Set<Listener>();
  private readonly pending = new Set<Announcement>();
  private readonly kept: KeptConnection;
  private sending = false;

  /** @param complain told why the connection was lost; it is made anew by itself. */
  constructor(url: string, complain: (error: Error) => void) {
    this.kept = new KeptConnection(url, {
      name: 'saludo announcements',
      begin: (client) => {
        client.on('notification', (notification) => this.hear(client, notification));
        return client.query([...BY_CHANNEL.keys()].map((channel) => `listen ${channel}`).join('; '));
      },
      opened: () => {
        // Whatever was announced while nobody listened.
        for (const what of ANNOUNCEMENTS) this.tell(what);
      },
      dropped: () => this.pending.clear(),
      complain,
    });
  }

  /** Begins to hear others and to be heard. It never fails: without a connection it tries again. */
  start(): void {
    this.kept.open().catch(() => undefined);
  }

  /** Tells other processes that there is something new of this kind. */
  announce(what: Announcement): void {
    const { present } = this.kept;
    if (present === null) return;
    this.pending.add(what);
    if (!this.sending) void this.send(present);
  }

  /** Calls `listener` with what other processes announced; the result takes that back. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): Promise<void> {
    return this.kept.close();
  }

  private hear(client: Client, { channel, processId }: Notification): void {
    const what = BY_CHANNEL.get(channel);
    // What this process announced it knows.
    if (what !== undefined && processId !== processIdOf(client)) this.tell(what);
  }

  private tell(what: Announcement): void {
    for (const listener of this.listeners) listener(what);
  }

  private async send(client: Client): Promise<void> {
    this.sending = true;
    try {
      while (this.pending.size > 0) {
        const channels = [...this.pending].map(channelOf);
        this.pending.clear();
        await this.kept.ask(client, channels.map((channel) => `notify ${channel}`).join('; '));
      }
    } catch (error) {
      this.kept.lose(client, error as Error);
    } finally {
      this.sending = false;
    }
  }
}

/** The number of the server's process behind a connection, which its announcements bear. */
function processIdOf(client: Client): number | null {
  return (client as Client & { processID: number | null }).processID;
}
