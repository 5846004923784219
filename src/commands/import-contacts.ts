import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { SingleBar, Presets } from 'cli-progress';
import { BotRow } from '../entities/bot';
import { EmailAddress } from '../schema/scalars';
import { upsertContact, type ContactEntry } from '../services/contacts/contact-acts';
import type { Platform, ServiceContext } from '../services/context';
import { csvLines, type CsvLine } from './csv';
import { asAdmin, say } from './running';

/** Contacts written at once: they share a commit. */
const AT_ONCE = 32;
const MOST_COMPLAINTS = 50;

type Columns = Map<'phone' | 'name' | 'email', number>;

function columnsOf({ fields }: CsvLine): Columns {
  const columns: Columns = new Map();
  for (const name of ['phone', 'name', 'email'] as const) {
    const index = fields.findIndex((field) => field.toLowerCase() === name);
    if (index >= 0) columns.set(name, index);
  }
  if (!columns.has('phone'))
    throw new Error('The first line must name the columns: phone, and name and email where there are any');
  return columns;
}

function entryOf(line: CsvLine, columns: Columns, botId: string): ContactEntry {
  const field = (name: 'phone' | 'name' | 'email'): string => line.fields[columns.get(name) ?? -1] ?? '';
  const email = field('email');
  return {
    botId,
    phone: field('phone'),
    name: field('name') === '' ? null : field('name'),
    email: email === '' ? null : EmailAddress.parseValue(email),
  };
}

/** Why a line was not taken over; null where it was. */
async function importLine(
  context: ServiceContext,
  line: CsvLine,
  columns: Columns,
  botId: string,
): Promise<string | null> {
  try {
    const { userErrors } = await upsertContact(context, entryOf(line, columns, botId));
    const [refusal] = userErrors;
    return refusal ? `line ${line.number}: ${refusal.message}` : null;
  } catch (error) {
    return `line ${line.number}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Adds the contacts of a CSV file to a bot's number, or changes those that are there. */
export async function importContacts(platform: Platform, file: string, botId: string): Promise<void> {
  const bot = await platform.store.acrossContracts().byId(BotRow, botId);
  if (!bot) throw new Error(`There is no bot ${botId}: take an id that the query \`bots\` lists`);
  const context = await asAdmin(platform, bot.contractId);
  const stream = createReadStream(file, { encoding: 'utf8' });
  const bar = new SingleBar(
    { format: ' {bar} {percentage}% | {lines} contacts', hideCursor: true },
    Presets.shades_classic,
  );
  bar.start((await stat(file)).size, 0, { lines: 0 });
  const complaints: string[] = [];
  let columns: Columns | null = null;
  let lines = 0;
  let refused = 0;
  let waiting: CsvLine[] = [];
  const flush = async (known: Columns): Promise<void> => {
    const results = await Promise.all(
      waiting.map((line) => importLine(context, line, columns ?? known, botId)),
    );
    lines += waiting.length;
    waiting = [];
    const refusals = results.filter((result) => result !== null);
    refused += refusals.length;
    complaints.push(...refusals.slice(0, MOST_COMPLAINTS - complaints.length));
    bar.update(stream.bytesRead, { lines });
  };
  try {
    for await (const line of csvLines(stream as AsyncIterable<string>)) {
      if (columns === null) columns = columnsOf(line);
      else if (waiting.push(line) >= AT_ONCE) await flush(columns);
    }
    if (columns) await flush(columns);
  } finally {
    bar.stop();
  }
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  say(`${lines - refused} of ${lines} contacts imported.`);
  if (refused > 0)
    throw new Error(`${refused} of ${lines} lines were not imported: correct them and import the file again`);
}
