import { useRef, type SubmitEvent } from 'react';
import type { DemoPerson } from './sign-in';
import { useSession } from './session';

const CONNECTION = {
  idle: null,
  connected: 'Live',
  reconnecting: 'Connecting again …',
} as const;

/** The menu in which somebody of the demo is picked, or a token pasted. */
function SignInMenu() {
  const { signIn, token, person, people } = useSession();
  const menu = useRef<HTMLDetailsElement>(null);
  const close = (): void => menu.current?.removeAttribute('open');
  const pick = (chosen: DemoPerson): void => {
    close();
    void signIn.as(chosen);
  };
  const paste = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const pasted = new FormData(form).get('token');
    if (typeof pasted !== 'string' || pasted.trim() === '') return;
    form.reset();
    close();
    void signIn.withToken(pasted.trim().replace(/^Bearer\s+/i, ''));
  };
  return (
    <details className="sign-in" ref={menu}>
      <summary>{token === null ? 'Sign in' : 'Switch'}</summary>
      <div className="sign-in-menu">
        {people.length > 0 && <h2>People of the demo</h2>}
        {people.map((one) => (
          <button
            key={one.email}
            type="button"
            className="sign-in-person"
            aria-current={one.email === person?.email}
            onClick={() => pick(one)}
          >
            <span className="sign-in-name">
              {one.name} <span className={`role role-${one.role.toLowerCase()}`}>{one.role}</span>
            </span>
            <span className="sign-in-about">{one.about}</span>
          </button>
        ))}
        <form onSubmit={paste}>
          <label htmlFor="token">A token or an API key</label>
          <div className="sign-in-token">
            <input id="token" name="token" type="password" autoComplete="off" placeholder="eyJhbGciOi…" />
            <button type="submit">Sign in</button>
          </div>
          {people.length === 0 && (
            <p>
              A token of a person: <code>npm run cli -- token --email ana@acme.test</code>
            </p>
          )}
        </form>
        {token !== null && (
          <button
            type="button"
            className="sign-out"
            onClick={() => {
              close();
              signIn.out();
            }}
          >
            Sign out
          </button>
        )}
      </div>
    </details>
  );
}

/** The bar at the top: who is signed in, and the way to the customers' phones. */
export function SignInBar() {
  const { token, person, contract, people, problem, connection } = useSession();
  const shownConnection = CONNECTION[connection];
  return (
    <header className="bar">
      <h1>
        Saludo <span>explorer</span>
      </h1>
      {shownConnection !== null && (
        <span className={`connection connection-${connection}`} role="status">
          {shownConnection}
        </span>
      )}
      {problem !== null ? (
        <p className="hint problem" role="alert">
          {problem}
        </p>
      ) : (
        token === null && (
          <p className="hint">
            Nobody is signed in: sign in to run operations and to read the documentation.
          </p>
        )
      )}
      <span className="gap" />
      {people.length > 0 && (
        <a className="to-sandbox" href="/sandbox" target="_blank" rel="noopener">
          Customers’ phones ↗
        </a>
      )}
      {token !== null && person !== null && (
        <span className="who">
          <strong>{person.name}</strong>{' '}
          <span className={`role role-${person.role.toLowerCase()}`}>{person.role}</span>
          {contract !== null && <span className="contract"> {contract}</span>}
        </span>
      )}
      <SignInMenu />
    </header>
  );
}
