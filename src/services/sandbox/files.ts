import { createHash } from 'node:crypto';
import sql from 'sql-template-tag';
import { newId } from '../../entities/ids';
import { SandboxFileRow } from '../../entities/sandbox-file';
import { badInput, notFound } from '../../problems';
import type { ServiceContext } from '../context';
import { sandboxChannel } from './access';

/** Largest file of a customer, in bytes. */
export const LARGEST_FILE = 5 * 1_048_576;
const MOST_FILES = 500;
const LONGEST_FILENAME = 200;
/**
 * What phones send. Nothing that a browser would run: a page shows these files.
 * Source: Meta's "Supported media types".
 */
const TYPES =
  /^(?:image\/(?:jpeg|png|webp|gif)|audio\/(?:aac|amr|mp4|mpeg|ogg|webm|wav)|video\/(?:mp4|3gpp|webm|quicktime)|text\/(?:plain|csv)|application\/(?:pdf|zip|json|msword|octet-stream|vnd\.(?:ms-excel|ms-powerpoint|openxmlformats-officedocument\.[a-z.]+)))$/;

/** Keeps a file that a customer is about to send. */
export function keepFile(
  context: ServiceContext,
  channelId: string,
  file: { bytes: Buffer; contentType: string; filename: string | null },
): Promise<{ fileId: string }> {
  const mimeType = (file.contentType.split(';')[0] ?? '').trim().toLowerCase();
  return context.transact(async (transaction) => {
    const channel = await sandboxChannel(context, channelId, transaction);
    if (!TYPES.test(mimeType)) {
      throw badInput(
        `WhatsApp takes no files of the type ${mimeType === '' ? '(none)' : mimeType}: send a picture (JPEG, PNG), a video (MP4), audio (OGG, MP3) or a document (PDF, text, Office).`,
      );
    }
    if (file.bytes.byteLength === 0)
      throw badInput('The file is empty: send its bytes as the body of the request.');
    if ((await transaction.count(SandboxFileRow, sql`channel_id = ${channel.id}`)) >= MOST_FILES) {
      throw badInput(`The sandbox of a number keeps at most ${MOST_FILES} files: connect another number.`);
    }
    const fileId = newId('SandboxFile');
    await transaction.insert(SandboxFileRow, {
      id: fileId,
      contractId: channel.contractId,
      channelId: channel.id,
      mimeType,
      filename: file.filename?.slice(0, LONGEST_FILENAME) ?? null,
      size: file.bytes.byteLength,
      sha256: createHash('sha256').update(file.bytes).digest('base64'),
      content: file.bytes.toString('base64'),
      createdAt: transaction.now,
    });
    return { fileId };
  });
}

/** A file with its bytes. */
export interface StoredFile {
  mimeType: string;
  filename: string | null;
  bytes: Buffer;
}

/** A file of the caller's sandbox. @throws Problem NOT_FOUND, FORBIDDEN */
export async function readFile(context: ServiceContext, fileId: string): Promise<StoredFile> {
  const file = await context.rows.byId(SandboxFileRow, fileId);
  // Who may not use the sandbox is told so, whether the file exists or not.
  await sandboxChannel(context, file?.channelId ?? '');
  if (!file) throw notFound('There is no file of this id in the sandbox.');
  return storedFile(file);
}

export function storedFile({ mimeType, filename, content }: SandboxFileRow): StoredFile {
  return { mimeType, filename, bytes: Buffer.from(content, 'base64') };
}
