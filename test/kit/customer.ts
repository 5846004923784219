import { createHmac, randomBytes } from 'node:crypto';
import type { TestApp } from './app';
import { noteText, SECRETS } from './canaries';

export const APP_SECRET = SECRETS.appSecret;
export const VERIFY_TOKEN = SECRETS.verifyToken;

/** Where webhooks of one number go. */
export interface WebhookDoor {
  app: Pick<TestApp, 'url' | 'clock'>;
  channelId: string;
  phoneNumberId: string;
  businessAccountId: string;
}

/** Delivers a body as Meta does: signed over its bytes. @returns the answer. */
export async function post(
  { app, channelId }: { app: { url: string }; channelId: string },
  body: unknown,
  secret = APP_SECRET,
): Promise<Response> {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const signature = createHmac('sha256', secret).update(bytes).digest('hex');
  const response = await fetch(`${app.url}/webhooks/whatsapp/${channelId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body: bytes,
  });
  return new Response(await response.arrayBuffer(), response);
}

/** As `post`. @returns the HTTP status. */
export async function deliver(...given: Parameters<typeof post>): Promise<number> {
  return (await post(...given)).status;
}

/** A body with one change of the field `messages`. */
export function messagesBody(door: WebhookDoor, value: Record<string, unknown>): object {
  return {
    object: 'whatsapp_business_account',
    entry: [
      {
        id: door.businessAccountId,
        changes: [
          {
            field: 'messages',
            value: {
              messaging_product: 'whatsapp',
              metadata: { display_phone_number: '551130000000', phone_number_id: door.phoneNumberId },
              ...value,
            },
          },
        ],
      },
    ],
  };
}

export function freshMessageId(): string {
  return `wamid.${randomBytes(16).toString('base64url')}`;
}

/** Whole seconds, as the provider tells time. */
const seconds = (instant: number): string => String(Math.floor(instant / 1_000));

export interface InboundOptions {
  /** Quotes or taps a button of this message. */
  context?: string;
  id?: string;
  /** Milliseconds; the clock's now where left out. */
  at?: number;
  name?: string;
}

/** A customer with a phone in hand: what they do arrives as signed webhooks. */
export class Customer {
  constructor(
    private readonly door: WebhookDoor,
    /** Digits, as WhatsApp knows them. */
    readonly waId: string,
  ) {}

  /** Writes a text. @returns the message's id. */
  async write(text: string, options: InboundOptions = {}): Promise<string> {
    noteText(text);
    return this.message({ type: 'text', text: { body: text } }, options);
  }

  /** Sends any message: `content` holds its type and what belongs to it. @returns the message's id. */
  async message(content: Record<string, unknown>, options: InboundOptions = {}): Promise<string> {
    const id = options.id ?? freshMessageId();
    await this.deliver({
      contacts: [{ profile: { name: options.name ?? 'Carla' }, wa_id: this.waId }],
      messages: [
        {
          from: this.waId,
          id,
          timestamp: seconds(options.at ?? this.door.app.clock.now()),
          ...(options.context === undefined
            ? {}
            : { context: { from: '551130000000', id: options.context } }),
          ...content,
        },
      ],
    });
    return id;
  }

  /** The provider reports on a message that was sent to this customer. */
  async report(
    status: string,
    messageId: string,
    more: { at?: number; correlation?: string; errorCode?: number } = {},
  ): Promise<void> {
    await this.deliver({
      statuses: [
        {
          id: messageId,
          status,
          timestamp: seconds(more.at ?? this.door.app.clock.now()),
          recipient_id: this.waId,
          ...(more.correlation === undefined ? {} : { biz_opaque_callback_data: more.correlation }),
          ...(more.errorCode === undefined
            ? {}
            : {
                errors: [
                  { code: more.errorCode, title: 'Failed', error_data: { details: 'As the test wants it' } },
                ],
              }),
        },
      ],
    });
  }

  private async deliver(value: Record<string, unknown>): Promise<void> {
    const status = await deliver(this.door, messagesBody(this.door, value));
    if (status !== 200) throw new Error(`The webhook was answered ${status}`);
  }
}
