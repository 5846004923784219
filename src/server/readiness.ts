import sql from 'sql-template-tag';
import { SECOND } from '../clock';
import { POSTGRES_MIGRATIONS } from '../database/migrations/postgres';
import { SQLITE_MIGRATIONS } from '../database/migrations/sqlite';
import { unknownTo } from '../database/schema-changes';
import type { Store } from '../database/store';
import type { Platform } from '../services/context';

const LOOK_INTERVAL = SECOND;

interface SchemaState {
  /** Migrations of this version that the database has not seen. */
  pending: readonly string[];
  /** Migrations that the database asks for and this version does not know. */
  lacking: readonly string[];
}

async function schemaState({ dialect, engine }: Store): Promise<SchemaState> {
  const migrations = dialect === 'sqlite' ? SQLITE_MIGRATIONS : POSTGRES_MIGRATIONS;
  const known = migrations.map(({ name }) => name);
  const done = await engine.reader.all(sql`select name from migrations`);
  const floor = await engine.reader.all(sql`select migration from schema_floors`);
  return {
    pending: unknownTo(
      done.map((row) => row['name'] as string),
      known,
    ),
    lacking: unknownTo(
      known,
      floor.map((row) => row['migration'] as string),
    ),
  };
}

/**
 * Whether this server takes work: not while its database is away, no more once it stops, and never again once a later
 * version has brought the database to a schema that it cannot work with.
 */
export class Readiness {
  private draining = false;
  private tooOld: string | null = null;
  private withdraw: () => void = () => undefined;
  private cancelLook: () => void = () => undefined;

  constructor(private readonly platform: Platform) {}

  /** Why it must not touch its database any more; null where it may. */
  get leftBehind(): string | null {
    return this.tooOld;
  }

  /** It is told to stop. */
  drain(): void {
    this.draining = true;
    this.cancelLook();
  }

  /** Looks on and on at the schema. @param withdraw called once it is one that this version cannot work with. */
  watch(withdraw: () => void): void {
    this.withdraw = withdraw;
    this.lookLater();
  }

  /** Why this server cannot serve now; null where it can. */
  async hindrance(): Promise<string | null> {
    if (this.draining) return 'This server is shutting down.';
    try {
      return await this.look();
    } catch (error) {
      this.platform.log.warn({ err: error }, 'The database could not be asked whether it is ready');
      return 'The database cannot be reached.';
    }
  }

  private async look(): Promise<string | null> {
    if (this.tooOld !== null) return this.tooOld;
    const { pending, lacking } = await schemaState(this.platform.store);
    if (pending.length > 0) return `Migrations are pending: ${pending.join(', ')}.`;
    return lacking.length > 0 ? this.leave(lacking) : null;
  }

  private leave(lacking: readonly string[]): string {
    const reason = `This server is too old for its database: it lacks ${lacking.join(', ')}.`;
    if (this.tooOld === null) {
      this.platform.log.error({ lacking }, 'This server is too old for its database, and takes no more work');
      this.tooOld = reason;
      this.cancelLook();
      this.withdraw();
    }
    return reason;
  }

  private lookLater(): void {
    this.cancelLook = this.platform.clock.after(LOOK_INTERVAL, () => {
      // What keeps it from looking keeps everything else from working, and is told there.
      void this.look()
        .catch(() => undefined)
        .finally(() => {
          if (!this.draining && this.tooOld === null) this.lookLater();
        });
    });
  }
}
