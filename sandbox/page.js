// @ts-check
import { html, render, useState } from './htm.js';
import { Sandbox } from './sandbox.js';
import { forgetSession, keepSession, keptSession } from './session.js';
import { SignIn } from './sign-in.js';

/** @import { Session } from './session.js' */

function Page() {
  const [session, setSession] = useState(/** @returns {Session | null} */ () => keptSession());
  const [note, setNote] = useState('');
  /** @param {Session} chosen */
  const signIn = (chosen) => {
    keepSession(chosen);
    setNote('');
    setSession(chosen);
  };
  /** @param {string} why */
  const signOut = (why) => {
    forgetSession();
    setNote(why);
    setSession(null);
  };
  return session
    ? html`<${Sandbox} key=${session.token} session=${session} onSignOut=${signOut} />`
    : html`<${SignIn} note=${note} onSignIn=${signIn} />`;
}

const place = document.getElementById('page');
if (!place) throw new Error('index.html has no element with the id "page".');
place.replaceChildren();
render(html`<${Page} />`, place);
