import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  administratorsUrl,
  asAdministrator,
  dropOwner,
  newName,
  urlOf,
  type Owner,
} from '../test/kit/postgres';

const ROOT = path.resolve(__dirname, '..');
const run = promisify(execFile);

/** What is answered is on the disk, also where the server is set otherwise. */
function durable(address: string): string {
  const url = new URL(address);
  url.searchParams.set('options', '-c synchronous_commit=on');
  return url.toString();
}

/** A database of one contender's own. */
export interface PostgresCopy {
  /** As its owner, for whom row-level security holds. */
  url: string;
  /** As a superuser, whom it does not hold for: PostgreSQL has less to do. */
  superuserUrl: string;
  drop(): Promise<void>;
}

/** The data of the bench in PostgreSQL, and copies of it. */
export class PostgresData {
  private constructor(
    private readonly template: string,
    private readonly owner: Owner,
  ) {}

  /** Copies a SQLite database into PostgreSQL with the product's own command; null where no PostgreSQL answers. */
  static async make(
    sqliteFile: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<PostgresData | null> {
    const owner = { name: newName(), password: randomBytes(16).toString('hex') };
    try {
      await asAdministrator(`create role ${owner.name} login password '${owner.password}'`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return null;
      throw error;
    }
    const data = new PostgresData(newName(), owner);
    try {
      await data.fill(sqliteFile, environment);
      return data;
    } catch (error) {
      await data.drop();
      throw error;
    }
  }

  async copy(): Promise<PostgresCopy> {
    const name = newName();
    await asAdministrator(`create database ${name} owner ${this.owner.name} template ${this.template}`);
    return {
      url: durable(urlOf(name, this.owner)),
      superuserUrl: durable(administratorsUrl(name)),
      drop: async () => {
        await asAdministrator(`drop database ${name} with (force)`);
      },
    };
  }

  /** Removes it with all copies of it that are left. */
  drop(): Promise<void> {
    return dropOwner(this.owner);
  }

  private async fill(sqliteFile: string, environment: Readonly<Record<string, string>>): Promise<void> {
    await asAdministrator(`create database ${this.template} owner ${this.owner.name}`);
    // The command marks what it copied from as left behind.
    const source = `${sqliteFile}.moved`;
    copyFileSync(sqliteFile, source);
    const words = ['--from', `sqlite:${source}`, '--to', urlOf(this.template, this.owner)];
    await run('npm', ['run', '--silent', 'cli', '--', 'copy', ...words], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
    });
    rmSync(source);
    // As after a while of use: the planner knows the tables, and which rows all may see.
    await asAdministrator('vacuum (analyze)', this.template);
  }
}
