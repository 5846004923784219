import type { DataSource } from 'typeorm';

/** The database has been brought to a schema that this version cannot work with. */
export class ServerTooOld extends Error {
  override name = 'ServerTooOld';
  constructor(lacking: readonly string[]) {
    super(
      `The database has the schema of a later version, which this one cannot work with (it lacks ${lacking.join(', ')}): start the version that the other servers run, or a later one`,
    );
  }
}

/**
 * Runs the migrations that the database has not seen; their names.
 * @throws ServerTooOld where the database asks for a migration that this version does not know.
 */
export async function runMigrations(source: DataSource): Promise<string[]> {
  if (await hasFloor(source)) {
    const floor = await source.query<{ migration: string }[]>('select migration from schema_floors');
    const lacking = unknownTo(
      source.migrations.map(({ name }) => name ?? ''),
      floor.map(({ migration }) => migration),
    );
    if (lacking.length > 0) throw new ServerTooOld(lacking);
  }
  const done = await source.runMigrations({ transaction: 'each' });
  return done.map((migration) => migration.name);
}

/** Of the migrations that a database asks for, those that a version does not know. */
export function unknownTo(known: readonly string[], asked: readonly string[]): string[] {
  return asked.filter((name) => !known.includes(name));
}

async function hasFloor(source: DataSource): Promise<boolean> {
  const runner = source.createQueryRunner();
  try {
    return await runner.hasTable('schema_floors');
  } finally {
    await runner.release();
  }
}

/** The statements that TypeORM would run to make the database what the entities say. */
export async function pendingStatements(source: DataSource): Promise<string[]> {
  const changes = await source.driver.createSchemaBuilder().log();
  return changes.upQueries.map((query) => query.query);
}
