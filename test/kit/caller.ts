import { SignJWT } from 'jose';
import { SECRETS } from './canaries';
import { Listener } from './listener';

export const AUTH_SECRET = SECRETS.jwtSecret;

export interface GraphQLAnswer {
  status: number;
  data: Data;
  errors: { message: string; path?: (string | number)[]; extensions?: { code?: string } }[] | undefined;
}

/** What an operation answered. Tests look into it freely: what they expect is what they assert. */
export type Data = any;

export async function personToken(
  contractId: string,
  email: string,
  now: number,
  seconds = 7 * 86_400,
): Promise<string> {
  return new SignJWT({ email, contract: contractId })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(Math.floor(now / 1_000))
    .setExpirationTime(Math.floor(now / 1_000) + seconds)
    .sign(new TextEncoder().encode(AUTH_SECRET));
}

/** Somebody who calls the API: over HTTP, and live over a WebSocket. */
export class Caller {
  constructor(
    private readonly url: () => string,
    readonly token: string,
    /** The agent's id; empty for a machine. */
    readonly id: string,
  ) {}

  /** The answer as it came, errors and all. */
  async request(document: string, variables: Record<string, unknown> = {}): Promise<GraphQLAnswer> {
    const response = await fetch(`${this.url()}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        authorization: `Bearer ${this.token}`,
      },
      body: JSON.stringify({ query: document, variables }),
    });
    const { data, errors } = (await response.json()) as Omit<GraphQLAnswer, 'status'>;
    return { status: response.status, data, errors };
  }

  /** The data of an operation that is expected to succeed. */
  async ask(document: string, variables: Record<string, unknown> = {}): Promise<Data> {
    const { data, errors } = await this.request(document, variables);
    if (errors) throw new Error(`${errors.map(({ message }) => message).join('; ')}\nin ${document.trim()}`);
    return data;
  }

  /** The payload of a mutation of one input that is expected not to be refused. */
  async act(mutation: string, input: Record<string, unknown>, selection: string): Promise<Data> {
    const payload = await this.attempt(mutation, input, selection);
    if (payload.userErrors.length > 0)
      throw new Error(`${mutation} was refused: ${JSON.stringify(payload.userErrors)}`);
    return payload;
  }

  /** The payload of a mutation of one input, refused or not. */
  async attempt(mutation: string, input: Record<string, unknown>, selection = ''): Promise<Data> {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const document = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} userErrors { code message field retryAt ticket { id } } } }`;
    return (await this.ask(document, { input }))[mutation];
  }

  /** The codes with which a mutation is refused. */
  async refusals(mutation: string, input: Record<string, unknown>): Promise<string[]> {
    const { userErrors } = await this.attempt(mutation, input);
    return (userErrors as { code: string }[]).map(({ code }) => code);
  }

  /** The code of the one error that an operation ends with. */
  async problem(document: string, variables: Record<string, unknown> = {}): Promise<string | undefined> {
    const { errors } = await this.request(document, variables);
    return errors?.[0]?.extensions?.code;
  }

  /**
   * Opens a socket and subscribes. A document that takes `$after` gets the log's position of this moment, so that
   * nothing that happens from here on is missed, however long the server takes to begin.
   */
  async listen(document: string, variables: Record<string, unknown> = {}): Promise<Listener> {
    const after = document.includes('$after') ? { after: await this.cursor() } : {};
    const listener = await Listener.connect(this.url(), this.token);
    listener.subscribe(document, { ...after, ...variables });
    return listener;
  }

  /** The position of the contract's log. */
  async cursor(): Promise<string> {
    return (await this.ask('{ eventCursor }')).eventCursor as string;
  }
}
