// @ts-check
import { html } from './htm.js';

/** Drawn with a line on 24 × 24. */
const LINES = {
  add: 'M12 5v14M5 12h14',
  back: 'M15 5l-7 7 7 7',
  block: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.8 5.8l12.4 12.4',
  chevron: 'M6 9.5l6 6 6-6',
  clip: 'M20 11.5l-8.2 8.2a5.2 5.2 0 0 1-7.4-7.4l8.6-8.6a3.5 3.5 0 0 1 5 5l-8.6 8.5a1.8 1.8 0 0 1-2.5-2.5l7.6-7.6',
  close: 'M6 6l12 12M18 6L6 18',
  code: 'M8.5 7l-5 5 5 5M15.5 7l5 5-5 5',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  document: 'M6 3h8l5 5v13H6zM14 3v5h5M9.5 13h6M9.5 17h6',
  down: 'M12 5v14M6 13l6 6 6-6',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9.5h.01',
  link: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  megaphone: 'M4 10v4h3l8 4V6l-8 4zM18.5 9.5a4 4 0 0 1 0 5M7.5 14.5V19h3v-3',
  person: 'M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5',
  phone:
    'M6 4h3.5l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5V18a2 2 0 0 1-2.2 2A16 16 0 0 1 4 6.2 2 2 0 0 1 6 4z',
  pin: 'M12 21s7-6.3 7-11.5A7 7 0 0 0 5 9.5C5 14.7 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  reply: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6v1',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.5 4.5',
  send: 'M4 12l16-8-5.5 16-3-6.5zM11.5 13.5L20 4',
  shop: 'M4 10l1.5-5h13L20 10M5.5 12v8h13v-8M4 10a2.7 2.7 0 0 0 5.3 0 2.7 2.7 0 0 0 5.4 0 2.7 2.7 0 0 0 5.3 0M10 20v-5h4v5',
  signOut: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  sliders: 'M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4',
  sound: 'M4 10v4h3.5L12 18V6l-4.5 4zM15.5 9.5a3.5 3.5 0 0 1 0 5M18 7a7 7 0 0 1 0 10',
  ticks: 'M2.5 12.5l4.5 4.5L17 7M11.5 16.5l.5.5L22 7',
  video: 'M4 6h11v12H4zM15 11l5-3v8l-5-3z',
  warning: 'M12 4l9.5 16.5h-19zM12 10v4.5M12 17.5h.01',
};

/** @typedef {keyof typeof LINES} IconName */

/** @param {{ name: IconName }} properties */
export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${LINES[name]} />
  </svg>`;

/** Saludo's mark: a speech bubble that waves. */
export const Mark = () =>
  html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path class="mark-bubble" d="M16 3a13 13 0 1 1-6.2 24.43L4 29l1.57-5.8A13 13 0 0 1 16 3z" />
    <path class="mark-wave" d="M10 17.5c1.5-3 3.5-3 5 0s4 3 6-1" />
  </svg>`;

/**
 * What the business sees of its message: one tick sent, two delivered, two blue read, a red mark failed.
 * @param {{ status: string }} properties
 */
export function Ticks({ status }) {
  if (status === 'FAILED') {
    return html`<svg class="ticks failed" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <circle cx="8" cy="8" r="7" />
      <path d="M8 4v5M8 11.7v.1" />
    </svg>`;
  }
  return html`<svg
    class=${`ticks ${status === 'READ' ? 'read' : ''}`}
    viewBox="0 0 18 12"
    aria-hidden="true"
    focusable="false"
  >
    ${
      status === 'SENT'
        ? html`<path d="M4 6.5l3.5 3.5L14 2.5" />`
        : html`<path d="M1.5 6.5L5 10l6.5-7.5M8.3 9.2l.8.8 6.5-7.5" />`
    }
  </svg>`;
}

/** @type {Readonly<Record<string, string>>} */
export const STATUS_WORDS = { SENT: 'Sent', DELIVERED: 'Delivered', READ: 'Read', FAILED: 'Failed' };

/**
 * The first letters of a name on a colour of its own.
 * @param {{ name: string, of: string }} properties `of`: what the colour is chosen by
 */
export function Avatar({ name, of }) {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...(word ?? '')][0] ?? '');
  const hue = [...of].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 997, 7) % 8;
  return html`<span class=${`avatar hue-${hue}`} aria-hidden="true">${letters.join('').toUpperCase()}</span>`;
}
