import type { FastifyInstance, FastifyReply } from 'fastify';
import { ProviderError } from '../channels/channel';
import type { Platform } from '../services/context';
import { openMedia, type OpenedMedia } from '../services/tickets/message-media';
import { contextOfRequest, type Seen } from './request-context';

/** Seconds that a browser keeps a file for the one who fetched it. */
const KEPT = 3_600;
const LONGEST_NAME = 150;
const UNKNOWN_TYPE = 'application/octet-stream';

/** A media type with parameters, such as `audio/ogg; codecs=opus` (RFC 9110, section 8.3.1). */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( *; *[\w.-]+=("[\w .,+-]*"|[\w.+-]+))*$/;
/** What a browser would run, or take apart into documents. */
const RUNS = /^multipart\/|^message\/|html|[/+]xml|script|svg/i;
const SHOWN = /^(image|audio|video)\//i;
/** Control characters, what turns the direction of text, and what means something to file systems. */
const NO_PART_OF_A_NAME = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}"*/:<>?\\|]/gu;

function typeOf({ mimeType }: OpenedMedia): string {
  const given = mimeType?.trim() ?? '';
  return MEDIA_TYPE.test(given) && !RUNS.test(given) ? given : UNKNOWN_TYPE;
}

/** The name under which the file is saved: the sender's, else one made of what it is, such as `image.jpeg`. */
function nameOf({ filename, kind }: OpenedMedia, type: string): string {
  const given = (filename ?? '').replace(NO_PART_OF_A_NAME, '_').replace(/^[. ]+|[. ]+$/g, '');
  // Of a long name the end stays: it tells what the file is.
  if (given !== '') return [...given].slice(-LONGEST_NAME).join('');
  const ending = /^\w+\/([a-z0-9]{2,5})(?=$|;| )/i.exec(type)?.[1];
  return ending === undefined ? kind : `${kind}.${ending}`;
}

/** RFC 6266: the name in ASCII for who knows no better, and as it is. */
function dispositionOf(file: OpenedMedia, type: string): string {
  const name = nameOf(file, type);
  const plain = name.replace(/[^\x20-\x7e]/g, '_');
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${SHOWN.test(type) ? 'inline' : 'attachment'}; filename="${plain}"; filename*=UTF-8''${exact}`;
}

/** Customers choose these bytes: nothing of them may run, or be taken for something else. */
function headersOf(file: OpenedMedia): Record<string, string> {
  const type = typeOf(file);
  return {
    'content-type': type,
    'content-disposition': dispositionOf(file, type),
    'content-security-policy': "sandbox; default-src 'none'",
    'cache-control': `private, max-age=${KEPT}`,
    vary: 'Authorization',
    ...(file.size !== null && { 'content-length': String(file.size) }),
  };
}

/** The files that customers sent: fetched from the provider for the one who asks, and kept nowhere. */
export function serveMedia(app: FastifyInstance, platform: Platform, seen: Seen): void {
  app.get<{ Params: { messageId: string } }>(
    '/media/:messageId',
    { exposeHeadRoute: false },
    async (request, reply): Promise<FastifyReply> => {
      const context = await contextOfRequest(platform, seen, request);
      const leaving = new AbortController();
      reply.raw.once('close', () => leaving.abort());
      try {
        const file = await openMedia(context, request.params.messageId, leaving.signal);
        file.content.once('error', (error) => {
          // The status was sent: all that is left is to break the connection off, which the framework does.
          if (!leaving.signal.aborted)
            platform.log.warn(
              { err: error, requestId: request.id },
              'A file broke off on its way from the provider',
            );
        });
        return await reply.headers(headersOf(file)).send(file.content);
      } catch (error) {
        // Nobody is left to be told.
        if (leaving.signal.aborted && error instanceof ProviderError) return reply.hijack();
        throw error;
      }
    },
  );
}
