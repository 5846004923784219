import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import sql from 'sql-template-tag';
import { SendRow } from '../entities/send';
import { sendsAsCsv, sendsAsNdjson } from '../server/sends-text';
import type { Platform } from '../services/context';
import { exportedSends, type ExportedSend } from '../services/sends/sends-export';
import { asAdmin, contractNamed, progressBar, say } from './running';

/** Writes all sends of a contract into a file: NDJSON where its name says so, else CSV. */
export async function exportSends(
  platform: Platform,
  file: string,
  contractId: string | undefined,
): Promise<void> {
  const contract = await contractNamed(platform, contractId);
  const context = await asAdmin(platform, contract.id);
  const total = await context.rows.count(SendRow, sql`1 = 1`);
  const bar = progressBar('sends');
  bar.start(total, 0);
  let written = 0;
  async function* counted(): AsyncGenerator<ExportedSend[], void> {
    for await (const sends of exportedSends(context, {})) {
      yield sends;
      written += sends.length;
      bar.update(written);
    }
  }
  const write = file.endsWith('.ndjson') ? sendsAsNdjson : sendsAsCsv;
  try {
    await pipeline(Readable.from(write(context, counted()), { objectMode: false }), createWriteStream(file));
  } finally {
    bar.stop();
  }
  say(`${written} sends written to ${file}.`);
}
