import type { TypedDocumentString } from './operations.generated';
import type { SignIn } from './sign-in';

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** The server could not take the request at all; what it refuses by its rules comes as data, in `userErrors`. */
export class RequestFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;
/** Answers of a server, or of what stands before it, that is starting, stopping or overwhelmed. */
const FOR_NOW = new Set([429, 502, 503, 504]);

/** The API over HTTP. */
export class Api {
  constructor(
    readonly url: string,
    private readonly signIn: SignIn,
    private readonly notice: (text: string) => void,
  ) {}

  /**
   * Runs an operation, again and again until an answer comes. That is safe, since everything this desk does may be
   * repeated: it reads, it asks for a state (ONLINE, closed), or it sends with an idempotency key that stays the same.
   * @throws RequestFailed, SignedOut
   */
  async run<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.attempt(document, variables);
      if (answer) return answer;
      if (attempt === 0) this.notice('The server does not answer; trying until it does …');
      const pause = Math.min(FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** One request; null where nothing, or nothing definite, came back. */
  private async attempt<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Data | null> {
    const { token } = this.signIn;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          authorization: `Bearer ${token}`,
        },
        body: JSON.stringify({ query: document.toString(), variables }),
      });
      text = await response.text();
    } catch {
      // The connection failed. Whether the request was carried out nobody knows, and nobody needs to.
      return null;
    }
    if (response.status === 401) {
      await this.signIn.renew(token);
      return this.attempt(document, variables);
    }
    if (FOR_NOW.has(response.status)) return null;
    const { data, errors } = JSON.parse(text) as Answer<Data>;
    const [error] = errors ?? [];
    if (error) throw new RequestFailed(error.extensions?.code ?? 'UNKNOWN', error.message);
    if (data == null)
      throw new RequestFailed('UNKNOWN', `The server answered ${response.status} without data.`);
    return data;
  }
}
