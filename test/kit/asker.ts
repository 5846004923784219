import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Caller } from './caller';
import { freshMessageId, messagesBody, post, type WebhookDoor } from './customer';

/** What was answered, and how long it took. */
interface Answered {
  status: number;
  retryAfter: string | null;
  body: string;
}

const PAUSE = 100;

const READING = `{
  sends(first: 5) { nodes { id template { id } agent { id } contact { id } } }
  tickets(first: 5) { nodes { id contact { id } } }
}`;
/** Several changes in one document are made one after the other: an outage must not be waited for by each. */
const CHANGING = `mutation ($input: SetPresenceInput!) {
  one: setPresence(input: $input) { agent { id } }
  two: setPresence(input: $input) { agent { id } }
  three: setPresence(input: $input) { agent { id } }
  four: setPresence(input: $input) { agent { id } }
  five: setPresence(input: $input) { agent { id } }
}`;

async function answeredOf(response: Response): Promise<Answered> {
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: await response.text(),
  };
}

/** A sentence for people in an answer in JSON, wherever the surface has it; null where there is none. */
function sentenceIn(body: string): string | null {
  try {
    const { errors, error, reason } = JSON.parse(body) as {
      errors?: { message: string }[];
      error?: { message: string };
      reason?: string;
    };
    const sentence = errors?.[0]?.message ?? error?.message ?? reason ?? '';
    return /^[A-Z].+ .+\.$/.test(sentence) ? sentence : null;
  } catch {
    return null;
  }
}

/** Whether an answer of GraphQL has no data at all: other surfaces have none of its words. */
const saysNothing = (body: string): boolean => {
  if (!body.startsWith('{"errors"') && !body.startsWith('{"data"')) return false;
  const { data } = JSON.parse(body) as { data?: Record<string, unknown> | null };
  return Object.values(data ?? {}).every((value) => value === null);
};

/** Asks one server for all that it serves, on and on, and looks at how it is answered. */
export class Asker {
  /** What was answered and never may be. */
  readonly surprises: string[] = [];
  /** Milliseconds that the slowest answer took. */
  longest = 0;
  served = 0;
  turnedAway = 0;
  private stopped = false;
  private readonly asking: Promise<unknown>;

  constructor(
    private readonly url: string,
    private readonly caller: Caller,
    private readonly door: WebhookDoor,
  ) {
    const surfaces: Record<string, () => Promise<Answered>> = {
      reading: () => this.graphQl(READING),
      changing: () => this.graphQl(CHANGING, { input: { presence: 'ONLINE' } }),
      webhook: () => this.webhook(),
      readiness: async () => answeredOf(await fetch(`${url}/readyz`)),
      export: async () => answeredOf(await fetch(`${url}/exports/sends.ndjson`, { headers: this.headers })),
      socket: () => this.socket(),
    };
    this.asking = Promise.all(Object.entries(surfaces).map(([name, ask]) => this.onAndOn(name, ask)));
  }

  /** Ends once all that is asked has been answered. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.asking;
  }

  private get headers(): Record<string, string> {
    return {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      authorization: `Bearer ${this.caller.token}`,
    };
  }

  private async onAndOn(surface: string, ask: () => Promise<Answered>): Promise<void> {
    while (!this.stopped) {
      const asked = Date.now();
      const answered = await ask().catch((error: unknown) => String(error));
      this.longest = Math.max(this.longest, Date.now() - asked);
      const surprise = typeof answered === 'string' ? answered : this.surpriseIn(answered);
      if (surprise !== null) this.surprises.push(`${surface}: ${surprise}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  private surpriseIn({ status, retryAfter, body }: Answered): string | null {
    if (status === 200) {
      this.served += 1;
      return saysNothing(body) ? `200 with nothing but errors: ${body}` : null;
    }
    if (status !== 503) return `${status} ${body}`;
    this.turnedAway += 1;
    if (Number(retryAfter) > 0 && sentenceIn(body) !== null) return null;
    return `503 with Retry-After ${String(retryAfter)} and ${body}`;
  }

  private async graphQl(query: string, variables = {}): Promise<Answered> {
    const body = JSON.stringify({ query, variables });
    return answeredOf(await fetch(`${this.url}/graphql`, { method: 'POST', headers: this.headers, body }));
  }

  /** A report on nothing: it is kept as any other. */
  private async webhook(): Promise<Answered> {
    const status = { id: freshMessageId(), status: 'delivered', timestamp: '1700000000', recipient_id: '1' };
    const body = messagesBody(this.door, { statuses: [status] });
    return answeredOf(await post({ app: { url: this.url }, channelId: this.door.channelId }, body));
  }

  /** A socket is let in and asked once, or told to come again later. */
  private async socket(): Promise<Answered> {
    const socket = new WebSocket(`${this.url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
    const frames: string[] = [];
    const authorization = `Bearer ${this.caller.token}`;
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })),
    );
    socket.on('message', (data: Buffer) => {
      const { type } = JSON.parse(data.toString()) as { type: string };
      frames.push(data.toString());
      if (type === 'connection_ack')
        socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: READING } }));
      if (type === 'error' || type === 'complete') socket.close();
    });
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    // A socket has neither statuses nor headers: its code, and what it was told, stand for them.
    const told = frames.join(' ');
    const isLater = code === 1013 || told.includes('The database cannot be reached');
    const status = isLater ? 503 : told.includes('"next"') ? 200 : code;
    const said = `${code} ${reason.toString()} ${told}`;
    return { status, retryAfter: '1', body: isLater ? '{"reason":"It was told on the socket."}' : said };
  }
}
