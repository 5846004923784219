import sql, { join } from 'sql-template-tag';
import { SECOND, type Clock } from '../clock';
import { rowFrom } from '../database/rows';
import type { Store } from '../database/store';
import { ContractLogRow } from '../entities/contract-log';
import { EventRow } from '../entities/event';
import type { LoggedHappening } from '../entities/happening';
import { cursorExpired } from '../problems';
import { decodeCursor, encodeCursor } from './cursor';
import { OneAtATime } from './one-at-a-time';

/** Events kept in memory per contract: who keeps up reads no database. */
const RING_SIZE = 2_000;
const READ_SIZE = 500;
/** What neither a commit of this process nor an announcement of another one woke, this finds. */
const POLL_INTERVAL = SECOND;
const LOGS_PER_STATEMENT = 500;

function logged(row: EventRow): LoggedHappening {
  return {
    kind: row.kind,
    data: row.data,
    contractId: row.contractId,
    sequence: row.sequence,
    occurredAt: row.occurredAt,
  } as unknown as LoggedHappening;
}

/** The place that a cursor names in a log. One beyond its end is of a log that was longer: waiting would skip events. */
function placeIn({ epoch, lastSequence }: ContractLogRow, cursor: string): number {
  const place = decodeCursor(epoch, cursor);
  if (place <= lastSequence) return place;
  throw cursorExpired(
    'This cursor lies beyond the end of the event log: query anew and go on from the new `eventCursor`.',
  );
}

/** The latest events of one contract, read once for all who follow it. */
class Tail {
  readonly ring: LoggedHappening[] = [];
  readonly followers = new Set<Follower>();
  /** The places at which the rights of callers changed last, of those that changed while somebody followed. */
  readonly callerChanges = new Map<string, number>();
  private readonly reading: OneAtATime;

  constructor(
    private readonly store: Store,
    private readonly contractId: string,
    complain: (error: unknown) => void,
    public last: number,
  ) {
    this.reading = new OneAtATime(() => this.read(), complain);
  }

  /** Reads what has been committed since. */
  refresh(): void {
    this.reading.run();
  }

  stop(): Promise<void> {
    return this.reading.settle();
  }

  private async read(): Promise<void> {
    for (;;) {
      const synced = this.store.syncing();
      const rows = await this.store.rowsOf(this.contractId).find(EventRow, {
        where: sql`sequence > ${this.last}`,
        orderBy: sql`sequence`,
        limit: READ_SIZE,
      });
      const latest = rows.at(-1);
      if (!latest) return;
      await synced();
      for (const event of rows.map(logged)) {
        this.ring.push(event);
        if (event.kind === 'CallerRevoked' || event.kind === 'CallerChanged')
          this.callerChanges.set(event.data.callerId, event.sequence);
      }
      if (this.ring.length > RING_SIZE) this.ring.splice(0, this.ring.length - RING_SIZE);
      this.last = latest.sequence;
      for (const follower of this.followers) follower.wake();
      if (rows.length < READ_SIZE) return;
    }
  }
}

/** Follows a contract's log from a place on: every event in order, each once. */
export class Follower {
  private fromDatabase: LoggedHappening[] = [];
  private waiting: (() => void) | null = null;
  private closed = false;

  constructor(
    private readonly store: Store,
    private readonly tail: Tail,
    private readonly contractId: string,
    private readonly epoch: string,
    private position: number,
    private readonly release: (follower: Follower) => void,
  ) {}

  /** The place of the last event that `next` gave. */
  get place(): number {
    return this.position;
  }

  /** The place of the latest event that is known here: up to it everything was committed before now. */
  get reach(): number {
    return this.tail.last;
  }

  /** Whether the log tells, as far as it is known here, that this caller's rights changed after a place of it. */
  changedSince(callerId: string, place: number): boolean {
    return (this.tail.callerChanges.get(callerId) ?? -1) > place;
  }

  /** What callers are given for a place. */
  cursorAt(place: number): string {
    return encodeCursor(this.epoch, place);
  }

  /**
   * The next event; waits where there is none yet, and is null once closed.
   * @throws Problem CURSOR_EXPIRED where retention has removed what comes next.
   */
  async next(): Promise<LoggedHappening | null> {
    for (;;) {
      if (this.isClosed()) return null;
      const happening = this.fromMemory() ?? (await this.fromLog());
      if (this.isClosed()) return null;
      if (happening) {
        this.position = happening.sequence;
        return happening;
      }
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
        // Between the look into memory and here nothing can have come: there was no pause in between.
        if (this.tail.last > this.position) this.wake();
      });
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.release(this);
    this.wake();
  }

  wake(): void {
    this.waiting?.();
    this.waiting = null;
  }

  // A method, since the compiler would take the field to be unchanged across a wait.
  private isClosed(): boolean {
    return this.closed;
  }

  private fromMemory(): LoggedHappening | null {
    const [oldest] = this.tail.ring;
    if (!oldest || this.position + 1 < oldest.sequence) return null;
    this.fromDatabase = [];
    // The log has no gaps, so that an event's place in the ring follows from its sequence.
    return this.tail.ring[this.position + 1 - oldest.sequence] ?? null;
  }

  private async fromLog(): Promise<LoggedHappening | null> {
    if (this.tail.last <= this.position) return null;
    if (this.fromDatabase.length === 0) {
      const rows = this.store.rowsOf(this.contractId);
      const events = await rows.find(EventRow, {
        where: sql`sequence > ${this.position} and sequence <= ${this.tail.last}`,
        orderBy: sql`sequence`,
        limit: READ_SIZE,
      });
      if (events[0]?.sequence !== this.position + 1) {
        throw cursorExpired(
          'What comes after this cursor is no longer kept: query anew and subscribe after the new `eventCursor`.',
        );
      }
      this.fromDatabase = events.map(logged);
    }
    return this.fromDatabase.shift() ?? null;
  }
}

