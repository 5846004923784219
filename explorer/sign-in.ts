/** Somebody of the demo, with a fresh token. */
export interface DemoPerson {
  name: string;
  email: string;
  role: 'ADMIN' | 'AGENT';
  presence: string;
  about: string;
  token: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** Who a token belongs to: what the page shows. */
export interface Person {
  name: string;
  email: string;
  role: string;
}

const TOKEN = 'saludo.token';
const PERSON = 'saludo.person';
const API = '/graphql';
const WHO = '{ viewer { agent { name email role } apiKey { name scopes } contract { name } } }';

interface Who {
  agent: Person | null;
  apiKey: { name: string; scopes: string[] } | null;
  contract: { name: string };
}

interface State {
  /** Null: nobody is signed in. */
  token: string | null;
  person: Person | null;
  /** The contract that the token opens, once the server said so. */
  contract: string | null;
  /** Empty where there is no demo. */
  people: readonly DemoPerson[];
  /** Why the token is not accepted, or could not be tried. */
  problem: string | null;
}

/** Who is signed in. Kept as long as the window is open, and shared with the sandbox's page. */
export class SignIn {
  private state: State = { token: null, person: null, contract: null, people: [], problem: null };
  private readonly listeners = new Set<() => void>();

  readonly current = (): State => this.state;

  readonly listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Takes up the sign-in of this window; on a demo nobody has to sign in first: it begins with the admin. */
  async begin(): Promise<void> {
    const response = await fetch('/demo/people');
    const people = response.ok ? ((await response.json()) as { people: DemoPerson[] }).people : [];
    this.change({ people });
    const kept = sessionStorage.getItem(TOKEN);
    const keptPerson = JSON.parse(sessionStorage.getItem(PERSON) ?? 'null') as Person | null;
    // Somebody of the demo gets today's token instead of the one that was kept.
    const person =
      kept === null
        ? people.find(({ role }) => role === 'ADMIN')
        : people.find(({ email }) => email === keptPerson?.email);
    // Who that is the server says while the page is drawn.
    if (person) void this.as(person);
    else if (kept !== null) void this.withToken(kept);
  }

  /** Signs somebody of the demo in. */
  async as({ name, email, role, token }: DemoPerson): Promise<void> {
    await this.take(token, { name, email, role });
  }

  /** Signs in whoever this token belongs to. */
  async withToken(token: string): Promise<void> {
    await this.take(token, null);
  }

  out(): void {
    sessionStorage.removeItem(TOKEN);
    sessionStorage.removeItem(PERSON);
    this.change({ token: null, person: null, contract: null, problem: null });
  }

  /** Tells that the server refused the token. */
  refused(problem: string): void {
    this.change({ problem });
  }

  /** One operation over HTTP, as whoever is signed in. */
  async post(body: object, headers: Record<string, string> = {}): Promise<unknown> {
    const { token } = this.state;
    const response = await fetch(API, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        // The older media type: a document that is refused comes with the status 200, and is no error of the page's.
        accept: 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: JSON.stringify(body),
    });
    return response.json();
  }

  private async take(token: string, person: Person | null): Promise<void> {
    sessionStorage.setItem(TOKEN, token);
    this.keep(person);
    this.change({ token, person, contract: null, problem: null });
    const answer = (await this.post({ query: WHO })) as {
      data?: { viewer: Who } | null;
      errors?: { message: string }[];
    };
    // Meanwhile somebody else may have signed in.
    if (this.state.token !== token) return;
    const viewer = answer.data?.viewer;
    if (!viewer) {
      this.refused(answer.errors?.[0]?.message ?? 'The server did not say who this token belongs to.');
      return;
    }
    const found = viewer.agent ?? {
      name: viewer.apiKey?.name ?? 'API key',
      email: '',
      role: `API key: ${viewer.apiKey?.scopes.join(', ') ?? ''}`,
    };
    this.keep(found);
    this.change({ person: found, contract: viewer.contract.name });
  }

  private keep(person: Person | null): void {
    if (person) {
      const { name, email, role } = person;
      sessionStorage.setItem(PERSON, JSON.stringify({ name, email, role }));
    } else sessionStorage.removeItem(PERSON);
  }

  private change(changes: Partial<State>): void {
    this.state = { ...this.state, ...changes };
    for (const listener of this.listeners) listener();
  }
}
