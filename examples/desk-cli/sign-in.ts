import { choose } from './choose';
import type { Terminal } from './terminal';

/** The server takes the caller's token no more, and there is no fresh one. */
export class SignedOut extends Error {}

interface DemoPerson {
  name: string;
  email: string;
  role: string;
  about: string;
  token: string;
}

/** A fresh token that is refused as well says that the person may not come in at all. */
const TOO_SOON = 10_000;

/** Holds the caller's token, and gets a fresh one where there is a way to. */
export class SignIn {
  private renewedAt = 0;

  constructor(
    private current: string,
    private readonly fresh: (() => Promise<string>) | null = null,
  ) {}

  get token(): string {
    return this.current;
  }

  /** Replaces a token that was refused, unless that has been done meanwhile. @throws SignedOut */
  async renew(refused: string): Promise<void> {
    if (refused !== this.current) return;
    if (!this.fresh)
      throw new SignedOut('The token is not accepted, or has expired: start with a fresh one.');
    if (Date.now() - this.renewedAt < TOO_SOON) throw new SignedOut('A fresh token is not accepted either.');
    this.current = await this.fresh();
    this.renewedAt = Date.now();
  }
}

async function demoPeople(url: string): Promise<DemoPerson[]> {
  const response = await fetch(`${url}/demo/people`).catch(() => {
    throw new Error(`No server answers at ${url}: start one with \`npm start\`, or name another with --url.`);
  });
  if (!response.ok) {
    throw new Error(
      `The server at ${url} has no demo people: sign in with --token, which \`npm run --silent cli -- token --email …\` prints.`,
    );
  }
  return ((await response.json()) as { people: DemoPerson[] }).people;
}

function named(people: readonly DemoPerson[], name: string): DemoPerson {
  const wanted = name.toLowerCase();
  const person = people.find((one) =>
    [one.email, one.name].some((text) => text.toLowerCase().startsWith(wanted)),
  );
  if (person) return person;
  throw new Error(
    `Nobody of the demo is called ${name}: there are ${people.map((one) => one.name).join(', ')}.`,
  );
}

/** Signs in with a token, or as one of the demo's people: by name or e-mail, or picked from a list. */
export async function signIn(
  url: string,
  who: { token?: string | undefined; as?: string | undefined },
  terminal: Terminal,
): Promise<SignIn> {
  if (who.token !== undefined) return new SignIn(who.token);
  const people = await demoPeople(url);
  const label = (person: DemoPerson): string =>
    `${person.name} (${person.role.toLowerCase()}): ${person.about}`;
  const { email, token } =
    who.as === undefined ? await choose(terminal, 'Who are you?', people, label) : named(people, who.as);
  return new SignIn(token, async () => named(await demoPeople(url), email).token);
}