/** The event logs of all contracts, as this process reads them. */
export class EventLog {
  private readonly tails = new Map<string, Tail>();
  private readonly unlisten: (() => void)[];
  private readonly looking: OneAtATime;
  private cancelPoll: (() => void) | null = null;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly complain: (error: unknown) => void,
  ) {
    this.looking = new OneAtATime(() => this.refreshGrown(), complain);
    this.unlisten = [
      store.onCommitted((contractId) => this.tails.get(contractId)?.refresh()),
      store.onAnnounced('events', () => this.looking.run()),
    ];
  }

  /** The position of a contract's log: everything committed before now lies at or before it. */
  async position(contractId: string): Promise<string> {
    const synced = this.store.syncing();
    const { epoch, lastSequence } = await this.logOf(contractId);
    await synced();
    return encodeCursor(epoch, lastSequence);
  }

  /**
   * What a cursor given by a caller of this contract names.
   * @throws Problem BAD_USER_INPUT where it is no cursor of this log, CURSOR_EXPIRED where the log was restored since.
   */
  async sequenceOf(contractId: string, cursor: string): Promise<number> {
    return placeIn(await this.logOf(contractId), cursor);
  }

  /** The epoch that a contract's cursors bear. */
  async epochOf(contractId: string): Promise<string> {
    return (await this.logOf(contractId)).epoch;
  }

  /**
   * Follows a contract's log after a cursor, or from now on.
   * @throws Problem BAD_USER_INPUT where it is no cursor of this log, CURSOR_EXPIRED where it is too old, or the log was
   * restored since.
   */
  async follow(contractId: string, after: string | null): Promise<Follower> {
    const synced = this.store.syncing();
    const log = await this.logOf(contractId);
    await synced();
    const position = after === null ? log.lastSequence : placeIn(log, after);
    if (position < log.prunedSequence) {
      throw cursorExpired(
        'What comes after this cursor is no longer kept: query anew and subscribe after the new `eventCursor`.',
      );
    }
    const tail = this.tailOf(contractId, log.lastSequence);
    const follower = new Follower(this.store, tail, contractId, log.epoch, position, (gone) =>
      this.drop(contractId, tail, gone),
    );
    tail.followers.add(follower);
    return follower;
  }

  /** How many follow a log now. */
  get followers(): number {
    return [...this.tails.values()].reduce((sum, { followers }) => sum + followers.size, 0);
  }

  /** Removes events that happened before `before`; how many. Cursors from before them expire. */
  async prune(before: number): Promise<number> {
    return this.store.transactAcrossContracts(async (connection) => {
      const outdated = await connection.all(
        sql`select contract_id, max(sequence) as last from events where occurred_at < ${before} group by contract_id`,
      );
      let removed = 0;
      for (const { contract_id: contractId, last } of outdated as { contract_id: string; last: number }[]) {
        await connection.run(
          sql`update contract_logs set pruned_sequence = ${last} where contract_id = ${contractId} and pruned_sequence < ${last}`,
        );
        removed += await connection.run(
          sql`delete from events where contract_id = ${contractId} and sequence <= ${last}`,
        );
      }
      return removed;
    });
  }

  async close(): Promise<void> {
    for (const unlisten of this.unlisten) unlisten();
    this.cancelPoll?.();
    await this.looking.settle();
    for (const tail of this.tails.values()) {
      for (const follower of [...tail.followers]) follower.close();
      await tail.stop();
    }
    this.tails.clear();
  }

  private async logOf(contractId: string): Promise<ContractLogRow> {
    const [row] = await this.store.engine.reader.all(
      sql`select * from contract_logs where contract_id = ${contractId}`,
    );
    if (!row) throw new Error(`The contract ${contractId} has no log`);
    return rowFrom(ContractLogRow, row);
  }

  private tailOf(contractId: string, last: number): Tail {
    let tail = this.tails.get(contractId);
    if (!tail) {
      tail = new Tail(this.store, contractId, this.complain, last);
      this.tails.set(contractId, tail);
      if (this.tails.size === 1) this.poll();
    }
    // What was committed since the position was read is fetched at once.
    tail.refresh();
    return tail;
  }

  private drop(contractId: string, tail: Tail, follower: Follower): void {
    tail.followers.delete(follower);
    if (tail.followers.size > 0) return;
    this.tails.delete(contractId);
    if (this.tails.size === 0) this.cancelPoll?.();
    void tail.stop();
  }

  private poll(): void {
    this.cancelPoll = this.clock.after(POLL_INTERVAL, () => {
      this.looking.run();
      this.poll();
    });
  }

  /** Reads on in those of the logs followed here that have grown. */
  private async refreshGrown(): Promise<void> {
    const followed = [...this.tails.keys()];
    for (let start = 0; start < followed.length; start += LOGS_PER_STATEMENT) {
      const some = followed.slice(start, start + LOGS_PER_STATEMENT);
      const logs = await this.store
        .acrossContracts()
        .find(ContractLogRow, { where: sql`contract_id in (${join(some)})` });
      for (const { contractId, lastSequence } of logs) {
        const tail = this.tails.get(contractId);
        if (tail && tail.last < lastSequence) tail.refresh();
      }
    }
  }
}
