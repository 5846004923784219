import type { JsonObject } from './channel';
import { textOf } from './json';
import type { IncomingMedia } from './webhook-items';

const MEDIA_TYPES = new Set(['image', 'video', 'audio', 'document', 'sticker']);

/** The file in a customer's message of this type, out of the provider's object for it; null where it holds none. */
export function mediaIn(type: string, content: JsonObject): IncomingMedia | null {
  const providerMediaId = textOf(content['id']);
  if (!MEDIA_TYPES.has(type) || providerMediaId === undefined) return null;
  const mimeType = textOf(content['mime_type']);
  const filename = textOf(content['filename']);
  return {
    providerMediaId,
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(filename === undefined ? {} : { filename }),
  };
}
