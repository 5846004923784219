// @ts-check
import { html, useEffect, useState } from './htm.js';
import { Avatar, Icon, Mark } from './icons.js';
import { parsed } from './json.js';
import { demoPeople } from './server.js';

/** @import { DemoPerson } from './wire' */
/** @import { Session } from './session.js' */

/**
 * Who a token says it is for. It is only shown: whether the token holds is for the server to say.
 * @param {string} token
 */
function personOf(token) {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const claims = /** @type {{ email?: string, sub?: string, name?: string }} */ (
      parsed(new TextDecoder().decode(bytes))
    );
    const email = claims.email ?? claims.sub ?? '';
    return email === '' ? null : { name: claims.name ?? email, email, role: '' };
  } catch {
    // No JWT that can be read: the server will refuse it and say why.
    return null;
  }
}

/**
 * @param {object} properties
 * @param {string} properties.note why one is asked, where there is something to say
 * @param {(session: Session) => void} properties.onSignIn
 */
export function SignIn({ note, onSignIn }) {
  const [people, setPeople] = useState(/** @type {DemoPerson[] | null} */ (null));
  const [problem, setProblem] = useState('');
  useEffect(() => {
    demoPeople().then(
      (found) =>
        setPeople(found.sort((one, other) => Number(other.role === 'ADMIN') - Number(one.role === 'ADMIN'))),
      (/** @type {unknown} */ error) => {
        setPeople([]);
        setProblem(error instanceof Error ? error.message : String(error));
      },
    );
  }, []);
  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  const paste = (event) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token');
    if (typeof token !== 'string' || token.trim() === '') return;
    const bare = token.trim().replace(/^Bearer\s+/i, '');
    onSignIn({ token: bare, person: personOf(bare) });
  };
  return html`<main class="gate">
    <div class="gate-card">
      <${Mark} />
      <h1>The customers' phones</h1>
      <p class="lead">
        The sandbox plays WhatsApp and every customer on it. Sign in to see what your messages look like, and
        to answer them.
      </p>
      ${(note || problem) && html`<p class="refusal" role="alert">${note || problem}</p>`}
      ${
        people === null
          ? html`<p class="gate-wait" role="status">
              <span class="spinner"></span>Looking for the demo's people…
            </p>`
          : people.length > 0 &&
            html`<h2>Sign in as</h2>
              <ul class="people" role="list">
                ${people.map(
                  (person) =>
                    html`<li key=${person.email}>
                      <button
                        type="button"
                        onClick=${() => onSignIn({ token: person.token, person: { name: person.name, email: person.email, role: person.role } })}
                      >
                        <${Avatar} name=${person.name} of=${person.email} />
                        <span class="person-lines">
                          <span
                            ><strong>${person.name}</strong>
                            <span class="role">${person.role === 'ADMIN' ? 'Admin' : 'Agent'}</span></span
                          >
                          <small>${person.about}</small>
                        </span>
                      </button>
                    </li>`,
                )}
              </ul>`
      }
      <details class="paste" open=${people?.length === 0}>
        <summary>Use a token</summary>
        <form onSubmit=${paste}>
          <label>
            Token
            <input name="token" type="password" autocomplete="off" required placeholder="eyJ…" />
          </label>
          <button type="submit" class="primary">Sign in</button>
          <small>
            An admin gets one with <code>npm run --silent cli -- token --email you@example.com</code>
          </small>
        </form>
      </details>
      <p class="gate-foot">
        <a href="/graphql"><${Icon} name="code" />API explorer</a>
      </p>
    </div>
  </main>`;
}
