import sql, { join } from 'sql-template-tag';
import type { Rows } from '../../database/rows';
import { SandboxFileRow } from '../../entities/sandbox-file';
import {
  SandboxMessageRow,
  type SandboxButton,
  type SandboxContent,
  type SandboxDirection,
  type SandboxHeader,
  type SandboxLocation,
  type SandboxMessageStatus,
} from '../../entities/sandbox-message';
import { titleOfGraphError } from './graph-errors';

/** A message as the page shows it. */
export interface Message {
  id: string;
  direction: SandboxDirection;
  at: number;
  kind: string;
  status: SandboxMessageStatus | null;
  failure: { code: number; title: string } | null;
  template: { name: string; language: string } | null;
  header: SandboxHeader | null;
  body: string | null;
  footer: string | null;
  buttons: (SandboxButton & { index: number })[];
  quotes: { id: string; excerpt: string } | null;
  file: { id: string; mimeType: string; filename: string | null } | null;
  location: SandboxLocation | null;
  contact: { name: string; phone: string } | null;
  reaction: { emoji: string; of: string } | null;
  reactions: { emoji: string; direction: SandboxDirection }[];
}

const LONGEST_EXCERPT = 80;

/** A few words that tell which message it is. */
export function excerptOf({ kind, content }: Pick<SandboxMessageRow, 'kind' | 'content'>): string {
  const { body, location, contact, reaction } = content;
  const text = body ?? reaction?.emoji ?? location?.name ?? contact?.name ?? '';
  const line = (text === '' ? kind : text).replace(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  return characters.length > LONGEST_EXCERPT ? `${characters.slice(0, LONGEST_EXCERPT).join('')}…` : line;
}

/** What the page is told of messages; among the rows are the reactions that are stuck to them. */
export async function messageViews(rows: Rows, messages: readonly SandboxMessageRow[]): Promise<Message[]> {
  const idsOf = (property: 'quotedId' | 'fileId'): string[] => [
    ...new Set(messages.flatMap((message) => message[property] ?? [])),
  ];
  const quoted = await rows.byIds(SandboxMessageRow, idsOf('quotedId'));
  const files = await filesNamed(rows, idsOf('fileId'));
  const quotedById = new Map(quoted.map((message) => [message.id, message]));
  const reactions = latestReactions(messages);
  return messages.map((message) => ({
    ...contentView(message.content),
    id: message.id,
    direction: message.direction,
    at: message.at,
    kind: message.kind,
    status: message.status,
    failure: failureOf(message),
    quotes: quoteOf(quotedById.get(message.quotedId ?? '')),
    file: files.get(message.fileId ?? '') ?? null,
    reactions: reactions.get(message.id) ?? [],
  }));
}

function contentView(content: SandboxContent) {
  const { template, header, body, footer, buttons = [], location, contact, reaction } = content;
  return {
    template: template ?? null,
    header: header ?? null,
    body: body ?? null,
    footer: footer ?? null,
    buttons: buttons.map((button, index) => ({ index, ...button })),
    location: location ?? null,
    contact: contact ?? null,
    reaction: reaction ?? null,
  };
}

function failureOf({ failureCode }: SandboxMessageRow): Message['failure'] {
  return failureCode === null ? null : { code: failureCode, title: titleOfGraphError(failureCode) };
}

function quoteOf(quoted: SandboxMessageRow | undefined): Message['quotes'] {
  return quoted ? { id: quoted.id, excerpt: excerptOf(quoted) } : null;
}

/** All of the files but their bytes. */
async function filesNamed(rows: Rows, ids: string[]): Promise<Map<string, NonNullable<Message['file']>>> {
  if (ids.length === 0) return new Map();
  const found = await rows.select(SandboxFileRow, sql`id, mime_type, filename`, {
    where: sql`id in (${join(ids)})`,
  });
  return new Map(
    found.map((row) => {
      const id = row['id'] as string;
      const filename = row['filename'] as string | null;
      return [id, { id, mimeType: row['mime_type'] as string, filename }];
    }),
  );
}

/** Of each message the latest reaction of each side; an empty one took it away. */
function latestReactions(messages: readonly SandboxMessageRow[]): Map<string, Message['reactions']> {
  const latest = new Map<string, Map<SandboxDirection, string>>();
  for (const { content, direction } of messages) {
    if (!content.reaction) continue;
    const { of, emoji } = content.reaction;
    latest.set(of, (latest.get(of) ?? new Map<SandboxDirection, string>()).set(direction, emoji));
  }
  return new Map(
    [...latest].map(([id, byDirection]) => [
      id,
      [...byDirection].flatMap(([direction, emoji]) => (emoji === '' ? [] : [{ emoji, direction }])),
    ]),
  );
}
