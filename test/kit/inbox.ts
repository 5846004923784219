import sql from 'sql-template-tag';
import type { TestApp } from './app';
import { eventually } from './eventually';

/** Waits until every item of every webhook that was taken in has been worked. */
export async function inboxWorked(app: TestApp, patience?: number): Promise<void> {
  const unworked = sql`select 1 as one from inbox_bodies where done_at is null limit 1`;
  await eventually(
    () => app.platform.store.acrossContracts().connection.all(unworked),
    ({ length }) => length === 0,
    patience,
  );
}
