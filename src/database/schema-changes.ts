import type { DataSource } from 'typeorm';

/** Runs the migrations that the database has not seen; their names. */
export async function runMigrations(source: DataSource): Promise<string[]> {
  const done = await source.runMigrations({ transaction: 'each' });
  return done.map((migration) => migration.name);
}

/** The statements that TypeORM would run to make the database what the entities say. */
export async function pendingStatements(source: DataSource): Promise<string[]> {
  const changes = await source.driver.createSchemaBuilder().log();
  return changes.upQueries.map((query) => query.query);
}
