import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { ReplyState, SendStatus } from '../entities/enums';
import { badInput } from '../problems';
import { DateTime } from '../schema/scalars';
import type { Platform, ServiceContext } from '../services/context';
import { exportedSends } from '../services/sends/sends-export';
import { contextOfRequest, type Seen } from './request-context';
import { sendsAsCsv, sendsAsNdjson } from './sends-text';

const MOST_IDS = 500;
const LONGEST_TEXT = 500;

const texts = z.union([z.string(), z.array(z.string())]);
/** A list is given by repeating the parameter, or with commas. */
const list = texts
  .transform((given) =>
    [given]
      .flat()
      .flatMap((text) => text.split(','))
      .map((text) => text.trim())
      .filter((text) => text !== ''),
  )
  .pipe(z.array(z.string()).max(MOST_IDS, { error: `at most ${MOST_IDS} values` }));

const wordsOf = <Word extends string>(words: Record<string, Word>) =>
  list.pipe(z.array(z.enum(words, { error: `some of ${Object.values(words).join(', ')}` })));

const instant = z.string().transform((text, context) => {
  try {
    return DateTime.parseValue(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'an instant such as 2026-01-31T09:30:00Z' });
    return z.NEVER;
  }
});

const text = z
  .string({ error: 'one text' })
  .max(LONGEST_TEXT, { error: `at most ${LONGEST_TEXT} characters` });

const flag = z.enum(['true', 'false'], { error: 'true or false' }).transform((given) => given === 'true');

/** The fields of SendFilter, as query parameters. */
const FILTER = z.strictObject({
  botIds: list.optional(),
  agentIds: list.optional(),
  templateIds: list.optional(),
  contactId: text.optional(),
  statuses: wordsOf(SendStatus).optional(),
  replyStates: wordsOf(ReplyState).optional(),
  createdFrom: instant.optional(),
  createdBefore: instant.optional(),
  changedAfter: text.optional(),
  held: flag.optional(),
  search: text.optional(),
});

export type ExportFilter = z.infer<typeof FILTER>;

function filterOf(query: unknown): ExportFilter {
  const parsed = FILTER.safeParse(query);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    throw badInput(
      `There is no parameter \`${issue.keys.join('`, `')}\`: use ${Object.keys(FILTER.shape).join(', ')}.`,
    );
  }
  throw badInput(
    `The parameter \`${String(issue?.path[0])}\` is not usable: expected ${issue?.message ?? 'another value'}.`,
  );
}

type Writing = (context: ServiceContext, filter: ExportFilter) => AsyncGenerator<string>;

const FORMATS: { path: string; type: string; write: Writing }[] = [
  {
    path: '/exports/sends.csv',
    type: 'text/csv; charset=utf-8; header=present',
    write: (context, filter) => sendsAsCsv(context, exportedSends(context, filter)),
  },
  {
    path: '/exports/sends.ndjson',
    type: 'application/x-ndjson; charset=utf-8',
    write: (context, filter) => sendsAsNdjson(context, exportedSends(context, filter)),
  },
];

/** Goes on with a generator whose first part was taken already. */
async function* resumed(
  first: IteratorResult<string, unknown>,
  rest: AsyncGenerator<string>,
): AsyncGenerator<string> {
  try {
    if (first.done === true) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** The sends as files: streamed as fast as they are taken, whatever their number. */
export function serveExports(app: FastifyInstance, platform: Platform, seen: Seen): void {
  for (const { path, type, write } of FORMATS) {
    app.get(path, { exposeHeadRoute: false }, async (request, reply): Promise<FastifyReply> => {
      const parts = write(await contextOfRequest(platform, seen, request), filterOf(request.query));
      // The first part is made before the status is sent, so that a refusal can still be one.
      const first = await parts.next();
      const name = path.slice(path.lastIndexOf('/') + 1);
      return reply
        .type(type)
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(Readable.from(resumed(first, parts), { objectMode: false }));
    });
  }
}
