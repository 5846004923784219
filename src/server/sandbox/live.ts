import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SECOND } from '../../clock';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { Problem } from '../../problems';
import type { Platform } from '../../services/context';
import { sandboxChannel } from '../../services/sandbox/access';
import { listenToSandbox } from '../../services/sandbox/live';
import { contextOfRequest } from '../request-context';

const HEARTBEAT = 15 * SECOND;
/** Who leaves so many bytes unread is cut off: it connects again, and asks for what it missed. */
const MOST_UNREAD = 65_536;
const MOST_STREAMS = 50;
/** A page that is open is nobody at work. */
const UNSEEN = { touch: () => undefined };

/** The streams that tell pages of what changes. */
export class LiveStreams {
  private readonly streams = new Set<PassThrough>();

  constructor(private readonly platform: Platform) {}

  /** Ends every stream when the server stops, which waits for none of them. */
  endWith(app: FastifyInstance): void {
    app.addHook('preClose', (done) => {
      for (const stream of this.streams) stream.end();
      done();
    });
  }

  /** Answers with a stream that lasts until the caller goes away, or may listen no more. */
  async open(
    request: FastifyRequest,
    reply: FastifyReply,
    channel: WhatsAppChannelRow,
  ): Promise<FastifyReply> {
    if (this.streams.size >= MOST_STREAMS) {
      throw new Problem('RATE_LIMITED', 'Too many pages look at sandboxes: close one and try again.');
    }
    const stream = new PassThrough();
    this.streams.add(stream);
    const write = (text: string): void => {
      // It may have ended while the caller's rights were looked at.
      if (!stream.destroyed && !stream.writableEnded) stream.write(text);
    };
    const changed = new Changes(async (waIds) => {
      await this.authorize(request, channel);
      for (const waId of waIds) write(`event: changed\ndata: ${JSON.stringify({ waId })}\n\n`);
      if (stream.writableLength > MOST_UNREAD) stream.destroy();
    });
    const unlisten = listenToSandbox(this.platform, channel, (waId) => {
      changed.add(waId).catch(() => stream.end());
    });
    let cancel = (): void => undefined;
    const beat = (): void => {
      cancel = this.platform.clock.after(HEARTBEAT, () => {
        this.authorize(request, channel).then(
          () => {
            write(': here\n\n');
            if (this.streams.has(stream)) beat();
          },
          () => stream.end(),
        );
      });
    };
    beat();
    stream.on('close', () => {
      this.streams.delete(stream);
      unlisten();
      cancel();
    });
    write(': listening\n\n');
    return reply.type('text/event-stream; charset=utf-8').send(stream);
  }

  /** Looks at the caller's rights of this moment: tokens expire, people leave. @throws Problem */
  private async authorize(request: FastifyRequest, channel: WhatsAppChannelRow): Promise<void> {
    await sandboxChannel(await contextOfRequest(this.platform, UNSEEN, request), channel.id);
  }
}

/** Collects what changed while the last of it was being told. */
class Changes {
  private readonly waiting = new Set<string | null>();
  private telling: Promise<void> | null = null;

  constructor(private readonly tell: (waIds: (string | null)[]) => Promise<void>) {}

  add(waId: string | null): Promise<void> {
    this.waiting.add(waId);
    this.telling ??= this.tellAll().finally(() => {
      this.telling = null;
    });
    return this.telling;
  }

  private async tellAll(): Promise<void> {
    while (this.waiting.size > 0) {
      const waIds = [...this.waiting];
      this.waiting.clear();
      await this.tell(waIds);
    }
  }
}
