import type { QueryRunner } from 'typeorm';

/**
 * Puts a fence around each contract in a table: a connection sees and writes the rows of the contract that it said its
 * work is of, all rows where it said `*`, and none where it said nothing. Forced, so that it holds for the owner too.
 * @param column says which contract a row is of.
 */
export async function fence(runner: QueryRunner, table: string, column = 'contract_id'): Promise<void> {
  const mine = `current_setting('saludo.contract', true) in ("${column}", '*')`;
  await runner.query(`ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY`);
  await runner.query(`ALTER TABLE "${table}" FORCE ROW LEVEL SECURITY`);
  await runner.query(`CREATE POLICY "contract_fence" ON "${table}" USING (${mine})`);
}
