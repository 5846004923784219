import { ProviderError } from '../channel';
import type { JsonObject, ProviderTemplate } from '../channel';
import { asObject, listOf, objectOf, textOf } from '../json';
import type { CallResult } from './calls';
import { refusalByStatus, refusalInBody, retryAfterMs } from './errors';
import { templateCategory, templateReason, templateStatus } from './words';

/** How many templates to ask for at once. */
const PAGE_SIZE = 100;
/** A business account holds at most 6,000 templates in some languages each; more pages than this is a circle. */
const MOST_PAGES = 1_000;
/** A hundred templates, each with the longest texts and examples in a script that JSON writes with six bytes a letter. */
export const LARGEST_PAGE_BYTES = 8_000_000;
/** All pages together: they are held in memory until the last one has come. */
const LARGEST_LIST_BYTES = 128_000_000;
const FIELDS = [
  'id',
  'name',
  'language',
  'status',
  'category',
  'components',
  'parameter_format',
  'quality_score',
  'rejected_reason',
].join(',');

/**
 * Walks the provider's list by cursor: on while `paging.next` is there, with `paging.cursors.after`; the address
 * in `paging.next` itself is never followed. Source: Meta's Graph API "Paginated results", and the reference of
 * `/{WABA-ID}/message_templates`.
 * @param callWith asks for one page, with this query.
 * @throws ProviderError at the first page that fails or makes no sense, and when cursors go in a circle.
 */
export async function* templatePages(
  callWith: (query: URLSearchParams) => Promise<CallResult>,
  now: () => number,
): AsyncGenerator<ProviderTemplate[], void, undefined> {
  const seen = new Set<string>();
  let bytes = 0;
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), fields: FIELDS });
    if (after !== null) query.set('after', after);
    const result = await callWith(query);
    const body = pageIn(result, now());
    bytes += result.kind === 'answered' ? result.bytes : 0;
    if (bytes > LARGEST_LIST_BYTES)
      throw new ProviderError(`The list of templates has more than ${LARGEST_LIST_BYTES} bytes.`);
    yield listOf(body['data']).flatMap(templateIn);
    after = nextCursor(body);
    if (after === null) return;
    if (seen.has(after)) throw new ProviderError('The list of templates goes round in a circle.');
    seen.add(after);
  }
  throw new ProviderError(`The list of templates has more than ${MOST_PAGES} pages.`);
}

function pageIn(result: CallResult, now: number): JsonObject {
  if (result.kind !== 'answered')
    throw new ProviderError(`The list of templates did not come: ${result.message}`);
  const { httpStatus, body } = result;
  const circumstances = { httpStatus, retryAfterMs: retryAfterMs(result.retryAfter, now) };
  const refusal = refusalInBody(body, circumstances) ?? refusalByStatus(circumstances);
  if (refusal !== null) {
    throw new ProviderError(
      `The list of templates was refused: ${refusal.message}`,
      refusal.providerCode,
      refusal.retry,
    );
  }
  const page = asObject(body);
  if (httpStatus !== 200 || page === null || !Array.isArray(page['data'])) {
    throw new ProviderError(`The list of templates came as something else (HTTP ${httpStatus}).`);
  }
  return page;
}

/** The cursor of the next page; null on the last. A next page without a cursor would be an incomplete list. */
function nextCursor(page: JsonObject): string | null {
  const paging = objectOf(page['paging']);
  if (textOf(paging['next']) === undefined) return null;
  const after = textOf(objectOf(paging['cursors'])['after']);
  if (after === undefined) throw new ProviderError('The list of templates goes on, but does not say where.');
  return after;
}

/** A row of the list; what has no name or no language is no template: nobody could send it. */
export function templateIn(value: unknown): ProviderTemplate[] {
  const template = objectOf(value);
  const name = textOf(template['name']);
  const language = textOf(template['language']);
  if (name === undefined || language === undefined) return [];
  const providerStatus = textOf(template['status']) ?? '';
  const providerCategory = textOf(template['category']) ?? '';
  const quality = template['quality_score'];
  return [
    {
      providerTemplateId: textOf(template['id']) ?? '',
      name,
      language,
      category: templateCategory(providerCategory),
      providerCategory,
      status: templateStatus(providerStatus),
      providerStatus,
      components: listOf(template['components']).map(objectOf),
      parameterFormat:
        textOf(template['parameter_format'])?.toUpperCase() === 'NAMED' ? 'NAMED' : 'POSITIONAL',
      // An object with a score and a date, or only the score.
      qualityScore: textOf(objectOf(quality)['score']) ?? textOf(quality) ?? null,
      rejectionReason: templateReason(textOf(template['rejected_reason'])),
    },
  ];
}
