import type { FastifyInstance } from 'fastify';
import sql from 'sql-template-tag';
import { POSTGRES_MIGRATIONS } from '../database/migrations/postgres';
import { SQLITE_MIGRATIONS } from '../database/migrations/sqlite';
import { unknownTo } from '../database/schema-changes';
import type { Store } from '../database/store';
import type { Platform } from '../services/context';

/** Whether this server still takes work. */
export interface Readiness {
  draining: boolean;
}

/** What of the schema keeps this version from serving; null where nothing does. @throws where the database cannot be asked. */
async function schemaHindrance({ dialect, engine }: Store): Promise<string | null> {
  const migrations = dialect === 'sqlite' ? SQLITE_MIGRATIONS : POSTGRES_MIGRATIONS;
  const known = migrations.map(({ name }) => name);
  const done = await engine.reader.all(sql`select name from migrations`);
  const names = done.map((row) => row['name'] as string);
  const pending = unknownTo(names, known);
  if (pending.length > 0) return `Migrations are pending: ${pending.join(', ')}.`;
  const floor = await engine.reader.all(sql`select migration from schema_floors`);
  const lacking = unknownTo(
    known,
    floor.map((row) => row['migration'] as string),
  );
  return lacking.length > 0
    ? `This server is too old for its database: it lacks ${lacking.join(', ')}.`
    : null;
}

/** Why this server cannot serve now; null where it can. */
async function hindrance(platform: Platform, readiness: Readiness): Promise<string | null> {
  if (readiness.draining) return 'This server is shutting down.';
  try {
    return await schemaHindrance(platform.store);
  } catch (error) {
    platform.log.warn({ err: error }, 'The database could not be asked whether it is ready');
    return 'The database cannot be reached.';
  }
}

/** `/healthz`: the process is alive. `/readyz`: it can serve, and means to go on. */
export function serveHealth(app: FastifyInstance, platform: Platform, readiness: Readiness): void {
  const options = { config: { rateLimit: false } } as const;
  app.get('/healthz', options, (_request, reply) => {
    void reply.send({ alive: true });
  });
  app.get('/readyz', options, async (_request, reply) => {
    const reason = await hindrance(platform, readiness);
    return reason === null ? reply.send({ ready: true }) : reply.code(503).send({ ready: false, reason });
  });
}
