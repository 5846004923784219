import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { SECOND } from '../../clock';
import type { Connection } from '../../database/connection';
import { among, limitOf, valuesAsRows } from '../../database/rows';
import type { Store } from '../../database/store';
import { ChannelState } from '../../entities/enums';
import type { PlacesLeft } from './call-places';

/** How long a claim holds: longer than a call can take. */
export const LEASE = 60 * SECOND;
/** WhatsApp takes one message to the same person about every 6 seconds. */
export const RECIPIENT_PAUSE = 6 * SECOND;
/** No more at once, so that nobody else who wants a number's row waits long for it. */
const MOST_CLAIMS = 100;
/** WhatsApp takes 80 messages a second from one number. */
const CALLS_PER_SECOND = 80;
/** A number that is booked out for so long is passed over, so that the others get their turn, and other nodes too. */
export const FURTHEST_SLOT = SECOND / 4;

/** A delivery that this node, and no other, may call. */
export interface Claim {
  id: string;
  contractId: string;
  channelId: string;
  contactId: string;
  /** When its call may start, by the pace of its number. */
  startsAt: number;
}

interface ClaimingPlatform {
  store: Store;
  clock: { now(): number };
  config: { sendMaxAge: number };
}

type DueDelivery = Omit<Claim, 'startsAt'>;

/** Whether anything is due at all: asked of a reader, so that an idle server writes nothing. */
export async function isAnythingDue(store: Store, now: number): Promise<boolean> {
  const due = await store.engine.reader.all(
    sql`select 1 as one from deliveries where due_at <= ${now} and (lease_until is null or lease_until <= ${now}) limit 1`,
  );
  return due.length > 0;
}

/**
 * Claims due deliveries, the oldest first, each for one node alone: of each contact one, and never before the pace of
 * its number and of its recipient allows. What each call's start takes is booked in the same transaction.
 * A stopped number keeps what waits for it, but for what is to fail anyway: it is too old, or the number was
 * disconnected.
 */
export function claimDue(
  { store, clock, config: { sendMaxAge } }: ClaimingPlatform,
  owner: string,
  places: PlacesLeft,
): Promise<Claim[]> {
  return store.transactAcrossContracts(async (connection) => {
    const now = clock.now();
    const due = await dueDeliveries(connection, { now, queuedBefore: now - sendMaxAge, places });
    const nextCalls = await lockedNumbers(connection, due);
    const claims = withSlots(oneOfEachContact(due), { nextCalls, places, now });
    if (claims.length === 0) return claims;
    await Promise.all([
      bookNumbers(connection, claims),
      lease(connection, claims, { owner, until: now + LEASE }),
      bookContacts(connection, claims),
    ]);
    return claims;
  });
}

/** What is due and nobody's, with its number and its contact, whose pace allows it. */
const fromDue = (now: number): Sql => sql`from deliveries
  join whatsapp_channels on whatsapp_channels.id = deliveries.channel_id
  join contacts on contacts.id = deliveries.contact_id
  where deliveries.due_at <= ${now} and (deliveries.lease_until is null or deliveries.lease_until <= ${now})
    and contacts.next_call_at <= ${now}`;

/**
 * Whether something is due of a number that is booked out, perhaps by other nodes, while this one has room: asked of a
 * reader, where nothing could be claimed.
 */
export async function isAnyBookedOut(store: Store, now: number, places: PlacesLeft): Promise<boolean> {
  const rows = await store.engine.reader.all(sql`
    select 1 as one ${fromDue(now)}
      and whatsapp_channels.state = ${ChannelState.OK}
      and whatsapp_channels.next_call_at > ${now + FURTHEST_SLOT} and ${without(places.full)} limit 1`);
  return rows.length > 0;
}

async function dueDeliveries(
  connection: Connection,
  { now, queuedBefore, places }: { now: number; queuedBefore: number; places: PlacesLeft },
): Promise<DueDelivery[]> {
  // Both rows are locked in one go and nothing is waited for: who holds a contact wants its deliveries next. Locked
  // rows are looked at anew by PostgreSQL, so that a contact that another node has just booked is passed over.
  const alone =
    connection.dialect === 'postgres' ? raw(' for no key update of deliveries, contacts skip locked') : empty;
  const withRoom = without(places.full);
  const rows = await connection.all(sql`
    select deliveries.id, deliveries.contract_id, deliveries.channel_id, deliveries.contact_id
    ${fromDue(now)}
      and (whatsapp_channels.state = ${ChannelState.OK} or whatsapp_channels.disconnected_at is not null
        or deliveries.queued_at <= ${queuedBefore})
      and whatsapp_channels.next_call_at <= ${now + FURTHEST_SLOT} and ${withRoom}
      and not exists (select 1 from deliveries other where other.contact_id = deliveries.contact_id
        and other.id <> deliveries.id and (other.lease_until > ${now} or other.due_at is not null
          and (other.created_at, other.id) < (deliveries.created_at, deliveries.id)))
    order by deliveries.due_at, deliveries.id${limitOf(Math.min(places.free, MOST_CLAIMS))}${alone}`);
  return rows.map((row) => ({
    id: row['id'] as string,
    contractId: row['contract_id'] as string,
    channelId: row['channel_id'] as string,
    contactId: row['contact_id'] as string,
  }));
}

