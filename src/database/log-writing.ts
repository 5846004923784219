import sql, { empty, type Sql } from 'sql-template-tag';
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
  for (const [contractId, ours] of byContract(recorded)) {
    const [log] = await connection.all(raising(contractId, ours.length));
    if (!log) throw new Error(`The contract ${contractId} has no log`);
    const before = sql`${Number(log['before'])}`;
    await connection.run(insertion(connection, contractId, ours, before));
    const notes = noting(connection, ours, before);
    if (notes) await connection.run(notes);
  }
}

/**
 * The same in one statement for each contract, for PostgreSQL, where others wait for the counter's row. It fails where a
 * contract has no log, since no event can be without a place.
 */
export function logStatements(connection: Connection, recorded: readonly Recorded[]): Sql[] {
  const before = sql`(select before from log)`;
  return [...byContract(recorded)].map(([contractId, ours]) => {
    const notes = noting(connection, ours, before);
    const noted = notes ? sql`, noted as (${notes})` : empty;
    const log = raising(contractId, ours.length);
    return sql`with log as (${log})${noted} ${insertion(connection, contractId, ours, before)}`;
  });
}

function byContract(recorded: readonly Recorded[]): Map<string, Recorded[]> {
  const contracts = new Map<string, Recorded[]>();
  for (const one of recorded) {
    const ours = contracts.get(one.contractId);
    if (ours) ours.push(one);
    else contracts.set(one.contractId, [one]);
  }
  return contracts;
}

/** Takes so many places; `before` is the last that was taken until then. */
const raising = (contractId: string, places: number): Sql =>
  sql`update contract_logs set last_sequence = last_sequence + ${places}
      where contract_id = ${contractId} returning last_sequence - ${places} as before`;

function insertion(connection: Connection, contractId: string, ours: readonly Recorded[], before: Sql): Sql {
  const rows = valuesAsRows(
    connection,
    { place: 'integer', kind: 'text', occurred_at: 'integer', data: 'text' },
    ours.map(({ happening, at }, index) => [index + 1, happening.kind, at, JSON.stringify(happening.data)]),
  );
  return sql`insert into events (contract_id, sequence, kind, occurred_at, data)
    select ${contractId}, ${before} + place, kind, occurred_at, data from (${rows}) as placed`;
}

/** Each send knows the place of its latest change. Null where no send changed. */
function noting(connection: Connection, ours: readonly Recorded[], before: Sql): Sql | null {
  const latest = new Map<string, number>();
  for (const [index, { happening }] of ours.entries())
    if (happening.kind === 'SendChanged') latest.set(happening.data.sendId, index + 1);
  if (latest.size === 0) return null;
  const changes = valuesAsRows(connection, { id: 'text', place: 'integer' }, [...latest]);
  return sql`update sends set changed_sequence = ${before} + changes.place
    from (${changes}) as changes where sends.id = changes.id`;
}
