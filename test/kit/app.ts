import { createApp } from '../../src/app';
import { readConfig } from '../../src/config';
import type { Platform } from '../../src/services/context';
import { createContract } from '../../src/services/access/contracts';
import { AUTH_SECRET, Caller, personToken } from './caller';
import { TestClock } from './clock';
import { createTestDatabase, type TestDatabase } from './database';
import { createProviderDouble, type ProviderDouble } from './provider-double';

/** No statement for so long: what was under way has ended. */
const QUIET = 100;

export interface TestAppOptions {
  /** Variables of the environment that differ from the kit's. */
  environment?: Record<string, string>;
  clock?: TestClock;
}

/** A real server on a free port, over a database of its own, pointed at a provider double of its own. */
export class TestApp {
  private constructor(
    readonly provider: ProviderDouble,
    readonly clock: TestClock,
    private readonly database: TestDatabase,
    private readonly environment: Record<string, string>,
    private running: { url: string; platform: Platform; stop(): Promise<void> },
    private readonly statements: string[],
  ) {}

  static async start({ environment = {}, clock = new TestClock() }: TestAppOptions = {}): Promise<TestApp> {
    const [provider, database] = await Promise.all([createProviderDouble(), createTestDatabase()]);
    const values = {
      PORT: '0',
      DATABASE_URL: database.url,
      AUTH_JWT_SECRET: AUTH_SECRET,
      SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
      WHATSAPP_API_URL: provider.url,
      LOG_LEVEL: 'silent',
      SEED_DEMO: 'false',
      ...environment,
    };
    const statements: string[] = [];
    const running = await createApp(readConfig(values), {
      clock,
      observe: (text) => void statements.push(text),
    });
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
    this.running = await createApp(readConfig(this.environment), {
      clock: this.clock,
      observe: (text) => void this.statements.push(text),
    });
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

  private async quiet(): Promise<void> {
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
    await this.provider.close();
    await this.database.drop();
  }
}
