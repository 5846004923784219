import pino from 'pino';
import sql from 'sql-template-tag';
import { createApp } from '../../src/app';
import { readConfig } from '../../src/config';
import { tableOf, type RowClass } from '../../src/database/rows';
import { sqliteFile, Store } from '../../src/database/store';
import { ALL_ENTITIES } from '../../src/entities/all';
import { describeError, type Overrides } from '../../src/platform';
import type { Platform } from '../../src/services/context';
import { createContract } from '../../src/services/access/contracts';
import { AUTH_SECRET, Caller, personToken } from './caller';
import { lookAtFiles, lookAtStored, SECRETS, takeLeaks, watchedLog } from './canaries';
import { TestClock } from './clock';
import { createTestDatabase, type TestDatabase } from './database';
import { createProviderDouble, type ProviderDouble } from './provider-double';

/** No statement for so long: what was under way has ended. */
const QUIET = 100;

/** More rows of a table than this are not looked at for secrets: those that load made are like the first ones. */
const MOST_ROWS = 2_000;

/** Every line of the log is looked at for what must not be in it. */
function overridesOf(clock: TestClock, statements: string[]): Overrides {
  const log = pino({ level: 'trace', base: null, serializers: { err: describeError } }, watchedLog());
  return { clock, log, observe: (text) => void statements.push(text) };
}

export interface TestAppOptions {
  /** Variables of the environment that differ from the kit's. */
  environment?: Record<string, string>;
  clock?: TestClock;
  /** Where it keeps what it has: in a new one of the run's engine where this is left out. */
  database?: TestDatabase;
  /** A server with something changed in it, in the place of the true one. */
  create?: typeof createApp;
}

/** A real server on a free port, over a database of its own, pointed at a provider double of its own. */
export class TestApp {
  private constructor(
    readonly provider: ProviderDouble,
    readonly clock: TestClock,
    private readonly database: TestDatabase,
    /** What it was started with: another process may be started with the same. */
    readonly environment: Readonly<Record<string, string>>,
    private running: { url: string; platform: Platform; stop(): Promise<void> },
    private readonly statements: string[],
  ) {}

  static async start({
    environment = {},
    clock = new TestClock(),
    database: given,
    create = createApp,
  }: TestAppOptions = {}): Promise<TestApp> {
    const [provider, database] = await Promise.all([createProviderDouble(), given ?? createTestDatabase()]);
    const values = {
      PORT: '0',
      DATABASE_URL: database.url,
      AUTH_JWT_SECRET: AUTH_SECRET,
      SECRETS_KEY: SECRETS.secretsKey,
      WHATSAPP_API_URL: provider.url,
      SEED_DEMO: 'false',
      ...environment,
    };
    const statements: string[] = [];
    const running = await create(readConfig(values), overridesOf(clock, statements));
    return new TestApp(provider, clock, database, values, running, statements);
  }

  get url(): string {
    return this.running.url;
  }

  get platform(): Platform {
    return this.running.platform;
  }

  /**
   * Stops the server and starts another one over the same database; meanwhile nobody uses that.
   * @param meanwhile is given the environment, for servers of its own.
   */
  async restart(
    meanwhile: (databaseUrl: string, environment: Record<string, string>) => Promise<void> = () =>
      Promise.resolve(),
  ): Promise<void> {
    await this.running.stop();
    await meanwhile(this.database.url, this.environment);
    this.running = await createApp(readConfig(this.environment), overridesOf(this.clock, this.statements));
  }

  /** The texts of all SQL statements that the server runs while `work` is done, its own regular work included. */
  async statementsDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
    const before = this.statements.length;
    await work();
    return this.statements.slice(before);
  }

  /** The texts of the SQL statements that `work` makes the server run, without those of its own regular work. */
  async statementsOf(work: () => Promise<unknown>): Promise<string[]> {
    return this.clock.holding(async () => {
      await this.quiet();
      const before = this.statements.length;
      await work();
      return this.statements.slice(before);
    });
  }

  /** All that is stored must be without secrets: of SQLite that is its files, which hold more than the rows. */
  private async lookAtStored(): Promise<void> {
    const { url } = this.database;
    const file = sqliteFile(url);
    if (file !== null) {
      lookAtFiles(file);
      return;
    }
    const store = await Store.open({ url, clock: this.clock, complain: () => undefined });
    for (const entity of ALL_ENTITIES as readonly RowClass<object>[]) {
      const { name } = tableOf(entity);
      const rows = await store.engine.reader.all(sql`select * from ${name} limit ${MOST_ROWS}`);
      lookAtStored(name.sql, JSON.stringify(rows));
    }
    await store.close();
  }

  /** Waits until the server asks the database for nothing more. */
  async quiet(): Promise<void> {
    let before: number;
    do {
      before = this.statements.length;
      await new Promise((resolve) => setTimeout(resolve, QUIET));
    } while (this.statements.length > before);
  }

  /** A new contract and its first administrator, as the command line makes them. */
  async contract(
    name = 'Acme',
    adminEmail = `ana@${name.toLowerCase()}.test`,
  ): Promise<{ id: string; admin: Caller }> {
    const { contract, admin } = await createContract(this.platform, { name, adminName: 'Ana', adminEmail });
    return { id: contract.id, admin: await this.person(contract.id, admin.email, admin.id) };
  }

  /** Someone signed in. */
  async person(contractId: string, email: string, agentId: string): Promise<Caller> {
    return new Caller(() => this.url, await personToken(contractId, email, this.clock.now()), agentId);
  }

  /** A machine with this key. */
  machine(secret: string): Caller {
    return new Caller(() => this.url, secret, '');
  }

  async stop(): Promise<void> {
    await this.running.stop();
    await this.lookAtStored();
    await this.provider.close();
    await this.database.drop();
    const leaks = takeLeaks();
    if (leaks.length > 0) throw new Error(leaks.join('\n'));
  }
}
