import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Payloads and flows that Meta and others published stand beside the repository, not in it. Where they are absent these
 * lists are empty, and every kind is still covered by the project's own fixtures.
 */
const FOLDER = path.resolve(__dirname, '../../../shared/fixtures');

export type Json = Record<string, unknown>;

export interface PublicPayload {
  /** File, and case where a file holds several. */
  name: string;
  content: Json;
}

/** Each object of the JSON files of a folder whose names match: the whole file, or its cases where it is no such object. */
export function publicPayloads(
  source: string,
  isWanted: (file: string) => boolean,
  isWhole: (content: Json) => boolean,
): PublicPayload[] {
  const folder = path.join(FOLDER, source);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.json') && isWanted(file));
  return files.sort().flatMap((file) => {
    const name = file.replace(/\.json$/, '');
    const content = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Json;
    if (isWhole(content)) return [{ name, content }];
    return Object.entries(content).map(([key, one]) => ({ name: `${name} ${key}`, content: one as Json }));
  });
}

const isBody = (content: Json): boolean => 'entry' in content;

/** Whole webhook bodies. */
export const publicWebhooks = [
  ...publicPayloads('meta-openapi', (file) => file.startsWith('webhook_'), isBody),
  ...publicPayloads(
    'pywa',
    (file) => !/^template_(?!category_update|components_update|quality_update|status_update)/.test(file),
    isBody,
  ),
];
