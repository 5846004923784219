// @ts-check
import { parsed } from './json.js';

// The sign-in is kept for this tab alone, under the same keys as the explorer's: signed in there is signed in here.

const TOKEN = 'saludo.token';
const PERSON = 'saludo.person';

/** @typedef {{ name: string, email: string, role: string }} Person */
/** @typedef {{ token: string, person: Person | null }} Session */

/** @returns {Person | null} */
function keptPerson() {
  try {
    return /** @type {Person | null} */ (parsed(sessionStorage.getItem(PERSON) ?? 'null'));
  } catch (error) {
    // Another page's writing: the token alone decides who is signed in, the person is only shown.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Who is signed in in this tab, or null. */
export function keptSession() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { token, person: keptPerson() } : null;
}

/** @param {Session} session */
export function keepSession({ token, person }) {
  sessionStorage.setItem(TOKEN, token);
  if (person) sessionStorage.setItem(PERSON, JSON.stringify(person));
  else sessionStorage.removeItem(PERSON);
}

export function forgetSession() {
  sessionStorage.removeItem(TOKEN);
  sessionStorage.removeItem(PERSON);
}