/** Whose calls take all the places they may has to wait for one of them, and nobody else has. */
function without(full: readonly string[]): Sql {
  return full.length === 0 ? sql`1 = 1` : sql`deliveries.channel_id not in (${join([...full])})`;
}

/** When each number's next call may start: locked, so that no other node books the same places in its pace. */
async function lockedNumbers(
  connection: Connection,
  due: readonly DueDelivery[],
): Promise<Map<string, number>> {
  const ids = [...new Set(due.map(({ channelId }) => channelId))];
  if (ids.length === 0) return new Map();
  const alone = connection.dialect === 'postgres' ? raw(' for no key update') : empty;
  const rows = await connection.all(
    sql`select id, next_call_at from whatsapp_channels where id in (${join(ids)}) order by id${alone}`,
  );
  return new Map(rows.map((row) => [row['id'] as string, Number(row['next_call_at'])]));
}

function oneOfEachContact(due: readonly DueDelivery[]): DueDelivery[] {
  const taken = new Set<string>();
  return due.filter(({ contactId }) => {
    if (taken.has(contactId)) return false;
    taken.add(contactId);
    return true;
  });
}

/**
 * Gives each its place in its number's pace; those whose place would be too far off are left for another time, as are
 * those for which their number has no room among the calls on their way.
 */
function withSlots(
  due: readonly DueDelivery[],
  { nextCalls, places, now }: { nextCalls: ReadonlyMap<string, number>; places: PlacesLeft; now: number },
): Claim[] {
  const counts = new Map<string, number>();
  const claims: Claim[] = [];
  for (const delivery of due) {
    const before = counts.get(delivery.channelId) ?? 0;
    const startsAt =
      Math.max(now, nextCalls.get(delivery.channelId) ?? now) +
      Math.ceil((before * SECOND) / CALLS_PER_SECOND);
    if (startsAt > now + FURTHEST_SLOT || before >= places.roomOf(delivery.channelId)) continue;
    counts.set(delivery.channelId, before + 1);
    claims.push({ ...delivery, startsAt });
  }
  return claims;
}

async function bookNumbers(connection: Connection, claims: readonly Claim[]): Promise<void> {
  const lastSlots = new Map<string, number>();
  for (const { channelId, startsAt } of claims) lastSlots.set(channelId, startsAt);
  const pairs = valuesAsRows(
    connection,
    { id: 'text', next: 'integer' },
    [...lastSlots].map(([channelId, last]) => [channelId, last + Math.ceil(SECOND / CALLS_PER_SECOND)]),
  );
  await connection.run(
    sql`update whatsapp_channels set next_call_at = pairs.next from (${pairs}) as pairs
      where whatsapp_channels.id = pairs.id and next_call_at < pairs.next`,
  );
}

async function lease(
  connection: Connection,
  claims: readonly Claim[],
  { owner, until }: { owner: string; until: number },
): Promise<void> {
  const ids = among(
    connection,
    raw('id'),
    claims.map(({ id }) => id),
  );
  await connection.run(
    sql`update deliveries set lease_owner = ${owner}, lease_until = ${until} where ${ids}`,
  );
}

/** Nobody is called again before the pause that follows its call. */
async function bookContacts(connection: Connection, claims: readonly Claim[]): Promise<void> {
  const pairs = valuesAsRows(
    connection,
    { id: 'text', until: 'integer' },
    claims.map(({ contactId, startsAt }) => [contactId, startsAt + RECIPIENT_PAUSE]),
  );
  await connection.run(
    sql`update contacts set next_call_at = pairs.until from (${pairs}) as pairs where contacts.id = pairs.id`,
  );
}

/** Gives back claims whose calls were not started, so that another node may take them at once. */
export async function releaseClaims(store: Store, owner: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await store.transactAcrossContracts((connection) =>
    connection.run(
      sql`update deliveries set lease_owner = null, lease_until = null
          where id in (${join([...ids])}) and lease_owner = ${owner} and due_at is not null`,
    ),
  );
}

/** Gives back what is claimed under this name and not known to its node: its claim was stored, and the word of that lost. */
export async function releaseForgotten(store: Store, owner: string, known: readonly string[]): Promise<void> {
  const forgotten = known.length === 0 ? sql`1 = 1` : sql`id not in (${join([...known])})`;
  await store.transactAcrossContracts((connection) =>
    connection.run(
      sql`update deliveries set lease_owner = null, lease_until = null
          where lease_owner = ${owner} and due_at is not null and ${forgotten}`,
    ),
  );
}

/** Deliveries whose call was begun by a node that has not come back in time. */
export async function lostCalls(store: Store, now: number): Promise<{ id: string; contractId: string }[]> {
  const rows = await store.engine.reader.all(
    sql`select id, contract_id from deliveries where lease_until <= ${now} and due_at is null limit 100`,
  );
  return rows.map((row) => ({ id: row['id'] as string, contractId: row['contract_id'] as string }));
}
