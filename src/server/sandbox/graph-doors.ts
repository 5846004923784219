import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SANDBOX_GRAPH_PATH } from '../../channels/sandbox';
import type { Platform } from '../../services/context';
import { acceptMessage, customerFile, templatePage } from '../../services/sandbox/graph';
import { graphErrorAnswer, type GraphError } from '../../services/sandbox/graph-errors';
import type { Masking } from '../masking';
import { bearerToken } from '../request-context';

/** Where the bytes of files are, as the answer about a file says. */
const FILES = '/sandbox/graph/media';

function refuse(reply: FastifyReply, error: GraphError): FastifyReply {
  const { status, body } = graphErrorAnswer(error);
  return reply.code(status).send(body);
}

const tokenOf = ({ headers }: FastifyRequest): string | null => bearerToken(headers.authorization);

function textIn(query: unknown, name: string): string | null {
  const value = (query as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : null;
}

/** Answers errors as the Graph API does: what could not be read, and what went wrong in here. */
function answerGraphErrors(scope: FastifyInstance, masking: Masking): void {
  scope.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const { statusCode } = error;
    if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
      return refuse(reply, { code: 100, details: 'The body of the request is no JSON, or too large.' });
    }
    const { message, status } = masking.present(error, request.id);
    return refuse(reply, { code: status === 503 ? 2 : 1, details: message });
  });
}

/** The Cloud API of the sandbox: the paths and payloads of Meta's, for the numbers of the sandbox alone. */
export async function serveSandboxGraph(
  app: FastifyInstance,
  platform: Platform,
  masking: Masking,
): Promise<void> {
  // The dispatcher is no visitor: how much it sends is limited where it sends.
  const options = { config: { rateLimit: false }, exposeHeadRoute: false } as const;
  await app.register((scope, _options, done) => {
    answerGraphErrors(scope, masking);
    scope.post<{ Params: { id: string } }>(
      `${SANDBOX_GRAPH_PATH}/:id/messages`,
      options,
      async (request, reply) => {
        const taken = await acceptMessage(platform, tokenOf(request), request.params.id, request.body);
        return 'refusal' in taken ? refuse(reply, taken.refusal) : taken.answer;
      },
    );
    scope.get<{ Params: { id: string } }>(
      `${SANDBOX_GRAPH_PATH}/:id/message_templates`,
      options,
      async (request, reply) => {
        const { query } = request;
        const wanted = { limit: textIn(query, 'limit'), after: textIn(query, 'after') };
        const page = await templatePage(platform, tokenOf(request), request.params.id, wanted);
        if ('refusal' in page) return refuse(reply, page.refusal);
        const { data, cursors, isLast } = page;
        const next = new URL(
          `${platform.ownUrl()}${SANDBOX_GRAPH_PATH}/${request.params.id}/message_templates`,
        );
        next.search = new URLSearchParams({
          ...(wanted.limit !== null && { limit: wanted.limit }),
          after: cursors?.after ?? '',
        }).toString();
        const paging = cursors && { cursors, ...(!isLast && { next: next.toString() }) };
        return { data, ...(paging && { paging }) };
      },
    );
    scope.get<{ Params: { id: string } }>(`${SANDBOX_GRAPH_PATH}/:id`, options, async (request, reply) => {
      const found = await customerFile(platform, tokenOf(request), request.params.id);
      if ('refusal' in found) return refuse(reply, found.refusal);
      const { about } = found;
      return { messaging_product: 'whatsapp', url: `${platform.ownUrl()}${FILES}/${about.id}`, ...about };
    });
    scope.get<{ Params: { id: string } }>(`${FILES}/:id`, options, async (request, reply) => {
      const found = await customerFile(platform, tokenOf(request), request.params.id);
      if ('refusal' in found) return refuse(reply, found.refusal);
      const { mimeType, bytes } = found.file;
      return reply
        .type(mimeType)
        .header('content-security-policy', "default-src 'none'; sandbox")
        .send(bytes);
    });
    done();
  });
}
