#!/usr/bin/env node
import { Command } from 'commander';
import { copy } from './commands/copy';
import { exportSends } from './commands/export-sends';
import { hold } from './commands/hold';
import { importContacts } from './commands/import-contacts';
import { makeContract, printToken } from './commands/people';
import { say, withPlatform } from './commands/running';
import { SqliteEngine } from './database/sqlite';

const program = new Command('saludo')
  .description(
    'Looks after a Saludo server. Commands also work while the server runs, and bring the database to their schema first.',
  )
  .configureOutput({
    // One line, whatever is wrong: some come with a guess at what was meant below them.
    outputError: (text, write) =>
      write(`${text.trim().replaceAll('\n', ' ')} (add --help for what is possible)\n`),
  });

program
  .command('migrate')
  .description("bring the database to this version's schema")
  .action(() =>
    withPlatform(({ store }) => {
      say(
        `The ${store.dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL'} database has the schema of this version.`,
      );
      return Promise.resolve();
    }),
  );

program
  .command('create-contract')
  .description('make a contract with its first admin, and print both')
  .requiredOption('--name <name>', 'what the company is called')
  .requiredOption('--admin <email>', "the first admin's e-mail address")
  .option('--admin-name <name>', "the first admin's name (standard: what stands before the @)")
  .action((options: { name: string; admin: string; adminName?: string }) =>
    withPlatform((platform) => makeContract(platform, options)),
  );

program
  .command('token')
  .description('print a token for an agent (where AUTH_JWT_SECRET is used)')
  .requiredOption('--email <email>', "the agent's e-mail address")
  .option('--contract <id>', 'the contract, where the e-mail is in several')
  .option('--ttl <duration>', 'how long it is good for, as an ISO 8601 duration', 'PT1H')
  .action((options: { email: string; contract?: string; ttl: string }) =>
    withPlatform((platform) => printToken(platform, options)),
  );

program
  .command('import-contacts')
  .description("add the contacts of a CSV file with the columns phone, name and email to a bot's number")
  .argument('<file>', 'the CSV file; its first line names the columns')
  .requiredOption('--bot <id>', 'the bot that sends to them')
  .action((file: string, { bot }: { bot: string }) =>
    withPlatform((platform) => importContacts(platform, file, bot)),
  );

program
  .command('export-sends')
  .description('write all sends of a contract into a file')
  .requiredOption('--out <file>', 'the file: NDJSON where its name ends so, else CSV')
  .option('--contract <id>', 'the contract, where there are several')
  .action(({ out, contract }: { out: string; contract?: string }) =>
    withPlatform((platform) => exportSends(platform, out, contract)),
  );

program
  .command('backup')
  .description('copy the SQLite database into a new file, also while the server runs')
  .argument('<file>', 'the new file')
  .action((file: string) =>
    withPlatform(async ({ store: { engine } }) => {
      if (!(engine instanceof SqliteEngine))
        throw new Error('backup copies SQLite databases: use pg_dump for PostgreSQL');
      await engine.backup(file);
      say(
        `The database was copied to ${file}. Keep SECRETS_KEY with it, or secrets.key beside the database: without it no number can send. A server that starts on the copy holds what was not sent yet.`,
      );
    }),
  );

program
  .command('hold')
  .description(
    'after restoring by other means than `backup`, such as pg_restore or a copied file, and before the server starts: hold what was not sent yet, since it may have gone out meanwhile, and end former cursors',
  )
  .action(() => withPlatform(hold));

program
  .command('copy')
  .description(
    'move everything from a SQLite database, whose server is stopped, to an empty PostgreSQL database, and compare both',
  )
  .requiredOption('--from <url>', 'the SQLite database: sqlite:./data/saludo.db')
  .requiredOption('--to <url>', 'the empty PostgreSQL database: postgres://USER@HOST/DATABASE')
  .action(copy);

program.parseAsync().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`error: ${message.split('\n')[0] ?? ''}\n`);
  process.exit(1);
});
