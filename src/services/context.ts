import type { Logger } from 'pino';
import type { Channel } from '../channels/channel';
import type { Clock } from '../clock';
import type { Config } from '../config';
import { Loaders } from '../database/loaders';
import type { Rows } from '../database/rows';
import type { Store } from '../database/store';
import type { Transaction } from '../database/transaction';
import type { ChannelProvider } from '../entities/enums';
import type { EventLog } from '../events/event-log';
import type { Metrics } from './metrics';
import type { SecretBox } from './secret-box';
import { EVERYTHING_ASKED, type Asked } from './access/asked';
import type { Viewer } from './access/viewer';
import type { WakeUp } from './wake-up';

/** What lives as long as the server does, and serves every contract. */
export interface Platform {
  readonly config: Config;
  readonly clock: Clock;
  readonly store: Store;
  readonly eventLog: EventLog;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly secrets: SecretBox;
  readonly channels: Record<ChannelProvider, Channel>;
  /** Rung when there may be deliveries to call, webhooks to work, and webhooks of the sandbox to deliver. */
  readonly wakeUps: {
    readonly deliveries: WakeUp;
    readonly inbox: WakeUp;
    readonly sandboxWebhooks: WakeUp;
  };
  /** When this server started, or its clock was last set: what waits to be heard of gets its full wait from then. */
  listeningSince(): number;
  /** Where this process listens, for what calls itself. */
  ownUrl(): string;
  /** Base of the URLs that others reach this server by. */
  publicUrl(): string;
}

/** All that one operation of one caller works with: the first parameter of every service. */
export class ServiceContext {
  /** The contract's rows, as last committed. */
  readonly rows: Rows;
  private loading: Loaders | null = null;
  private syncing: () => Promise<void>;
  /** The log's position before anything of this operation was read, where the operation asks for it. */
  eventCursor: string | null = null;
  /** What the operation asks for, once that is known. */
  asked: Asked = EVERYTHING_ASKED;
  /** Where a subscription stands in the log; null for an operation that is none. */
  position: (() => string | null) | null = null;

  constructor(
    readonly platform: Platform,
    /** Replaced when a subscription looks at the caller's rights anew. */
    public viewer: Viewer,
  ) {
    this.rows = platform.store.rowsOf(viewer.contractId);
    this.syncing = platform.store.syncing();
  }

  get contractId(): string {
    return this.viewer.contractId;
  }

  /** Fresh for each operation, and for each event of a subscription. */
  get loaders(): Loaders {
    return (this.loading ??= new Loaders(this.rows));
  }

  get now(): number {
    return this.platform.clock.now();
  }

  /** Forgets what was read, for the next event of a subscription or after an act. */
  renew(): void {
    this.loading = null;
    this.syncing = this.platform.store.syncing();
  }

  /** Resolves once what this operation has read is on the disk: before that, no place in the log is told. */
  synced(): Promise<void> {
    return this.syncing();
  }

  /** An act: one unit of work in the caller's contract. What is read afterwards is read anew. */
  async transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const result = await this.platform.store.transact(this.contractId, work);
    this.renew();
    return result;
  }
}
