import sql from 'sql-template-tag';
import type { EventRow } from '../entities/event';
import type { Happening } from '../entities/happening';
import type { Connection } from './connection';
import { valuesAsRows } from './rows';

/** A happening with whose it is and when it was. */
export interface Recorded {
  contractId: string;
  happening: Happening;
  at: number;
}

/**
 * Gives what was recorded its places in the contracts' logs. It comes last in a transaction: the counters' rows stay
 * locked from here to the commit, so that places are given in the order of commits and none is left out.
 */
export async function writeLog(connection: Connection, recorded: readonly Recorded[]): Promise<void> {
  if (recorded.length === 0) return;
  const events: Logged[] = [];
  for (const contractId of new Set(recorded.map((one) => one.contractId))) {
    const ours = recorded.filter((one) => one.contractId === contractId);
    const [log] = await connection.all(
      sql`update contract_logs set last_sequence = last_sequence + ${ours.length}
          where contract_id = ${contractId} returning last_sequence`,
    );
    if (!log) throw new Error(`The contract ${contractId} has no log`);
    const first = Number(log['last_sequence']) - ours.length + 1;
    for (const [index, { happening, at }] of ours.entries())
      events.push({ ...happening, contractId, sequence: first + index, occurredAt: at });
  }
  await insertEvents(connection, events);
  await noteChanges(connection, events);
}

type Logged = Recorded['happening'] & Pick<EventRow, 'contractId' | 'sequence' | 'occurredAt'>;

async function insertEvents(connection: Connection, events: readonly Logged[]): Promise<void> {
  const rows = valuesAsRows(
    connection,
    { contract_id: 'text', sequence: 'integer', kind: 'text', occurred_at: 'integer', data: 'text' },
    events.map(({ contractId, sequence, kind, occurredAt, data }) => [
      contractId,
      sequence,
      kind,
      occurredAt,
      JSON.stringify(data),
    ]),
  );
  await connection.run(sql`insert into events (contract_id, sequence, kind, occurred_at, data) ${rows}`);
}

/** Each send knows the place of its latest change. */
async function noteChanges(connection: Connection, events: readonly Logged[]): Promise<void> {
  const latest = new Map<string, number>();
  for (const event of events) if (event.kind === 'SendChanged') latest.set(event.data.sendId, event.sequence);
  if (latest.size === 0) return;
  const changes = valuesAsRows(connection, { id: 'text', sequence: 'integer' }, [...latest]);
  await connection.run(
    sql`update sends set changed_sequence = changes.sequence from (${changes}) as changes where sends.id = changes.id`,
  );
}
