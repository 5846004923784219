import type { FastifyInstance } from 'fastify';
import sql from 'sql-template-tag';
import { POSTGRES_MIGRATIONS } from '../database/migrations/postgres';
import { SQLITE_MIGRATIONS } from '../database/migrations/sqlite';
import type { Store } from '../database/store';
import type { Platform } from '../services/context';

/** Whether this server still takes work. */
export interface Readiness {
  draining: boolean;
}

/** Migrations of this version that the database has not seen. @throws where the database cannot be asked. */
async function pendingMigrations(store: Store): Promise<string[]> {
  const all = store.dialect === 'sqlite' ? SQLITE_MIGRATIONS : POSTGRES_MIGRATIONS;
  const done = await store.engine.reader.all(sql`select name from migrations`);
  const names = new Set(done.map((row) => row['name']));
  return all.map((migration) => migration.name).filter((name) => !names.has(name));
}

/** Why this server cannot serve now; null where it can. */
async function hindrance(platform: Platform, readiness: Readiness): Promise<string | null> {
  if (readiness.draining) return 'This server is shutting down.';
  try {
    const pending = await pendingMigrations(platform.store);
    return pending.length === 0 ? null : `Migrations are pending: ${pending.join(', ')}.`;
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
